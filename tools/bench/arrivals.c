#include "bench/arrivals.h"

#include <string.h>

static uint64_t *word_of(struct arrivals *arrivals, uint64_t number)
{
	return &arrivals->seen[number % ARRIVALS_WINDOW / 64];
}

static uint64_t bit_of(uint64_t number)
{
	return UINT64_C(1) << number % 64;
}

/* The bits of numbers that were skipped are an older window's. */
static void skip_to(struct arrivals *arrivals, uint64_t number)
{
	if (number - arrivals->next >= ARRIVALS_WINDOW) {
		memset(arrivals->seen, 0, sizeof(arrivals->seen));
		arrivals->next = number;
	}
	for (; arrivals->next < number; arrivals->next++)
		*word_of(arrivals, arrivals->next) &= ~bit_of(arrivals->next);
}

static void note_late(struct arrivals *arrivals, uint64_t number)
{
	uint64_t *word = word_of(arrivals, number);

	if (arrivals->next - number > ARRIVALS_WINDOW || *word & bit_of(number)) {
		arrivals->duplicates++;
		return;
	}
	*word |= bit_of(number);
	arrivals->reordered++;
	arrivals->good++;
}

void arrivals_note(struct arrivals *arrivals, uint64_t number)
{
	if (number < arrivals->next) {
		note_late(arrivals, number);
		return;
	}
	skip_to(arrivals, number);
	*word_of(arrivals, number) |= bit_of(number);
	arrivals->next = number + 1;
	arrivals->good++;
}
