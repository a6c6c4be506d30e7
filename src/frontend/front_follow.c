#include "frontend/front_follow.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "frontend/front_control.h"
#include "frontend/front_flush.h"
#include "frontend/front_move.h"
#include "frontend/front_order.h"
#include "frontend/front_phase.h"
#include "frontend/front_sources.h"
#include "frontend/front_voice.h"

enum { BACKEND_DOMID = 0 };

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
			!c->config.single_channel &&
				front_device_backend_has(&c->device, XENBUS_KEY_SPLIT_EVTCHN));
	if (!err)
		err = front_device_offer(&c->device, c->front);
	if (err)
		return front_voice_fail(c, err, "cannot connect %s: %s; see the daemon's log",
					c->status.name, strerror(-err));
	c->phase = CONNECT_WAIT_CONNECTED;
	front_sources_set_timer_ms(c, front_phase_patience_ms(c));
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
	c->up_since_ns = front_phase_now_ns();
	if (c->connections++)
		tell_outage(c);
	front_move_settle(c);
	c->was_suspended = false;
	netfront_flush(c->front);
}

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
	front_phase_return(c);
}

static void backend_left(struct front_connect *c, enum xenbus_state state)
{
	char reason[160];

	if (state != XenbusStateUnknown && !front_device_is_online(&c->device)) {
		c->away = true;
		front_voice_tell(c, SPLITVIF_NOTICE, "%s.%u: vif detached", c->status.name,
				 c->status.devid);
		front_phase_leave(c);
		return;
	}
	if (state == XenbusStateUnknown && c->config.further) {
		netfront_revoke(c->front);
		c->away = true;
		front_phase_note_down(c);
		front_phase_away(c);
		return;
	}
	if (state == XenbusStateUnknown) {
		front_voice_fail(c, -ENODEV, "%s.%u: vif removed; asking for a new one",
				 c->status.name, c->status.devid);
		front_phase_start_over(c);
		return;
	}
	front_device_backend_reason(&c->device, reason, sizeof(reason));
	front_voice_fail(c, -ECONNABORTED, "%s.%u: backend is %s: %s; connecting anew",
			 c->status.name, c->status.devid, xenbus_state_name(state), reason);
	front_phase_leave(c);
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
			front_phase_start_over(c);
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
			front_phase_finish(c);
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

/* Events may have come along with the answers to our own requests, so this
 * looks until nothing is new. Each round moves a phase on. */
void front_follow_backend(struct front_connect *c)
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
		if (err > 0 && c->device.tuning_changed)
			front_flush_take_tuning(c);
		if (err > 0 && c->device.control_changed)
			front_order_obey(c);
		if (err >= 0 && c->phase != before)
			err = 1;
		if (err < 0)
			front_phase_store_failed(c, err);
	}
}
