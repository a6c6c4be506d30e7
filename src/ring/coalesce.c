#include "ring/coalesce.h"

#include <errno.h>

#include "io/state.h"

enum {
	NS_PER_USEC = 1000,
	NS_PER_MS = 1000000,
	LONGEST_NS = COALESCE_LONGEST_USECS * NS_PER_USEC,
	SAMPLE_MS = 10,
};

static const uint64_t NS_PER_S = 1000000000;

static bool notifies(const struct coalesce_limits *limits)
{
	return limits->usecs || limits->frames;
}

/* A quarter of the ring at most: the peer still has buffers while it wakes up. */
static struct coalesce_wait wait_of(const struct coalesce *coalesce,
				    const struct coalesce_limits *limits)
{
	uint32_t most = coalesce->entries / 4;

	return (struct coalesce_wait){
		.ns = (uint64_t)limits->usecs * NS_PER_USEC,
		.frames = limits->frames < most ? limits->frames : most,
	};
}

static bool is_sound(const struct coalesce_config *config)
{
	if (!notifies(&config->plain) || !notifies(&config->irq))
		return false;
	return !config->high_pps || (notifies(&config->low) && notifies(&config->high) &&
				     config->low_pps <= config->high_pps);
}

int coalesce_configure(struct coalesce *coalesce, const struct coalesce_config *config)
{
	if (!is_sound(config))
		return -EINVAL;
	coalesce->config = *config;
	coalesce->plain = wait_of(coalesce, &config->plain);
	coalesce->irq = wait_of(coalesce, &config->irq);
	coalesce->low = wait_of(coalesce, &config->low);
	coalesce->high = wait_of(coalesce, &config->high);
	coalesce->by_load = &coalesce->plain;
	coalesce->cap_ns = UINT64_MAX;
	return 0;
}

void coalesce_init(struct coalesce *coalesce, uint32_t entries)
{
	const struct coalesce_limits at_once = { .frames = 1 };

	*coalesce = (struct coalesce){ .entries = entries, .due_ns = UINT64_MAX };
	coalesce_configure(coalesce, &(struct coalesce_config){ .plain = at_once, .irq = at_once });
}

void coalesce_space(struct coalesce *coalesce, uint32_t usecs)
{
	struct coalesce_limits limits = { .usecs = usecs, .frames = usecs ? 0 : 1 };

	coalesce->config.spaced = true;
	coalesce->config.plain = coalesce->config.irq = limits;
	coalesce->plain = coalesce->irq = wait_of(coalesce, &limits);
}

static const struct coalesce_wait *wait_for_rate(const struct coalesce *coalesce, uint64_t pps)
{
	const struct coalesce_config *config = &coalesce->config;

	if (!config->high_pps)
		return &coalesce->plain;
	if (pps < config->low_pps)
		return &coalesce->low;
	return pps > config->high_pps ? &coalesce->high : &coalesce->plain;
}

/* One division a sample and not one a frame. */
static void sample_end(struct coalesce *coalesce, uint64_t now_ns)
{
	uint64_t took = now_ns - coalesce->sample_ns;
	uint32_t half = coalesce->entries / 2;

	coalesce->by_load = wait_for_rate(coalesce, coalesce->sample_frames * NS_PER_S / took);
	coalesce->cap_ns = coalesce->sample_slots ? took * half / coalesce->sample_slots
						  : UINT64_MAX;
	coalesce->sample_ns = now_ns;
	coalesce->sample_frames = coalesce->sample_slots = 0;
}

static void sample_take(struct coalesce *coalesce, const struct coalesce_news *news)
{
	uint64_t length = (uint64_t)coalesce->config.sample_ms * NS_PER_MS;

	if (news->now_ns - coalesce->sample_ns > length)
		sample_end(coalesce, news->now_ns);
	coalesce->sample_frames += news->frames;
	coalesce->sample_slots += news->slots;
}

static enum coalesce_verdict send(struct coalesce *coalesce, uint64_t now_ns)
{
	coalesce->owed = false;
	coalesce->due_ns = UINT64_MAX;
	coalesce->sent_ns = now_ns;
	return COALESCE_SEND;
}

static uint64_t due_at(const struct coalesce *coalesce, const struct coalesce_wait *wait)
{
	uint64_t since = coalesce->config.spaced ? coalesce->sent_ns : coalesce->first_ns;
	uint64_t ns = wait->ns ? wait->ns : LONGEST_NS;

	return since + (ns < coalesce->cap_ns ? ns : coalesce->cap_ns);
}

static uint32_t frames_limit(const struct coalesce *coalesce, const struct coalesce_wait *wait,
			     uint32_t in_flight)
{
	if (!coalesce->config.by_share)
		return wait->frames;
	return in_flight / 4 ? in_flight / 4 : 1;
}

enum coalesce_verdict coalesce_published(struct coalesce *coalesce,
					 const struct coalesce_news *news)
{
	const struct coalesce_wait *wait = news->untaken ? &coalesce->irq : coalesce->by_load;
	uint32_t limit = frames_limit(coalesce, wait, news->in_flight);

	sample_take(coalesce, news);
	if (news->armed) { /* anew: what was owed before it has seen by itself */
		coalesce->owed = true;
		coalesce->frames = coalesce->slots = 0;
		coalesce->first_ns = news->now_ns;
	}
	if (!coalesce->owed)
		return COALESCE_SUPPRESS;
	coalesce->frames += news->frames;
	coalesce->slots += news->slots;
	coalesce->due_ns = due_at(coalesce, wait);
	if (news->forced || (limit && coalesce->frames >= limit) ||
	    coalesce->slots >= coalesce->entries / 2 || news->now_ns >= coalesce->due_ns)
		return send(coalesce, news->now_ns);
	return COALESCE_WAIT;
}

bool coalesce_expired(struct coalesce *coalesce, uint64_t now_ns, bool asleep)
{
	if (!coalesce->owed || now_ns < coalesce->due_ns)
		return false;
	if (asleep)
		return send(coalesce, now_ns) == COALESCE_SEND;
	coalesce->owed = false;
	coalesce->due_ns = UINT64_MAX;
	return false;
}

bool coalesce_flush(struct coalesce *coalesce, uint64_t now_ns)
{
	return coalesce->owed && send(coalesce, now_ns) == COALESCE_SEND;
}

void coalesce_carry(struct coalesce *coalesce, struct state *state)
{
	state_u64(state, &coalesce->sent_ns);
	state_u64(state, &coalesce->cap_ns);
	state_u64(state, &coalesce->sample_ns);
	state_u32(state, &coalesce->sample_frames);
	state_u32(state, &coalesce->sample_slots);
}
