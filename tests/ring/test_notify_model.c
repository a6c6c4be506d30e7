/*
 * The protocol of falling asleep, explored whole.
 *
 * A producer and a consumer share slots, a producer index, an event index and
 * a pending bit. Each step of either is a transition; every store goes to its
 * actor's store buffer first and reaches memory later, out of order unless it
 * is a release (what x86 and worse machines do to stores; loads are not
 * reordered here). All interleavings are visited. The sound protocol must
 * never lose a wake-up and never read a slot before it was written; each
 * variant with one part removed must be caught at just that, or the model
 * would prove nothing. docs/notification.md tells the same in words.
 */
#include "support/unit.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS = 4, FRAMES = 4, BATCH = 2, STORES = 6 };

enum word { WORD_SLOTS, WORD_PROD = SLOTS, WORD_EVENT, WORDS };

enum pc {
	/* producer */
	FILL,	 /* slot, as long as the batch wants */
	PUBLISH, /* index; A orders the slots before it */
	P_FENCE, /* B */
	CHECK,	 /* event index, signal if it was reached */
	/* consumer */
	LOOK,	    /* index: anything there? */
	CONSUME,    /* a slot */
	ANNOUNCE,   /* event index: "tell me about the next" */
	C_FENCE,    /* B */
	LOOK_AGAIN, /* index */
	CLEAR,	    /* (crippled variant only) */
	SLEEP,	    /* until pending, which is cleared by waking up */
};

struct store {
	uint32_t value;
	uint8_t word, release;
};

struct actor {
	uint8_t pc, nr_stores;
	struct store stores[STORES];
};

struct state {
	uint32_t word[WORDS];
	uint32_t produced, published, consumed; /* private indices */
	struct actor producer, consumer;
	uint8_t pending, signals, announced, slept;
};

struct variant {
	const char *name;
	bool no_release, no_producer_fence, no_consumer_fence, no_second_look, clears_late, polls;
	bool loses, stale; /* what must be found */
};

static const struct variant variants[] = {
	{ .name = "the protocol" },
	{ .name = "the protocol, with a consumer that polls", .polls = true },
	{ .name = "slots and index unordered", .no_release = true, .stale = true },
	{ .name = "no fence after the index", .no_producer_fence = true, .loses = true },
	{ .name = "no fence after the announcement", .no_consumer_fence = true, .loses = true },
	{ .name = "no second look", .no_second_look = true, .loses = true },
	{ .name = "pending cleared after the second look", .clears_late = true, .loses = true },
};

/* A search: what was visited, and what was found on the way. */
struct search {
	const struct variant *variant;
	uint32_t start;
	struct state *seen; /* a hash table; a slot is free while used[] is not set */
	bool *used;
	size_t size, states, ends;
	unsigned int max_signals, max_slept, max_consumed;
	bool lost, stale, overheard; /* overheard: more signals than announcements */
};

static void visit(struct search *search, struct state state);

static uint64_t state_hash(const struct state *state)
{
	const uint8_t *bytes = (const uint8_t *)state;
	uint64_t hash = 0xcbf29ce484222325ULL;

	for (size_t i = 0; i < sizeof(*state); i++)
		hash = (hash ^ bytes[i]) * 0x100000001b3ULL;
	return hash ^ hash >> 32;
}

/* True if the state is new. States are compared as bytes: always made by
 * copying, from one that was zeroed. */
static bool remember(struct search *search, const struct state *state)
{
	size_t at = state_hash(state) & (search->size - 1);

	for (; search->used[at]; at = (at + 1) & (search->size - 1))
		if (!memcmp(&search->seen[at], state, sizeof(*state)))
			return false;
	assert_true(search->states < search->size / 2);
	search->used[at] = true;
	memcpy(&search->seen[at], state, sizeof(*state));
	search->states++;
	return true;
}

