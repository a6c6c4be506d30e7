#include "frontend/front_connect.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "frontend/front_control.h"
#include "frontend/front_entry.h"
#include "frontend/front_move.h"
#include "frontend/front_sources.h"
#include "frontend/front_voice.h"

enum { READY_MAX = 16 };
enum { LASTED_MS = 5000, HANGUP_GRACE_MS = 1000, EAGER_MS = 2000, BACKEND_DOMID = 0 };

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/* A daemon that is restarted is back soon: a connect(2) that fails costs
 * little, every millisecond without a backend does not. */
static void retry_later(struct front_connect *c, enum connect_phase phase)
{
	c->phase = phase;
	if (phase == CONNECT_DOWN && now_ns() - c->down_since_ns < EAGER_MS * 1000000LL)
		c->retry_ms = CONNECT_RETRY_MIN_MS;
	front_sources_set_timer_ms(c, c->retry_ms);
	c->retry_ms = c->retry_ms * 2 < CONNECT_RETRY_MAX_MS ? c->retry_ms * 2
							     : CONNECT_RETRY_MAX_MS;
}

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
	*c = (struct front_connect){ .front = front,
				     .domain.fd = -1,
				     .next.domain.fd = -1,
				     .config = *config,
				     .epoll_fd = epoll_create1(EPOLL_CLOEXEC),
				     .timer_fd = timerfd_create(CLOCK_MONOTONIC,
								TFD_CLOEXEC | TFD_NONBLOCK),
				     .retry_ms = CONNECT_RETRY_MIN_MS };
	if (c->epoll_fd < 0 || c->timer_fd < 0 ||
	    front_sources_listen(c, c->timer_fd, SOURCE_TIMER))
		goto fail;
	c->rundir = config->rundir ? strdup(config->rundir) : NULL;
	if (config->rundir && !c->rundir)
		goto fail;
	c->config.rundir = c->rundir;
	netfront_set_takes(c->front, what_is_taken(config->takes));
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

/* Lets go of domain and store; the data path is the caller's business. */
static void hang_up(struct front_connect *c)
{
	front_device_close(&c->device);
	front_domain_close(&c->domain);
}

void front_connect_fini(struct front_connect *c)
{
	hang_up(c);
	front_move_fini(c);
	if (c->timer_fd >= 0)
		close(c->timer_fd);
	if (c->epoll_fd >= 0)
		close(c->epoll_fd);
	free(c->rundir);
}

static void note_down(struct front_connect *c)
{
	if (c->status.up) {
		c->events |= SPLITVIF_WENT_DOWN;
		c->down_since_ns = now_ns();
		if (c->down_since_ns - c->up_since_ns > LASTED_MS * 1000000LL)
			c->retry_ms = CONNECT_RETRY_MIN_MS;
	}
	c->status.up = false;
}

static void arrive(struct front_connect *c);

/* What could not be done at another daemon is done at home. */
static void turn_back(struct front_connect *c, const char *why)
{
	snprintf(c->homecoming, sizeof(c->homecoming),
		 "cannot migrate %.63s to %.100s: %.200s; it is back", c->status.name, c->rundir,
		 why);
	front_voice_tell(c, SPLITVIF_WARNING, "%s", c->homecoming);
	front_move_return(c);
}

/* The daemon is gone, and its mappings with it. */
static void daemon_died(struct front_connect *c)
{
	if (c->moving) {
		note_down(c);
		netfront_bury(c->front);
		arrive(c);
		return;
	}
	if (c->arriving)
		turn_back(c, "the daemon there died");
	else if (c->phase != CONNECT_DOWN && c->connections)
		front_voice_tell(c, SPLITVIF_WARNING, "daemon hung up; waiting for it at %s",
				 c->domain.path);
	note_down(c);
	netfront_bury(c->front);
	hang_up(c);
	c->retry_ms = CONNECT_RETRY_MIN_MS;
	retry_later(c, CONNECT_DOWN);
}

/* Starts all over with a new introduction, though the daemon may live. */
static void start_over(struct front_connect *c)
{
	note_down(c);
	netfront_revoke(c->front);
	netfront_close_channels(c->front);
	if (c->moving) {
		arrive(c);
		return;
	}
	if (c->arriving)
		turn_back(c, c->reason);
	hang_up(c);
	retry_later(c, CONNECT_DOWN);
}

/* The store failed us; it dies with the daemon, perhaps a moment earlier. */
static void store_failed(struct front_connect *c, int err)
{
	if (front_domain_is_dead(&c->domain, HANGUP_GRACE_MS)) {
		daemon_died(c);
		return;
	}
	front_voice_fail(c, err, "%s: store failed: %s; connecting anew", c->status.name,
			 strerror(-err));
	start_over(c);
}

