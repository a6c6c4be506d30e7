#include "io/transfer.h"

#include <errno.h>

/* Results that the first failure decides too. */
static void give_up(struct engine_io *list, unsigned int n, int result)
{
	for (unsigned int i = 0; i < n; i++)
		list[i].result = result;
}

unsigned int transfer_read(int fd, struct engine_io *list, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		ssize_t got = readv(fd, list[i].iov, (int)list[i].iovcnt);

		if (got < 0) {
			give_up(list + i, n - i, -errno);
			return i;
		}
		list[i].result = (int)got;
	}
	return n;
}

unsigned int transfer_write(int fd, struct engine_io *list, unsigned int n)
{
	unsigned int done = 0;

	for (unsigned int i = 0; i < n; i++) {
		ssize_t put = writev(fd, list[i].iov, (int)list[i].iovcnt);

		list[i].result = put < 0 ? -errno : (int)put;
		done += put >= 0;
		if (put < 0 && errno == EAGAIN) {
			give_up(list + i, n - i, -EAGAIN);
			break;
		}
	}
	return done;
}
