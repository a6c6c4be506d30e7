/*
 * How a data-plane thread waits, and how it moves frames through a TAP.
 *
 * Two implementations behind one interface: `uring` (poll requests, and whole
 * batches of reads or writes in one system call) and `epoll` (readv/writev one
 * by one), chosen at start by a probe, since containers often forbid io_uring.
 *
 * Readiness is asked for one report at a time: engine_arm() after the source
 * was drained, one report from engine_wait(), no more until armed again. So a
 * source that is being polled costs nothing, and a late event is not lost: if
 * data came between draining and arming, the next wait reports it.
 *
 * One engine per thread, used by that thread only.
 */
#ifndef IO_ENGINE_H
#define IO_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

enum engine_kind { ENGINE_AUTO, ENGINE_URING, ENGINE_EPOLL };

struct engine;

/* One descriptor of interest, owned by the caller, at a fixed address while
 * added. The engine never reads or closes fd; remove it before closing fd. */
struct engine_source {
	int fd;
	void *owner;	 /* the caller's */
	bool armed;	 /* below: the engine's */
	bool added;
	bool ready; /* its event came while it was not armed */
	uint32_t slot;
	struct engine_source *next_due;
};

/* One vectored transfer of one frame. */
struct engine_io {
	struct iovec *iov;
	unsigned int iovcnt;
	int result; /* out: bytes, or -errno */
};

/* AUTO takes uring if the probe succeeds. `note` gets one line for the log:
 * which engine and why. 0 or -errno (-ENOSYS: forced uring not available). */
int engine_create(struct engine **engine, enum engine_kind kind, char *note, size_t note_size);
void engine_destroy(struct engine *engine);
const char *engine_name(const struct engine *engine);
/* AUTO, URING, EPOLL by name; -EINVAL. */
int engine_kind_parse(const char *name, enum engine_kind *kind);

/* Fills in the source. 0 or -errno (-EEXIST, -EPERM: nothing one can wait for). */
int engine_add(struct engine *engine, struct engine_source *source, int fd, void *owner);
/* After this no report of the source is given any more, and the engine holds
 * no reference to its file. Reports that engine_wait() has already returned
 * are the caller's: `added` tells him. */
void engine_remove(struct engine *engine, struct engine_source *source);

/* Asks for one report of readability. Call it only when the source was drained
 * (EAGAIN seen, or the eventfd taken) since its last report. No system call of
 * its own where the kernel allows. */
void engine_arm(struct engine *engine, struct engine_source *source);

/* Waits up to timeout_ns (-1 for ever, 0 not at all) for reports. How many, or
 * -errno; -EINTR is reported as 0, and 0 may come early for other reasons too.
 * Error and hang-up conditions count as readable. A report is a hint: where the
 * event came while the source was not armed, its data may be gone already. */
int engine_wait(struct engine *engine, struct engine_source **ready, unsigned int max,
		int64_t timeout_ns);

/* Up to n frames, in order, one transfer each, from or to a descriptor that
 * must be non-blocking. Each result stands on its own: bytes, or -errno
 * (-EAGAIN: dry or full, perhaps without having tried). A failure may stand
 * between successes. Returns how many succeeded. */
unsigned int engine_read(struct engine *engine, int fd, struct engine_io *list, unsigned int n);
unsigned int engine_write(struct engine *engine, int fd, struct engine_io *list, unsigned int n);

#endif