static void look_at_backend(struct front_connect *c);
static void went_away(struct front_connect *c);

static void await_backend(struct front_connect *c)
{
	c->phase = CONNECT_WAIT_BACKEND;
	front_sources_set_timer_ms(c, CONNECT_STATE_MS);
}

/* Everything is given back; the toolstack may know. */
static void lie_down(struct front_connect *c)
{
	c->phase = CONNECT_SUSPENDED;
	front_sources_set_timer_ns(c, 0);
	front_device_set_state(&c->device, XenbusStateClosed);
	if (!c->config.further)
		front_control_set_suspended(&c->device, true);
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
		hang_up(c);
		return err;
	}
	if (c->away) {
		went_away(c);
		look_at_backend(c);
		return 0;
	}
	if (c->homecoming[0])
		front_control_report_error(&c->device, c->homecoming);
	c->homecoming[0] = '\0';
	if (c->suspended)
		lie_down(c);
	else
		await_backend(c);
	look_at_backend(c); /* the watch's first event may have come with its answer */
	return 0;
}

/* The backend is in InitWait: makes our half and goes to Connected. */
static int offer(struct front_connect *c)
{
	int err;

	if (!front_device_backend_has(&c->device, XENBUS_KEY_RX_COPY))
		return front_voice_fail(
			c, -EPROTONOSUPPORT,
			"cannot connect %s: backend lacks feature-rx-copy; use another",
			c->status.name);
	c->status.offers = front_device_offers(&c->device);
	netfront_set_offers(c->front, c->status.offers);
	err = netfront_prepare(c->front, BACKEND_DOMID,
			       front_device_queues(&c->device, c->front->max_queues));
	if (!err)
		err = front_sources_open_channels(
			c, BACKEND_DOMID,
			front_device_backend_has(&c->device, XENBUS_KEY_SPLIT_EVTCHN));
	if (!err)
		err = front_device_offer(&c->device, c->front);
	if (err)
		return front_voice_fail(c, err, "cannot connect %s: %s; see the daemon's log",
					c->status.name, strerror(-err));
	c->phase = CONNECT_WAIT_CONNECTED;
	front_sources_set_timer_ms(c, CONNECT_STATE_MS);
	return 0;
}

static void tell_outage(struct front_connect *c)
{
	double ms;

	c->last_outage_ns = (uint64_t)(c->up_since_ns - c->down_since_ns);
	ms = (double)c->last_outage_ns / 1e6;
	if (c->arriving)
		front_voice_tell(c, SPLITVIF_NOTICE, "%s.%u: migrated to %s, down for %.1f ms",
				 c->status.name, c->status.devid, c->rundir, ms);
	else
		front_voice_tell(c, SPLITVIF_NOTICE, "%s.%u: %s after %.1f ms", c->status.name,
				 c->status.devid, c->was_suspended ? "resumed" : "reconnected", ms);
	if (!c->config.further && (c->arriving || c->was_suspended))
		front_control_report_downtime(&c->device, c->last_outage_ns);
}

static void went_up(struct front_connect *c)
{
	c->phase = CONNECT_UP;
	c->status.up = true;
	c->events |= SPLITVIF_WENT_UP;
	c->error = 0;
	c->reason[0] = '\0';
	front_sources_set_timer_ns(c, 0);
	c->up_since_ns = now_ns();
	if (c->connections++)
		tell_outage(c);
	front_move_settle(c);
	c->was_suspended = false;
	netfront_flush(c->front);
}

/* Gives the connection up while the daemon lives. */
static void leave(struct front_connect *c)
{
	note_down(c);
	c->front->live = false; /* the data path stops here, the pages stay granted */
	c->phase = CONNECT_LEAVING;
	front_sources_set_timer_ms(c, CONNECT_STATE_MS);
	front_device_set_state(&c->device, XenbusStateClosing);
}

/* Not to be asked for again: whoever took it will give it back. */
static void went_away(struct front_connect *c)
{
	c->phase = CONNECT_AWAY;
	c->events |= SPLITVIF_WENT_AWAY;
	front_sources_set_timer_ns(c, 0);
	front_device_unbind(&c->device);
	c->device.vifs_changed = true; /* it may be back already */
}

static void come_back(struct front_connect *c);

/* The first vif of its domain was attached again. */
static void look_for_return(struct front_connect *c)
{
	enum xenbus_state state;

	if (c->config.further || !c->device.vifs_changed)
		return;
	c->device.vifs_changed = false;
	c->events |= SPLITVIF_VIFS_CHANGED;
	if (front_device_bind(&c->device, c->domain.domid, c->status.devid))
		return;
	if (front_device_backend_state(&c->device, &state) || state == XenbusStateUnknown ||
	    !front_device_is_online(&c->device)) {
		front_device_unbind(&c->device);
		return;
	}
	c->away = false;
	front_voice_tell(c, SPLITVIF_NOTICE, "%s.%u: vif attached again", c->status.name,
			 c->status.devid);
	come_back(c);
}

