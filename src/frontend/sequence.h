/*
 * What arrived of a numbered stream: received, missing, twice, late. Looks back
 * SEQUENCE_WINDOW numbers; what comes later than that counts as late. Pure.
 *
 * At any time: received = highest + 1 - missing + duplicates.
 */
#ifndef FRONTEND_SEQUENCE_H
#define FRONTEND_SEQUENCE_H

#include <stdint.h>

enum { SEQUENCE_WINDOW = 4096 };

struct sequence {
	uint64_t next; /* the highest number seen, and one */
	uint64_t received, missing, duplicates, reordered;
	uint64_t seen[SEQUENCE_WINDOW / 64]; /* bit n % window: seen, of the last window */
};

enum sequence_news { SEQUENCE_NEW, SEQUENCE_AGAIN, SEQUENCE_LATE };

/* Takes notice of one that came, and says what it is. */
enum sequence_news sequence_note(struct sequence *sequence, uint64_t number);

#endif
