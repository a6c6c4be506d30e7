#include "bench/lab/herd_turn.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>

#include "bench/host.h"
#include "bench/interrupt.h"
#include "bench/lab/herd_frame.h"

#define MS INT64_C(1000000)

enum {
	BATCH = 64,
	PROCESS_MS = 2,
	LOST_MS = 50, /* a flow that moved nothing for so long has nothing under way */
	REST_NS = 1000000,
	RUN_SHIFT = 40, /* of the number: which run it is of; what comes later counts no more */
};

static void take_one(struct herd *herd, unsigned int vm, const struct splitvif_frame *frame,
		     int64_t now)
{
	struct herd_flow *flow;
	struct herd_stamp stamp;

	if (!herd_frame_read(frame, &stamp) || stamp.flow >= herd->nr_flows ||
	    herd->flows[stamp.flow].to != vm || stamp.number >> RUN_SHIFT != herd->run) {
		herd->strangers++;
		return;
	}
	flow = &herd->flows[stamp.flow];
	flow->got++;
	flow->moved_ns = now;
	if (now < herd->window_ns || now >= herd->end_ns)
		return;
	flow->in_window++;
	histogram_note(&herd->latency, now > stamp.due_ns ? (uint64_t)(now - stamp.due_ns) : 0);
}

static unsigned int take(struct herd *herd, unsigned int vm)
{
	struct splitvif_frame frames[BATCH];
	unsigned int n = splitvif_receive(herd->vms[vm].vif, frames, BATCH);
	int64_t now = n ? host_now_ns() : 0;

	for (unsigned int i = 0; i < n; i++)
		take_one(herd, vm, &frames[i], now);
	splitvif_release(herd->vms[vm].vif, n);
	return n;
}

static int64_t due_ns(const struct herd_flow *flow, int64_t start, uint64_t number)
{
	return start + (int64_t)((double)number * 1e9 / (double)flow->rate);
}

/* Frames to send now. What is due and finds no room is not sent later. */
static unsigned int wanted(struct herd_flow *flow, int64_t start, int64_t now)
{
	uint64_t under_way = flow->sent - flow->got - flow->lost, due;

	if (flow->rate) {
		due = (uint64_t)((double)(now - start) * (double)flow->rate / 1e9) + 1;
		return due > flow->offered ? (unsigned int)(due - flow->offered) : 0;
	}
	if (flow->to == HERD_OUTSIDE)
		return BATCH;
	if (under_way && now - flow->moved_ns > LOST_MS * MS) {
		flow->lost += under_way;
		under_way = 0;
	}
	/* Half of it at once: small batches cost everybody more. */
	return under_way <= HERD_CREDIT - BATCH ? BATCH : 0;
}

static void note_lateness(struct herd *herd, int64_t due, int64_t now)
{
	if (due >= herd->window_ns && due < herd->end_ns)
		histogram_note(&herd->lateness, now > due ? (uint64_t)(now - due) : 0);
}

unsigned int herd_give(struct herd *herd, struct herd_flow *flow, unsigned int want, int64_t start,
		       int64_t now)
{
	struct splitvif *vif = herd->vms[flow->from].vif;
	struct splitvif_frame frames[BATCH];
	unsigned int n = splitvif_reserve(vif, frames, want, flow->size);

	for (unsigned int i = 0; i < n; i++) {
		struct herd_stamp stamp = {
			.flow = (unsigned int)(flow - herd->flows),
			.number = (flow->sent + i) | (uint64_t)herd->run << RUN_SHIFT,
			.due_ns = flow->rate ? due_ns(flow, start, flow->offered + i) : now,
		};

		if (flow->rate)
			note_lateness(herd, stamp.due_ns, now);
		herd_frame_write(flow, &stamp, &frames[i]);
	}
	if (n) {
		splitvif_commit(vif, frames, n);
		flow->moved_ns = now;
	}
	flow->sent += n;
	return n;
}

static unsigned int give(struct herd *herd, struct herd_flow *flow, int64_t start, int64_t now)
{
	unsigned int want = wanted(flow, start, now), given = 0, n;

	do {
		n = given < want
			    ? herd_give(herd, flow, want - given < BATCH ? want - given : BATCH,
					start, now)
			    : 0;
		given += n;
		flow->offered += n;
	} while (n);
	if (flow->rate) {
		flow->offered += want - given;
		flow->unsent += want - given;
	}
	return given;
}

static int look_after(struct herd *herd, int64_t now)
{
	if (now - herd->processed_ns < PROCESS_MS * MS)
		return 0;
	herd->processed_ns = now;
	for (unsigned int i = 0; i < herd->nr_vms; i++)
		if (splitvif_process(herd->vms[i].vif) & SPLITVIF_WENT_DOWN)
			return -ENETDOWN;
	return interrupt_seen() ? -EINTR : 0;
}

/* When the next frame is due, at most REST_NS from now. */
static int64_t rest_ns(const struct herd *herd, int64_t start, int64_t now)
{
	int64_t next = now + REST_NS;

	for (unsigned int i = 0; i < herd->nr_flows; i++) {
		const struct herd_flow *flow = &herd->flows[i];
		int64_t due = flow->rate ? due_ns(flow, start, flow->offered) : next;

		if (due < next)
			next = due;
	}
	return next > now ? next - now : 0;
}

static void rest(struct herd *herd, int64_t start, int64_t now)
{
	struct pollfd fds[HERD_VMS_MAX];
	struct timespec timeout = { .tv_nsec = rest_ns(herd, start, now) };
	bool sleeps = true;

	if (!herd->sleeps) {
		if (herd->yields)
			sched_yield();
		return;
	}
	for (unsigned int i = 0; i < herd->nr_vms; i++) {
		fds[i] = (struct pollfd){ splitvif_fd(herd->vms[i].vif), POLLIN, 0 };
		sleeps &= splitvif_arm(herd->vms[i].vif, 0);
	}
	if (sleeps && ppoll(fds, herd->nr_vms, &timeout, NULL) > 0)
		herd->processed_ns = 0; /* what woke us wants to be taken notice of */
}

int herd_turn(struct herd *herd, bool may_send, int64_t start)
{
	int64_t now = host_now_ns();
	unsigned int moved = 0;

	for (unsigned int i = 0; i < herd->nr_vms; i++)
		moved += take(herd, i);
	for (unsigned int i = 0; may_send && i < herd->nr_flows; i++)
		moved += give(herd, &herd->flows[i], start, now);
	if (moved)
		for (unsigned int i = 0; i < herd->nr_vms; i++)
			splitvif_flush(herd->vms[i].vif);
	else
		rest(herd, start, now);
	return look_after(herd, now);
}
