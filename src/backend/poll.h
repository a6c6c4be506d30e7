/*
 * Whose turn it is: a round robin over the sources that have work, as NAPI
 * does it. Pure; knows no device, no descriptor and no clock.
 *
 * An item is scheduled by its event, polled up to its weight, and goes back to
 * the tail as long as it has more; it leaves the list when it has put itself
 * to sleep. While it is on the list its events are not asked for.
 */
#ifndef BACKEND_POLL_H
#define BACKEND_POLL_H

#include <stdbool.h>
#include <stdint.h>

enum {
	POLL_WEIGHT = 64,  /* frames a turn: NAPI's default "limit" */
	POLL_BUDGET = 300, /* frames a pass, as net.core.netdev_budget */
};

struct poll_item {
	/* Takes up to `weight` frames, or fewer that cost as much; *done says how
	 * many that is. True: there is more. */
	bool (*poll)(struct poll_item *item, unsigned int weight, unsigned int *done);
	struct poll_item *next;
	bool scheduled;
	uint32_t weight;
	uint64_t rounds; /* turns: "software interrupts" */
	uint64_t empty_rounds;
	uint64_t frames;
};

struct poll_list {
	struct poll_item *head;
	struct poll_item **tail;
	uint64_t squeezed; /* passes that ended with work left */
};

void poll_init(struct poll_list *list);

/* No effect on an item that is scheduled already. */
void poll_schedule(struct poll_list *list, struct poll_item *item);

/* Takes an item off the list for good. */
void poll_remove(struct poll_list *list, struct poll_item *item);

/* One pass: at most `budget` frames and one weight more. After each turn
 * `after` is called. True if work is left. */
bool poll_run(struct poll_list *list, unsigned int budget, void (*after)(void *arg), void *arg);

#endif
