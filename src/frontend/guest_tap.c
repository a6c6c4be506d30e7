#include "frontend/guest_tap.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bridge/tap.h"
#include "frontend/announce.h"
#include "frontend/guest_tap_pump.h"
#include "io/log.h"

enum {
	ADDRESSES_MAX = 32,
	KILL_MS = 3000,
	SPIN_USECS = 50,
	SPIN_TAP_TURNS = 4, /* looks at the ring for each at the TAP */
};

/* What the VM's kernel may leave to us is what the backend takes from us. */
static void follow_offers(struct guest_tap *tap)
{
	struct splitvif_status status;
	int err;

	splitvif_status(tap->vif, &status);
	tap->offers = status.offers;
	if (!tap->offload)
		tap->offers &= SPLITVIF_OFFLOAD_SG;
	guest_tap_make_room(tap, status.mtu);
	err = tap_set_offloads(tap->guest->tap_fds[0], guest_vnet_takes(tap->offers));
	if (err)
		log_warning("guest", "cannot set eth0's offloads: %s; they stay", strerror(-err));
}

/* Removes the first n queues. */
static void queues_remove(struct guest_tap *tap, unsigned int n)
{
	while (n--)
		engine_remove(tap->engine, &tap->queues[n].source);
}

static int queues_add(struct guest_tap *tap)
{
	for (unsigned int i = 0; i < tap->nr_queues; i++) {
		struct guest_tap_queue *queue = &tap->queues[i];
		int err;

		queue->fd = tap->guest->tap_fds[i];
		err = engine_add(tap->engine, &queue->source, queue->fd, queue);
		if (!err)
			continue;
		queues_remove(tap, i);
		return err;
	}
	return 0;
}

static void announce(struct guest_tap *tap, const uint8_t mac[6],
		     const struct netlink_address *address)
{
	uint8_t frame[ANNOUNCE_BYTES];
	unsigned int length = !address ? announce_mac(frame, mac)
			      : address->family == AF_INET
				      ? announce_ipv4(frame, mac, address->bytes)
				      : announce_ipv6(frame, mac, address->bytes);
	struct iovec iov = { frame, length };

	splitvif_transmit(tap->vif, &(struct splitvif_output){ &iov, 1 }, 1);
}

/* The VM may have changed its addresses, and even its MAC, since it started. */
static void announce_all(struct guest_tap *tap)
{
	struct netlink_address list[ADDRESSES_MAX];
	struct splitvif_status status;
	int n;

	splitvif_status(tap->vif, &status);
	netlink_read_mac(&tap->guest->netlink, tap->guest->ifindex, status.mac);
	n = netlink_list_addresses(&tap->guest->netlink, tap->guest->ifindex, list, ADDRESSES_MAX);
	for (int i = 0; i < n; i++)
		announce(tap, status.mac, &list[i]);
	if (n <= 0)
		announce(tap, status.mac, NULL);
	splitvif_flush(tap->vif);
}

static void serve_control(struct guest_tap *tap)
{
	unsigned int events = splitvif_process(tap->vif);
	struct splitvif_status status;

	if (events & SPLITVIF_VIFS_CHANGED && tap->vifs_changed)
		tap->vifs_changed(tap->arg);
	if (events & SPLITVIF_WENT_AWAY && tap->ends_with_vif)
		tap->loop.stopped = true;
	if (!(events & (SPLITVIF_WENT_UP | SPLITVIF_WENT_DOWN)))
		return;
	splitvif_status(tap->vif, &status);
	tap_set_carrier(tap->guest->tap_fds[0], status.up);
	if (status.up) {
		follow_offers(tap);
		announce_all(tap);
	}
}

