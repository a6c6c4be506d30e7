#include "bench/lab/experiments.h"
#include "bench/lab/guest_rig.h"

/* Bursts, as senders make them: what a buffer is for. */
static const struct guest_setup setup = {
	.mode = RECEIVER_NAPI_HANDOVER,
	.complete = RECEIVER_COMPLETE_BUDGET,
	.limit = 64,
	.load_percent = 80,
	.burst = 32,
	.frame_bytes = 1514,
	.queue_frames = 1024,
	.round_cost_us = 20,
	.app_cost_us = 6,
	.rx_frames = 1,
	.rest_us = 20,
};

/* What is called 100 % is a little less than the machine can do in its slow moments, and
 * in fast ones it can do half as much again. */
enum { OVERLOAD = 250 };

enum { QUEUE, RING, LOAD };

static const struct lab_sweep sweep = {
	.name = "buffers",
	.rig = &guest_rig,
	.setup = &setup,
	.factors = {
		[QUEUE] = { "queue_frames", offsetof(struct guest_setup, queue_frames), NULL },
		[RING] = { "ring_frames", offsetof(struct guest_setup, ring_frames), NULL },
		[LOAD] = { "load", offsetof(struct guest_setup, load_percent), NULL },
	},
	.grids = {
		{ LAB_IN_QUICK | LAB_IN_FULL,
		  { [QUEUE] = { 5, { 16, 64, 256, 1024, 4096 } }, [RING] = { 2, { 32, 256 } },
		    [LOAD] = { 2, { 80, OVERLOAD } } } },
		{ LAB_IN_EXHAUSTIVE,
		  { [QUEUE] = { 9, { 16, 32, 64, 128, 256, 512, 1024, 2048, 4096 } },
		    [RING] = { 4, { 32, 64, 128, 256 } }, [LOAD] = { 4, { 40, 80, 120, OVERLOAD } } } },
	},
};

#define AT(name, queue, load_)    \
	judge_at(summaries, name, \
		 WHERE({ "queue_frames", queue }, { "ring_frames", 256 }, { "load", load_ }))

static void tell_smallest(struct judge *judge, const struct summaries *summaries)
{
	for (unsigned int queue = 16; queue <= 4096; queue *= 2) {
		struct interval loss = AT("loss_percent", queue, 80);

		if (!loss.known || loss.high >= 0.1)
			continue;
		judge_remark(judge, "the smallest queue that loses less than 0.1 %%: %u frames",
			     queue);
		return;
	}
}

static void judge_saves(struct judge *judge, const struct summaries *summaries)
{
	judge_above(judge,
		    interval_difference(AT("loss_percent", 16, 80), AT("loss_percent", 4096, 80)),
		    1, "loss at 80 %% load, a queue of 16 beyond one of 4096, points");
	judge_below(judge, AT("loss_percent", 4096, 80), 0.1,
		    "loss at 80 %% load with a queue of 4096, %%");
	tell_smallest(judge, summaries);
}

static void judge_delays(struct judge *judge, const struct summaries *summaries)
{
	judge_above(judge,
		    interval_ratio(AT("p99_us", 4096, OVERLOAD), AT("p99_us", 256, OVERLOAD)), 1.5,
		    "p99 at %d %% load, a queue of 4096 to one of 256", OVERLOAD);
}

const struct lab_experiment x20_buffers = {
	.number = 20,
	.title = "The application's buffer",
	.hypothesis = "A buffer takes up bursts; beyond what they need it only delays, under "
		      "overload by its whole length. Rings are one page of 256 places; a smaller "
		      "one stands for a guest that keeps the rest back.",
	.sizes = LAB_IN_BIG,
	.sweep = &sweep,
	.columns = { "goodput_pps", "loss_percent", "drop_ring_pps", "drop_queue_pps", "p50_us",
		     "p99_us" },
	.claims = {
		{ "slides, tamanho do buffer; Kuroda 2013, Banda X Limite (Xen: 800 and 89.5 Mbit/s)",
		  "The receive buffer is the largest effect of all.",
		  "holds if a queue of 16 frames loses at least 1 % more than one of 4096 at 80 % "
		  "load in bursts of 32, and the latter less than 0.1 %",
		  judge_saves },
		{ "left open: the source did not measure latency",
		  "Under overload a bigger buffer means a longer delay.",
		  "holds if p99 at 250 % load is more than 1.5 times as long with 4096 frames as "
		  "with 256",
		  judge_delays },
	},
	.figures = {
		{ .name = "loss", .title = "Loss in bursts of 32, ring of 256",
		  .x = "queue_frames", .y = "loss_percent", .xlabel = "frames in the queue",
		  .ylabel = "% of what is offered", .series = "load", .log_x = true,
		  .where = { { "ring_frames", 256 } } },
		{ .name = "p99", .title = "Latency, ring of 256", .x = "queue_frames",
		  .y = "p99_us", .xlabel = "frames in the queue", .ylabel = "p99, us",
		  .series = "load", .boxes = true, .log_y = true,
		  .where = { { "ring_frames", 256 } } },
	},
};
