#include "bench/lab/experiments.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/host.h"
#include "bench/lab/cpu_time.h"
#include "bench/lab/herd_row.h"
#include "bench/lab/native.h"
#include "bench/lab/stage.h"

/*
 * X14: more and more VMs on one backend, and what the same frames would cost without
 * any virtualisation. Each VM sends to the next one, the last one to the first.
 */

enum way { WAY_VMS, WAY_MEMORY, WAY_VETH };
static const char *const way_words[] = { "splitvif", "memory", "veth" };

enum load { LOAD_FULL, LOAD_TOTAL, LOAD_EACH };
static const char *const load_words[] = { "unpaced", "200000 in all", "5000 each" };

enum { RATE_TOTAL = 200000, RATE_EACH = 5000 };

struct setup {
	uint32_t way, vms, load, frame_bytes;
};

enum column {
	PPS_PER_VM = HERD_COLUMNS,
	VMS_PCT,
	NS_PER_FRAME,
	RSS_MIB,
	RSS_KIB_PER_VM,
	KICKS_PER_FRAME,
	COLUMNS
};

static const struct lab_column columns[] = {
	HERD_COLUMN_NAMES,
	[PPS_PER_VM] = { "pps_per_vm", 0 },
	[VMS_PCT] = { "vms_pct", 1 },
	[NS_PER_FRAME] = { "cpu_ns_per_frame", 1 },
	[RSS_MIB] = { "daemon_rss_mib", 1 },
	[RSS_KIB_PER_VM] = { "daemon_rss_kib_per_vm", 0 },
	[KICKS_PER_FRAME] = { "kicks_per_frame", 4 },
	{ 0 },
};

static int open_rig(const struct lab_context *context, void **rig, char error[LAB_ERROR_BYTES])
{
	struct stage *stage;
	int err = stage_open(&stage, context, 0, error);

	if (!err)
		*rig = stage;
	return err;
}

static uint64_t rate_of(const struct setup *setup)
{
	switch (setup->load) {
	case LOAD_TOTAL:
		return RATE_TOTAL / setup->vms;
	case LOAD_EACH:
		return RATE_EACH;
	default:
		return 0;
	}
}

static int populate(struct stage *stage, const struct setup *setup, char *error)
{
	struct herd *herd = &stage->herd;
	int err = 0;

	while (!err && herd->nr_vms < setup->vms)
		err = herd_add(herd, "vm", error);
	if (err)
		return err;
	for (unsigned int i = 0; i < setup->vms; i++)
		herd_flow(herd, i, (i + 1) % setup->vms, setup->frame_bytes, 0);
	err = herd_meet(herd);
	if (err)
		snprintf(error, LAB_ERROR_BYTES, "%u VMs do not hear each other", setup->vms);
	for (unsigned int i = 0; i < setup->vms; i++)
		herd->flows[i].rate = rate_of(setup);
	herd->sleeps = setup->load != LOAD_FULL;
	return err;
}

static void tell(const struct stage *stage, const struct setup *setup,
		 const struct herd_result *got, uint64_t rss, struct lab_result *result)
{
	double *values = result->values;

	herd_row_tell(&stage->herd, got, result);
	values[PPS_PER_VM] = values[HERD_PPS] / setup->vms;
	values[VMS_PCT] = stage_percent(got->cpu_ns, got->window_ns);
	values[NS_PER_FRAME] = (double)(got->daemon_ns + got->cpu_ns) / (double)got->in_window;
	values[RSS_MIB] = (double)rss / 1048576;
	values[RSS_KIB_PER_VM] = (double)rss / 1024 / setup->vms;
	values[KICKS_PER_FRAME] = (double)got->kicks / (double)got->in_window;
}

static int run_vms(struct stage *stage, const struct setup *setup, const struct lab_window *window,
		   struct lab_result *result, char *error)
{
	int pid = stage->backend.daemon.pid, err = populate(stage, setup, error);
	struct herd_result got;
	uint64_t rss;

	if (!err)
		err = stage_run(stage, window, &got, error);
	rss = cpu_time_rss(pid);
	herd_close(&stage->herd);
	if (!err)
		tell(stage, setup, &got, rss, result);
	return err;
}

/* One flow of as many batches, with nothing of ours in between. */
static int run_native(struct stage *stage, const struct setup *setup,
		      const struct lab_window *window, struct lab_result *result, char *error)
{
	struct native_result got;
	int err = native_run(setup->way == WAY_VETH, stage->context->cpus[1], setup->frame_bytes,
			     window->measure_ns, &got, error);

	herd_row_tell_nothing(COLUMNS, result);
	if (err == -ENOTSUP)
		return 0; /* without root: a row that tells nothing */
	if (err)
		return err;
	result->values[HERD_PPS] = result->values[PPS_PER_VM] = stage_rate(got.frames, got.ns);
	result->values[NS_PER_FRAME] = (double)got.cpu_ns / (double)got.frames;
	result->values[HERD_OFFERED] = result->values[HERD_DELIVERED] = (double)got.frames;
	result->values[HERD_DROP_RING] = result->values[HERD_DROP_QUEUE] = 0;
	return 0;
}

