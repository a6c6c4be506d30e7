#include "bench/lab/experiments.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "bench/host.h"
#include "bench/lab/cpu_time.h"
#include "bench/lab/pest.h"
#include "bench/lab/stage.h"
#include "ring/barrier.h"

/*
 * X15: what one VM that behaves badly costs the others.
 *
 * Three VMs send to one another in a ring, a fourth one is the pest. A run compares
 * it with one that costs the machine the same and does no harm, in turns: the machine
 * changes its speed faster than a run is repeated.
 */

enum { VICTIMS = 3, TURNS = 4, STREAM_RATE = 20000, SIZE = 64, ALONE_MS = 20, PACED = 30000 };

enum attack { ATTACK_STALL, ATTACK_FLOOD, ATTACK_CRASH };
static const char *const attack_words[] = { "stalled", "flooding", "crashing" };
static const struct {
	enum pest_kind control, pest;
} kinds[] = {
	[ATTACK_STALL] = { PEST_DRAINING, PEST_STALLED },
	[ATTACK_FLOOD] = { PEST_BUSY, PEST_FLOODING },
	[ATTACK_CRASH] = { PEST_DRAINING, PEST_CRASHING },
};

struct setup {
	uint32_t attack;
	uint32_t rate; /* of each victim; 0: as many as get through */
};

/* What the turns of one of the two came to. */
struct side {
	struct herd_result sum;
	struct histogram latency;
	uint64_t signals, lives;
	uint64_t alone_ns, alone_cpu_ns; /* the daemon's, while nobody else did anything */
	uint64_t spurious, throttlings;
};

enum column {
	KEPT_PCT,
	PPS_BEFORE,
	PPS_DURING,
	P50_BEFORE_US,
	P99_BEFORE_US,
	P50_DURING_US,
	P99_DURING_US,
	DAEMON_BEFORE_PCT,
	DAEMON_DURING_PCT,
	DAEMON_ALONE_PCT,
	SIGNALS_PER_S,
	SPURIOUS,
	THROTTLINGS,
	LIVES,
	OFFERED,
	DROP_RING,
	DROP_QUEUE,
	DELIVERED,
	TO_PEST,
	JAIN,
};

static int open_rig(const struct lab_context *context, void **rig, char error[LAB_ERROR_BYTES])
{
	struct stage *stage;
	int err = stage_open(&stage, context, VICTIMS, error);

	if (err)
		return err;
	for (unsigned int i = 0; i < VICTIMS; i++)
		herd_flow(&stage->herd, i, (i + 1) % VICTIMS, SIZE, 0);
	err = herd_meet(&stage->herd);
	if (err) {
		snprintf(error, LAB_ERROR_BYTES, "the VMs do not hear each other");
		stage_close(stage);
		return err;
	}
	*rig = stage;
	return 0;
}

static void use_rates(struct herd *herd, const struct setup *setup, const struct pest *pest,
		      enum attack attack)
{
	herd->sleeps = setup->rate != 0;
	herd->nr_flows = VICTIMS;
	for (unsigned int i = 0; i < VICTIMS; i++)
		herd->flows[i].rate = setup->rate;
	/* Somebody goes on sending to who does not take it. */
	if (attack == ATTACK_STALL)
		herd_flow_direct(herd_flow(herd, 0, HERD_OUTSIDE, SIZE, STREAM_RATE), pest->mac,
				 herd_ip(herd, VICTIMS));
}

static void stay_alone(const struct stage *stage, struct side *side)
{
	const struct timespec time = { .tv_nsec = ALONE_MS * 1000000 };
	int64_t start = host_now_ns();
	uint64_t cpu = cpu_time_of(stage->backend.daemon.pid);

	nanosleep(&time, NULL);
	side->alone_ns += (uint64_t)(host_now_ns() - start);
	side->alone_cpu_ns += cpu_time_of(stage->backend.daemon.pid) - cpu;
}

static void add_up(const struct herd *herd, const struct herd_result *result, struct side *side)
{
	side->sum.offered += result->offered;
	side->sum.unsent += result->unsent;
	side->sum.delivered += result->delivered;
	side->sum.outside += result->outside;
	side->sum.lost += result->lost;
	side->sum.in_window += result->in_window;
	side->sum.window_ns += result->window_ns;
	side->sum.daemon_ns += result->daemon_ns;
	side->sum.jain += result->jain / TURNS;
	for (unsigned int i = 0; i < HISTOGRAM_BUCKETS; i++)
		side->latency.counts[i] += herd->latency.counts[i];
}

