#include "frontend/front_phase.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "frontend/front_control.h"
#include "frontend/front_move.h"
#include "frontend/front_sources.h"
#include "frontend/front_voice.h"

enum { LASTED_MS = 5000, HANGUP_GRACE_MS = 1000, EAGER_MS = 2000 };

int64_t front_phase_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/* A daemon that is restarted is back soon: a connect(2) that fails costs
 * little, every millisecond without a backend does not. */
void front_phase_retry(struct front_connect *c, enum connect_phase phase)
{
	c->phase = phase;
	if (phase == CONNECT_DOWN && front_phase_now_ns() - c->down_since_ns < EAGER_MS * 1000000LL)
		c->retry_ms = CONNECT_RETRY_MIN_MS;
	front_sources_set_timer_ms(c, c->retry_ms);
	c->retry_ms = c->retry_ms * 2 < CONNECT_RETRY_MAX_MS ? c->retry_ms * 2
							     : CONNECT_RETRY_MAX_MS;
}

void front_phase_hang_up(struct front_connect *c)
{
	front_device_close(&c->device);
	front_domain_close(&c->domain);
}

void front_phase_note_down(struct front_connect *c)
{
	if (c->status.up) {
		c->events |= SPLITVIF_WENT_DOWN;
		c->down_since_ns = front_phase_now_ns();
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

void front_phase_daemon_died(struct front_connect *c)
{
	if (c->moving) {
		front_phase_note_down(c);
		netfront_bury(c->front);
		arrive(c);
		return;
	}
	if (c->arriving)
		turn_back(c, "the daemon there died");
	else if (c->phase != CONNECT_DOWN && c->connections && !(c->config.further && c->suspended))
		front_voice_tell(c, SPLITVIF_WARNING, "daemon hung up; waiting for it at %s",
				 c->domain.path);
	front_phase_note_down(c);
	netfront_bury(c->front);
	front_phase_hang_up(c);
	c->retry_ms = CONNECT_RETRY_MIN_MS;
	front_phase_retry(c, CONNECT_DOWN);
}

void front_phase_start_over(struct front_connect *c)
{
	front_phase_note_down(c);
	netfront_revoke(c->front);
	netfront_close_channels(c->front);
	if (c->moving) {
		arrive(c);
		return;
	}
	if (c->arriving)
		turn_back(c, c->reason);
	front_phase_hang_up(c);
	front_phase_retry(c, CONNECT_DOWN);
}

void front_phase_store_failed(struct front_connect *c, int err)
{
	if (front_domain_is_dead(&c->domain, c->arriving ? 0 : HANGUP_GRACE_MS)) {
		front_phase_daemon_died(c);
		return;
	}
	front_voice_fail(c, err, "%s: store failed: %s; connecting anew", c->status.name,
			 strerror(-err));
	front_phase_start_over(c);
}

unsigned int front_phase_patience_ms(const struct front_connect *c)
{
	return c->arriving ? CONNECT_ARRIVE_STATE_MS : CONNECT_STATE_MS;
}

void front_phase_await(struct front_connect *c)
{
	c->phase = CONNECT_WAIT_BACKEND;
	front_sources_set_timer_ms(c, front_phase_patience_ms(c));
}

void front_phase_lie_down(struct front_connect *c)
{
	c->phase = CONNECT_SUSPENDED;
	front_sources_set_timer_ns(c, 0);
	front_device_set_state(&c->device, XenbusStateClosed);
	if (!c->config.further)
		front_control_set_suspended(&c->device, true);
}

void front_phase_leave(struct front_connect *c)
{
	front_phase_note_down(c);
	c->front->live = false; /* the data path stops here, the pages stay granted */
	c->phase = CONNECT_LEAVING;
	front_sources_set_timer_ms(c, CONNECT_STATE_MS);
	front_device_set_state(&c->device, XenbusStateClosing);
}

void front_phase_away(struct front_connect *c)
{
	c->phase = CONNECT_AWAY;
	c->events |= SPLITVIF_WENT_AWAY;
	front_sources_set_timer_ns(c, 0);
	front_device_unbind(&c->device);
	c->device.vifs_changed = true; /* it may be back already */
}

void front_phase_finish(struct front_connect *c)
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
		front_phase_away(c);
	else if (c->suspended)
		front_phase_lie_down(c);
	else
		front_phase_retry(c, CONNECT_PAUSE);
}

/* Everything is given back here: on to the other daemon. */
static void arrive(struct front_connect *c)
{
	int err = front_move_arrive(c);

	if (!err && c->suspended)
		front_phase_lie_down(c);
	else if (!err)
		front_phase_await(c);
	if (!err)
		return;
	front_voice_tell(c, SPLITVIF_WARNING, "cannot migrate %s: %s; it stays", c->status.name,
			 strerror(-err));
	if (front_domain_is_dead(&c->domain, 0)) {
		front_phase_daemon_died(c);
		return;
	}
	front_control_report_error(&c->device, "the daemon there died; the VM stays here");
	front_control_set_suspended(&c->device, false);
	front_phase_retry(c, CONNECT_PAUSE);
}

void front_phase_return(struct front_connect *c)
{
	int err;

	if (c->suspended) {
		front_phase_lie_down(c);
		return;
	}
	err = front_device_set_state(&c->device, XenbusStateInitialising);
	if (err) {
		front_phase_store_failed(c, err);
		return;
	}
	front_phase_await(c);
}
