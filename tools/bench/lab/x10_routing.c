#include "bench/lab/experiments.h"

#include <stdio.h>
#include <string.h>

#include "bench/lab/herd_row.h"
#include "bench/lab/hosted.h"

/*
 * X10: a bridge or a router in the driver domain. Each VM has a TAP of its own, and
 * the kernel behind them either bridges (as Xen's vif-bridge has it) or routes (as
 * vif-route does: a route to each VM's address over its device). The same herd over
 * our own bridge stands beside them.
 */

enum way { WAY_BRIDGE, WAY_ROUTER, WAY_OURS };
static const char *const way_words[] = { "kernel bridge", "kernel router", "our bridge" };

static const struct hosted_kind kinds[] = {
	[WAY_BRIDGE] = { .prefix = "brg" },
	[WAY_ROUTER] = { .prefix = "rtr" },
	[WAY_OURS] = { .prefix = "vm", .bridge = "ours" },
	{ NULL },
};

enum { VMS = HOSTED_VMS_MAX, PACED = 20000 };

struct setup {
	uint32_t way, vms, frame_bytes, rate;
};

static const struct lab_column columns[] = { HERD_COLUMN_NAMES, { 0 } };

struct routing {
	struct hosted *hosted;
	uint8_t router_macs[VMS][6]; /* of the TAPs' host ends */
};

static int prepare_bridge(const struct hosted *hosted, char *error)
{
	int err = apart_command(&hosted->apart, error,
				"ip link add kbr0 type bridge stp_state 0 forward_delay 0 && "
				"ip link set kbr0 up");

	for (unsigned int i = 0; !err && i < VMS; i++)
		err = apart_command(&hosted->apart, error,
				    "ip link set brg%u master kbr0 && ip link set brg%u up", i, i);
	return err;
}

static int prepare_router(struct routing *routing, char *error)
{
	const struct hosted *hosted = routing->hosted;
	char tap[16];
	int err = apart_command(&hosted->apart, error,
				"echo 1 >/proc/sys/net/ipv4/ip_forward && "
				"ip addr add 10.91.0.1/32 dev lo && ip link set lo up");

	for (unsigned int i = 0; !err && i < VMS; i++) {
		snprintf(tap, sizeof(tap), "rtr%u", i);
		err = hosted_set_mac(hosted, tap, (uint8_t)i, routing->router_macs[i], error);
		if (!err)
			err = hosted_route(hosted, WAY_ROUTER, i, tap, error);
	}
	return err;
}

/* The first `vms` of them, each to the next one. */
static int use_flows(struct routing *routing, const struct setup *setup, char *error)
{
	struct herd *herd = &routing->hosted->herds[setup->way];
	int err;

	herd->nr_flows = 0;
	herd->sleeps = setup->rate != 0;
	for (unsigned int i = 0; i < setup->vms; i++) {
		unsigned int to = (i + 1) % setup->vms;
		struct herd_flow *flow = herd_flow(herd, i, to, setup->frame_bytes, 0);

		if (setup->way == WAY_ROUTER)
			herd_flow_direct(flow, routing->router_macs[i], herd_ip(herd, to));
	}
	err = herd_meet(herd);
	if (err)
		snprintf(error, LAB_ERROR_BYTES, "no frame gets from VM to VM by %s",
			 way_words[setup->way]);
	for (unsigned int i = 0; i < setup->vms; i++)
		herd->flows[i].rate = setup->rate;
	return err;
}

static int open_rig(const struct lab_context *context, void **rig, char error[LAB_ERROR_BYTES])
{
	static struct routing routing;
	int err = hosted_open(&routing.hosted, context, VMS, kinds, error);

	if (err)
		return err;
	err = prepare_bridge(routing.hosted, error);
	if (!err)
		err = prepare_router(&routing, error);
	if (err)
		hosted_close(routing.hosted);
	else
		*rig = &routing;
	return err;
}

static void close_rig(void *rig)
{
	struct routing *routing = rig;

	hosted_close(routing->hosted);
}

static int run(void *rig, const void *arg, const struct lab_window *window,
	       struct lab_result *result, char error[LAB_ERROR_BYTES])
{
	const struct setup *setup = arg;
	struct routing *routing = rig;
	struct herd_result got;
	int err = use_flows(routing, setup, error);

