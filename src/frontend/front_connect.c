#include "frontend/front_connect.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum {
	SOURCE_DOMAIN,
	SOURCE_STORE,
	SOURCE_TIMER,
	SOURCE_CHANNELS, /* from here: tx and rx of each queue */
};
enum { READY_MAX = 16 };
enum { LASTED_MS = 5000, HANGUP_GRACE_MS = 1000, EAGER_MS = 2000, BACKEND_DOMID = 0 };

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void tell(struct front_connect *c, enum splitvif_severity severity, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void tell(struct front_connect *c, enum splitvif_severity severity, const char *format, ...)
{
	char text[sizeof(c->reason) + 64];
	va_list args;

	if (!c->config.message)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	c->config.message(c->config.arg, severity, text);
}

/* Notes a failure; the same one again is not told again. */
static int fail(struct front_connect *c, int err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int fail(struct front_connect *c, int err, const char *format, ...)
{
	char reason[sizeof(c->reason)];
	va_list args;

	va_start(args, format);
	vsnprintf(reason, sizeof(reason), format, args);
	va_end(args);
	if (c->connections && strcmp(reason, c->reason) != 0)
		tell(c, SPLITVIF_WARNING, "%s", reason);
	memcpy(c->reason, reason, sizeof(reason));
	c->error = err;
	return err;
}

static void set_timer_ns(struct front_connect *c, int64_t delay)
{
	struct itimerspec when = { .it_value = { delay / 1000000000, delay % 1000000000 } };

	timerfd_settime(c->timer_fd, 0, &when, NULL);
}

static void set_timer_ms(struct front_connect *c, unsigned int delay)
{
	set_timer_ns(c, delay * 1000000LL);
}

/* A daemon that is restarted is back soon: a connect(2) that fails costs
 * little, every millisecond without a backend does not. */
static void retry_later(struct front_connect *c, enum connect_phase phase)
{
	c->phase = phase;
	if (phase == CONNECT_DOWN && now_ns() - c->down_since_ns < EAGER_MS * 1000000LL)
		c->retry_ms = CONNECT_RETRY_MIN_MS;
	set_timer_ms(c, c->retry_ms);
	c->retry_ms = c->retry_ms * 2 < CONNECT_RETRY_MAX_MS ? c->retry_ms * 2
							     : CONNECT_RETRY_MAX_MS;
}

/* The domain's socket speaks only when asked; its hang-up is all there is to
 * listen for. */
static int listen_to(struct front_connect *c, int fd, uint32_t source)
{
	struct epoll_event event = { .events = source == SOURCE_DOMAIN ? EPOLLRDHUP : EPOLLIN,
				     .data.u32 = source };

	return epoll_ctl(c->epoll_fd, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
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
				     .config = *config,
				     .epoll_fd = epoll_create1(EPOLL_CLOEXEC),
				     .timer_fd = timerfd_create(CLOCK_MONOTONIC,
								TFD_CLOEXEC | TFD_NONBLOCK),
				     .retry_ms = CONNECT_RETRY_MIN_MS };
	if (c->epoll_fd < 0 || c->timer_fd < 0 || listen_to(c, c->timer_fd, SOURCE_TIMER))
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

/* The daemon is gone, and its mappings with it. */
static void daemon_died(struct front_connect *c)
{
	if (c->phase != CONNECT_DOWN && c->connections)
		tell(c, SPLITVIF_WARNING, "daemon hung up; waiting for it at %s", c->domain.path);
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
	fail(c, err, "%s: store failed: %s; connecting anew", c->status.name, strerror(-err));
	start_over(c);
}

static void look_at_backend(struct front_connect *c);
static void went_away(struct front_connect *c);

static int explain_open(struct front_connect *c, int err)
{
	switch (err) {
	case -ENOENT:
	case -ECONNREFUSED:
		if (c->connections) /* that it went has been told */
			return err;
		return fail(c, err,
			    "daemon not running (no socket at %s); start it with 'splitvifd -f' "
			    "or set SPLITVIF_RUNDIR",
			    c->domain.path);
	case -ENAMETOOLONG:
		return fail(c, err,
			    "cannot reach the daemon: %.40s...: socket path longer than %d bytes; "
			    "set SPLITVIF_RUNDIR to a shorter directory",
			    c->domain.path, RUNDIR_PATH_BYTES - 1);
	case -EACCES:
		return fail(c, err,
			    "cannot reach the daemon: %s: permission denied; run as the daemon's "
			    "user or join its group",
			    c->domain.path);
	}
	return fail(c, err, "cannot reach the daemon: %s: %s; see 'splitvif doctor'",
		    c->domain.path, strerror(-err));
}

static int introduce(struct front_connect *c)
{
	int store_fd;
	int err = front_domain_introduce(&c->domain, c->status.name, &c->front->arena,
					 c->front->table_pages, &store_fd);

	if (err == -EEXIST)
		return fail(c, err,
			    "cannot introduce %s: a VM of that name is running; choose another "
			    "with --name",
			    c->status.name);
	if (err)
		return fail(c, err, "cannot introduce %s: the daemon says: %s; see its log",
			    c->status.name, strerror(-err));
	c->status.domid = c->domain.domid;
	err = front_device_open(&c->device, store_fd);
	return err ? fail(c, err, "cannot introduce %s: out of memory; free some", c->status.name)
		   : 0;
}

static int explain_vif(struct front_connect *c, int err)
{
	const char *name = c->status.name, *bridge = c->status.bridge;

	switch (err) {
	case -ENODEV:
		return fail(c, err,
			    "cannot attach %s to %s: no such bridge; 'splitvif show' lists those "
			    "there are",
			    name, bridge[0] ? bridge : "the default bridge");
	case -EADDRINUSE:
		return fail(c, err,
			    "cannot attach %s: its MAC or IP address belongs to another; choose "
			    "another",
			    name);
	case -EADDRNOTAVAIL:
		return fail(c, err,
			    "cannot attach %s: no free address on the bridge; choose one with --ip",
			    name);
	case -EMSGSIZE:
		return fail(c, err,
			    "cannot attach %s: MTU %u: more than the bridge's; choose a "
			    "smaller one",
			    name, c->status.mtu);
	}
	return fail(c, err, "cannot attach %s to %s: the daemon says: %s; see its log", name,
		    bridge[0] ? bridge : "the default bridge", strerror(-err));
}

static void take_facts(struct front_connect *c, const struct hypercall_vif_created *created)
{
	c->status.devid = created->devid;
	c->status.ip = created->ip;
	c->status.gateway = created->gateway;
	c->status.prefix = created->prefix;
	c->status.mtu = created->mtu;
	memcpy(c->status.mac, created->mac, sizeof(created->mac));
	memcpy(c->status.bridge, created->bridge, sizeof(created->bridge));
}

static int create_vif(struct front_connect *c)
{
	struct hypercall_vif_create wanted = { .mtu = c->status.mtu, .ip = c->status.ip };
	struct hypercall_vif_created created;
	int err;

	static_assert(sizeof(wanted.bridge) == sizeof(c->status.bridge), "hypercall.h");
	memcpy(wanted.bridge, c->status.bridge, sizeof(wanted.bridge));
	memcpy(wanted.mac, c->status.mac, sizeof(wanted.mac));
	err = front_domain_create_vif(&c->domain, &wanted, &created);
	c->away = err == -ESHUTDOWN && c->connections;
	if (c->away)
		return 0;
	if (err)
		return explain_vif(c, err);
	take_facts(c, &created);
	return 0;
}

/* The domain comes back some moments after its daemon; a vif that it does not
 * have then was taken away. */
static int join(struct front_connect *c)
{
	struct hypercall_vif_created created;
	int store_fd;
	int err = front_domain_join(&c->domain, c->status.name, c->config.devid, &c->front->arena,
				    c->front->table_pages, &created, &store_fd);

	c->away = err == -ENODEV;
	if (err == -ESRCH && c->connections)
		return err;
	if (err)
		return fail(c, err, "cannot attach %s.%u: the daemon says: %s; see its log",
			    c->status.name, c->config.devid, strerror(-err));
	c->status.domid = c->domain.domid;
	take_facts(c, &created);
	err = front_device_open(&c->device, store_fd);
	return err ? fail(c, err, "cannot attach %s.%u: out of memory; free some", c->status.name,
			  c->config.devid)
		   : 0;
}

static int bind_device(struct front_connect *c)
{
	int err = front_device_bind(&c->device, c->domain.domid, c->status.devid);

	return err ? fail(c, err,
			  "cannot attach %s: its keys in the store: %s; see the daemon's log",
			  c->status.name, strerror(-err))
		   : 0;
}

/* What comes before the vif's keys. */
static int enter_domain(struct front_connect *c)
{
	int err;

	if (c->config.further)
		return join(c);
	err = introduce(c);
	if (!err)
		err = front_device_watch_vifs(&c->device, c->domain.domid);
	return err || c->away ? err : create_vif(c);
}

int front_connect_start(struct front_connect *c)
{
	int err;

	if (netfront_revoke(c->front))
		return fail(c, -EBUSY, "%s: the backend still holds pages; waiting for it",
			    c->status.name);
	err = front_domain_open(&c->domain, c->config.rundir);
	if (err)
		return explain_open(c, err);
	err = enter_domain(c);
	if (!err && !c->away)
		err = bind_device(c);
	if (!err)
		err = listen_to(c, c->domain.fd, SOURCE_DOMAIN);
	if (!err)
		err = listen_to(c, store_client_fd(c->device.store), SOURCE_STORE);
	if (err) {
		hang_up(c);
		return err;
	}
	if (c->away) {
		went_away(c);
		look_at_backend(c);
		return 0;
	}
	c->phase = CONNECT_WAIT_BACKEND;
	set_timer_ms(c, CONNECT_STATE_MS);
	look_at_backend(c); /* the watch's first event may have come with its answer */
	return 0;
}

static int alloc_channel(struct front_connect *c, struct evtchn *channel, uint32_t source)
{
	int err = front_domain_alloc_channel(&c->domain, BACKEND_DOMID, channel);

	return err ? err : listen_to(c, channel->wait_fd, source);
}

static int alloc_channels(struct front_connect *c, bool split)
{
	int err = 0;

	for (unsigned int i = 0; i < c->front->nr_queues && !err; i++) {
		struct front_queue *queue = &c->front->queues[i];
		uint32_t source = SOURCE_CHANNELS + 2 * i;

		err = alloc_channel(c, &queue->tx_channel, source);
		if (!err && split)
			err = alloc_channel(c, &queue->rx_channel, source + 1);
	}
	return err;
}

static void free_channel(struct front_connect *c, const struct evtchn *channel)
{
	if (channel->port)
		front_domain_close_channel(&c->domain, channel->port);
}

static void free_channels(struct front_connect *c)
{
	for (unsigned int i = 0; i < c->front->nr_queues; i++) {
		free_channel(c, &c->front->queues[i].tx_channel);
		free_channel(c, &c->front->queues[i].rx_channel);
	}
	netfront_close_channels(c->front);
}

/* The backend is in InitWait: makes our half and goes to Connected. */
static int offer(struct front_connect *c)
{
	int err;

	if (!front_device_backend_has(&c->device, XENBUS_KEY_RX_COPY))
		return fail(c, -EPROTONOSUPPORT,
			    "cannot connect %s: backend lacks feature-rx-copy; use another",
			    c->status.name);
	c->status.offers = front_device_offers(&c->device);
	netfront_set_offers(c->front, c->status.offers);
	err = netfront_prepare(c->front, BACKEND_DOMID,
			       front_device_queues(&c->device, c->front->max_queues));
	if (!err)
		err = alloc_channels(c,
				     front_device_backend_has(&c->device, XENBUS_KEY_SPLIT_EVTCHN));
	if (!err)
		err = front_device_offer(&c->device, c->front);
	if (err)
		return fail(c, err, "cannot connect %s: %s; see the daemon's log", c->status.name,
			    strerror(-err));
	c->phase = CONNECT_WAIT_CONNECTED;
	set_timer_ms(c, CONNECT_STATE_MS);
	return 0;
}

static void went_up(struct front_connect *c)
{
	c->phase = CONNECT_UP;
	c->status.up = true;
	c->events |= SPLITVIF_WENT_UP;
	c->error = 0;
	c->reason[0] = '\0';
	set_timer_ns(c, 0);
	c->up_since_ns = now_ns();
	if (c->connections++) {
		c->last_outage_ns = (uint64_t)(c->up_since_ns - c->down_since_ns);
		tell(c, SPLITVIF_NOTICE, "%s.%u: reconnected after %.1f ms", c->status.name,
		     c->status.devid, (double)c->last_outage_ns / 1e6);
	}
	netfront_flush(c->front);
}

/* Gives the connection up while the daemon lives. */
static void leave(struct front_connect *c)
{
	note_down(c);
	c->front->live = false; /* the data path stops here, the pages stay granted */
	c->phase = CONNECT_LEAVING;
	set_timer_ms(c, CONNECT_STATE_MS);
	front_device_set_state(&c->device, XenbusStateClosing);
}

/* Not to be asked for again: whoever took it will give it back. */
static void went_away(struct front_connect *c)
{
	c->phase = CONNECT_AWAY;
	c->events |= SPLITVIF_WENT_AWAY;
	set_timer_ns(c, 0);
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
	tell(c, SPLITVIF_NOTICE, "%s.%u: vif attached again", c->status.name, c->status.devid);
	come_back(c);
}

static void backend_left(struct front_connect *c, enum xenbus_state state)
{
	char reason[160];

	if (state != XenbusStateUnknown && !front_device_is_online(&c->device)) {
		c->away = true;
		tell(c, SPLITVIF_NOTICE, "%s.%u: vif detached", c->status.name, c->status.devid);
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
		fail(c, -ENODEV, "%s.%u: vif removed; asking for a new one", c->status.name,
		     c->status.devid);
		start_over(c);
		return;
	}
	front_device_backend_reason(&c->device, reason, sizeof(reason));
	fail(c, -ECONNABORTED, "%s.%u: backend is %s: %s; connecting anew", c->status.name,
	     c->status.devid, xenbus_state_name(state), reason);
	leave(c);
}

static void violated(struct front_connect *c)
{
	enum front_fault fault = netfront_fault(c->front);

	c->violations++;
	front_device_report(&c->device, EPROTO, front_fault_text(fault));
	fail(c, -EPROTO, "%s.%u: backend broke the protocol: %s; connecting anew", c->status.name,
	     c->status.devid, front_fault_text(fault));
	leave(c);
}

/* The backend let go, or says so: our pages tell. */
static void finish_leaving(struct front_connect *c)
{
	if (netfront_revoke(c->front)) {
		set_timer_ms(c, CONNECT_RETRY_MIN_MS);
		return;
	}
	free_channels(c);
	front_device_set_state(&c->device, XenbusStateClosed);
	if (c->away)
		went_away(c);
	else
		retry_later(c, CONNECT_PAUSE);
}

static void come_back(struct front_connect *c)
{
	int err = front_device_set_state(&c->device, XenbusStateInitialising);

	if (err) {
		store_failed(c, err);
		return;
	}
	c->phase = CONNECT_WAIT_BACKEND;
	set_timer_ms(c, CONNECT_STATE_MS);
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
		err = front_device_backend_state(&c->device, &state);
		if (!err)
			follow(c, state);
		if (!err && c->device.store)
			err = front_device_drain(&c->device);
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
			set_timer_ms(c, CONNECT_STATE_MS);
			break;
		}
		fail(c, -ETIMEDOUT,
		     "cannot connect %s: backend did not answer in %d s; see its log",
		     c->status.name, CONNECT_STATE_MS / 1000);
		start_over(c);
		break;
	case CONNECT_LEAVING:
		finish_leaving(c);
		break;
	case CONNECT_UP: /* an alarm */
	case CONNECT_AWAY:
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
	if (look && c->device.store)
		look_at_backend(c);
	if (c->device.vifs_changed)
		c->events |= SPLITVIF_VIFS_CHANGED;
	c->device.vifs_changed = false;
}

void front_connect_alarm(struct front_connect *c)
{
	set_timer_ns(c, 1);
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
