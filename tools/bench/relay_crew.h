/*
 * The VMs of a relay that one thread serves, in turn: all of them, or one whose
 * process it is.
 */
#ifndef BENCH_RELAY_CREW_H
#define BENCH_RELAY_CREW_H

#include "bench/relay_vm.h"

struct relay_crew {
	struct relay_board *board;
	struct relay_vm *vms;
	unsigned int nr;
	bool apart; /* other VMs have other processes */
	bool yield; /* to whoever else is on this processor */
	int64_t processed_ns;
};

/* Until the bridge, and all the others, know where our VMs are. 0; -ETIMEDOUT. */
int relay_crew_meet(struct relay_crew *crew);

/* The run that the board has: until nobody sends any more, then until all has
 * arrived or is given up; those who take it go on until nobody waits. 0;
 * -ETIMEDOUT nothing moves; -ENETDOWN; -EINTR. */
int relay_crew_run(struct relay_crew *crew);

bool relay_crew_all_finished(const struct relay_board *board);
/* When a frame came or went, of any VM. */
int64_t relay_crew_last_move(const struct relay_board *board);

#endif
