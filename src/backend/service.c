#include "backend/service.h"

#include <errno.h>
#include <stdio.h>

#include <event2/event.h>

#include "backend/manager.h"

static void tell(struct service *service, const char *what)
{
	unsigned int vifs = 0, connected = 0;
	char state[128];

	for (const struct device *device = devices_first(service->devices); device;
	     device = device->next, vifs++)
		connected += device->vif != NULL;
	snprintf(state, sizeof(state), "%s=1\nSTATUS=%u of %u vifs connected", what, connected,
		 vifs);
	privileged_tell_manager(service->privileged, state);
}

/* A worker that hangs keeps us here, and the manager waits in vain. */
static void on_watchdog(evutil_socket_t fd, short events, void *arg)
{
	struct service *service = arg;

	(void)fd;
	(void)events;
	workers_pass(service->workers);
	tell(service, "WATCHDOG");
}

static struct timeval half(uint64_t usecs)
{
	return (struct timeval){ .tv_sec = (time_t)(usecs / 2 / 1000000),
				 .tv_usec = (suseconds_t)(usecs / 2 % 1000000) };
}

int service_start(struct service *service, struct event_base *base)
{
	uint64_t usecs = service->privileged->manager->watchdog_usecs;
	struct timeval pause = half(usecs);

	tell(service, "READY");
	if (!usecs)
		return 0;
	service->watchdog = event_new(base, -1, EV_PERSIST, on_watchdog, service);
	if (!service->watchdog)
		return -ENOMEM;
	on_watchdog(-1, 0, service);
	event_add(service->watchdog, &pause);
	return 0;
}

void service_stop(struct service *service)
{
	if (service->watchdog)
		event_free(service->watchdog);
	service->watchdog = NULL;
}

void service_tell_end(struct service *service)
{
	tell(service, "STOPPING");
}
