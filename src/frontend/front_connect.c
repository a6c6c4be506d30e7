#include "frontend/front_connect.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "frontend/front_control.h"
#include "frontend/front_entry.h"
#include "frontend/front_flush.h"
#include "frontend/front_follow.h"
#include "frontend/front_move.h"
#include "frontend/front_order.h"
#include "frontend/front_phase.h"
#include "frontend/front_sources.h"
#include "frontend/front_voice.h"

enum { READY_MAX = 16 };

/* Segmentation comes with a blank checksum. */
static unsigned int what_is_taken(unsigned int takes)
{
	if (takes & SPLITVIF_OFFLOAD_GSO_TCPV4)
		takes |= SPLITVIF_OFFLOAD_CSUM_IPV4;
	if (takes & SPLITVIF_OFFLOAD_GSO_TCPV6)
		takes |= SPLITVIF_OFFLOAD_CSUM_IPV6;
	return takes | SPLITVIF_OFFLOAD_SG;
}

int front_connect_init(struct front_connect *c, struct netfront *front,
		       const struct splitvif_config *config)
{
	*c = (struct front_connect){
		.front = front,
		.domain.fd = -1,
		.next.domain.fd = -1,
		.config = *config,
		.epoll_fd = epoll_create1(EPOLL_CLOEXEC),
		.timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK),
		.flush_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK),
		.flush_ns = UINT64_MAX,
		.retry_ms = CONNECT_RETRY_MIN_MS
	};
	front_home_init(&c->home, config->rundir);
	if (c->epoll_fd < 0 || c->timer_fd < 0 || c->flush_fd < 0 ||
	    front_sources_listen(c, c->timer_fd, SOURCE_TIMER) ||
	    front_sources_listen(c, c->flush_fd, SOURCE_FLUSH))
		goto fail;
	c->rundir = config->rundir ? strdup(config->rundir) : NULL;
	if (config->rundir && !c->rundir)
		goto fail;
	c->config.rundir = c->rundir;
	netfront_set_takes(c->front, what_is_taken(config->takes));
	netfront_set_reads_whole(c->front, config->reads_whole);
	snprintf(c->status.name, sizeof(c->status.name), "%s", config->name);
	if (config->bridge)
		snprintf(c->status.bridge, sizeof(c->status.bridge), "%s", config->bridge);
	memcpy(c->status.mac, config->mac, sizeof(c->status.mac));
	c->status.mtu = config->mtu;
	c->status.ip = config->ip;
	return 0;

fail:
	front_connect_fini(c);
	return errno ? -errno : -ENOMEM;
}

void front_connect_fini(struct front_connect *c)
{
	front_phase_hang_up(c);
	front_move_fini(c);
	front_home_fini(&c->home);
	if (c->timer_fd >= 0)
		close(c->timer_fd);
	if (c->flush_fd >= 0)
		close(c->flush_fd);
	if (c->epoll_fd >= 0)
		close(c->epoll_fd);
	free(c->rundir);
}

int front_connect_start(struct front_connect *c)
{
	int err;

	if (netfront_revoke(c->front))
		return front_voice_fail(c, -EBUSY,
					"%s: the backend still holds pages; waiting for it",
					c->status.name);
	err = front_entry_make(c);
	if (!err)
		err = front_sources_listen(c, c->domain.fd, SOURCE_DOMAIN);
	if (!err)
		err = front_sources_listen(c, store_client_fd(c->device.store), SOURCE_STORE);
	if (err) {
		front_phase_hang_up(c);
		return err;
	}
	if (c->away) {
		front_phase_away(c);
		front_follow_backend(c);
		return 0;
	}
	if (c->homecoming[0])
		front_control_report_error(&c->device, c->homecoming);
	c->homecoming[0] = '\0';
	if (c->suspended)
		front_phase_lie_down(c);
	else
		front_phase_await(c);
	front_follow_backend(c); /* the watch's first event may have come with its answer */
	return 0;
}

