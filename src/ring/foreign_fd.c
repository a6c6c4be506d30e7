#include "ring/foreign_fd.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

static void *close_apart(void *fd)
{
	close((int)(intptr_t)fd);
	return NULL;
}

/* Neither call reaches a file system. Lingering is switched off on the way. */
static bool closes_at_once(int fd)
{
	struct linger none = { .l_onoff = 1, .l_linger = 0 };

	return fcntl(fd, F_GET_SEALS) >= 0 ||
	       !setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
}

/* Without a thread it stays open: better than a daemon that waits for ever. */
void foreign_fd_close(int fd)
{
	pthread_attr_t apart;
	pthread_t thread;

	if (fd < 0)
		return;
	if (closes_at_once(fd)) {
		close(fd);
		return;
	}
	pthread_attr_init(&apart);
	pthread_attr_setdetachstate(&apart, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&apart, 64 << 10);
	pthread_create(&thread, &apart, close_apart, (void *)(intptr_t)fd);
	pthread_attr_destroy(&apart);
}
