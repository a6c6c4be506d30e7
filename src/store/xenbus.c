#include "store/xenbus.h"

#include <stdio.h>

enum { STATES = XenbusStateReconfigured + 1 };

static const char *const state_names[] = {
	[XenbusStateUnknown] = "Unknown",
	[XenbusStateInitialising] = "Initialising",
	[XenbusStateInitWait] = "InitWait",
	[XenbusStateInitialised] = "Initialised",
	[XenbusStateConnected] = "Connected",
	[XenbusStateClosing] = "Closing",
	[XenbusStateClosed] = "Closed",
	[XenbusStateReconfiguring] = "Reconfiguring",
	[XenbusStateReconfigured] = "Reconfigured",
};

_Static_assert(sizeof(state_names) / sizeof(state_names[0]) == STATES, "a name for every state");

const char *xenbus_state_name(enum xenbus_state state)
{
	return (unsigned int)state < STATES ? state_names[state] : "Unknown";
}

/* On the way out: let go, close; then stay at Closed. */
static enum xenbus_step step_out(enum xenbus_state own)
{
	switch (own) {
	case XenbusStateClosed:
		return XENBUS_WAIT;
	case XenbusStateClosing:
	case XenbusStateInitialising:
	case XenbusStateUnknown:
		return XENBUS_CLOSE;
	default:
		return XENBUS_DISCONNECT;
	}
}

/* Whether a frontend in that state may still hold the device. */
static bool holds(enum xenbus_state frontend)
{
	return frontend == XenbusStateInitialised || frontend == XenbusStateConnected ||
	       frontend == XenbusStateClosing;
}

static enum xenbus_step step_leaving(const struct xenbus_backend_view *view)
{
	if (view->own == XenbusStateClosed && !holds(view->frontend))
		return XENBUS_REMOVE;
	return step_out(view->own);
}

/* A backend that failed starts again only with a frontend that does. */
static enum xenbus_step step_broken(const struct xenbus_backend_view *view)
{
	if (view->own == XenbusStateClosed && view->frontend == XenbusStateInitialising)
		return XENBUS_ADVERTISE;
	return step_out(view->own);
}

/* Initialising or Closed: nothing is held. What a frontend says of itself
 * beyond Initialising is of a new life of it, else we would not be here. */
static enum xenbus_step step_unconnected(const struct xenbus_backend_view *view)
{
	bool fresh = view->own != XenbusStateClosed;

	switch (view->frontend) {
	case XenbusStateInitialising:
	case XenbusStateInitWait:
	case XenbusStateInitialised:
	case XenbusStateConnected:
		return XENBUS_ADVERTISE;
	case XenbusStateClosing:
	case XenbusStateClosed:
		return fresh ? XENBUS_CLOSE : XENBUS_WAIT;
	default:
		return XENBUS_WAIT;
	}
}

static enum xenbus_step step_advertised(const struct xenbus_backend_view *view)
{
	switch (view->frontend) {
	case XenbusStateInitialised:
	case XenbusStateConnected:
		return view->script_pending ? XENBUS_WAIT : XENBUS_CONNECT;
	case XenbusStateClosing:
	case XenbusStateClosed:
		return XENBUS_DISCONNECT;
	default:
		return XENBUS_WAIT;
	}
}

static enum xenbus_step step_connected(const struct xenbus_backend_view *view)
{
	switch (view->frontend) {
	case XenbusStateInitialising:
	case XenbusStateInitWait:
	case XenbusStateClosing:
	case XenbusStateClosed:
		return XENBUS_DISCONNECT;
	default:
		return XENBUS_WAIT;
	}
}

static bool is_known(enum xenbus_state state)
{
	return state > XenbusStateUnknown && (unsigned int)state < STATES;
}

enum xenbus_step xenbus_backend_next(const struct xenbus_backend_view *view)
{
	bool fresh = view->own == XenbusStateInitialising || !is_known(view->own);

	if (!view->online)
		return step_leaving(view);
	if (!is_known(view->frontend))
		return fresh ? XENBUS_WAIT : step_leaving(view);
	if (view->own == XenbusStateClosing)
		return XENBUS_CLOSE;
	if (view->broken)
		return step_broken(view);
	if (fresh || view->own == XenbusStateClosed)
		return step_unconnected(view);
	if (view->own == XenbusStateInitWait || view->own == XenbusStateInitialised)
		return step_advertised(view);
	return step_connected(view);
}

void xenbus_backend_path(char path[XENBUS_PATH_BYTES], uint16_t domid, uint32_t devid)
{
	snprintf(path, XENBUS_PATH_BYTES, "/local/domain/0/backend/vif/%u/%u", domid, devid);
}

void xenbus_frontend_path(char path[XENBUS_PATH_BYTES], uint16_t domid, uint32_t devid)
{
	snprintf(path, XENBUS_PATH_BYTES, "/local/domain/%u/device/vif/%u", domid, devid);
}