/* False: the buffer is full, the actor has to wait until it drains. */
static bool actor_store(struct actor *actor, enum word word, uint32_t value, bool release)
{
	if (actor->nr_stores == STORES)
		return false;
	actor->stores[actor->nr_stores++] = (struct store){ value, (uint8_t)word, release };
	return true;
}

/* A store may pass older ones to other words, unless it is a release. */
static bool store_may_commit(const struct actor *actor, unsigned int nr)
{
	if (actor->stores[nr].release)
		return nr == 0;
	for (unsigned int i = 0; i < nr; i++)
		if (actor->stores[i].word == actor->stores[nr].word)
			return false;
	return true;
}

static void actor_commit(struct state *state, struct actor *actor, unsigned int nr)
{
	state->word[actor->stores[nr].word] = actor->stores[nr].value;
	actor->nr_stores--;
	memmove(&actor->stores[nr], &actor->stores[nr + 1],
		(actor->nr_stores - nr) * sizeof(struct store));
	memset(&actor->stores[actor->nr_stores], 0, sizeof(struct store));
}

/* ring_publish()'s decision, on the producer's read of the event index. */
static void producer_check(struct state *state)
{
	uint32_t now = state->produced;

	if (now - state->word[WORD_EVENT] < now - state->published) {
		state->pending = 1;
		state->signals++;
	}
	state->published = now;
	state->producer.pc = FILL;
}

static void step_fill(struct search *search, struct state state)
{
	if (state.produced - search->start == FRAMES || state.produced - state.published == BATCH)
		return;
	if (!actor_store(&state.producer, WORD_SLOTS + state.produced % SLOTS, state.produced,
			 false))
		return;
	state.produced++;
	visit(search, state);
}

static void step_publish(struct search *search, struct state state)
{
	bool release = !search->variant->no_release;

	if (state.produced == state.published ||
	    !actor_store(&state.producer, WORD_PROD, state.produced, release))
		return;
	state.producer.pc = P_FENCE;
	visit(search, state);
}

static void step_producer(struct search *search, struct state state)
{
	switch (state.producer.pc) {
	case FILL: /* one more, or no more in this batch */
		step_fill(search, state);
		step_publish(search, state);
		return;
	case P_FENCE:
		if (state.producer.nr_stores && !search->variant->no_producer_fence)
			return;
		state.producer.pc = CHECK;
		break;
	case CHECK:
		producer_check(&state);
		break;
	}
	visit(search, state);
}

static void consumer_consume(struct search *search, struct state *state)
{
	if (state->word[WORD_SLOTS + state->consumed % SLOTS] != state->consumed)
		search->stale = true;
	state->consumed++;
	state->consumer.pc = LOOK;
}

static uint8_t pc_when_dry(const struct search *search, enum pc looked)
{
	if (looked == LOOK)
		return search->variant->polls ? LOOK : ANNOUNCE;
	return search->variant->clears_late ? CLEAR : SLEEP;
}

static void step_consumer(struct search *search, struct state state)
{
	struct actor *consumer = &state.consumer;

	switch (consumer->pc) {
	case LOOK:
	case LOOK_AGAIN:
		if (state.word[WORD_PROD] != state.consumed)
			consumer->pc = CONSUME;
		else
			consumer->pc = pc_when_dry(search, consumer->pc);
		break;
	case CONSUME:
		consumer_consume(search, &state);
		break;
	case ANNOUNCE:
		if (!actor_store(consumer, WORD_EVENT, state.consumed + 1, false))
			return;
		state.announced++;
		consumer->pc = C_FENCE;
		break;
	case C_FENCE:
		if (consumer->nr_stores && !search->variant->no_consumer_fence)
			return;
		consumer->pc = search->variant->no_second_look ? SLEEP : LOOK_AGAIN;
		break;
	case CLEAR:
		state.pending = 0;
		consumer->pc = SLEEP;
		break;
	case SLEEP:
		if (!state.pending)
			return;
		state.pending = 0;
		state.slept++;
		consumer->pc = LOOK;
		break;
	}
	visit(search, state);
}

