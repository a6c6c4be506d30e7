#include "frontend/guest_tap.h"

#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bridge/tap.h"
#include "frontend/announce.h"
#include "frontend/guest_tap_pump.h"
#include "io/log.h"

enum {
	LOOK_ROUNDS = 32, /* busy rounds between looks at control and signals */
	ADDRESSES_MAX = 32,
	SPIN_USECS = 50,
	YIELD_NS = 2000,    /* a yield that takes longer let somebody else run */
	SPIN_TAP_TURNS = 4, /* looks at the ring for each at the TAP, a system call */
};

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

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
		queue->dry = true;
		err = engine_add(tap->engine, &queue->source, queue->fd, queue);
		if (!err)
			continue;
		queues_remove(tap, i);
		return err;
	}
	return 0;
}

int guest_tap_init(struct guest_tap *tap, struct splitvif *vif, struct guest *guest,
		   struct engine *engine, int signal_fd, bool offload)
{
	int err;

	*tap = (struct guest_tap){
		.vif = vif,
		.guest = guest,
		.engine = engine,
		.nr_queues = guest->nr_taps,
		.offload = offload,
	};
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
		tap->stopped = true;
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
	tap->stopped = true;
	tap->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
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
			tap->stopped = true;
		} else if (info.ssi_code <= 0) {
			kill(tap->guest->pid, (int)info.ssi_signo);
			tap->kill_at_ns = now_ns() + GUEST_KILL_MS * 1000000LL;
		}
	}
}

static void arm_tap(struct guest_tap *tap)
{
	for (unsigned int i = 0; i < tap->nr_queues && !tap->tap_gone; i++) {
		struct guest_tap_queue *queue = &tap->queues[i];

		if (queue->waiting || !queue->dry)
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

static void wait_for_events(struct guest_tap *tap, int64_t timeout_ns)
{
	struct engine_source *ready[2 + SPLITVIF_QUEUES_MAX];
	int n = engine_wait(tap->engine, ready, 2 + SPLITVIF_QUEUES_MAX, timeout_ns);

	for (int i = 0; i < n; i++)
		serve(tap, ready[i]);
}

/* For ever, or until a command that was told to go is to be killed. */
static void sleep_on_events(struct guest_tap *tap)
{
	int64_t left = -1;

	if (tap->kill_at_ns) {
		left = tap->kill_at_ns - now_ns();
		if (left <= 0) {
			kill(tap->guest->pid, SIGKILL);
			left = GUEST_KILL_MS * 1000000LL;
		}
	}
	arm_tap(tap);
	wait_for_events(tap, left);
	tap->worked = false;
}

/* Lets whoever makes work run; whether someone else wanted this processor. */
static bool yield(int64_t *now)
{
	int64_t before = now_ns();

	sched_yield();
	*now = now_ns();
	return *now - before > YIELD_NS;
}

/* The one place where it is decided how long to look before sleeping: after work
 * there is often more, and to be woken costs both sides more than a few looks.
 * Where processors are few, to look without yielding made a ping three times
 * slower, with it a third faster. If others want the processor, who has it last
 * looks once more and sleeps: what he would burn is theirs. */
static bool spin(struct guest_tap *tap)
{
	int64_t now = now_ns();
	int64_t end = tap->worked ? now + SPIN_USECS * 1000LL : now;
	bool wanted = false;

	for (unsigned int turn = 0; now < end; turn++) {
		unsigned int moved = guest_tap_pump_in(tap);

		if (moved || wanted || turn % SPIN_TAP_TURNS == 0)
			moved += guest_tap_pump_out(tap, true);
		if (moved) {
			splitvif_flush(tap->vif);
			return true;
		}
		if (wanted)
			break;
		wanted = yield(&now);
	}
	return false;
}

/* The VM deleted its eth0; its other traffic is its own affair. */
static void give_up_tap(struct guest_tap *tap)
{
	log_error("guest", "eth0 is gone from the VM; nothing is carried any more");
	queues_remove(tap, tap->nr_queues);
	tap->tap_removed = true;
}

int guest_tap_run(struct guest_tap *tap)
{
	unsigned int rounds = 0;

	engine_arm(tap->engine, &tap->control);
	engine_arm(tap->engine, &tap->signals);
	serve_control(tap);
	while (!tap->stopped) {
		unsigned int moved = guest_tap_pump_in(tap);

		moved += guest_tap_pump_out(tap, moved > 0);
		splitvif_flush(tap->vif);
		if (tap->tap_gone && !tap->tap_removed)
			give_up_tap(tap);
		if (moved || spin(tap)) {
			tap->worked = true;
			if (++rounds % LOOK_ROUNDS == 0)
				wait_for_events(tap, 0);
		} else if (arm_rings(tap)) {
			sleep_on_events(tap);
		}
	}
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
