#include "bench/relay_crew.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>

#include "bench/host.h"
#include "bench/interrupt.h"
#include "ring/barrier.h"

#define MS INT64_C(1000000)

enum {
	STALL_MS = 5000,
	QUIET_MS = 300, /* then what is missing is given up */
	PROCESS_MS = 2,
	CALL_MS = 20,
	MEET_MS = 10000,
};

int64_t relay_crew_last_move(const struct relay_board *board)
{
	uint64_t last = 0;

	for (unsigned int i = 0; i < board->nr; i++) {
		uint64_t here = counter_read(&board->seats[i].moved_ns);

		last = here > last ? here : last;
	}
	return (int64_t)last;
}

static int look_after(struct relay_crew *crew, int64_t now)
{
	if (now - crew->processed_ns < PROCESS_MS * MS)
		return 0;
	crew->processed_ns = now;
	for (unsigned int i = 0; i < crew->nr; i++)
		if (!relay_vm_process(&crew->vms[i]))
			return -ENETDOWN;
	if (now - relay_crew_last_move(crew->board) > STALL_MS * MS)
		return -ETIMEDOUT;
	return interrupt_seen() ? -EINTR : 0;
}

/* A tenth of a second at most, less if a frame is due by the rate; and little if
 * credit may come from another process, which nobody tells of. */
static struct timespec sleep_time(const struct relay_crew *crew)
{
	uint64_t rate = crew->board->options->rate;
	int64_t ns = crew->apart ? MS / 10 : 100 * MS;

	if (rate && INT64_C(1000000000) / (int64_t)rate < ns)
		ns = INT64_C(1000000000) / (int64_t)rate;
	return (struct timespec){ .tv_nsec = ns };
}

static void rest(struct relay_crew *crew, bool may_send)
{
	struct pollfd fds[RELAY_VMS_MAX];
	struct timespec timeout = sleep_time(crew);
	bool sleeps = true;

	if (!crew->board->options->wake) {
		if (crew->yield)
			sched_yield();
		return;
	}
	for (unsigned int i = 0; i < crew->nr; i++) {
		fds[i] = (struct pollfd){ splitvif_fd(crew->vms[i].vif), POLLIN, 0 };
		sleeps &= relay_vm_arm(&crew->vms[i], may_send);
	}
	if (sleeps && ppoll(fds, crew->nr, &timeout, NULL) > 0)
		crew->processed_ns = 0;
}

/* Whether the VM has nothing more to hope for. */
static bool is_settled(struct relay_vm *vm, int64_t now)
{
	if (splitvif_in_flight(vm->vif))
		return false;
	return !relay_vm_under_way(vm) || now - relay_crew_last_move(vm->board) > QUIET_MS * MS;
}

/* True if the whole crew is through with sending. */
static bool has_sent(const struct relay_crew *crew, int64_t now)
{
	if (!crew->board->plan.count)
		return now >= crew->board->plan.end_ns;
	for (unsigned int i = 0; i < crew->nr; i++)
		if (!relay_vm_has_sent(&crew->vms[i]))
			return false;
	return true;
}

bool relay_crew_all_finished(const struct relay_board *board)
{
	for (unsigned int i = 0; i < board->nr; i++)
		if (load_acquire(&board->seats[i].finished) != board->plan.run)
			return false;
	return true;
}

static void settle(struct relay_crew *crew, int64_t now)
{
	for (unsigned int i = 0; i < crew->nr; i++) {
		struct relay_vm *vm = &crew->vms[i];

		if (vm->seat->finished == crew->board->plan.run || !is_settled(vm, now))
			continue;
		relay_vm_end(vm);
		store_release(&vm->seat->finished, crew->board->plan.run);
	}
}

static int crew_turn(struct relay_crew *crew, bool may_send, int64_t now)
{
	bool moved = false;

	for (unsigned int i = 0; i < crew->nr; i++)
		moved |= relay_vm_turn(&crew->vms[i], may_send, now);
	if (!moved)
		rest(crew, may_send);
	return look_after(crew, now);
}

/* Until nobody sends any more, then until all has arrived; those who take it go on
 * until nobody waits. */
int relay_crew_run(struct relay_crew *crew)
{
	int64_t now;
	int err = 0;

	for (unsigned int i = 0; i < crew->nr; i++)
		relay_vm_begin(&crew->vms[i]);
	while (host_now_ns() < crew->board->plan.start_ns)
		if (crew->yield)
			sched_yield();
	while (!err && !has_sent(crew, now = host_now_ns()))
		err = crew_turn(crew, true, now);
	while (!err && !relay_crew_all_finished(crew->board)) {
		now = host_now_ns();
		err = crew_turn(crew, false, now);
		settle(crew, now);
	}
	return err;
}

/* Whoever may receive has more addresses than one. */
static int show_addresses(struct relay_crew *crew)
{
	int64_t start = host_now_ns();

	for (unsigned int i = 0; i < crew->nr; i++) {
		uint32_t shown = 1;

		if (!relay_board_receives(crew->board, crew->vms[i].self))
			continue;
		while (shown < crew->board->options->macs || splitvif_in_flight(crew->vms[i].vif)) {
			shown = relay_vm_show(&crew->vms[i], shown);
			if (host_now_ns() - start > MEET_MS * MS)
				return -ETIMEDOUT;
			sched_yield();
		}
	}
	return 0;
}

static int meet_others(struct relay_crew *crew)
{
	int64_t start = host_now_ns(), now = start, called = 0;

	while (!relay_board_all_met(crew->board)) {
		now = host_now_ns();
		if (now - start > MEET_MS * MS)
			return -ETIMEDOUT;
		for (unsigned int i = 0; i < crew->nr; i++) {
			if (now - called > CALL_MS * MS)
				relay_vm_call(&crew->vms[i]);
			relay_vm_turn(&crew->vms[i], false, now);
			relay_vm_process(&crew->vms[i]);
		}
		if (now - called > CALL_MS * MS)
			called = now;
		sched_yield();
	}
	return 0;
}

/* Addresses first: who has met may be sent to. */
int relay_crew_meet(struct relay_crew *crew)
{
	int err = show_addresses(crew);

	return err ? err : meet_others(crew);
}