static void step_stores(struct search *search, const struct state *state)
{
	for (unsigned int i = 0; i < state->producer.nr_stores; i++)
		if (store_may_commit(&state->producer, i)) {
			struct state next = *state;

			actor_commit(&next, &next.producer, i);
			visit(search, next);
		}
	for (unsigned int i = 0; i < state->consumer.nr_stores; i++)
		if (store_may_commit(&state->consumer, i)) {
			struct state next = *state;

			actor_commit(&next, &next.consumer, i);
			visit(search, next);
		}
}

/* Nothing moves any more: all was produced and the consumer sleeps for good. */
static void judge_end(struct search *search, const struct state *state)
{
	if (state->producer.nr_stores || state->consumer.nr_stores ||
	    state->producer.pc != FILL || state->produced - search->start != FRAMES ||
	    state->produced != state->published)
		return;
	if (state->consumer.pc != SLEEP || state->pending)
		return;
	search->ends++;
	if (state->consumed != state->produced)
		search->lost = true;
}

static void visit(struct search *search, struct state state)
{
	if (!remember(search, &state))
		return;
	if (state.signals > state.announced + 1u)
		search->overheard = true;
	if (state.signals > search->max_signals)
		search->max_signals = state.signals;
	if (state.slept > search->max_slept)
		search->max_slept = state.slept;
	if (state.consumed - search->start > search->max_consumed)
		search->max_consumed = state.consumed - search->start;
	judge_end(search, &state);
	step_producer(search, state);
	step_consumer(search, state);
	step_stores(search, &state);
}

/* As ring_init_front() leaves the page, but for where the indices start: the
 * first slot is announced. One who polls has left the announcement behind. */
static void explore(struct search *search, const struct variant *variant, uint32_t start)
{
	struct state state;

	*search = (struct search){ .variant = variant, .start = start, .size = 1 << 19 };
	search->seen = malloc(search->size * sizeof(*search->seen));
	search->used = calloc(search->size, sizeof(*search->used));
	assert_true(search->seen && search->used);
	memset(&state, 0, sizeof(state));
	for (unsigned int i = 0; i < SLOTS; i++)
		state.word[WORD_SLOTS + i] = 0x55aa55aa;
	state.word[WORD_PROD] = state.produced = state.published = state.consumed = start;
	state.word[WORD_EVENT] = variant->polls ? start : start + 1;
	state.producer.pc = FILL;
	state.consumer.pc = LOOK;
	visit(search, state);
	free(search->seen);
	free(search->used);
}

static void judge(const struct search *search)
{
	const struct variant *variant = search->variant;

	if (search->lost != variant->loses)
		fail_msg("%s, from %#x: %s", variant->name, search->start,
			 search->lost ? "loses a wake-up" : "should lose a wake-up");
	if (search->stale != variant->stale)
		fail_msg("%s, from %#x: %s", variant->name, search->start,
			 search->stale ? "reads a slot too early" : "should read a slot too early");
	if (search->overheard)
		fail_msg("%s: more signals than announcements", variant->name);
	/* It went to sleep and was woken, more than once: or nothing was shown. */
	assert_int_equal(search->max_consumed, FRAMES);
	assert_true(variant->polls ? search->max_signals == 0 : search->max_signals > 1);
	assert_true(variant->polls || (search->max_slept > 1 && search->ends));
	print_message("%s, from %#x: %zu states, %zu ends\n", variant->name, search->start,
		      search->states, search->ends);
}

static void test_every_interleaving(void **state)
{
	static const uint32_t starts[] = { 0, 0xfffffffd };

	for (size_t i = 0; i < COUNT_OF(variants); i++)
		for (size_t s = 0; s < COUNT_OF(starts); s++) {
			struct search search;

			explore(&search, &variants[i], starts[s]);
			judge(&search);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_interleaving),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