static void backend_left(struct front_connect *c, enum xenbus_state state)
{
	char reason[160];

	if (state != XenbusStateUnknown && !front_device_is_online(&c->device)) {
		c->away = true;
		front_voice_tell(c, SPLITVIF_NOTICE, "%s.%u: vif detached", c->status.name,
				 c->status.devid);
		leave(c);
		return;
	}
	if (state == XenbusStateUnknown && c->config.further) {
		netfront_revoke(c->front);
		c->away = true;
		note_down(c);
		went_away(c);
		return;
	}
	if (state == XenbusStateUnknown) {
		front_voice_fail(c, -ENODEV, "%s.%u: vif removed; asking for a new one",
				 c->status.name, c->status.devid);
		start_over(c);
		return;
	}
	front_device_backend_reason(&c->device, reason, sizeof(reason));
	front_voice_fail(c, -ECONNABORTED, "%s.%u: backend is %s: %s; connecting anew",
			 c->status.name, c->status.devid, xenbus_state_name(state), reason);
	leave(c);
}

static void violated(struct front_connect *c)
{
	enum front_fault fault = netfront_fault(c->front);

	c->violations++;
	front_device_report(&c->device, EPROTO, front_fault_text(fault));
	front_voice_fail(c, -EPROTO, "%s.%u: backend broke the protocol: %s; connecting anew",
			 c->status.name, c->status.devid, front_fault_text(fault));
	leave(c);
}

/* The backend let go, or says so: our pages tell. */
static void finish_leaving(struct front_connect *c)
{
	if (netfront_revoke(c->front)) {
		front_sources_set_timer_ms(c, CONNECT_RETRY_MIN_MS);
		return;
	}
	front_sources_close_channels(c);
	front_device_set_state(&c->device, XenbusStateClosed);
	if (c->moving)
		arrive(c);
	else if (c->away)
		went_away(c);
	else if (c->suspended)
		lie_down(c);
	else
		retry_later(c, CONNECT_PAUSE);
}

/* Everything is given back here: on to the other daemon. */
static void arrive(struct front_connect *c)
{
	int err = front_move_arrive(c);

	if (!err) {
		await_backend(c);
		return;
	}
	front_voice_tell(c, SPLITVIF_WARNING, "cannot migrate %s: %s; it stays", c->status.name,
			 strerror(-err));
	if (front_domain_is_dead(&c->domain, 0)) {
		daemon_died(c);
		return;
	}
	front_control_report_error(&c->device, "the daemon there died; the VM stays here");
	retry_later(c, CONNECT_PAUSE);
}

static void come_back(struct front_connect *c)
{
	int err;

	if (c->suspended) {
		lie_down(c);
		return;
	}
	err = front_device_set_state(&c->device, XenbusStateInitialising);
	if (err) {
		store_failed(c, err);
		return;
	}
	await_backend(c);
}

static bool is_closing(enum xenbus_state state)
{
	return state == XenbusStateClosing || state == XenbusStateClosed ||
	       state == XenbusStateUnknown;
}

static void follow(struct front_connect *c, enum xenbus_state state)
{
	switch (c->phase) {
	case CONNECT_WAIT_BACKEND:
		if (state == XenbusStateInitWait && offer(c))
			start_over(c);
		else if (state == XenbusStateUnknown ||
			 (is_closing(state) && !front_device_is_online(&c->device)))
			backend_left(c, state);
		break;
	case CONNECT_WAIT_CONNECTED:
		if (state == XenbusStateConnected)
			went_up(c);
		else if (is_closing(state))
			backend_left(c, state);
		break;
	case CONNECT_UP:
		if (is_closing(state))
			backend_left(c, state);
		break;
	case CONNECT_LEAVING:
		if (state != XenbusStateConnected && state != XenbusStateClosing)
			finish_leaving(c);
		break;
	case CONNECT_AWAY:
		look_for_return(c);
		break;
	case CONNECT_DOWN:
	case CONNECT_PAUSE:
	case CONNECT_SUSPENDED:
		break;
	}
}

static bool is_connecting(const struct front_connect *c)
{
	return c->phase == CONNECT_WAIT_CONNECTED || c->phase == CONNECT_UP;
}

static void suspend(struct front_connect *c)
{
	c->suspended = c->was_suspended = true;
	if (is_connecting(c))
		leave(c);
	else if (c->phase == CONNECT_AWAY)
		front_control_set_suspended(&c->device, true);
	else if (c->phase != CONNECT_LEAVING)
		lie_down(c);
}

