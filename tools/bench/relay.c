#include "bench/relay.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/host.h"
#include "bench/interrupt.h"
#include "bench/relay_crew.h"
#include "bench/statistics.h"
#include "ring/barrier.h"

#define MS INT64_C(1000000)

enum {
	STALL_MS = 5000,
	START_MS = 2,
	RUN_LAST = 0xffffffffu, /* the run that is none: go home */
};

static int fail(struct relay_board *board, struct relay_seat *seat, int err)
{
	if (!board->error[0])
		snprintf(board->error, sizeof(board->error), "%s",
			 err == -ETIMEDOUT ? "the VMs do not hear each other; see 'splitvif stats'"
					   : strerror(-err));
	store_release(&seat->failed, (uint32_t)-err);
	return err;
}

/* A VM's own process, from here to its end. */
static void serve(struct relay_board *board, unsigned int self, uint16_t mtu)
{
	static struct relay_vm vm;
	struct relay_crew crew = {
		.board = board, .vms = &vm, .nr = 1, .apart = true, .yield = true
	};
	uint32_t run = 0, next;
	int err = relay_vm_open(&vm, board, self, mtu, board->error);

	if (!err)
		err = relay_crew_meet(&crew);
	while (!err) {
		while ((next = load_acquire(&board->plan.run)) == run)
			usleep(100);
		if (next == RUN_LAST)
			break;
		run = next;
		err = relay_crew_run(&crew);
	}
	if (err)
		fail(board, vm.seat, err);
	else
		relay_vm_close(&vm);
	_exit(0);
}

static void fork_vm(struct relay *relay, unsigned int self, uint16_t mtu)
{
	pid_t parent = getpid();

	relay->children[self] = fork();
	if (relay->children[self])
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0);
	signal(SIGINT, SIG_IGN); /* the terminal's goes to all: the parent ends us */
	host_pin(relay->cpu);
	serve(relay->board, self, mtu);
}

/* Of those that are apart: 0, or what the first one to fail said. */
static int failure(const struct relay *relay)
{
	for (unsigned int i = 0; i < relay->board->nr; i++) {
		uint32_t failed = load_acquire(&relay->board->seats[i].failed);

		if (failed)
			return -(int)failed;
		if (relay->children[i] < 0 || waitpid(relay->children[i], NULL, WNOHANG))
			return -ECHILD;
	}
	return interrupt_seen() ? -EINTR : 0;
}

static int open_apart(struct relay *relay, uint16_t mtu)
{
	int err = 0;

	for (unsigned int i = 0; i < relay->board->nr; i++)
		fork_vm(relay, i, mtu);
	while (!err && !relay_board_all_met(relay->board)) {
		err = failure(relay);
		usleep(1000);
	}
	return err;
}

static struct relay_crew our_crew(struct relay *relay)
{
	return (struct relay_crew){ .board = relay->board,
				    .vms = relay->vms,
				    .nr = relay->board->nr,
				    .yield = relay->yield };
}

static int open_together(struct relay *relay, uint16_t mtu)
{
	struct relay_board *board = relay->board;
	struct relay_crew crew;
	int err = 0;

	relay->vms = calloc(board->nr, sizeof(*relay->vms));
	if (!relay->vms)
		return fail(board, &board->seats[0], -ENOMEM);
	for (unsigned int i = 0; !err && i < board->nr; i++)
		err = relay_vm_open(&relay->vms[i], board, i, mtu, board->error);
	if (err)
		return err;
	crew = our_crew(relay);
	err = relay_crew_meet(&crew);
	return err ? fail(board, &board->seats[0], err) : 0;
}

/* They do nothing but be there. */
static int open_idle(struct relay *relay)
{
	struct relay_board *board = relay->board;

	while (board->nr + relay->nr_idle < board->options->attached) {
		char name[16];
		struct splitvif_config config = { .name = name };

		snprintf(name, sizeof(name), "idle%u", relay->nr_idle);
		relay->idle[relay->nr_idle] =
			splitvif_open(&config, board->error, sizeof(board->error));
		if (!relay->idle[relay->nr_idle])
			return -errno;
		relay->nr_idle++;
	}
	return 0;
}

