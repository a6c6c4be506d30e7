/*
 * What an operator sets of a vif's events and polling, by the words of
 * ethtool -C and, beyond them, of Linux' NAPI. Words, ranges, defaults, and what
 * follows from them; knows neither vifs nor the store.
 *
 * Direction words are the guest's: rx is what the backend tells it of frames
 * that came, tx of frames that it sent and that are done; tx-aggr is what the
 * guest tells the backend of frames to be sent, and put off by the guest itself.
 * Of polling, napi-weight and its like are the backend's, which polls what guests
 * send, and those that begin with guest- the guest's own, which polls what it gets.
 */
#ifndef BACKEND_TUNING_H
#define BACKEND_TUNING_H

#include <stdbool.h>
#include <stdint.h>

#include "ring/coalesce.h"
#include "ring/poll.h"

/* As ethtool -c shows them; behind usecs stand the frames of the pair. */
enum tuning_word {
	TUNING_ADAPTIVE_RX,
	TUNING_ADAPTIVE_TX,
	TUNING_SAMPLE_INTERVAL,
	TUNING_RATE_LOW,
	TUNING_RATE_HIGH,
	TUNING_RX_USECS,
	TUNING_RX_FRAMES,
	TUNING_RX_USECS_IRQ,
	TUNING_RX_FRAMES_IRQ,
	TUNING_TX_USECS,
	TUNING_TX_FRAMES,
	TUNING_TX_USECS_IRQ,
	TUNING_TX_FRAMES_IRQ,
	TUNING_RX_USECS_LOW,
	TUNING_RX_FRAMES_LOW,
	TUNING_TX_USECS_LOW,
	TUNING_TX_FRAMES_LOW,
	TUNING_RX_USECS_HIGH,
	TUNING_RX_FRAMES_HIGH,
	TUNING_TX_USECS_HIGH,
	TUNING_TX_FRAMES_HIGH,
	TUNING_TX_AGGR_USECS,
	TUNING_TX_AGGR_FRAMES,
	TUNING_RX_URGENT,
	TUNING_NAPI_WEIGHT,
	TUNING_NAPI_BUDGET,
	TUNING_NAPI_BUDGET_USECS,
	TUNING_NAPI_COMPLETE,
	TUNING_DEFER_HARD_IRQS,
	TUNING_GRO_FLUSH_TIMEOUT,
	TUNING_SPIN_USECS,
	TUNING_GUEST_WEIGHT, /* from here on the guest's own */
	TUNING_GUEST_COMPLETE,
	TUNING_GUEST_DEFER,
	TUNING_GUEST_FLUSH_TIMEOUT,
	TUNING_GUEST_SPIN_USECS,
	TUNING_WORDS
};

enum { TUNING_COMPLETE_EMPTY, TUNING_COMPLETE_BUDGET };

struct tuning {
	uint32_t value[TUNING_WORDS];
	uint64_t set; /* mask of those that an operator named; the rest are defaults */
};

enum tuning_edge { TUNING_RX, TUNING_TX };

void tuning_init(struct tuning *tuning);

const char *tuning_word_name(enum tuning_word word);
/* The word, or -EINVAL. */
int tuning_word_parse(const char *name);

/* 0; -EINVAL: not a value of this word; -ERANGE. Nothing is changed then. */
int tuning_set(struct tuning *tuning, enum tuning_word word, const char *text);
/* What may stand there: "0..256", "on|off". */
void tuning_range_text(enum tuning_word word, char *text, uint32_t size);
/* The value as tuning_set() takes it. */
void tuning_value_text(const struct tuning *tuning, enum tuning_word word, char *text,
		       uint32_t size);

/* After all were set, those of the mask `named` just now: who names usecs or
 * frames turns the controller off that would own them, unless he named that,
 * too; who names rx-usecs and never rx-frames means the time alone. The mask of
 * controllers that were turned off. */
uint64_t tuning_settle(struct tuning *tuning, uint64_t named);

/* 0, or -EINVAL with *why (words that together would never notify). */
int tuning_check(const struct tuning *tuning, const char **why);

/* The value in force; the -irq words follow the plain ones until they are set. */
uint32_t tuning_value(const struct tuning *tuning, enum tuning_word word);

/* What the modules want. Of an edge whose controller is on: its limits are not
 * used for rx, and the share of what is in flight for tx. */
void tuning_coalesce(const struct tuning *tuning, enum tuning_edge edge,
		     struct coalesce_config *config);
void tuning_poll(const struct tuning *tuning, struct poll_tuning *poll);

/* Is it the frontend that does it? */
bool tuning_is_frontends(enum tuning_word word);

/* Is it one of "on" and "off"? */
bool tuning_is_switch(enum tuning_word word);

static inline bool tuning_is_adaptive(const struct tuning *tuning, enum tuning_edge edge)
{
	return tuning->value[edge == TUNING_RX ? TUNING_ADAPTIVE_RX : TUNING_ADAPTIVE_TX];
}

#endif
