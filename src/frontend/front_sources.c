#include "frontend/front_sources.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

/* The domain's socket speaks only when asked; its hang-up is all there is to
 * listen for. */
int front_sources_listen(struct front_connect *c, int fd, uint32_t source)
{
	struct epoll_event event = { .events = source == SOURCE_DOMAIN ? EPOLLRDHUP : EPOLLIN,
				     .data.u32 = source };

	return epoll_ctl(c->epoll_fd, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

void front_sources_set_timer_ns(struct front_connect *c, int64_t delay)
{
	struct itimerspec when = { .it_value = { delay / 1000000000, delay % 1000000000 } };

	timerfd_settime(c->timer_fd, 0, &when, NULL);
}

void front_sources_set_timer_ms(struct front_connect *c, unsigned int delay)
{
	front_sources_set_timer_ns(c, delay * 1000000LL);
}

static int open_channel(struct front_connect *c, domid_t backend, struct evtchn *channel,
			uint32_t source)
{
	int err = front_domain_alloc_channel(&c->domain, backend, channel);

	return err ? err : front_sources_listen(c, channel->wait_fd, source);
}

int front_sources_open_channels(struct front_connect *c, domid_t backend, bool split)
{
	int err = 0;

	for (unsigned int i = 0; i < c->front->nr_queues && !err; i++) {
		struct front_queue *queue = &c->front->queues[i];
		uint32_t source = SOURCE_CHANNELS + 2 * i;

		err = open_channel(c, backend, &queue->tx_channel, source);
		if (!err && split)
			err = open_channel(c, backend, &queue->rx_channel, source + 1);
	}
	return err;
}

static void close_channel(struct front_connect *c, const struct evtchn *channel)
{
	if (channel->port)
		front_domain_close_channel(&c->domain, channel->port);
}

void front_sources_close_channels(struct front_connect *c)
{
	for (unsigned int i = 0; i < c->front->nr_queues; i++) {
		close_channel(c, &c->front->queues[i].tx_channel);
		close_channel(c, &c->front->queues[i].rx_channel);
	}
	netfront_close_channels(c->front);
}
