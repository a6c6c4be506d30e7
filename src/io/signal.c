#include "io/signal.h"

#include <errno.h>
#include <linux/aio_abi.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/*
 * The requests read nothing from an empty private memfd: they complete inside
 * io_submit(2), and their completion signals the eventfd as the kernel signals
 * it, which never waits. Completions themselves are of no interest. They are
 * thrown away by moving the head of the ring that the kernel maps for us,
 * which saves io_getevents(2) on every flush.
 */

/* The kernel rounds the ring up to at least twice this, so that a full batch
 * fits; asking for less leaves more of fs.aio-max-nr to other processes. */
enum { CONTEXT_EVENTS = SIGNALLER_MAX / 2 };

/* fs/aio.c; part of the ABI since libaio reads it. */
enum { AIO_RING_MAGIC = 0xa10a10a1 };

struct aio_ring {
	uint32_t id;
	uint32_t nr;
	uint32_t head;
	uint32_t tail;
	uint32_t magic;
	uint32_t compat_features;
	uint32_t incompat_features;
	uint32_t header_length;
};

int signaller_init(struct signaller *signaller)
{
	int err;

	signaller->queued = 0;
	signaller->context = 0;
	signaller->fd = memfd_create("splitvif-signal", MFD_CLOEXEC);
	if (signaller->fd < 0)
		return -errno;
	if (syscall(SYS_io_setup, CONTEXT_EVENTS, &signaller->context) < 0) {
		err = -errno;
		close(signaller->fd);
		return err;
	}
	return 0;
}

void signaller_fini(struct signaller *signaller)
{
	syscall(SYS_io_destroy, signaller->context);
	close(signaller->fd);
}

static void drain_by_syscall(struct signaller *signaller)
{
	struct io_event events[SIGNALLER_MAX];
	struct timespec at_once = { 0 };

	while (syscall(SYS_io_getevents, signaller->context, 0, SIGNALLER_MAX, events, &at_once) ==
	       SIGNALLER_MAX)
		;
}

/* Every request was complete when io_submit(2) returned to this very thread,
 * so the ring's indices need no ordering against anyone. */
static void drop_completions(struct signaller *signaller)
{
	volatile struct aio_ring *ring = (volatile struct aio_ring *)signaller->context;

	if (ring->magic == AIO_RING_MAGIC && !ring->incompat_features)
		ring->head = ring->tail;
	else
		drain_by_syscall(signaller);
}

void signaller_add(struct signaller *signaller, int eventfd)
{
	for (unsigned int i = 0; i < signaller->queued; i++)
		if (signaller->fds[i] == eventfd)
			return;
	if (signaller->queued == SIGNALLER_MAX)
		signaller_flush(signaller);
	signaller->fds[signaller->queued++] = eventfd;
}

static void prepare(const struct signaller *signaller, struct iocb *requests, struct iocb **list)
{
	for (unsigned int i = 0; i < signaller->queued; i++) {
		requests[i] = (struct iocb){
			.aio_lio_opcode = IOCB_CMD_PREAD,
			.aio_fildes = (uint32_t)signaller->fd,
			.aio_flags = IOCB_FLAG_RESFD,
			.aio_resfd = (uint32_t)signaller->fds[i],
		};
		list[i] = &requests[i];
	}
}

void signaller_flush(struct signaller *signaller)
{
	struct iocb requests[SIGNALLER_MAX];
	struct iocb *list[SIGNALLER_MAX];
	unsigned int done = 0;
	bool retried = false;

	prepare(signaller, requests, list);
	while (done < signaller->queued) {
		long n = syscall(SYS_io_submit, signaller->context, signaller->queued - done,
				 list + done);
		if (n > 0)
			drop_completions(signaller);
		/* io_submit stops at the first request that it refuses, here
		 * one whose eventfd is none: the others still have to go. */
		if (n > 0)
			done += (unsigned int)n;
		else if (errno == EAGAIN && !retried)
			drop_completions(signaller);
		else
			done++;
		retried = n < 0 && errno == EAGAIN && !retried;
	}
	signaller->queued = 0;
}
