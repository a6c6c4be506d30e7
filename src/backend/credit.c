#include "backend/credit.h"

#include <stdio.h>
#include <stdlib.h>

#include "io/state.h"

enum { NS_PER_USEC = 1000 };

static uint64_t peek(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

static void poke(uint64_t *word, uint64_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELAXED);
}

/* False: somebody else was here; *old is what he left. */
static bool swap(uint64_t *word, uint64_t *old, uint64_t value)
{
	return __atomic_compare_exchange_n(word, old, value, false, __ATOMIC_RELAXED,
					   __ATOMIC_RELAXED);
}

/* No sign, no space, which strtoull() would take. */
static bool number_parse(const char **text, uint64_t *number)
{
	char *end;

	if (**text < '0' || **text > '9')
		return false;
	*number = strtoull(*text, &end, 10);
	*text = end;
	return *number && *number <= UINT64_MAX >> 20;
}

bool rate_parse(const char *text, struct rate *rate)
{
	struct rate parsed;

	if (!number_parse(&text, &parsed.bytes) || *text++ != ',' ||
	    !number_parse(&text, &parsed.usecs) || *text)
		return false;
	*rate = parsed;
	return true;
}

/* The largest unit of which there is a whole number; *number counts it. */
static const char *unit_of(uint64_t *number, const char *const *units, unsigned int nr)
{
	unsigned int i = 0;

	for (; i + 1 < nr && *number && *number % 1000 == 0; i++)
		*number /= 1000;
	return units[i];
}

void rate_print(const struct rate *rate, char text[RATE_TEXT_BYTES])
{
	static const char *const bytes[] = { "B", "KB", "MB", "GB" };
	static const char *const times[] = { "us", "ms", "s" };
	uint64_t usecs = rate->usecs;
	uint64_t speed = (uint64_t)(((unsigned __int128)rate->bytes * 1000000 + usecs - 1) / usecs);
	const char *unit = unit_of(&speed, bytes, 4);
	const char *time = unit_of(&usecs, times, 3);

	snprintf(text, RATE_TEXT_BYTES, "%llu%s/s@%llu%s", (unsigned long long)speed, unit,
		 (unsigned long long)usecs, time);
}

void credit_set(struct credit *credit, const struct rate *rate, uint64_t now_ns)
{
	poke(&credit->rate.usecs, rate->usecs);
	poke(&credit->renewed_ns, now_ns);
	poke(&credit->left, rate->bytes);
	poke(&credit->rate.bytes, rate->bytes);
}

static uint64_t interval_ns(const struct credit *credit)
{
	return peek(&credit->rate.usecs) * NS_PER_USEC;
}

uint64_t credit_due_ns(const struct credit *credit)
{
	return peek(&credit->renewed_ns) + interval_ns(credit);
}

/* What `intervals` of them bring, on top of what is left. */
static uint64_t grown(uint64_t left, uint64_t bytes, uint64_t intervals)
{
	uint64_t most = bytes > CREDIT_BURST_BYTES ? bytes : CREDIT_BURST_BYTES;

	return intervals > most / bytes || left + intervals * bytes > most
		       ? most
		       : left + intervals * bytes;
}

/* Intervals follow one another whenever somebody comes to look, so that one who
 * comes late is not given less. False: none has passed. */
static bool renew(struct credit *credit, uint64_t now_ns)
{
	uint64_t began = peek(&credit->renewed_ns), length = interval_ns(credit);
	uint64_t bytes = peek(&credit->rate.bytes), intervals, left;

	if (now_ns < began + length || !bytes)
		return false;
	intervals = (now_ns - began) / length;
	if (!swap(&credit->renewed_ns, &began, began + intervals * length))
		return true; /* another queue just did */
	left = peek(&credit->left);
	while (!swap(&credit->left, &left, grown(left, bytes, intervals)))
		;
	return true;
}

bool credit_take(struct credit *credit, uint32_t bytes, uint64_t now_ns)
{
	uint64_t left = peek(&credit->left);

	if (!credit_is_limited(credit))
		return true;
	do {
		while (left >= bytes)
			if (swap(&credit->left, &left, left - bytes))
				return true;
		if (!renew(credit, now_ns))
			return false;
		left = peek(&credit->left);
	} while (left >= bytes);
	return false;
}

void rate_carry(struct rate *rate, struct state *state)
{
	state_u64(state, &rate->bytes);
	state_u64(state, &rate->usecs);
}

void credit_carry(struct credit *credit, struct state *state)
{
	rate_carry(&credit->rate, state);
	state_u64(state, &credit->left);
	state_u64(state, &credit->renewed_ns);
}
