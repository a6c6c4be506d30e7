/*
 * Letting go of a descriptor that a stranger sent.
 *
 * It may be anything. A socket with SO_LINGER set makes close() wait for its
 * peer, which may be the stranger too: so lingering is switched off first.
 */
#ifndef RING_FOREIGN_FD_H
#define RING_FOREIGN_FD_H

#include <sys/socket.h>
#include <unistd.h>

static inline void foreign_fd_close(int fd)
{
	struct linger none = { .l_onoff = 1, .l_linger = 0 };

	if (fd < 0)
		return;
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none)); /* ENOTSOCK is fine */
	close(fd);
}

#endif
