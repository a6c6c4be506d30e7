#include "backend/credit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/state.h"

#define XL_BYTES_MAX 1000000000000 /* a second */

enum { NS_PER_USEC = 1000, XL_USECS_DEFAULT = 50000, XL_USECS_MAX = 1000000 };

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

static const uint64_t number_max = UINT64_MAX >> 20;
static const char *const byte_units[] = { "B", "KB", "MB", "GB" };
static const char *const bit_units[] = { "b", "Kb", "Mb", "Gb" };
static const char *const time_units[] = { "us", "ms", "s" };

/* No sign, no space, which strtoull() would take. */
static bool number_parse(const char **text, uint64_t *number)
{
	char *end;

	if (**text < '0' || **text > '9')
		return false;
	*number = strtoull(*text, &end, 10);
	*text = end;
	return *number && *number <= number_max;
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

/* The unit that is next, with which *number is multiplied; false: none, or too much. */
static bool unit_parse(const char **text, const char *const *units, unsigned int nr,
		       uint64_t *number)
{
	uint64_t scale = 1;

	for (unsigned int i = 0; i < nr; i++, scale *= 1000) {
		size_t length = strlen(units[i]);

		if (strncmp(*text, units[i], length) != 0)
			continue;
		*text += length;
		return !__builtin_mul_overflow(*number, scale, number) && *number <= number_max;
	}
	return false;
}

static bool interval_parse(const char *text, uint64_t *usecs)
{
	return *text++ == '@' && number_parse(&text, usecs) &&
	       unit_parse(&text, time_units, 3, usecs) && !*text;
}

bool rate_read(const char *text, struct rate *rate)
{
	uint64_t bytes, usecs = XL_USECS_DEFAULT;

	if (!number_parse(&text, &bytes))
		return false;
	if (!unit_parse(&text, byte_units, 4, &bytes)) {
		if (!unit_parse(&text, bit_units, 4, &bytes) || strncmp(text, "/s", 2) != 0)
			return false;
		bytes /= 8;
	}
	if (strncmp(text, "/s", 2) != 0) {
		if (!interval_parse(text, &usecs))
			return false;
		*rate = (struct rate){ bytes, usecs };
		return true;
	}
	text += 2;
	if ((*text && !interval_parse(text, &usecs)) || usecs > XL_USECS_MAX ||
	    bytes > XL_BYTES_MAX || bytes * usecs / XL_USECS_MAX == 0)
		return false;
	*rate = (struct rate){ bytes * usecs / 1000000, usecs };
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
	uint64_t usecs = rate->usecs, bytes = rate->bytes;
	unsigned __int128 speed = ((unsigned __int128)bytes * 1000000 + usecs - 1) / usecs;
	bool is_xls = usecs <= XL_USECS_MAX && speed <= XL_BYTES_MAX;
	const char *unit, *time;

	if (is_xls)
		bytes = (uint64_t)speed;
	unit = unit_of(&bytes, byte_units, 4);
	time = unit_of(&usecs, time_units, 3);
	snprintf(text, RATE_TEXT_BYTES, "%llu%s%s@%llu%s", (unsigned long long)bytes, unit,
		 is_xls ? "/s" : "", (unsigned long long)usecs, time);
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