static void timer_fired(struct front_connect *c)
{
	uint64_t ticks;

	if (read(c->timer_fd, &ticks, sizeof(ticks)) != sizeof(ticks))
		return;
	switch (c->phase) {
	case CONNECT_DOWN:
		if (front_connect_start(c) && c->away && c->config.further)
			c->events |= SPLITVIF_WENT_AWAY;
		else if (c->phase == CONNECT_DOWN)
			front_phase_retry(c, CONNECT_DOWN);
		break;
	case CONNECT_PAUSE:
		front_phase_return(c);
		break;
	case CONNECT_WAIT_BACKEND:
	case CONNECT_WAIT_CONNECTED:
		if (front_device_awaits_script(&c->device)) {
			front_sources_set_timer_ms(c, front_phase_patience_ms(c));
			break;
		}
		front_voice_fail(c, -ETIMEDOUT,
				 "cannot connect %s: backend did not answer in %u s; see its log",
				 c->status.name, front_phase_patience_ms(c) / 1000);
		front_phase_start_over(c);
		break;
	case CONNECT_LEAVING:
		front_phase_finish(c);
		break;
	case CONNECT_UP: /* an alarm */
	case CONNECT_AWAY:
	case CONNECT_SUSPENDED:
		break;
	}
}

static void take_event(struct front_connect *c, uint32_t channel)
{
	front_queue_take_event(&c->front->queues[channel / 2], channel % 2);
}

/* True if the store should be looked at. */
static bool serve(struct front_connect *c, uint32_t source)
{
	switch (source) {
	case SOURCE_DOMAIN:
		front_phase_daemon_died(c);
		return false;
	case SOURCE_TIMER:
		timer_fired(c);
		return true;
	case SOURCE_STORE:
		return true;
	case SOURCE_FLUSH:
		front_flush_due(c);
		return false;
	case SOURCE_ATTEMPT:
		front_order_go(c);
		return true;
	}
	take_event(c, source - SOURCE_CHANNELS);
	return false;
}

static void violated(struct front_connect *c)
{
	enum front_fault fault = netfront_fault(c->front);

	c->violations++;
	front_device_report(&c->device, EPROTO, front_fault_text(fault));
	front_voice_fail(c, -EPROTO, "%s.%u: backend broke the protocol: %s; connecting anew",
			 c->status.name, c->status.devid, front_fault_text(fault));
	front_phase_leave(c);
}

void front_connect_process(struct front_connect *c)
{
	enum connect_phase before = c->phase;
	struct epoll_event ready[READY_MAX];
	int n = epoll_wait(c->epoll_fd, ready, READY_MAX, 0);
	bool look = false;

	/* A death is served alone: what else was reported died with it. */
	for (int i = 0; i < n; i++)
		if (ready[i].data.u32 == SOURCE_DOMAIN)
			ready[0] = ready[i], n = 1;
	for (int i = 0; i < n; i++)
		look |= serve(c, ready[i].data.u32);
	if (c->phase == CONNECT_UP && netfront_fault(c->front)) {
		violated(c);
		look = true;
	}
	if ((look || c->phase != before) && c->device.store)
		front_follow_backend(c);
	if (c->device.vifs_changed)
		c->events |= SPLITVIF_VIFS_CHANGED;
	c->device.vifs_changed = false;
}

void front_connect_alarm(struct front_connect *c)
{
	front_sources_set_timer_ns(c, 1);
}

void front_connect_leave(struct front_connect *c, int timeout_ms)
{
	int64_t deadline = front_phase_now_ns() + timeout_ms * 1000000LL;
	struct pollfd waits[2];
	enum xenbus_state state;

	if (!c->device.store || front_device_set_state(&c->device, XenbusStateClosing))
		return;
	waits[0] = (struct pollfd){ .fd = store_client_fd(c->device.store), .events = POLLIN };
	waits[1] = (struct pollfd){ .fd = c->domain.fd, .events = POLLRDHUP };
	while (front_phase_now_ns() < deadline && front_device_drain(&c->device) >= 0 &&
	       front_device_backend_state(&c->device, &state) == 0) {
		if (state == XenbusStateClosed || state == XenbusStateUnknown) {
			front_device_set_state(&c->device, XenbusStateClosed);
			return;
		}
		poll(waits, 2, (int)((deadline - front_phase_now_ns()) / 1000000) + 1);
		if (waits[1].revents)
			return;
	}
}
