#include <errno.h>
#include <limits.h>
#include <liburing.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "io/engine_ops.h"
#include "io/transfer.h"

/*
 * Two rings, so that completions never mix: `waits` carries one-shot poll
 * requests, queued by engine_arm and submitted by the next engine_wait;
 * `transfers` carries one batch of reads or writes at a time, submitted and
 * completed in one io_uring_enter(2).
 *
 * A completion names a slot and its generation, never a source: when it comes
 * late, after engine_remove, the slot has moved on and the source may be gone.
 */

enum {
	WAIT_ENTRIES = 256,
	BATCH_ENTRIES = 64,
	READ_GROWTH = 4,
	NOT_DONE = INT_MIN, /* no errno, no length */
};

struct slot {
	struct engine_source *source; /* NULL: free */
	uint32_t generation;
	uint32_t next_free;
};

struct engine_uring {
	struct engine base;
	struct io_uring waits;
	struct io_uring transfers;
	bool transfers_broken;
	struct slot *slots;
	uint32_t nr_slots;
	uint32_t free_slot; /* nr_slots: none */
};

static struct engine_uring *self(struct engine *engine)
{
	return (struct engine_uring *)engine;
}

static void uring_destroy(struct engine *engine)
{
	struct engine_uring *uring = self(engine);

	if (!uring->transfers_broken)
		io_uring_queue_exit(&uring->transfers);
	io_uring_queue_exit(&uring->waits);
	free(uring->slots);
	free(uring);
}

