#include "frontend/front_order.h"

#include <stdio.h>

#include "frontend/front_control.h"
#include "frontend/front_move.h"
#include "frontend/front_phase.h"
#include "frontend/front_voice.h"

static bool is_connecting(const struct front_connect *c)
{
	return c->phase == CONNECT_WAIT_CONNECTED || c->phase == CONNECT_UP;
}

static void suspend(struct front_connect *c)
{
	c->suspended = c->was_suspended = true;
	if (is_connecting(c))
		front_phase_leave(c);
	else if (c->phase == CONNECT_AWAY)
		front_control_set_suspended(&c->device, true);
	else if (c->phase != CONNECT_LEAVING)
		front_phase_lie_down(c);
}

static void resume(struct front_connect *c)
{
	c->suspended = false;
	if (!c->config.further)
		front_control_set_suspended(&c->device, false);
	if (c->phase == CONNECT_SUSPENDED)
		front_phase_return(c);
}

/* Whoever asked reads it in the store; of a daemon that died meanwhile, in the
 * next one's. While another order is obeyed the store is for what becomes of that. */
static void refuse(struct front_connect *c, const char *line)
{
	front_voice_tell(c, SPLITVIF_WARNING, "%s", line);
	if (c->attempt || c->moving)
		return;
	if (c->device.store)
		front_control_report_error(&c->device, line);
	else
		snprintf(c->homecoming, sizeof(c->homecoming), "%s", line);
}

/* Refused where there is no connection to take along. */
static void refuse_unconnected(struct front_connect *c)
{
	char line[128];

	snprintf(line, sizeof(line),
		 "cannot migrate %.63s: it is not connected; wait, or resume it", c->status.name);
	refuse(c, line);
}

static void migrate(struct front_connect *c, const struct front_destination *to)
{
	char line[128];
	int err;

	if (!is_connecting(c)) {
		refuse_unconnected(c);
		return;
	}
	err = front_move_begin(c, to);
	if (!err)
		return;
	snprintf(line, sizeof(line), "cannot migrate %.63s: %s", c->status.name,
		 err == -EALREADY ? "it is on its way already; wait"
				  : "no memory or no thread; free some");
	refuse(c, line);
}

void front_order_go(struct front_connect *c)
{
	char line[sizeof(c->homecoming)];

	if (front_move_prepare(c, line, sizeof(line))) {
		refuse(c, line);
		return;
	}
	if (!is_connecting(c)) {
		front_move_cancel(c);
		refuse_unconnected(c);
		return;
	}
	front_control_set_suspended(&c->device, true); /* for its further vifs */
	front_phase_leave(c);
}

void front_order_obey(struct front_connect *c)
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