	if (!err)
		err = hosted_run(routing->hosted, setup->way, window, &got, error);
	if (err)
		return err;
	herd_row_tell(&routing->hosted->herds[setup->way], &got, result);
	return 0;
}

static const struct lab_rig rig = {
	.name = "routing",
	.setup_bytes = sizeof(struct setup),
	.columns = columns,
	.open = open_rig,
	.run = run,
	.close = close_rig,
};

static const struct setup setup = { .vms = 2, .frame_bytes = 64 };

static const struct lab_sweep sweep = {
	.name = "X10",
	.rig = &rig,
	.setup = &setup,
	.factors = { { "way", offsetof(struct setup, way), way_words },
		     { "vms", offsetof(struct setup, vms), NULL },
		     { "frame_bytes", offsetof(struct setup, frame_bytes), NULL },
		     { "rate", offsetof(struct setup, rate), NULL } },
	.grids = { { LAB_IN_BIG | 1 << LAB_SMOKE,
		     { { 3, { WAY_BRIDGE, WAY_OURS, WAY_ROUTER } },
		       { 2, { 2, 8 } },
		       { 3, { 64, 512, 1514 } },
		       { 1, { 0 } } } },
		   { LAB_IN_BIG,
		     { { 3, { WAY_BRIDGE, WAY_OURS, WAY_ROUTER } },
		       { 1, { 2 } },
		       { 1, { 64 } },
		       { 1, { PACED } } } } },
	.repeats = { [LAB_FULL] = 14 },
};

static struct interval to_bridge(const struct summaries *summaries, const char *column,
				 unsigned int vms, unsigned int size, unsigned int rate)
{
	const struct where *router = WHERE({ "way", WAY_ROUTER }, { "vms", vms },
					   { "frame_bytes", size }, { "rate", rate });
	const struct where *bridge = WHERE({ "way", WAY_BRIDGE }, { "vms", vms },
					   { "frame_bytes", size }, { "rate", rate });

	return interval_ratio(judge_at(summaries, column, router),
			      judge_at(summaries, column, bridge));
}

static void judge_similar(struct judge *judge, const struct summaries *summaries)
{
	static const unsigned int sizes[] = { 64, 512, 1514 };
	struct interval ratios[6];

	for (unsigned int i = 0; i < 6; i++) {
		unsigned int vms = i < 3 ? 2 : 8, size = sizes[i % 3];

		ratios[i] = to_bridge(summaries, "pps", vms, size, 0);
		if (ratios[i].known)
			judge_remark(judge, "%u VMs, %u bytes: %.3g [%.3g, %.3g]", vms, size,
				     ratios[i].mid, ratios[i].low, ratios[i].high);
	}
	judge_within(judge, interval_mean(ratios, 6), 0.9, 1.1,
		     "frames a second, router to bridge, all these together");
	judge_within(judge, to_bridge(summaries, "p50_us", 2, 64, PACED), 0.9, 1.1,
		     "median latency, router to bridge");
}

const struct lab_experiment x10_routing = {
	.number = 10,
	.title = "Bridge or router in the driver domain",
	.hypothesis = "What costs is the way into the kernel and out, not what it does in between.",
	.sizes = LAB_IN_BIG | 1 << LAB_SMOKE,
	.sweep = &sweep,
	.columns = { "pps", "p50_us", "p99_us", "daemon_pct", "daemon_ns_per_frame" },
	.claims = {
		{ "slides: ponte e roteador; Kuroda 2013, Virtualização da Rede no Xen (after James 2004)",
		  "A virtual bridge and a virtual router perform alike.",
		  "the ratio of their frames a second, over all sizes and numbers of VMs (the "
		  "geometric mean), and that of their median latencies lie within 10 % of 1",
		  judge_similar },
	},
	.figures = {
		{ .name = "pps",
		  .title = "Frames a second between two VMs",
		  .x = "frame_bytes",
		  .y = "pps",
		  .xlabel = "bytes of a frame",
		  .ylabel = "frames a second",
		  .series = "way",
		  .where = { { "vms", 2 }, { "rate", 0 } } },
	},
};
