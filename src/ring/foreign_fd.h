/*
 * Letting go of a descriptor that a stranger sent.
 *
 * It may be anything, and close() may wait for the stranger: a socket with
 * SO_LINGER set does, and a file on a FUSE mount of his (its flush is a question
 * to his server). Memfds and sockets are told by calls that ask no file system;
 * everything else is closed by a thread of its own, which may wait as it likes.
 */
#ifndef RING_FOREIGN_FD_H
#define RING_FOREIGN_FD_H

void foreign_fd_close(int fd); /* negative: nothing */

#endif
