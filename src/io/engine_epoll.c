#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "io/engine_ops.h"
#include "io/transfer.h"

/*
 * Sources are registered once, edge-triggered; arming is a flag of ours. An
 * edge that comes while its source is not armed is remembered and reported as
 * soon as it is armed, since no second edge need follow.
 */

enum { EVENTS_MAX = 64 };

struct engine_epoll {
	struct engine base;
	int fd;
};

static struct engine_epoll *self(struct engine *engine)
{
	return (struct engine_epoll *)engine;
}

static void epoll_destroy(struct engine *engine)
{
	close(self(engine)->fd);
	free(engine);
}

static int epoll_add(struct engine *engine, struct engine_source *source)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET, .data.ptr = source };

	return epoll_ctl(self(engine)->fd, EPOLL_CTL_ADD, source->fd, &event) ? -errno : 0;
}

static void epoll_remove(struct engine *engine, struct engine_source *source)
{
	epoll_ctl(self(engine)->fd, EPOLL_CTL_DEL, source->fd, NULL);
}

static bool epoll_arm(struct engine *engine, struct engine_source *source)
{
	bool came = source->ready;

	source->ready = false;
	return !came;
}

static int epoll_wait_for(struct engine *engine, struct engine_source **ready, unsigned int max,
			  int64_t timeout_ns)
{
	struct epoll_event events[EVENTS_MAX];
	struct timespec timeout = { timeout_ns / 1000000000, timeout_ns % 1000000000 };
	int n = epoll_pwait2(self(engine)->fd, events, max < EVENTS_MAX ? (int)max : EVENTS_MAX,
			     timeout_ns < 0 ? NULL : &timeout, NULL);
	int reports = 0;

	if (n < 0)
		return -errno;
	for (int i = 0; i < n; i++) {
		struct engine_source *source = events[i].data.ptr;

		source->ready = !source->armed;
		if (source->armed)
			ready[reports++] = source;
		source->armed = false;
	}
	return reports;
}

static unsigned int epoll_read(struct engine *engine, int fd, struct engine_io *list,
			       unsigned int n)
{
	return transfer_read(fd, list, n);
}

static unsigned int epoll_write(struct engine *engine, int fd, struct engine_io *list,
				unsigned int n)
{
	return transfer_write(fd, list, n);
}

static const struct engine_ops epoll_ops = {
	.name = "epoll",
	.destroy = epoll_destroy,
	.add = epoll_add,
	.remove = epoll_remove,
	.arm = epoll_arm,
	.wait = epoll_wait_for,
	.read = epoll_read,
	.write = epoll_write,
};

int engine_epoll_create(struct engine **engine, const char **why)
{
	struct engine_epoll *epoll = calloc(1, sizeof(*epoll));

	*why = "no memory";
	if (!epoll)
		return -ENOMEM;
	epoll->base.ops = &epoll_ops;
	epoll->fd = epoll_create1(EPOLL_CLOEXEC);
	if (epoll->fd < 0) {
		int err = -errno;

		*why = "epoll_create1";
		free(epoll);
		return err;
	}
	*engine = &epoll->base;
	return 0;
}
