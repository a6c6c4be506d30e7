/*
 * Two honest guests that exchange frames all the time, in a thread of their
 * own, while a test does its worst to a third. Every frame carries a sequence
 * number and a CRC, so that loss, reordering, duplication and corruption show.
 *
 * canary_check() stops the flow for a moment, waits until everything sent has
 * arrived, and says how it went since the last check.
 */
#ifndef SUPPORT_CANARY_H
#define SUPPORT_CANARY_H

#include <stdbool.h>
#include <stdint.h>

struct canary;

struct canary_report {
	uint64_t sent, received; /* both directions, since the last check */
	uint64_t lost, disordered, corrupt, refused; /* refused: TX answered with an error */
	uint64_t longest_gap_ms; /* between frames that arrived, while they were sent */
	bool stuck;		 /* nothing more came, frames are missing */
};

/* 0 or -errno. */
int canary_start(struct canary **canary, const char *rundir);
void canary_stop(struct canary *canary);

/* True if frames went and all of them arrived as they should. */
bool canary_check(struct canary *canary, struct canary_report *report);

#endif