static int run(void *rig, const void *arg, const struct lab_window *window,
	       struct lab_result *result, char error[LAB_ERROR_BYTES])
{
	const struct setup *setup = arg;

	return setup->way == WAY_VMS ? run_vms(rig, setup, window, result, error)
				     : run_native(rig, setup, window, result, error);
}

static const struct lab_rig rig = {
	.name = "scaling",
	.setup_bytes = sizeof(struct setup),
	.columns = columns,
	.open = open_rig,
	.run = run,
	.close = stage_close,
};

static const struct setup setup = { .vms = 2, .frame_bytes = 64 };

static const struct lab_sweep sweep = {
	.name = "X14",
	.rig = &rig,
	.setup = &setup,
	.factors = { { "way", offsetof(struct setup, way), way_words },
		     { "vms", offsetof(struct setup, vms), NULL },
		     { "load", offsetof(struct setup, load), load_words },
		     { "frame_bytes", offsetof(struct setup, frame_bytes), NULL } },
	.grids = { { LAB_IN_BIG,
		     { { 1, { WAY_VMS } },
		       { 6, { 2, 4, 8, 16, 32, 64 } },
		       { 3, { LOAD_FULL, LOAD_TOTAL, LOAD_EACH } },
		       { 1, { 64 } } } },
		   { LAB_IN_BIG,
		     { { 3, { WAY_VMS, WAY_MEMORY, WAY_VETH } },
		       { 1, { 2 } },
		       { 1, { LOAD_FULL } },
		       { 1, { 1514 } } } },
		   { 1 << LAB_SMOKE,
		     { { 2, { WAY_VMS, WAY_VETH } },
		       { 1, { 4 } },
		       { 2, { LOAD_FULL, LOAD_EACH } },
		       { 1, { 64 } } } } },
};

static void judge_fairness(struct judge *judge, const struct summaries *summaries)
{
	static const unsigned int vms[] = { 2, 4, 8, 16, 32, 64 };

	for (unsigned int i = 0; i < sizeof(vms) / sizeof(vms[0]); i++)
		for (unsigned int load = LOAD_FULL; load <= LOAD_EACH; load++)
			judge_above(judge,
				    judge_at(summaries, "jain",
					     WHERE({ "vms", vms[i] }, { "load", load },
						   { "frame_bytes", 64 })),
				    0.95, "Jain's index, %u VMs, %s", vms[i], load_words[load]);
}

static void judge_loss(struct judge *judge, const struct summaries *summaries)
{
	struct interval ours =
		judge_at(summaries, "pps", WHERE({ "way", WAY_VMS }, { "frame_bytes", 1514 }));
	struct interval memory = judge_at(summaries, "pps", WHERE({ "way", WAY_MEMORY }));
	struct interval veth = judge_at(summaries, "pps", WHERE({ "way", WAY_VETH }));

	judge_below(judge, interval_ratio(ours, memory), 1,
		    "frames a second of 1514 bytes, VM to VM, to those by mere copying");
	if (veth.known)
		judge_remark(judge, "to those over a veth pair: %.3g",
			     interval_ratio(ours, veth).mid);
}

const struct lab_experiment x14_scaling = {
	.number = 14,
	.title = "Scaling: up to 64 VMs on one backend, and none at all",
	.hypothesis = "A backend shares itself out evenly, however many VMs there are; a VM's "
		      "memory is the price.",
	.sizes = LAB_IN_BIG | 1 << LAB_SMOKE,
	.sweep = &sweep,
	.columns = { "pps", "jain", "p50_us", "p99_us", "cpu_ns_per_frame", "daemon_rss_mib",
		     "kicks_per_frame" },
	.claims = {
		{ "slides: how to share the device; Kuroda 2013, E/S privada e compartilhada",
		  "One device, shared, serves many VMs evenly.",
		  "Jain's index over the VMs is above 0.95 for each number of them and each load",
		  judge_fairness },
		{ "Kuroda 2013, Introdução: capacity below that of no virtualisation",
		  "A virtual network gets less through than none.",
		  "fewer frames a second from VM to VM than by copying them within one process",
		  judge_loss },
	},
	.figures = {
		{ .name = "pps",
		  .title = "Frames a second in all",
		  .x = "vms",
		  .y = "pps",
		  .xlabel = "VMs",
		  .ylabel = "frames a second",
		  .series = "load",
		  .where = { { "frame_bytes", 64 } },
		  .log_x = true },
		{ .name = "p99",
		  .title = "Latency of the slowest hundredth",
		  .x = "vms",
		  .y = "p99_us",
		  .xlabel = "VMs",
		  .ylabel = "us",
		  .series = "load",
		  .where = { { "frame_bytes", 64 } },
		  .boxes = true,
		  .log_y = true },
	},
};
