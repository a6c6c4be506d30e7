#include "backend/tuning.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ring/netif.h"

enum kind { NUMBER, SWITCH, COMPLETE };

static const struct word {
	const char *name;
	enum kind kind;
	uint32_t least, most, initial;
} words[] = {
	[TUNING_ADAPTIVE_RX] = { "adaptive-rx", SWITCH, 0, 1, 1 },
	[TUNING_ADAPTIVE_TX] = { "adaptive-tx", SWITCH, 0, 1, 1 },
	[TUNING_SAMPLE_INTERVAL] = { "sample-interval", NUMBER, 1, 10000, 10 },
	[TUNING_RATE_LOW] = { "pkt-rate-low", NUMBER, 0, UINT32_MAX, 10000 },
	[TUNING_RATE_HIGH] = { "pkt-rate-high", NUMBER, 0, UINT32_MAX, 0 },
	[TUNING_RX_USECS] = { "rx-usecs", NUMBER, 0, COALESCE_LONGEST_USECS, 0 },
	[TUNING_RX_FRAMES] = { "rx-frames", NUMBER, 0, RX_RING_ENTRIES, 1 },
	[TUNING_RX_USECS_IRQ] = { "rx-usecs-irq", NUMBER, 0, COALESCE_LONGEST_USECS, 0 },
	[TUNING_RX_FRAMES_IRQ] = { "rx-frames-irq", NUMBER, 0, RX_RING_ENTRIES, 1 },
	[TUNING_TX_USECS] = { "tx-usecs", NUMBER, 0, COALESCE_LONGEST_USECS, 100 },
	[TUNING_TX_FRAMES] = { "tx-frames", NUMBER, 0, TX_RING_ENTRIES, TX_RING_ENTRIES / 4 },
	[TUNING_TX_USECS_IRQ] = { "tx-usecs-irq", NUMBER, 0, COALESCE_LONGEST_USECS, 0 },
	[TUNING_TX_FRAMES_IRQ] = { "tx-frames-irq", NUMBER, 0, TX_RING_ENTRIES, 1 },
	[TUNING_RX_USECS_LOW] = { "rx-usecs-low", NUMBER, 0, COALESCE_LONGEST_USECS, 0 },
	[TUNING_RX_FRAMES_LOW] = { "rx-frames-low", NUMBER, 0, RX_RING_ENTRIES, 1 },
	[TUNING_TX_USECS_LOW] = { "tx-usecs-low", NUMBER, 0, COALESCE_LONGEST_USECS, 0 },
	[TUNING_TX_FRAMES_LOW] = { "tx-frames-low", NUMBER, 0, TX_RING_ENTRIES, 1 },
	[TUNING_RX_USECS_HIGH] = { "rx-usecs-high", NUMBER, 0, COALESCE_LONGEST_USECS, 50 },
	[TUNING_RX_FRAMES_HIGH] = { "rx-frames-high", NUMBER, 0, RX_RING_ENTRIES, 32 },
	[TUNING_TX_USECS_HIGH] = { "tx-usecs-high", NUMBER, 0, COALESCE_LONGEST_USECS, 100 },
	[TUNING_TX_FRAMES_HIGH] = { "tx-frames-high", NUMBER, 0, TX_RING_ENTRIES,
				    TX_RING_ENTRIES / 4 },
	[TUNING_TX_AGGR_USECS] = { "tx-aggr-time-usecs", NUMBER, 0, COALESCE_LONGEST_USECS, 0 },
	[TUNING_TX_AGGR_FRAMES] = { "tx-aggr-max-frames", NUMBER, 0, TX_RING_ENTRIES, 1 },
	[TUNING_RX_URGENT] = { "rx-urgent", SWITCH, 0, 1, 0 },
	[TUNING_NAPI_WEIGHT] = { "napi-weight", NUMBER, 1, TX_RING_ENTRIES, POLL_WEIGHT },
	[TUNING_NAPI_BUDGET] = { "napi-budget", NUMBER, 1, 65536, POLL_BUDGET },
	[TUNING_NAPI_BUDGET_USECS] = { "napi-budget-usecs", NUMBER, 1, 1000000, POLL_BUDGET_USECS },
	[TUNING_NAPI_COMPLETE] = { "napi-complete", COMPLETE, 0, 1, TUNING_COMPLETE_EMPTY },
	[TUNING_DEFER_HARD_IRQS] = { "napi-defer-hard-irqs", NUMBER, 0, POLL_DEFER_ROUNDS_MAX, 2 },
	[TUNING_GRO_FLUSH_TIMEOUT] = { "gro-flush-timeout", NUMBER, 0, POLL_DEFER_USECS_MAX, 20 },
	[TUNING_SPIN_USECS] = { "spin-usecs", NUMBER, 0, POLL_SPIN_USECS_MAX, 0 },
	[TUNING_GUEST_WEIGHT] = { "guest-napi-weight", NUMBER, 1, RX_RING_ENTRIES, POLL_WEIGHT },
	[TUNING_GUEST_COMPLETE] = { "guest-napi-complete", COMPLETE, 0, 1, TUNING_COMPLETE_EMPTY },
	[TUNING_GUEST_DEFER] = { "guest-napi-defer-hard-irqs", NUMBER, 0, POLL_DEFER_ROUNDS_MAX,
				 0 },
	[TUNING_GUEST_FLUSH_TIMEOUT] = { "guest-gro-flush-timeout", NUMBER, 0, POLL_DEFER_USECS_MAX,
					 0 },
	[TUNING_GUEST_SPIN_USECS] = { "guest-spin-usecs", NUMBER, 0, POLL_SPIN_USECS_MAX, 50 },
};