static int grow_slots(struct engine_uring *uring)
{
	uint32_t nr = uring->nr_slots ? uring->nr_slots * 2 : 16;
	struct slot *slots = realloc(uring->slots, nr * sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	for (uint32_t i = uring->nr_slots; i < nr; i++)
		slots[i] = (struct slot){ .next_free = i + 1 };
	uring->slots = slots;
	uring->nr_slots = nr;
	return 0;
}

static int uring_add(struct engine *engine, struct engine_source *source)
{
	struct engine_uring *uring = self(engine);
	struct slot *slot;

	if (uring->free_slot == uring->nr_slots && grow_slots(uring))
		return -ENOMEM;
	source->slot = uring->free_slot;
	slot = &uring->slots[source->slot];
	uring->free_slot = slot->next_free;
	slot->source = source;
	return 0;
}

static uint64_t request_name(const struct engine_uring *uring, const struct engine_source *source)
{
	return (uint64_t)uring->slots[source->slot].generation << 32 | source->slot;
}

/* The poll request holds a reference to the file, so it has to be gone when
 * the caller closes his descriptor: a TAP would stay busy. */
static void cancel_poll(struct io_uring *ring, uint64_t name)
{
	struct io_uring_sync_cancel_reg cancel = {
		.addr = name,
		.fd = -1,
		.timeout = { -1, -1 },
	};

	io_uring_submit(ring);
	io_uring_register_sync_cancel(ring, &cancel);
}

static void uring_remove(struct engine *engine, struct engine_source *source)
{
	struct engine_uring *uring = self(engine);
	struct slot *slot = &uring->slots[source->slot];

	if (source->armed)
		cancel_poll(&uring->waits, request_name(uring, source));
	slot->source = NULL;
	slot->generation++;
	slot->next_free = uring->free_slot;
	uring->free_slot = source->slot;
}

static bool uring_arm(struct engine *engine, struct engine_source *source)
{
	struct engine_uring *uring = self(engine);
	struct io_uring_sqe *sqe = io_uring_get_sqe(&uring->waits);

	if (!sqe) {
		io_uring_submit(&uring->waits);
		sqe = io_uring_get_sqe(&uring->waits);
	}
	if (!sqe)
		return false; /* the kernel is short of memory: let the caller look */
	io_uring_prep_poll_add(sqe, source->fd, POLLIN);
	io_uring_sqe_set_data64(sqe, request_name(uring, source));
	return true;
}

static struct engine_source *completed_source(const struct engine_uring *uring,
					      const struct io_uring_cqe *cqe)
{
	uint32_t slot = (uint32_t)cqe->user_data;
	uint32_t generation = (uint32_t)(cqe->user_data >> 32);

	return uring->slots[slot].generation == generation ? uring->slots[slot].source : NULL;
}

static int reap_polls(struct engine_uring *uring, struct engine_source **ready, unsigned int max)
{
	struct io_uring_cqe *cqe;
	unsigned int n = 0;

	while (n < max && io_uring_peek_cqe(&uring->waits, &cqe) == 0) {
		struct engine_source *source = completed_source(uring, cqe);

		io_uring_cqe_seen(&uring->waits, cqe);
		if (!source)
			continue;
		source->armed = false;
		ready[n++] = source;
	}
	return (int)n;
}

/* Submits what is queued; sleeps only if nothing has completed. */
static int submit_and_sleep(struct io_uring *ring, int64_t timeout_ns)
{
	struct __kernel_timespec timeout = { timeout_ns / 1000000000, timeout_ns % 1000000000 };
	struct io_uring_cqe *cqe;

	if (timeout_ns == 0 || io_uring_cq_ready(ring))
		return io_uring_sq_ready(ring) ? io_uring_submit(ring) : 0;
	if (timeout_ns < 0)
		return io_uring_submit_and_wait(ring, 1);
	return io_uring_submit_and_wait_timeout(ring, &cqe, 1, &timeout, NULL);
}

static bool is_passing(int err)
{
	return err == -ETIME || err == -EINTR || err == -EAGAIN || err == -EBUSY;
}

static int uring_wait(struct engine *engine, struct engine_source **ready, unsigned int max,
		      int64_t timeout_ns)
{
	struct engine_uring *uring = self(engine);
	int err = submit_and_sleep(&uring->waits, timeout_ns);

	if (err < 0 && !is_passing(err))
		return err;
	return reap_polls(uring, ready, max);
}

/* RWF_NOWAIT, because io_uring honours O_NONBLOCK only where it could not wait
 * by itself: on a dry TAP or socket it would keep the request. */
static void queue_transfers(struct io_uring *ring, int fd, struct engine_io *list, unsigned int n,
			    bool write)
{
	for (unsigned int i = 0; i < n; i++) {
		struct io_uring_sqe *sqe = io_uring_get_sqe(ring); /* n <= BATCH_ENTRIES */

		if (write)
			io_uring_prep_writev(sqe, fd, list[i].iov, list[i].iovcnt, -1);
		else
			io_uring_prep_readv(sqe, fd, list[i].iov, list[i].iovcnt, -1);
		sqe->rw_flags = RWF_NOWAIT;
		io_uring_sqe_set_data64(sqe, i);
		list[i].result = NOT_DONE;
	}
}

static unsigned int reap_transfers(struct io_uring *ring, struct engine_io *list)
{
	struct io_uring_cqe *cqe;
	unsigned int head;
	unsigned int n = 0;

	io_uring_for_each_cqe(ring, head, cqe) {
		list[cqe->user_data].result = cqe->res;
		n++;
	}
	io_uring_cq_advance(ring, n);
	return n;
}

static unsigned int transfer_plainly(int fd, struct engine_io *io, bool write)
{
	return write ? transfer_write(fd, io, 1) : transfer_read(fd, io, 1);
}

/* A ring that would not take its requests cannot be trusted to be empty, and
 * they point into the caller's memory: it goes, plain calls take its place. */
static void give_up_ring(struct engine_uring *uring)
{
	io_uring_queue_exit(&uring->transfers);
	uring->transfers_broken = true;
}

/* One batch: at most BATCH_ENTRIES, one system call. How many succeeded. */
static unsigned int transfer_batch(struct engine_uring *uring, int fd, struct engine_io *list,
				   unsigned int n, bool write)
{
	unsigned int reaped = 0;
	unsigned int succeeded = 0;

	queue_transfers(&uring->transfers, fd, list, n, write);
	while (reaped < n) {
		int err = io_uring_submit_and_wait(&uring->transfers, n - reaped);

		if (err >= 0 || err == -EINTR) {
			reaped += reap_transfers(&uring->transfers, list);
		} else {
			give_up_ring(uring);
			break;
		}
	}
	for (unsigned int i = 0; i < n; i++) {
		/* Older kernels know no RWF_NOWAIT on some files, sockets among them. */
		if (list[i].result == NOT_DONE || list[i].result == -EOPNOTSUPP)
			succeeded += transfer_plainly(fd, &list[i], write);
		else
			succeeded += list[i].result >= 0;
	}
	return succeeded;
}

static unsigned int smaller(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

/* One first, then four times as many while all succeed. A failing request
 * costs nearly as much as a good one, and every burst ends with a dry read: to
 * try as many as came last time is dearer than the few calls that it saves. */
static unsigned int uring_read(struct engine *engine, int fd, struct engine_io *list,
			       unsigned int n)
{
	struct engine_uring *uring = self(engine);
	unsigned int batch = 1;
	unsigned int tried = 0;
	unsigned int got = 0;

	while (tried < n && got == tried && !uring->transfers_broken) {
		batch = smaller(batch, smaller(n - tried, BATCH_ENTRIES));
		got += transfer_batch(uring, fd, list + tried, batch, false);
		tried += batch;
		batch *= READ_GROWTH;
	}
	if (uring->transfers_broken && got == tried)
		return got + transfer_read(fd, list + tried, n - tried);
	for (; tried < n; tried++)
		list[tried].result = -EAGAIN;
	return got;
}

static unsigned int uring_write(struct engine *engine, int fd, struct engine_io *list,
				unsigned int n)
{
	struct engine_uring *uring = self(engine);
	unsigned int done = 0;
	unsigned int batch;

	for (; n && !uring->transfers_broken; list += batch, n -= batch) {
		batch = smaller(n, BATCH_ENTRIES);
		done += transfer_batch(uring, fd, list, batch, true);
	}
	return done + transfer_write(fd, list, n);
}

static const struct engine_ops uring_ops = {
	.name = "uring",
	.destroy = uring_destroy,
	.add = uring_add,
	.remove = uring_remove,
	.arm = uring_arm,
	.wait = uring_wait,
	.read = uring_read,
	.write = uring_write,
};

/* One completion with that name and a result of that sign. */
static bool expect(struct io_uring *ring, uint64_t name, bool success)
{
	struct io_uring_cqe *cqe;
	bool as_expected;

	if (io_uring_wait_cqe(ring, &cqe))
		return false;
	as_expected = cqe->user_data == name && (cqe->res >= 0) == success;
	io_uring_cqe_seen(ring, cqe);
	return as_expected;
}

/* A request that completes at once, a poll that waits, and its cancellation:
 * what the engine lives on, done rather than asked for. */
static int probe(struct io_uring *ring, int eventfd)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(ring);

	io_uring_prep_nop(sqe);
	io_uring_sqe_set_data64(sqe, 1);
	sqe = io_uring_get_sqe(ring);
	io_uring_prep_poll_add(sqe, eventfd, POLLIN);
	io_uring_sqe_set_data64(sqe, 2);
	if (io_uring_submit(ring) != 2 || !expect(ring, 1, true))
		return -EOPNOTSUPP;
	if (io_uring_cq_ready(ring))
		return -EOPNOTSUPP;
	cancel_poll(ring, 2);
	if (!io_uring_cq_ready(ring) && !(IO_URING_READ_ONCE(*ring->sq.kflags) & IORING_SQ_TASKRUN))
		return -EOPNOTSUPP;
	return expect(ring, 2, false) ? 0 : -EOPNOTSUPP;
}

static int probe_ring(struct io_uring *ring)
{
	int eventfd_of_probe = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	int err;

	if (!(ring->features & IORING_FEAT_EXT_ARG))
		return -EOPNOTSUPP;
	if (eventfd_of_probe < 0)
		return -errno;
	err = probe(ring, eventfd_of_probe);
	close(eventfd_of_probe);
	return err;
}

/* Completions wait for the thread's next system call instead of interrupting
 * it; the flag in the ring tells io_uring_peek_cqe() when one is due. */
static int open_rings(struct engine_uring *uring, const char **why)
{
	int err = io_uring_queue_init(WAIT_ENTRIES, &uring->waits,
				      IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG);

	*why = "io_uring_setup";
	if (err)
		return err;
	err = io_uring_queue_init(BATCH_ENTRIES, &uring->transfers,
				  IORING_SETUP_COOP_TASKRUN | IORING_SETUP_SUBMIT_ALL);
	if (err)
		goto exit_waits;
	*why = "probe";
	err = probe_ring(&uring->waits);
	if (err)
		goto exit_transfers;
	return 0;

exit_transfers:
	io_uring_queue_exit(&uring->transfers);
exit_waits:
	io_uring_queue_exit(&uring->waits);
	return err;
}

int engine_uring_create(struct engine **engine, const char **why)
{
	struct engine_uring *uring = calloc(1, sizeof(*uring));
	int err;

	*why = "no memory";
	if (!uring)
		return -ENOMEM;
	err = open_rings(uring, why);
	if (err) {
		free(uring);
		return err;
	}
	uring->base.ops = &uring_ops;
	*engine = &uring->base;
	return 0;
}
