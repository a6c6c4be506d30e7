/*
 * Signalling eventfds without ever blocking on one.
 *
 * A peer that shares an eventfd may fill it and clear O_NONBLOCK at the worst
 * moment, so a write of ours could block for good; even a write through
 * io_uring can. So the kernel itself signals: an asynchronous I/O request that
 * completes at once, with the eventfd as its IOCB_FLAG_RESFD. All signals
 * queued since the last flush go out in one io_submit(2).
 *
 * One signaller per thread.
 */
#ifndef IO_SIGNAL_H
#define IO_SIGNAL_H

enum { SIGNALLER_MAX = 128 };

struct signaller {
	unsigned long context; /* aio_context_t */
	int fd;		       /* what the requests read: always ready */
	unsigned int queued;
	int fds[SIGNALLER_MAX];
};

/* 0 or -errno. */
int signaller_init(struct signaller *signaller);
void signaller_fini(struct signaller *signaller);

/* Queues one signal; the same eventfd twice in a batch is sent once. Flushes
 * by itself when full. */
void signaller_add(struct signaller *signaller, int eventfd);

/* Sends what is queued: one system call, none if nothing is. */
void signaller_flush(struct signaller *signaller);

#endif
