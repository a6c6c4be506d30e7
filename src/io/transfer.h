/*
 * Batches of transfers, one system call each. What the epoll engine does, and
 * what the uring engine falls back to.
 */
#ifndef IO_TRANSFER_H
#define IO_TRANSFER_H

#include "io/engine.h"

/* As engine_read() and engine_write(). */
unsigned int transfer_read(int fd, struct engine_io *list, unsigned int n);
unsigned int transfer_write(int fd, struct engine_io *list, unsigned int n);

#endif