/* What the backend made of the flood. */
static int count_useless(struct stage *stage, struct side *side, char error[LAB_ERROR_BYTES])
{
	static const char *const names[] = { "spurious", "throttlings" };
	uint64_t values[2];
	int err = backend_count(&stage->backend, "pest", names, 2, values, error);

	if (err)
		return err;
	side->spurious += values[0];
	side->throttlings += values[1];
	return 0;
}

static int take_turn(struct stage *stage, const struct setup *setup, bool attacked,
		     const struct lab_window *window, struct side *side,
		     char error[LAB_ERROR_BYTES])
{
	enum pest_kind kind = attacked ? kinds[setup->attack].pest : kinds[setup->attack].control;
	struct herd_result result;
	struct pest pest;
	int64_t start;
	int err = pest_start(&pest, kind, stage->backend.daemon.rundir, stage->context->cpus[1],
			     error);

	if (err)
		return err;
	start = host_now_ns();
	stay_alone(stage, side);
	use_rates(&stage->herd, setup, &pest, setup->attack);
	err = stage_run(stage, window, &result, error);
	add_up(&stage->herd, &result, side);
	side->signals += (uint64_t)((double)counter_read(&pest.board->signals) * 1e9 /
				    (double)(host_now_ns() - start)) /
			 TURNS;
	side->lives += counter_read(&pest.board->lives);
	if (!err && kind == PEST_FLOODING)
		err = count_useless(stage, side, error);
	pest_stop(&pest);
	return err;
}

static double us(const struct side *side, double part)
{
	return histogram_quantile(&side->latency, part) / 1e3;
}

static void tell(const struct side *before, const struct side *during, double *values)
{
	const struct herd_result *a = &before->sum, *b = &during->sum;

	values[PPS_BEFORE] = stage_rate(a->in_window, a->window_ns);
	values[PPS_DURING] = stage_rate(b->in_window, b->window_ns);
	values[KEPT_PCT] = 100 * values[PPS_DURING] / values[PPS_BEFORE];
	values[P50_BEFORE_US] = us(before, 0.5);
	values[P99_BEFORE_US] = us(before, 0.99);
	values[P50_DURING_US] = us(during, 0.5);
	values[P99_DURING_US] = us(during, 0.99);
	values[DAEMON_BEFORE_PCT] = stage_percent(a->daemon_ns, a->window_ns);
	values[DAEMON_DURING_PCT] = stage_percent(b->daemon_ns, b->window_ns);
	values[DAEMON_ALONE_PCT] = stage_percent(during->alone_cpu_ns, (int64_t)during->alone_ns);
	values[SIGNALS_PER_S] = (double)during->signals;
	values[SPURIOUS] = (double)during->spurious;
	values[THROTTLINGS] = (double)during->throttlings;
	values[LIVES] = (double)during->lives;
	values[OFFERED] = (double)(a->offered + b->offered);
	values[DROP_RING] = (double)(a->unsent + b->unsent);
	values[DROP_QUEUE] = (double)(a->lost + b->lost);
	values[DELIVERED] = (double)(a->delivered + b->delivered);
	values[TO_PEST] = (double)(a->outside + b->outside);
	values[JAIN] = b->jain;
}

static int run(void *rig, const void *arg, const struct lab_window *window,
	       struct lab_result *result, char error[LAB_ERROR_BYTES])
{
	const struct lab_window part = { window->warmup_ns / 2, window->measure_ns / 4, 0 };
	static struct side before, during;
	const struct setup *setup = arg;
	int err = 0;

	memset(&before, 0, sizeof(before));
	memset(&during, 0, sizeof(during));
	for (unsigned int i = 0; !err && i < 2 * TURNS; i++) {
		bool attacked = i % 4 == 1 || i % 4 == 2; /* no, yes, yes, no, ... */

		err = take_turn(rig, setup, attacked, &part, attacked ? &during : &before, error);
	}
	tell(&before, &during, result->values);
	return err;
}