static_assert(sizeof(words) / sizeof(words[0]) == TUNING_WORDS, "every word has a row");
static_assert(TUNING_WORDS <= 64, "a mask holds them");

/* What each kind calls 0 and 1. */
static const char *const choices[][2] = {
	[SWITCH] = { "off", "on" },
	[COMPLETE] = { "empty", "budget" },
};

void tuning_init(struct tuning *tuning)
{
	tuning->set = 0;
	for (int i = 0; i < TUNING_WORDS; i++)
		tuning->value[i] = words[i].initial;
}

const char *tuning_word_name(enum tuning_word word)
{
	return words[word].name;
}

bool tuning_is_frontends(enum tuning_word word)
{
	return word == TUNING_TX_AGGR_USECS || word == TUNING_TX_AGGR_FRAMES ||
	       word >= TUNING_GUEST_WEIGHT;
}

bool tuning_is_switch(enum tuning_word word)
{
	return words[word].kind == SWITCH;
}

int tuning_word_parse(const char *name)
{
	for (int i = 0; i < TUNING_WORDS; i++)
		if (!strcmp(name, words[i].name))
			return i;
	return -EINVAL;
}

static int number_parse(const struct word *word, const char *text, uint32_t *value)
{
	unsigned long long number;
	char *end;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	number = strtoull(text, &end, 10);
	if (*end)
		return -EINVAL;
	if (errno || number < word->least || number > word->most)
		return -ERANGE;
	*value = (uint32_t)number;
	return 0;
}

static int choice_parse(enum kind kind, const char *text, uint32_t *value)
{
	for (uint32_t i = 0; i < 2; i++)
		if (!strcmp(text, choices[kind][i])) {
			*value = i;
			return 0;
		}
	return -EINVAL;
}

int tuning_set(struct tuning *tuning, enum tuning_word word, const char *text)
{
	uint32_t *value = &tuning->value[word];
	int err = words[word].kind == NUMBER ? number_parse(&words[word], text, value)
					     : choice_parse(words[word].kind, text, value);

	if (!err)
		tuning->set |= 1ull << word;
	return err;
}

void tuning_range_text(enum tuning_word word, char *text, uint32_t size)
{
	if (words[word].kind == NUMBER)
		snprintf(text, size, "%u..%u", words[word].least, words[word].most);
	else
		snprintf(text, size, "%s|%s", choices[words[word].kind][1],
			 choices[words[word].kind][0]);
}

void tuning_value_text(const struct tuning *tuning, enum tuning_word word, char *text,
		       uint32_t size)
{
	if (words[word].kind == NUMBER)
		snprintf(text, size, "%u", tuning_value(tuning, word));
	else
		snprintf(text, size, "%s", choices[words[word].kind][tuning->value[word]]);
}

/* A time alone is meant: one frame would always come first. */
static void frames_follow(struct tuning *tuning, enum tuning_word usecs)
{
	bool timed = tuning->set & 1ull << usecs && tuning->value[usecs];

	if (!(tuning->set & 1ull << (usecs + 1)))
		tuning->value[usecs + 1] = timed ? 0 : words[usecs + 1].initial;
}

