#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "backend/daemon_parts.h"
#include "backend/takeover.h"
#include "io/log.h"
#include "io/state.h"

enum { RECORD_DAEMON = 0x5356494d };

static double clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void carry_networks(struct daemon *daemon, struct state *state)
{
	struct networks *networks = &daemon->networks;
	unsigned int nr = (unsigned int)state_number(state, networks->nr, NETWORKS_MAX);

	for (unsigned int i = 0; i < nr && !state->fault; i++)
		network_carry(&networks->list[i], &daemon->workers, state);
	networks->nr = nr;
}

/* Theirs are behind what they know. */
static void carry_bridges(struct daemon *daemon, struct state *state)
{
	for (unsigned int i = 0; i < daemon->networks.nr && !state->fault; i++)
		network_bridge_carry(&daemon->networks.list[i], state);
}

static void carry_listeners(struct daemon *daemon, struct state *state)
{
	for (unsigned int i = 0; i < LISTENERS && !state->fault; i++)
		listener_carry(&daemon->listeners[i], daemon->base, daemon_socket(i)->file,
			       daemon_socket(i)->accepted, daemon, state);
}

/* What each part needs stands before it. */
static void daemon_carry(struct daemon *daemon, struct state *state, double *paused_ms)
{
	size_t mark = state_open(state, RECORD_DAEMON);

	state_bytes(state, paused_ms, sizeof(*paused_ms));
	evtchn_table_carry(daemon->evtchns, state);
	store_sockets_carry(daemon->store_sockets, state);
	if (!state->fault)
		carry_networks(daemon, state);
	if (!state->fault)
		domains_carry(daemon->domains, state);
	if (!state->fault)
		devices_carry(daemon->devices, state);
	carry_bridges(daemon, state);
	toolstack_carry(&daemon->toolstack, state);
	reload_carry(daemon->reload, state);
	control_carry(daemon->control, state);
	carry_listeners(daemon, state);
	state_fd(state, &daemon->privileged->lock);
	state_close(state, mark);
}

/* Between two batches of every worker; what guests did wrong before is settled
 * first, so that nothing of it is left to be carried. */
static void daemon_suspend(struct daemon *daemon)
{
	workers_pause(&daemon->workers);
	devices_handle_alarm(daemon->devices);
	devices_handle_events(daemon->devices);
	devices_suspend(daemon->devices);
	for (unsigned int i = 0; i < daemon->networks.nr; i++)
		network_suspend(&daemon->networks.list[i]);
}

static void daemon_resume(struct daemon *daemon)
{
	for (unsigned int i = 0; i < daemon->networks.nr; i++)
		network_resume(&daemon->networks.list[i]);
	devices_resume(daemon->devices);
	workers_resume(&daemon->workers);
}

/* What cannot be carried ends by itself, soon: scripts, answers on their way. */
static const char *is_busy(const struct daemon *daemon)
{
	if (daemon->stopping)
		return "the daemon is stopping";
	if (daemon->hotplug && !hotplug_is_idle(daemon->hotplug))
		return "a hotplug script runs; try again when it has ended";
	return control_is_busy(daemon->control) ? "somebody is being answered on ctl.sock" : NULL;
}

static int hand_over(struct daemon *daemon, int socket)
{
	double paused_ms = clock_ms();
	struct state state;
	int err;

	daemon_suspend(daemon);
	state_save(&state);
	daemon_carry(daemon, &state, &paused_ms);
	err = state_seal(&state);
	if (!err)
		err = takeover_offer(socket, &state);
	state_fini(&state);
	if (err)
		daemon_resume(daemon);
	if (err)
		log_warning("daemon", "not taken over (%s): goes on after %.1f ms", strerror(-err),
			    clock_ms() - paused_ms);
	return err;
}

void daemon_give_way(struct daemon *daemon, int socket)
{
	const char *why = is_busy(daemon);
	pid_t pid;

	if (takeover_hear(socket, &pid)) {
		log_warning("daemon", "a take-over by another version was refused");
		return;
	}
	if (why) {
		takeover_decline(socket, -EBUSY, why);
		return;
	}
	if (hand_over(daemon, socket))
		return;
	log_info("daemon", "handed over to pid=%d", (int)pid);
	privileged_hand_over(daemon->privileged, pid);
	_exit(PRIVILEGED_HANDED_OVER); /* what we have is theirs: nothing is taken down */
}

/* The parent removes TAPs at the end, and holds the lock meanwhile. */
static void tell_parent(const struct daemon *daemon)
{
	for (unsigned int i = 0; i < daemon->networks.nr; i++) {
		const struct network *network = &daemon->networks.list[i];

		if (network->uplink.workers)
			privileged_inherit(daemon->privileged, network->config.tap,
					   network->uplink.tap.lanes[0].fd);
	}
	if (daemon->privileged->lock >= 0)
		privileged_inherit(daemon->privileged, "", daemon->privileged->lock);
}

/* 0, or -errno with what does not fit. */
static int restore(struct daemon *daemon, struct takeover *takeover, double *paused_ms,
		   const char **why)
{
	struct state state;

	if (!state_restore(&state, takeover->bytes, takeover->length, takeover->fds,
			   takeover->nr_fds))
		daemon_carry(daemon, &state, paused_ms);
	*why = state.fault;
	return state.fault ? -EPROTO : 0;
}

int daemon_take_over(struct daemon *daemon)
{
	char reason[TAKEOVER_REASON_BYTES];
	const char *why = NULL;
	struct takeover takeover;
	double paused_ms = 0;
	int err;

	workers_pause(&daemon->workers);
	err = takeover_ask(&takeover, reason);
	if (err) {
		log_complain("cannot take over: %s", reason);
		return err;
	}
	err = restore(daemon, &takeover, &paused_ms, &why);
	if (!err)
		err = takeover_claim(&takeover);
	if (err) {
		log_complain("cannot take over from pid %d, which goes on: %s", (int)takeover.pid,
			     why ? why : strerror(-err));
		return err;
	}
	workers_resume(&daemon->workers);
	log_info("daemon", "took over from pid=%d downtime=%.1f ms", (int)takeover.pid,
		 clock_ms() - paused_ms);
	tell_parent(daemon);
	takeover_fini(&takeover);
	devices_settle(daemon->devices);
	reload_adopt(daemon->reload);
	return 0;
}
