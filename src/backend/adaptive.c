#include "backend/adaptive.h"

#include "io/state.h"
#include "ring/barrier.h"

enum { SHARE = 4, BIAS_MAX = 2, PAUSE_WINDOWS = 4 };

static const uint64_t NS_PER_S = 1000000000, NS_PER_MS = 1000000, NS_PER_USEC = 1000;

static const uint32_t distances[] = { 0, 10, 20, 40, 60, 100, 200 }; /* us */

enum { STEPS = sizeof(distances) / sizeof(distances[0]) };

void adaptive_init(struct adaptive *adaptive, const struct adaptive_config *config, uint64_t now_ns)
{
	*adaptive = (struct adaptive){ .config = *config, .window_ns = now_ns };
}

/* A quarter of the new and three of the old; after a pause the old is void. */
static uint64_t average(uint64_t old, uint64_t new, bool pause)
{
	return pause ? new : old - old / 4 + new / 4;
}

static void rates_take(struct adaptive *adaptive, uint64_t took)
{
	bool pause = took >= PAUSE_WINDOWS * adaptive->config.window_ms * NS_PER_MS ||
		     !adaptive->frame_rate;
	uint64_t slots = adaptive->slots * NS_PER_S / took;
	uint64_t now = adaptive->frames * NS_PER_S / took;
	uint64_t lasting = now < adaptive->last_rate ? now : adaptive->last_rate;

	adaptive->last_rate = now;
	adaptive->frame_rate = average(adaptive->frame_rate, now, pause);
	if (lasting > adaptive->frame_rate)
		adaptive->frame_rate = lasting;
	adaptive->slot_rate = average(adaptive->slot_rate, slots, pause);
	if (slots > adaptive->slot_rate) /* the ring must not run over meanwhile */
		adaptive->slot_rate = slots;
}

/* The longest distance that neither costs too much latency nor half a ring. */
static uint64_t longest(const struct adaptive *adaptive)
{
	uint64_t target = adaptive->config.target_usecs;
	uint64_t half = adaptive->config.entries / 2 * (NS_PER_S / NS_PER_USEC);
	uint64_t by_ring = adaptive->slot_rate ? half / adaptive->slot_rate : target;

	return by_ring < target ? by_ring : target;
}

/* What the rules say for that share, in per cent, of the measured rate. */
static unsigned int step_for(const struct adaptive *adaptive, unsigned int percent)
{
	const struct adaptive_config *config = &adaptive->config;
	uint64_t rate = adaptive->frame_rate * percent / 100, most = longest(adaptive), want;
	unsigned int step = 1;

	if (rate * distances[1] < 2 * (NS_PER_S / NS_PER_USEC) || distances[1] > most)
		return 0;
	want = (uint64_t)(config->wakeup_ns * SHARE / config->frame_ns) * (NS_PER_S / NS_PER_USEC) /
	       rate;
	while (step + 1 < STEPS && distances[step] < want && distances[step + 1] <= most)
		step++;
	return step;
}

/* The rules' choice, or the present one where a tenth would decide. */
static unsigned int step_by_rate(const struct adaptive *adaptive)
{
	if (step_for(adaptive, 90) == adaptive->base || step_for(adaptive, 110) == adaptive->base)
		return adaptive->base;
	return step_for(adaptive, 100);
}

/* A frame's cost in thousandths of its own work, with what it pays for wake-ups;
 * a lost one costs ten. */
static uint64_t cost(const struct adaptive *adaptive)
{
	const struct adaptive_config *config = &adaptive->config;
	uint64_t frames = adaptive->frames ? adaptive->frames : 1;

	return 1000 +
	       1000 * (uint64_t)config->wakeup_ns * adaptive->events / config->frame_ns / frames +
	       10000 * (uint64_t)adaptive->drops / (frames + adaptive->drops);
}

/* What was tried stays where it paid. */
static void try_end(struct adaptive *adaptive)
{
	int bias = adaptive->bias + adaptive->trying;

	if (cost(adaptive) * 10 < adaptive->cost * 9 && bias >= -BIAS_MAX && bias <= BIAS_MAX)
		adaptive->bias = bias;
	adaptive->trying = 0;
}

/* Up and down in turn. */
static void try_begin(struct adaptive *adaptive)
{
	if (++adaptive->windows % ADAPTIVE_PROBE_EVERY)
		return;
	adaptive->trying = adaptive->windows / ADAPTIVE_PROBE_EVERY % 2 ? 1 : -1;
	adaptive->cost = cost(adaptive);
}

static bool is_crowded(const struct adaptive *adaptive)
{
	return adaptive->drops || adaptive->fullest > adaptive->config.entries / 2;
}

static void base_move(struct adaptive *adaptive)
{
	unsigned int by_rate = step_by_rate(adaptive);

	if (by_rate && is_crowded(adaptive) && by_rate >= adaptive->base)
		by_rate = adaptive->base ? adaptive->base - 1 : 0;
	adaptive->base = by_rate;
}

static unsigned int step_next(const struct adaptive *adaptive)
{
	int step = (int)adaptive->base + adaptive->bias + adaptive->trying;
	uint64_t most = longest(adaptive);

	if (step >= STEPS)
		step = STEPS - 1;
	while (step > 0 && distances[step] > most)
		step--;
	return step > 0 ? (unsigned int)step : 0;
}

/* Only where events are kept apart at all is there something to try. */
static void move(struct adaptive *adaptive)
{
	bool crowded = is_crowded(adaptive);

	base_move(adaptive);
	if (!adaptive->base || crowded)
		adaptive->bias = adaptive->trying = 0;
	else if (adaptive->trying)
		try_end(adaptive);
	else
		try_begin(adaptive);
	store_relaxed(&adaptive->usecs, distances[step_next(adaptive)]); /* reports look at it */
}

bool adaptive_choose(struct adaptive *adaptive, uint64_t now_ns)
{
	uint32_t before = adaptive->usecs;

	if (now_ns == adaptive->window_ns)
		return false;
	rates_take(adaptive, now_ns - adaptive->window_ns);
	move(adaptive);
	adaptive->window_ns = now_ns;
	adaptive->frames = adaptive->slots = adaptive->events = 0;
	adaptive->drops = adaptive->fullest = 0;
	return adaptive->usecs != before;
}

static void carry_int(int *value, struct state *state)
{
	uint32_t word = (uint32_t)*value;

	state_u32(state, &word);
	*value = (int)word;
}

void adaptive_carry(struct adaptive *adaptive, struct state *state)
{
	uint32_t *const words[] = {
		&adaptive->usecs, &adaptive->frames,  &adaptive->slots, &adaptive->events,
		&adaptive->drops, &adaptive->fullest, &adaptive->base,	&adaptive->windows,
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		state_u32(state, words[i]);
	state_u64(state, &adaptive->window_ns);
	state_u64(state, &adaptive->frame_rate);
	state_u64(state, &adaptive->slot_rate);
	state_u64(state, &adaptive->cost);
	carry_int(&adaptive->bias, state);
	carry_int(&adaptive->trying, state);
}
