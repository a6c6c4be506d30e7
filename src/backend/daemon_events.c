#include <errno.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <event2/event.h>

#include "backend/daemon_parts.h"
#include "io/log.h"

enum { REVIVE_S = 1, PART_S = 10 };

/* From within whatever store call made the event: only noted. */
void daemon_note_store_event(void *arg)
{
	event_active(((struct daemon *)arg)->store_event, EV_READ, 0);
}

static void on_store_event(evutil_socket_t fd, short events, void *arg)
{
	(void)fd;
	(void)events;
	devices_handle_events(((struct daemon *)arg)->devices);
}

static void revive_uplinks(struct daemon *daemon)
{
	struct timeval again = { .tv_sec = REVIVE_S };

	for (unsigned int i = 0; i < daemon->networks.nr; i++) {
		struct network *network = &daemon->networks.list[i];

		if (!network_lacks_uplink(network))
			continue;
		network_revive(network, daemon->privileged);
		if (network_lacks_uplink(network))
			event_add(daemon->revive, &again);
	}
}

static void on_revive(evutil_socket_t fd, short events, void *arg)
{
	(void)fd;
	(void)events;
	revive_uplinks(arg);
}

static void on_alarm(evutil_socket_t fd, short events, void *arg)
{
	struct daemon *daemon = arg;
	uint64_t count;

	(void)events;
	if (read(fd, &count, sizeof(count)) < 0)
		return;
	devices_handle_alarm(daemon->devices);
	networks_handle_alarm(&daemon->networks);
	revive_uplinks(daemon);
}

/* Scripts that are to run at the end run first, on a store that still serves
 * them; a second signal does not wait. */
static void on_signal(evutil_socket_t number, short events, void *arg)
{
	struct timeval longest = { .tv_sec = PART_S };
	struct daemon *daemon = arg;

	(void)events;
	log_info("daemon", "stopping on signal %d", (int)number);
	service_tell_end(&daemon->service);
	if (daemon->stopping || !devices_part(daemon->devices)) {
		event_base_loopbreak(daemon->base);
		return;
	}
	daemon->stopping = true;
	if (daemon->listeners[LISTEN_DOMAIN])
		listener_close(daemon->listeners[LISTEN_DOMAIN]);
	daemon->listeners[LISTEN_DOMAIN] = NULL;
	event_base_loopexit(daemon->base, &longest);
}

/* Without a file to be read it is the end of its terminal. */
static void on_hangup(evutil_socket_t number, short events, void *arg)
{
	struct daemon *daemon = arg;

	if (daemon->options->config[0])
		reload_run(daemon->reload);
	else
		on_signal(number, events, arg);
}

void daemon_script_done(void *arg, const struct script_request *request,
			const struct script_result *result)
{
	struct daemon *daemon = arg;

	devices_script_done(daemon->devices, request, result);
	if (daemon->stopping && hotplug_is_idle(daemon->hotplug))
		event_base_loopbreak(daemon->base);
}

static void on_later(evutil_socket_t fd, short events, void *arg)
{
	(void)fd;
	(void)events;
	devices_handle_timer(((struct daemon *)arg)->devices);
}

void daemon_call_later(void *arg, unsigned int ms)
{
	struct timeval delay = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 + 1000 };
	struct daemon *daemon = arg;

	if (!event_pending(daemon->later, EV_TIMEOUT, NULL))
		event_add(daemon->later, &delay);
}

int daemon_open_events(struct daemon *daemon)
{
	daemon->base = event_base_new();
	daemon->alarm_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (!daemon->base || daemon->alarm_fd < 0)
		return -ENOMEM;
	daemon->alarm =
		event_new(daemon->base, daemon->alarm_fd, EV_READ | EV_PERSIST, on_alarm, daemon);
	daemon->store_event = event_new(daemon->base, -1, 0, on_store_event, daemon);
	daemon->revive = event_new(daemon->base, -1, 0, on_revive, daemon);
	daemon->later = event_new(daemon->base, -1, 0, on_later, daemon);
	daemon->term = evsignal_new(daemon->base, SIGTERM, on_signal, daemon);
	daemon->interrupt = evsignal_new(daemon->base, SIGINT, on_signal, daemon);
	daemon->hangup = evsignal_new(daemon->base, SIGHUP, on_hangup, daemon);
	if (!daemon->alarm || !daemon->store_event || !daemon->revive || !daemon->term ||
	    !daemon->later || !daemon->interrupt || !daemon->hangup)
		return -ENOMEM;
	event_add(daemon->alarm, NULL);
	event_add(daemon->term, NULL);
	event_add(daemon->interrupt, NULL);
	event_add(daemon->hangup, NULL);
	return 0;
}

void daemon_close_events(struct daemon *daemon)
{
	struct event *events[] = { daemon->alarm, daemon->store_event, daemon->revive,
				   daemon->later, daemon->term,	       daemon->interrupt,
				   daemon->hangup };

	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		if (events[i])
			event_free(events[i]);
	if (daemon->base)
		event_base_free(daemon->base);
	if (daemon->alarm_fd >= 0)
		close(daemon->alarm_fd);
}
