#include "frontend/sequence.h"

#include <stdbool.h>
#include <string.h>

static bool is_seen(const struct sequence *s, uint64_t number)
{
	return s->seen[number % SEQUENCE_WINDOW / 64] >> number % 64 & 1;
}

static void set_seen(struct sequence *s, uint64_t number, bool seen)
{
	uint64_t bit = 1ull << number % 64;
	uint64_t *word = &s->seen[number % SEQUENCE_WINDOW / 64];

	*word = seen ? *word | bit : *word & ~bit;
}

/* Skipped numbers are missing until they come late. */
static void advance(struct sequence *s, uint64_t number)
{
	uint64_t skipped = number - s->next;

	s->missing += skipped;
	if (skipped >= SEQUENCE_WINDOW)
		memset(s->seen, 0, sizeof(s->seen));
	else
		while (s->next < number)
			set_seen(s, s->next++, false);
	set_seen(s, number, true);
	s->next = number + 1;
}

enum sequence_news sequence_note(struct sequence *s, uint64_t number)
{
	s->received++;
	if (number >= s->next) {
		advance(s, number);
		return SEQUENCE_NEW;
	}
	if (s->next - number <= SEQUENCE_WINDOW && is_seen(s, number)) {
		s->duplicates++;
		return SEQUENCE_AGAIN;
	}
	/* Beyond the window a second one cannot be told from a late one. */
	s->reordered++;
	s->missing -= s->missing != 0;
	if (s->next - number <= SEQUENCE_WINDOW)
		set_seen(s, number, true);
	return SEQUENCE_LATE;
}