uint64_t tuning_settle(struct tuning *tuning, uint64_t named)
{
	static const struct {
		enum tuning_word controller;
		uint64_t owned;
	} rows[] = {
		{ TUNING_ADAPTIVE_RX, 1ull << TUNING_RX_USECS | 1ull << TUNING_RX_FRAMES },
		{ TUNING_ADAPTIVE_TX, 1ull << TUNING_TX_USECS | 1ull << TUNING_TX_FRAMES },
	};
	uint64_t off = 0;

	frames_follow(tuning, TUNING_RX_USECS);
	frames_follow(tuning, TUNING_TX_AGGR_USECS);
	for (int i = 0; i < 2; i++) {
		uint64_t controller = 1ull << rows[i].controller;

		if (!(named & rows[i].owned) || named & controller ||
		    !tuning->value[rows[i].controller])
			continue;
		tuning->value[rows[i].controller] = 0;
		tuning->set |= controller;
		off |= controller;
	}
	return off;
}

uint32_t tuning_value(const struct tuning *tuning, enum tuning_word word)
{
	static const uint8_t followed[TUNING_WORDS] = {
		[TUNING_RX_USECS_IRQ] = TUNING_RX_USECS,
		[TUNING_RX_FRAMES_IRQ] = TUNING_RX_FRAMES,
		[TUNING_TX_USECS_IRQ] = TUNING_TX_USECS,
		[TUNING_TX_FRAMES_IRQ] = TUNING_TX_FRAMES,
	};

	if (followed[word] && !(tuning->set & 1ull << word))
		return tuning->value[followed[word]];
	return tuning->value[word];
}

/* The words of an edge: usecs, and the frames that stand behind them. */
static const struct pairs {
	enum tuning_word plain, irq, low, high;
} pairs[] = {
	[TUNING_RX] = { TUNING_RX_USECS, TUNING_RX_USECS_IRQ, TUNING_RX_USECS_LOW,
			TUNING_RX_USECS_HIGH },
	[TUNING_TX] = { TUNING_TX_USECS, TUNING_TX_USECS_IRQ, TUNING_TX_USECS_LOW,
			TUNING_TX_USECS_HIGH },
};

static struct coalesce_limits limits(const struct tuning *tuning, enum tuning_word usecs)
{
	return (struct coalesce_limits){ .usecs = tuning_value(tuning, usecs),
					 .frames = tuning_value(tuning, usecs + 1) };
}

void tuning_coalesce(const struct tuning *tuning, enum tuning_edge edge,
		     struct coalesce_config *config)
{
	bool adaptive = tuning_is_adaptive(tuning, edge);

	*config = (struct coalesce_config){
		.plain = limits(tuning, pairs[edge].plain),
		.irq = limits(tuning, pairs[edge].irq),
		.low_pps = tuning->value[TUNING_RATE_LOW],
		.high_pps = adaptive ? 0 : tuning->value[TUNING_RATE_HIGH],
		.low = limits(tuning, pairs[edge].low),
		.high = limits(tuning, pairs[edge].high),
		.sample_ms = tuning->value[TUNING_SAMPLE_INTERVAL],
		.by_share = adaptive && edge == TUNING_TX,
	};
}

int tuning_check(const struct tuning *tuning, const char **why)
{
	struct coalesce_config config;
	struct coalesce scratch;

	for (enum tuning_edge edge = TUNING_RX; edge <= TUNING_TX; edge++) {
		coalesce_init(&scratch, RX_RING_ENTRIES);
		tuning_coalesce(tuning, edge, &config);
		*why = edge == TUNING_RX
			       ? "rx: neither usecs nor frames, or pkt-rate-low above -high"
			       : "tx: neither usecs nor frames, or pkt-rate-low above -high";
		if (coalesce_configure(&scratch, &config))
			return -EINVAL;
	}
	*why = "tx-aggr: neither time-usecs nor max-frames";
	return tuning->value[TUNING_TX_AGGR_USECS] || tuning->value[TUNING_TX_AGGR_FRAMES]
		       ? 0
		       : -EINVAL;
}

void tuning_poll(const struct tuning *tuning, struct poll_tuning *poll)
{
	bool spin_is_set = tuning->set & 1ull << TUNING_SPIN_USECS;

	*poll = (struct poll_tuning){
		.weight = tuning->value[TUNING_NAPI_WEIGHT],
		.defer_rounds = tuning->value[TUNING_DEFER_HARD_IRQS],
		.defer_ns = (uint64_t)tuning->value[TUNING_GRO_FLUSH_TIMEOUT] * 1000,
		.spin_ns = spin_is_set ? (uint64_t)tuning->value[TUNING_SPIN_USECS] * 1000
				       : POLL_SPIN_NS,
		.spins_adaptively = !spin_is_set,
		.by_budget = tuning->value[TUNING_NAPI_COMPLETE] == TUNING_COMPLETE_BUDGET,
		.adaptive = !(tuning->set &
			      (1ull << TUNING_DEFER_HARD_IRQS | 1ull << TUNING_GRO_FLUSH_TIMEOUT)),
	};
}
