/*
 * An order to a VM's frontend: words that are left in the store where xl leaves
 * them (control/shutdown), and waiting for what comes of them.
 */
#ifndef CTL_ORDER_H
#define CTL_ORDER_H

#include <limits.h>
#include <stdint.h>

#include "ctl/domain.h"
#include "ctl/site.h"

enum { ORDER_LINE_BYTES = 512 };

struct order {
	const struct domain_command *command;
	const char *task; /* "suspend", as it stands in complaints */
	struct site here, there;
	char rundir[PATH_MAX]; /* of the other daemon */
	const char *bridge;    /* there; "": as here */
	const char *word;      /* for control/shutdown */
	bool withdrawn;	       /* the word was not taken, and will not be */
	char goal[PATH_MAX];   /* of a migration that is under way; "": none is */
	int64_t deadline;
};

int64_t order_now_ms(void);

/* A VM writes some of what is quoted. */
void order_make_printable(char *text);

/* Complains: "cannot suspend a: why; cure". The exit status that it was given. */
int order_refuse(const struct order *order, int status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Of a daemon that cannot be reached. */
int order_refuse_site(const struct order *order, const struct site *site, int err);

/* Whether the VM is free for it: 0, or the exit status, told, with the goal. Between
 * two orders only the second look counts, which order_give() takes. */
int order_check(struct order *order);
/* Leaves it. 0, or the exit status; failures have been told. */
int order_give(struct order *order);

/* A moment later: whether it has taken too long. */
bool order_time_is_up(const struct order *order);
/* Where nobody took the word it shall not be taken later. The exit status, told. */
int order_withdraw(struct order *order);

#endif
