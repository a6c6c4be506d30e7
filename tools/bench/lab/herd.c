#include "bench/lab/herd.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "bench/host.h"
#include "bench/lab/cpu_time.h"
#include "bench/lab/herd_frame.h"
#include "bench/lab/herd_turn.h"
#include "bench/statistics.h"

#define MS INT64_C(1000000)

enum {
	CALL_MS = 20,
	MEET_MS = 10000,
	SETTLE_MS = 200,
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
			herd_give(herd, &herd->flows[i], 1, now, now);
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
		err = host_now_ns() > deadline ? -ETIMEDOUT : herd_turn(herd, false, 0);
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
		err = now - start > MEET_MS * MS ? -ETIMEDOUT : herd_turn(herd, false, start);
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
		err = herd_turn(herd, true, start);
	note_costs(herd, pid, (uint64_t)-1, result);
	while (!err && host_now_ns() < herd->end_ns)
		err = herd_turn(herd, true, start);
	note_costs(herd, pid, 1, result);
	result->window_ns = herd->end_ns - herd->window_ns;
	if (!err)
		err = settle(herd);
	sum_up(herd, result);
	return err;
}
