#include "bench/ceiling.h"

#include <errno.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/host.h"

enum { STALL_MS = 5000 };

/* Shared with the switch. */
struct ceiling_control {
	sem_t start, parked;
	uint32_t serves; /* or is to park */
	uint32_t ends;
};

static const uint8_t gen_mac[6] = { 2, 0, 0, 0, 0, 1 }, sink_mac[6] = { 2, 0, 0, 0, 0, 2 };

static int serve(struct ceiling *ceiling, struct bare_switch *bare)
{
	struct ceiling_control *control = ceiling->control;

	for (;;) {
		while (sem_wait(&control->start))
			;
		if (load_acquire(&control->ends))
			return 0;
		while (load_acquire(&control->serves)) {
			int n = bare_switch_turn(bare);

			if (n < 0 || bare->refused)
				return EPROTO;
			if (!n && ceiling->yield)
				sched_yield();
		}
		sem_post(&control->parked);
	}
}

static _Noreturn void be_switch(struct ceiling *ceiling, int cpu, pid_t parent)
{
	static struct bare_switch bare;
	int err;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0);
	signal(SIGINT, SIG_IGN); /* the terminal's goes to both: the parent ends us */
	host_pin(cpu);
	err = bare_switch_open(&bare, &ceiling->gen, &ceiling->sink, sink_mac);
	_exit(err ? -err & 0xff : serve(ceiling, &bare));
}

static int fork_switch(struct ceiling *ceiling, int cpu)
{
	pid_t parent = getpid();

	sem_init(&ceiling->control->start, 1, 0);
	sem_init(&ceiling->control->parked, 1, 0);
	ceiling->child = fork();
	if (!ceiling->child)
		be_switch(ceiling, cpu, parent);
	return ceiling->child < 0 ? -errno : 0;
}

int ceiling_open(struct ceiling *ceiling, const int cpus[2])
{
	int err;

	ceiling->yield = cpus[0] == cpus[1];
	ceiling->control = mmap(NULL, sizeof(*ceiling->control), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (ceiling->control == MAP_FAILED)
		return -errno;
	err = bare_guest_create(&ceiling->gen);
	if (err)
		goto unmap;
	err = bare_guest_create(&ceiling->sink);
	if (err)
		goto destroy_gen;
	err = fork_switch(ceiling, cpus[1]);
	if (!err)
		return 0;
	bare_guest_destroy(&ceiling->sink);
destroy_gen:
	bare_guest_destroy(&ceiling->gen);
unmap:
	munmap(ceiling->control, sizeof(*ceiling->control));
	return err;
}

void ceiling_close(struct ceiling *ceiling)
{
	store_release(&ceiling->control->ends, 1);
	sem_post(&ceiling->control->start);
	kill(ceiling->child, SIGKILL); /* it has nothing to put away */
	waitpid(ceiling->child, NULL, 0);
	bare_guest_destroy(&ceiling->sink);
	bare_guest_destroy(&ceiling->gen);
	munmap(ceiling->control, sizeof(*ceiling->control));
}

/* Whole batches, as far as the sink has buffers. */
static void give(struct ceiling *ceiling, const struct relay_stream *stream, enum relay_depth depth)
{
	uint32_t slots = bare_guest_slots(stream->size), credit = BARE_CREDIT / slots;
	uint32_t batch = credit / 3 < BARE_BATCH ? (credit + 2) / 3 : BARE_BATCH;
	uint64_t under_way = ceiling->gen.sent - ceiling->sink.received;

	if (under_way + batch <= credit && bare_guest_room(&ceiling->gen) >= batch * slots)
		bare_guest_send(&ceiling->gen, stream, depth, batch);
}

static int take(struct ceiling *ceiling, uint32_t size, enum relay_depth depth)
{
	int n = bare_guest_receive(&ceiling->sink, size, depth, BARE_BATCH);

	if (!n && ceiling->yield)
		sched_yield();
	return n;
}

/* Until the end, or until nothing is under way. */
static int go_on(struct ceiling *ceiling, const struct relay_stream *stream, enum relay_depth depth,
		 int64_t end)
{
	int64_t now = host_now_ns(), moved = now;

	while (end ? now < end : ceiling->gen.sent != ceiling->sink.received) {
		int n = take(ceiling, stream->size, depth);

		if (n < 0)
			return n;
		if (end)
			give(ceiling, stream, depth);
		now = host_now_ns();
		if (n)
			moved = now;
		else if (now - moved > STALL_MS * INT64_C(1000000))
			return -ETIMEDOUT;
	}
	return 0;
}

int ceiling_run(struct ceiling *ceiling, double seconds, uint32_t size, enum relay_depth depth,
		uint64_t *frames, int64_t *ns)
{
	struct relay_stream stream;
	uint64_t before = ceiling->sink.received;
	int64_t start;
	int err;

	relay_stream_init(&stream, size, sink_mac, gen_mac, RELAY_ETHERTYPE);
	store_release(&ceiling->control->serves, 1);
	sem_post(&ceiling->control->start);
	start = host_now_ns();
	err = go_on(ceiling, &stream, depth, start + (int64_t)(seconds * 1e9));
	*ns = host_now_ns() - start;
	*frames = ceiling->sink.received - before;
	if (!err)
		err = go_on(ceiling, &stream, depth, 0);
	if (waitpid(ceiling->child, NULL, WNOHANG))
		return -ECHILD;
	store_release(&ceiling->control->serves, 0);
	while (!err && sem_wait(&ceiling->control->parked))
		;
	return err;
}
