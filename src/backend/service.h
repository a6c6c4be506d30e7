/*
 * What a service manager hears of the daemon's life: that it is ready, how many
 * vifs it has, that it ends; and, twice in each interval that the manager sets,
 * that it works, which is said only after every worker has answered. Control
 * thread, libevent. Without a manager it does nothing.
 */
#ifndef BACKEND_SERVICE_H
#define BACKEND_SERVICE_H

#include "backend/device.h"
#include "backend/privileged.h"
#include "backend/workers.h"

struct event;
struct event_base;

struct service {
	struct privileged *privileged;
	struct workers *workers;
	struct devices *devices;
	struct event *watchdog; /* NULL: it does not want to hear of us */
};

/* All there, the sockets too: says so. 0 or -ENOMEM. */
int service_start(struct service *service, struct event_base *base);
void service_stop(struct service *service);

/* Scripts may still have to run. */
void service_tell_end(struct service *service);

#endif
