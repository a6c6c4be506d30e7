#include "bench/lab/herd.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "bench/host.h"
#include "bench/interrupt.h"
#include "bench/lab/cpu_time.h"
#include "bench/lab/herd_frame.h"
#include "bench/statistics.h"

#define MS INT64_C(1000000)

enum {
	BATCH = 64,
	PROCESS_MS = 2,
	LOST_MS = 50, /* a flow that moved nothing for so long has nothing under way */
	REST_NS = 1000000,
	CALL_MS = 20,
	MEET_MS = 10000,
	SETTLE_MS = 200,
	RUN_SHIFT = 40, /* of the number: which run it is of; what comes later counts no more */
};

int herd_add(struct herd *herd, const char *prefix, char error[HERD_TEXT_BYTES])
{
	struct herd_vm *vm = &herd->vms[herd->nr_vms];
	char name[32];
	struct splitvif_config config = { .name = name,
					  .rundir = herd->rundir,
					  .bridge = herd->bridge };

	snprintf(name, sizeof(name), "%s%u", prefix, herd->nr_vms);
	vm->ip = herd_ip(herd, herd->nr_vms);
	herd_mac(herd, herd->nr_vms, vm->mac);
	memcpy(config.mac, vm->mac, 6);
	vm->vif = splitvif_open(&config, error, HERD_TEXT_BYTES);
	if (!vm->vif)
		return -errno;
	herd->nr_vms++;
	return 0;
}

void herd_close(struct herd *herd)
{
	while (herd->nr_vms)
		splitvif_close(herd->vms[--herd->nr_vms].vif);
	herd->nr_flows = 0;
}

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

static unsigned int give_batch(struct herd *herd, struct herd_flow *flow, unsigned int want,
			       int64_t start, int64_t now)
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
			    ? give_batch(herd, flow, want - given < BATCH ? want - given : BATCH,
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

static int turn(struct herd *herd, bool may_send, int64_t start)
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

static bool all_have_met(const struct herd *herd)
{
	for (unsigned int i = 0; i < herd->nr_flows; i++)
		if (herd->flows[i].to != HERD_OUTSIDE && !herd->flows[i].got)
			return false;
	return true;
}

static void call_out(const struct herd_vm *vm)
{
	struct splitvif_frame frame;

	if (splitvif_reserve(vm->vif, &frame, 1, HERD_FRAME_MIN) != 1)
		return;
	herd_frame_call(vm, &frame);
	splitvif_commit(vm->vif, &frame, 1);
	splitvif_flush(vm->vif);
}

static void call_all(struct herd *herd, int64_t now)
{
	for (unsigned int i = 0; i < herd->nr_vms; i++)
		call_out(&herd->vms[i]);
	for (unsigned int i = 0; i < herd->nr_flows; i++)
		if (herd->flows[i].to != HERD_OUTSIDE)
			give_batch(herd, &herd->flows[i], 1, now, now);
}

static void reset(struct herd *herd)
{
	herd->run++;
	for (unsigned int i = 0; i < herd->nr_flows; i++) {
		struct herd_flow *flow = &herd->flows[i];

		flow->offered = flow->unsent = flow->sent = flow->got = flow->lost = 0;
		flow->in_window = 0;
		flow->moved_ns = host_now_ns();
	}
	memset(&herd->latency, 0, sizeof(herd->latency));
	memset(&herd->lateness, 0, sizeof(herd->lateness));
}

static bool is_quiet(const struct herd *herd, int64_t now)
{
	for (unsigned int i = 0; i < herd->nr_flows; i++) {
		const struct herd_flow *flow = &herd->flows[i];

		if (flow->to == HERD_OUTSIDE ? splitvif_in_flight(herd->vms[flow->from].vif) != 0
					     : flow->sent > flow->got + flow->lost &&
						       now - flow->moved_ns < SETTLE_MS * MS)
			return false;
	}
	return true;
}

static int settle(struct herd *herd)
{
	int64_t deadline = host_now_ns() + MEET_MS * MS;
	int err = 0;

	while (!err && !is_quiet(herd, host_now_ns()))
		err = host_now_ns() > deadline ? -ETIMEDOUT : turn(herd, false, 0);
	return err;
}

int herd_meet(struct herd *herd)
{
	int64_t start = host_now_ns(), called = 0, now;
	int err = 0;

	reset(herd);
	while (!err && !all_have_met(herd)) {
		now = host_now_ns();
		if (now - called > CALL_MS * MS) {
			call_all(herd, now);
			called = now;
		}
		err = now - start > MEET_MS * MS ? -ETIMEDOUT : turn(herd, false, start);
	}
	return err ? err : settle(herd);
}

static void count_events(const struct herd *herd, uint64_t sign, struct herd_result *result)
{
	struct splitvif_stats stats;

	for (unsigned int i = 0; i < herd->nr_vms; i++) {
		splitvif_stats(herd->vms[i].vif, &stats);
		result->kicks += sign * stats.events_sent;
		result->irqs += sign * stats.events_received;
	}
}

static void sum_up(struct herd *herd, struct herd_result *result)
{
	double shares[HERD_FLOWS_MAX];
	unsigned int between = 0;

	for (unsigned int i = 0; i < herd->nr_flows; i++) {
		struct herd_flow *flow = &herd->flows[i];

		if (flow->to == HERD_OUTSIDE) {
			result->outside += flow->sent;
			continue;
		}
		flow->lost = flow->sent - flow->got;
		shares[between++] = (double)flow->in_window;
		result->offered += flow->offered;
		result->unsent += flow->unsent;
		result->delivered += flow->got;
		result->lost += flow->lost;
		result->in_window += flow->in_window;
	}
	result->jain = statistics_jain(shares, between);
}

/* The window's costs: added at its end, subtracted at its beginning. */
static void note_costs(const struct herd *herd, int pid, uint64_t sign, struct herd_result *result)
{
	count_events(herd, sign, result);
	result->daemon_ns += sign * cpu_time_of(pid);
	result->cpu_ns += sign * cpu_time_self();
}

int herd_run(struct herd *herd, double warmup_s, double seconds, int pid,
	     struct herd_result *result)
{
	int64_t start = host_now_ns();
	int err = 0;

	*result = (struct herd_result){ 0 };
	prctl(PR_SET_TIMERSLACK, 1UL); /* the kernel would add 50 us to each rest */
	reset(herd);
	herd->window_ns = start + (int64_t)(warmup_s * 1e9);
	herd->end_ns = herd->window_ns + (int64_t)(seconds * 1e9);
	while (!err && host_now_ns() < herd->window_ns)
		err = turn(herd, true, start);
	note_costs(herd, pid, (uint64_t)-1, result);
	while (!err && host_now_ns() < herd->end_ns)
		err = turn(herd, true, start);
	note_costs(herd, pid, 1, result);
	result->window_ns = herd->end_ns - herd->window_ns;
	if (!err)
		err = settle(herd);
	sum_up(herd, result);
	return err;
}
