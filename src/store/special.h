/*
 * The two events that are no nodes: that a domain came, that one went. Who may
 * know is in their own permissions, which domain 0 (the owner at first) sets.
 */
#ifndef STORE_SPECIAL_H
#define STORE_SPECIAL_H

#include <stdint.h>

#include "store/permission.h"

struct state;

enum special { SPECIAL_INTRODUCE, SPECIAL_RELEASE, SPECIALS };

struct special_event {
	struct permission *permissions;
	unsigned int nr_permissions;
};

/* Closed to all but domain 0. 0 or -ENOMEM. */
int special_init(struct special_event *event);
void special_fini(struct special_event *event);

/* "@introduceDomain", "@releaseDomain". */
const char *special_name(enum special special);
/* The one of that name among SPECIALS of them, or NULL. */
struct special_event *special_find(struct special_event *events, const char *name);

/* Takes the list over. */
void special_set(struct special_event *event, struct permission *permissions, unsigned int nr);
/* Saves who may know, or has it restored. */
void special_carry(struct special_event *event, struct state *state);
/* A domain is gone, with all its rights. */
void special_forget(struct special_event *event, uint16_t domid);
unsigned int special_access(const struct special_event *event, struct subject who);

#endif
