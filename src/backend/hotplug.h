/*
 * The control thread's side of hotplug scripts: asks the privileged parent to
 * run one, waits for what becomes of it, and lets the rest queue up. Nothing
 * here waits: a script reads and writes the store, which this very thread
 * serves.
 */
#ifndef BACKEND_HOTPLUG_H
#define BACKEND_HOTPLUG_H

#include "backend/privileged.h"
#include "backend/script.h"

struct event_base;
struct hotplug;

/* `done` is told of every request. NULL: out of memory. */
struct hotplug *hotplug_create(struct event_base *base, struct privileged *privileged,
			       void (*done)(void *arg, const struct script_request *request,
					    const struct script_result *result),
			       void *arg);
/* Forgets what runs still. */
void hotplug_destroy(struct hotplug *hotplug);

/* 0 or -ENOMEM. */
int hotplug_run(struct hotplug *hotplug, const struct script_request *request);

bool hotplug_is_idle(const struct hotplug *hotplug);

#endif