/* The VM's init ended: its status is ours. */
static void init_ended(struct guest_tap *tap)
{
	int status;

	if (tap->guest->pid <= 0 || waitpid(tap->guest->pid, &status, WNOHANG) != tap->guest->pid)
		return;
	tap->guest->pid = 0;
	tap->loop.stopped = true;
	tap->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* The command was told to go, and did not. */
static void kill_expired(struct timer *timer)
{
	struct guest_tap *tap =
		(struct guest_tap *)((char *)timer - offsetof(struct guest_tap, kill));

	if (tap->guest->pid > 0)
		kill(tap->guest->pid, SIGKILL);
}

/* A signal that was typed reached the command already, as it sits in the same
 * terminal's foreground; one that was sent to us is passed on to it. */
static void serve_signals(struct guest_tap *tap)
{
	struct signalfd_siginfo info;

	while (read(tap->signals.fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGCHLD) {
			init_ended(tap);
		} else if (tap->guest->pid <= 0) {
			tap->loop.stopped = true;
		} else if (info.ssi_code <= 0) {
			kill(tap->guest->pid, (int)info.ssi_signo);
			timers_set(&tap->loop.timers, &tap->kill,
				   (uint64_t)guest_now_ns() + KILL_MS * 1000000ull);
		}
	}
}

static void arm_tap(struct guest_tap *tap)
{
	for (unsigned int i = 0; i < tap->nr_queues && !tap->tap_gone; i++) {
		struct guest_tap_queue *queue = &tap->queues[i];

		if (queue->waiting || queue->blocked) /* for its ring's room it waits */
			continue;
		engine_arm(tap->engine, &queue->source);
		queue->waiting = true;
	}
}

/* Announces sleep on every ring. False: there is something to do. */
static bool arm_rings(struct guest_tap *tap)
{
	bool sleep = splitvif_arm(tap->vif, 0);

	for (unsigned int i = 0; i < tap->nr_queues; i++)
		if (tap->queues[i].blocked)
			sleep &= splitvif_queue_arm(tap->vif, i % splitvif_queues(tap->vif),
						    tap->frame_bytes);
	return sleep;
}

static void serve(struct guest_tap *tap, struct engine_source *source)
{
	struct guest_tap_queue *queue = source->owner;

	if (queue) {
		queue->waiting = false;
		return;
	}
	if (source == &tap->control)
		serve_control(tap);
	else
		serve_signals(tap);
	engine_arm(tap->engine, source);
}

static void wait_for_events(void *guest, int64_t timeout_ns)
{
	struct guest_tap *tap = guest;
	struct engine_source *ready[2 + SPLITVIF_QUEUES_MAX];
	int n = engine_wait(tap->engine, ready, 2 + SPLITVIF_QUEUES_MAX, timeout_ns);

	for (int i = 0; i < n; i++)
		serve(tap, ready[i]);
}

/* The VM deleted its eth0; its other traffic is its own affair. */
static void give_up_tap(struct guest_tap *tap)
{
	log_error("guest", "eth0 is gone from the VM; nothing is carried any more");
	queues_remove(tap, tap->nr_queues);
	tap->tap_removed = true;
}

/* A look at the ring costs next to nothing, one at the TAP a system call: so while
 * nothing comes there are fewer of these, but one before it sleeps for others' sake. */
static unsigned int turn(void *guest, unsigned int weight)
{
	struct guest_tap *tap = guest;
	unsigned int moved = guest_tap_pump_in(tap, weight);

	if (moved || tap->empty_turns % SPIN_TAP_TURNS == 0 || tap->loop.list.is_wanted ||
	    tap->loop.item.defers)
		moved += guest_tap_pump_out(tap);
	tap->empty_turns = moved ? 0 : tap->empty_turns + 1;
	splitvif_flush(tap->vif);
	if (tap->tap_gone && !tap->tap_removed)
		give_up_tap(tap);
	return moved;
}

static bool arm(void *guest)
{
	struct guest_tap *tap = guest;

	if (!arm_rings(tap))
		return false;
	arm_tap(tap);
	tap->empty_turns = 0;
	return true;
}

int guest_tap_init(struct guest_tap *tap, struct splitvif *vif, struct guest *guest,
		   struct engine *engine, int signal_fd, bool offload)
{
	static const struct guest_loop_ops ops = {
		.turn = turn,
		.arm = arm,
		.wait = wait_for_events,
	};
	int err;

	*tap = (struct guest_tap){
		.vif = vif,
		.guest = guest,
		.engine = engine,
		.nr_queues = guest->nr_taps,
		.offload = offload,
	};
	guest_loop_init(&tap->loop, vif, &ops, tap, SPIN_USECS);
	tap->kill.expired = kill_expired;
	follow_offers(tap);
	err = queues_add(tap);
	if (err)
		return err;
	err = engine_add(engine, &tap->control, splitvif_fd(vif), NULL);
	if (err)
		goto remove_queues;
	err = engine_add(engine, &tap->signals, signal_fd, NULL);
	if (err)
		goto remove_control;
	return 0;

remove_control:
	engine_remove(engine, &tap->control);
remove_queues:
	queues_remove(tap, tap->nr_queues);
	return err;
}

void guest_tap_fini(struct guest_tap *tap)
{
	engine_remove(tap->engine, &tap->signals);
	engine_remove(tap->engine, &tap->control);
	if (!tap->tap_removed)
		queues_remove(tap, tap->nr_queues);
}

int guest_tap_run(struct guest_tap *tap)
{
	engine_arm(tap->engine, &tap->control);
	engine_arm(tap->engine, &tap->signals);
	serve_control(tap);
	guest_loop_run(&tap->loop);
	return tap->status;
}

void guest_tap_report(const struct guest_tap *tap)
{
	struct splitvif_stats stats;

	splitvif_stats(tap->vif, &stats);
	log_debug("guest",
		  "sent %" PRIu64 " frames, %" PRIu64 " bytes (%" PRIu64 " refused, %" PRIu64
		  " too big, %" PRIu64 " malformed), received %" PRIu64 " frames, %" PRIu64
		  " bytes (%" PRIu64 " not taken by eth0)",
		  stats.tx_frames, stats.tx_bytes, stats.tx_refused, tap->oversize, tap->malformed,
		  stats.rx_frames, stats.rx_bytes, tap->tap_errors);
}