static const struct lab_column columns[] = {
	[KEPT_PCT] = { "kept_pct", 1 },
	[PPS_BEFORE] = { "pps_before", 0 },
	[PPS_DURING] = { "pps_during", 0 },
	[P50_BEFORE_US] = { "p50_before_us", 1 },
	[P99_BEFORE_US] = { "p99_before_us", 1 },
	[P50_DURING_US] = { "p50_during_us", 1 },
	[P99_DURING_US] = { "p99_during_us", 1 },
	[DAEMON_BEFORE_PCT] = { "daemon_before_pct", 1 },
	[DAEMON_DURING_PCT] = { "daemon_during_pct", 1 },
	[DAEMON_ALONE_PCT] = { "daemon_alone_pct", 2 },
	[SIGNALS_PER_S] = { "signals_per_s", 0 },
	[SPURIOUS] = { "spurious", 0 },
	[THROTTLINGS] = { "throttlings", 0 },
	[LIVES] = { "lives", 0 },
	[OFFERED] = { "offered", 0 },
	[DROP_RING] = { "drop_ring", 0 },
	[DROP_QUEUE] = { "drop_queue", 0 },
	[DELIVERED] = { "delivered", 0 },
	[TO_PEST] = { "to_pest", 0 },
	[JAIN] = { "jain", 4 },
	{ 0 },
};

static const struct lab_rig rig = {
	.name = "isolation",
	.setup_bytes = sizeof(struct setup),
	.columns = columns,
	.open = open_rig,
	.run = run,
	.close = stage_close,
};

static const struct setup setup;

static const struct lab_sweep sweep = {
	.name = "X15",
	.rig = &rig,
	.setup = &setup,
	.factors = { { "attack", offsetof(struct setup, attack), attack_words },
		     { "rate", offsetof(struct setup, rate), NULL } },
	.grids = { { LAB_IN_ALL,
		     { { 3, { ATTACK_STALL, ATTACK_CRASH, ATTACK_FLOOD } },
		       { 2, { 0, PACED } } } } },
	/* Unpaced, what goes through differs by a tenth from run to run. */
	.repeats = { [LAB_FULL] = 32 },
};

#define SOURCE "slides: how to share the device; Kuroda 2013, E/S privada e compartilhada"

/* Paced, and as fast as it goes: neither may suffer. */
static void judge_kept(struct judge *judge, const struct summaries *summaries, enum attack attack,
		       double bound)
{
	judge_above(judge,
		    judge_at(summaries, "kept_pct", WHERE({ "attack", attack }, { "rate", PACED })),
		    bound, "%% kept of %u frames a second, %s", VICTIMS * PACED,
		    attack_words[attack]);
	judge_above(judge,
		    judge_at(summaries, "kept_pct", WHERE({ "attack", attack }, { "rate", 0 })),
		    bound, "%% kept of all that goes through, %s", attack_words[attack]);
}

static void judge_stalled(struct judge *judge, const struct summaries *summaries)
{
	judge_kept(judge, summaries, ATTACK_STALL, 95);
}

static void judge_flooding(struct judge *judge, const struct summaries *summaries)
{
	judge_kept(judge, summaries, ATTACK_FLOOD, 90);
	judge_below(judge,
		    judge_highest(summaries, "daemon_alone_pct", WHERE({ "attack", ATTACK_FLOOD })),
		    20, "%% of a processor that the flood costs the backend");
}

static void judge_crashing(struct judge *judge, const struct summaries *summaries)
{
	judge_kept(judge, summaries, ATTACK_CRASH, 90);
}

const struct lab_experiment x15_isolation = {
	.number = 15,
	.title = "Isolation: one VM that behaves badly among four",
	.hypothesis = "What a VM does to its own rings and events is its own loss.",
	.sizes = LAB_IN_ALL,
	.sweep = &sweep,
	.columns = { "kept_pct", "pps_before", "pps_during", "p99_before_us", "p99_during_us",
		     "daemon_alone_pct", "signals_per_s", "throttlings" },
	.claims = {
		{ SOURCE, "One that takes nothing any more costs the others nothing to speak of.",
		  "they keep more than 95 % of their frames, paced and unpaced", judge_stalled },
		{ SOURCE, "One that floods the backend with events costs the others little.",
		  "they keep more than 90 %, and the flood alone costs the backend less than "
		  "20 % of a processor",
		  judge_flooding },
		{ SOURCE, "One that crashes again and again, many times a second, costs the others little.",
		  "they keep more than 90 %", judge_crashing },
	},
	.figures = {
		{ .name = "kept",
		  .title = "What the others keep of their frames a second",
		  .script = "set ylabel \"%\"\nset yrange [0:*]\nset xrange [-0.5:5.5]\n"
			    "set xtics rotate by -20\n"
			    "plot summary using 0:\"kept_pct\":\"kept_pct_low\":\"kept_pct_high\""
			    ":xtic(strcol(\"attack\").\" \".(strcol(\"rate\") eq \"0\" ? "
			    "\"unpaced\" : strcol(\"rate\"))) with yerrorbars pt 7 notitle, "
			    "100 with lines dt 2 notitle\n" },
	},
};
