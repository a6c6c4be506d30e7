#include "frontend/guest_loop.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

enum { LOOK_ROUNDS = 64 };

int64_t guest_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

void guest_loop_init(struct guest_loop *loop, struct splitvif *vif, int signal_fd, double duration)
{
	*loop = (struct guest_loop){ .vif = vif,
				     .signal_fd = signal_fd,
				     .start_ns = guest_now_ns() };
	if (duration > 0)
		loop->end_ns = loop->start_ns + (int64_t)(duration * 1e9);
}

/* Any signal of the set means: finish. It is taken, so that what is still to be
 * waited for can be, until the next one. */
static void look(struct guest_loop *loop, int64_t timeout_ns)
{
	struct timespec timeout = { timeout_ns / 1000000000, timeout_ns % 1000000000 };
	struct signalfd_siginfo info;
	struct pollfd ready[] = { { .fd = splitvif_fd(loop->vif), .events = POLLIN },
				  { .fd = loop->signal_fd, .events = POLLIN } };

	ppoll(ready, 2, timeout_ns < 0 ? NULL : &timeout, NULL);
	if (ready[0].revents)
		splitvif_process(loop->vif);
	if (ready[1].revents && read(loop->signal_fd, &info, sizeof(info)) > 0)
		loop->stopped = true;
	if (loop->end_ns && guest_now_ns() >= loop->end_ns)
		loop->stopped = true;
}

void guest_loop_busy(struct guest_loop *loop)
{
	if (++loop->rounds % LOOK_ROUNDS == 0)
		look(loop, 0);
}

void guest_loop_sleep(struct guest_loop *loop, int64_t until_ns)
{
	int64_t left = -1;

	if (loop->end_ns && (!until_ns || loop->end_ns < until_ns))
		until_ns = loop->end_ns;
	if (until_ns) {
		left = until_ns - guest_now_ns();
		left = left > 0 ? left : 0;
	}
	look(loop, left);
}