int relay_open(struct relay *relay, const struct options *options, uint16_t mtu, const int cpus[2],
	       char error[RELAY_TEXT_BYTES])
{
	int err;

	*relay = (struct relay){ .cpu = cpus[0], .yield = cpus[0] == cpus[1] };
	relay->board = mmap(NULL, sizeof(*relay->board), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (relay->board == MAP_FAILED) {
		snprintf(error, RELAY_TEXT_BYTES, "out of memory; free some");
		return -ENOMEM;
	}
	relay->board->options = options;
	relay->board->nr = options->vms ? options->vms : 2;
	err = open_idle(relay);
	if (!err)
		err = options->separate ? open_apart(relay, mtu) : open_together(relay, mtu);
	if (!err)
		return 0;
	snprintf(error, RELAY_TEXT_BYTES, "%s",
		 relay->board->error[0] ? relay->board->error : "a VM's process ended");
	relay_close(relay);
	return err;
}

static void close_apart(struct relay *relay)
{
	/* Who is in the middle of a run does not look up before its end. */
	bool midway = !relay_crew_all_finished(relay->board);
	int64_t deadline = host_now_ns() + (midway ? 0 : STALL_MS * MS);

	store_release(&relay->board->plan.run, RUN_LAST);
	for (unsigned int i = 0; i < relay->board->nr; i++) {
		while (relay->children[i] > 0 && !waitpid(relay->children[i], NULL, WNOHANG)) {
			if (host_now_ns() > deadline)
				kill(relay->children[i], SIGKILL);
			usleep(1000);
		}
	}
}

void relay_close(struct relay *relay)
{
	if (relay->board->options->separate)
		close_apart(relay);
	for (unsigned int i = 0; relay->vms && i < relay->board->nr; i++)
		if (relay->vms[i].vif)
			relay_vm_close(&relay->vms[i]);
	free(relay->vms);
	while (relay->nr_idle)
		splitvif_close(relay->idle[--relay->nr_idle]);
	munmap(relay->board, sizeof(*relay->board));
}

static int wait_apart(struct relay *relay)
{
	int err = 0;

	while (!err && !relay_crew_all_finished(relay->board)) {
		usleep(1000);
		err = failure(relay);
	}
	return err;
}

/* What got through of each who sends. */
static void look_up_shares(const struct relay *relay, double *shares)
{
	const struct relay_board *board = relay->board;

	for (unsigned int from = 0; from < board->nr; from++) {
		shares[from] = 0;
		for (unsigned int to = 0; to < board->nr; to++)
			shares[from] += (double)counter_read(&board->seats[to].got_from[from]);
	}
}

static void sum_up(const struct relay *relay, const double *before, struct relay_result *result)
{
	const struct relay_board *board = relay->board;
	unsigned int senders = board->options->vms ? board->nr : 1;
	double shares[RELAY_VMS_MAX];

	look_up_shares(relay, shares);
	for (unsigned int i = 0; i < senders; i++)
		shares[i] -= before[i];
	result->jain = statistics_jain(shares, senders);
	result->received = 0;
	for (unsigned int i = 0; i < board->nr; i++)
		result->received += counter_read(&board->seats[i].in_time);
	result->ns = (board->plan.count ? relay_crew_last_move(board) : board->plan.end_ns) -
		     board->plan.start_ns;
}

int relay_run(struct relay *relay, double seconds, uint64_t count, uint32_t size,
	      enum relay_depth depth, struct relay_result *result)
{
	struct relay_board *board = relay->board;
	struct relay_crew crew = our_crew(relay);
	double before[RELAY_VMS_MAX];
	uint32_t run = board->plan.run;
	int err;

	look_up_shares(relay, before);
	board->plan.size = size;
	board->plan.depth = depth;
	board->plan.count = count;
	board->plan.start_ns = host_now_ns() + (relay->vms ? 0 : START_MS * MS);
	board->plan.end_ns = board->plan.start_ns + (int64_t)(seconds * 1e9);
	store_release(&board->plan.run, run + 1);
	err = relay->vms ? relay_crew_run(&crew) : wait_apart(relay);
	if (!err)
		sum_up(relay, before, result);
	return err;
}

void relay_sum(const struct relay *relay, uint64_t counts[RELAY_COUNTS])
{
	memset(counts, 0, RELAY_COUNTS * sizeof(*counts));
	for (unsigned int i = 0; i < relay->board->nr; i++)
		for (unsigned int what = 0; what < RELAY_COUNTS; what++)
			counts[what] += counter_read(&relay->board->seats[i].counts[what]);
}

void relay_sum_queues(const struct relay *relay, uint64_t queues[SPLITVIF_QUEUES_MAX])
{
	memset(queues, 0, SPLITVIF_QUEUES_MAX * sizeof(*queues));
	for (unsigned int i = 0; i < relay->board->nr; i++)
		for (unsigned int queue = 0; queue < SPLITVIF_QUEUES_MAX; queue++)
			queues[queue] += counter_read(&relay->board->seats[i].got_on[queue]);
}
