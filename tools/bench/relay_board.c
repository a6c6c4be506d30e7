#include "bench/relay_board.h"

#include <stdio.h>

void relay_board_name(const struct relay_board *board, unsigned int vm, char name[16])
{
	if (board->options->vms)
		snprintf(name, 16, "vm%u", vm);
	else
		snprintf(name, 16, "%s", vm ? "sink" : "gen");
}

bool relay_board_all_met(const struct relay_board *board)
{
	uint64_t all = board->nr < 64 ? (1ull << board->nr) - 1 : UINT64_MAX;

	for (unsigned int i = 0; i < board->nr; i++)
		if ((counter_read(&board->seats[i].heard) | 1ull << i) != all)
			return false;
	return true;
}
