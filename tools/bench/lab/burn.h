/*
 * Work that stands for something else: so many ns of processor time.
 *
 * It is counted in turns of a loop that was timed beforehand, not by the clock.
 * A thread that is preempted in the middle must still do the rest; by the clock
 * its work would be done while it sleeps, and nobody could ever be starved.
 */
#ifndef LAB_BURN_H
#define LAB_BURN_H

#include <stdint.h>

/* Times the loop, on the processor that we are on; some ms. To be called before
 * threads are started, and once: later calls do nothing. */
void burn_calibrate(void);

/* Turns that take so long. */
uint64_t burn_turns(uint64_t ns);

static inline void burn(uint64_t turns)
{
	/* Each turn needs the one before, so the processor cannot overlap them. */
	for (uint64_t i = 0, state = turns; i < turns; i++)
		__asm__ volatile("imul $3, %0, %0" : "+r"(state));
}

#endif