static void resume(struct front_connect *c)
{
	c->suspended = false;
	if (!c->config.further)
		front_control_set_suspended(&c->device, false);
	if (c->phase == CONNECT_SUSPENDED)
		come_back(c);
}

/* Refused where there is no connection to take along. */
static void migrate(struct front_connect *c, const struct front_destination *to)
{
	char line[sizeof(c->homecoming)];

	snprintf(line, sizeof(line),
		 "cannot migrate %.63s: it is not connected; wait, or resume it", c->status.name);
	if (!is_connecting(c) || front_move_prepare(c, to, line, sizeof(line))) {
		front_voice_tell(c, SPLITVIF_WARNING, "%s", line);
		front_control_report_error(&c->device, line);
		return;
	}
	leave(c);
}

/* A domain's first vif is told, and what it does the others see. */
static void obey(struct front_connect *c)
{
	struct front_destination to;
	bool wanted;

	c->device.control_changed = false;
	if (c->config.further) {
		wanted = front_control_is_suspended(&c->device);
		if (wanted && !c->suspended)
			suspend(c);
		else if (!wanted && c->suspended)
			resume(c);
		return;
	}
	switch (front_control_take(&c->device, &to)) {
	case ORDER_SUSPEND:
		suspend(c);
		break;
	case ORDER_RESUME:
		resume(c);
		break;
	case ORDER_MIGRATE:
		migrate(c, &to);
		break;
	case ORDER_NONE:
		break;
	}
}

/* Events may have come along with the answers to our own requests, so this
 * looks until nothing is new. Each round moves a phase on. */
static void look_at_backend(struct front_connect *c)
{
	enum xenbus_state state;
	int err = 1;

	for (int rounds = 0; c->device.store && err > 0 && rounds < 16; rounds++) {
		enum connect_phase before = c->phase;

		err = front_device_backend_state(&c->device, &state);
		if (!err)
			follow(c, state);
		if (!err && c->device.store)
			err = front_device_drain(&c->device);
		if (err > 0 && c->device.control_changed)
			obey(c);
		if (err >= 0 && c->phase != before)
			err = 1;
		if (err < 0)
			store_failed(c, err);
	}
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
			retry_later(c, CONNECT_DOWN);
		break;
	case CONNECT_PAUSE:
		come_back(c);
		break;
	case CONNECT_WAIT_BACKEND:
	case CONNECT_WAIT_CONNECTED:
		if (front_device_awaits_script(&c->device)) {
			front_sources_set_timer_ms(c, CONNECT_STATE_MS);
			break;
		}
		front_voice_fail(c, -ETIMEDOUT,
				 "cannot connect %s: backend did not answer in %d s; see its log",
				 c->status.name, CONNECT_STATE_MS / 1000);
		start_over(c);
		break;
	case CONNECT_LEAVING:
		finish_leaving(c);
		break;
	case CONNECT_UP: /* an alarm */
	case CONNECT_AWAY:
	case CONNECT_SUSPENDED:
		break;
	}
}

static void take_event(struct front_connect *c, uint32_t channel)
{
	struct front_queue *queue = &c->front->queues[channel / 2];

	netfront_take_event(channel % 2 ? &queue->rx_channel : &queue->tx_channel);
}

/* True if the store should be looked at. */
static bool serve(struct front_connect *c, uint32_t source)
{
	switch (source) {
	case SOURCE_DOMAIN:
		daemon_died(c);
		return false;
	case SOURCE_TIMER:
		timer_fired(c);
		return true;
	case SOURCE_STORE:
		return true;
	}
	take_event(c, source - SOURCE_CHANNELS);
	return false;
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
		look_at_backend(c);
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
	int64_t deadline = now_ns() + timeout_ms * 1000000LL;
	struct pollfd waits[2];
	enum xenbus_state state;

	if (!c->device.store || front_device_set_state(&c->device, XenbusStateClosing))
		return;
	waits[0] = (struct pollfd){ .fd = store_client_fd(c->device.store), .events = POLLIN };
	waits[1] = (struct pollfd){ .fd = c->domain.fd, .events = POLLRDHUP };
	while (now_ns() < deadline && front_device_drain(&c->device) >= 0 &&
	       front_device_backend_state(&c->device, &state) == 0) {
		if (state == XenbusStateClosed || state == XenbusStateUnknown) {
			front_device_set_state(&c->device, XenbusStateClosed);
			return;
		}
		poll(waits, 2, (int)((deadline - now_ns()) / 1000000) + 1);
		if (waits[1].revents)
			return;
	}
}
