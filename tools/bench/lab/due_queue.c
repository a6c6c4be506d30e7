#include "bench/lab/due_queue.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "ring/barrier.h"

int due_queue_init(struct due_queue *queue, unsigned int limit)
{
	uint32_t places = 1;

	while (places < limit)
		places *= 2;
	*queue = (struct due_queue){
		.mask = places - 1,
		.limit = limit,
		.due_ns = calloc(places, sizeof(*queue->due_ns)),
		.taker_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
		.pusher_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
	};
	if (queue->due_ns && queue->taker_fd >= 0 && queue->pusher_fd >= 0)
		return 0;
	due_queue_fini(queue);
	return queue->due_ns ? -EMFILE : -ENOMEM;
}

void due_queue_fini(struct due_queue *queue)
{
	free(queue->due_ns);
	if (queue->taker_fd >= 0)
		close(queue->taker_fd);
	if (queue->pusher_fd >= 0)
		close(queue->pusher_fd);
}

uint32_t due_queue_length(const struct due_queue *queue)
{
	uint32_t done = load_acquire(&queue->done); /* first: it never overtakes the other */

	return load_acquire(&queue->pushed) - done;
}

bool due_queue_push(struct due_queue *queue, int64_t due_ns)
{
	uint32_t pushed = queue->pushed;

	if (pushed - load_acquire(&queue->done) >= queue->limit)
		return false;
	queue->due_ns[pushed & queue->mask] = due_ns;
	store_release(&queue->pushed, pushed + 1); /* A: the place before the index */
	return true;
}

void due_queue_announce(struct due_queue *queue)
{
	full_fence(); /* B: the index before the look; pairs with B in due_queue_sleep */
	if (!load_relaxed(&queue->is_taker_asleep))
		return;
	store_relaxed(&queue->is_taker_asleep, 0);
	due_queue_call(queue->taker_fd);
}

static bool is_half_empty(const struct due_queue *queue)
{
	return due_queue_length(queue) <= queue->limit / 2;
}

bool due_queue_await_room(struct due_queue *queue)
{
	if (due_queue_length(queue) < queue->limit)
		return false;
	store_relaxed(&queue->is_pusher_waiting, 1);
	full_fence(); /* C: the wish before the second look; pairs with C in due_queue_finish */
	if (!is_half_empty(queue))
		return true;
	store_relaxed(&queue->is_pusher_waiting, 0);
	return false;
}

bool due_queue_peek(struct due_queue *queue, int64_t *due_ns)
{
	uint32_t done = queue->done;

	if (load_acquire(&queue->pushed) == done) /* A */
		return false;
	*due_ns = queue->due_ns[done & queue->mask];
	return true;
}

void due_queue_finish(struct due_queue *queue)
{
	store_release(&queue->done, queue->done + 1);
	full_fence(); /* C: the index before the look at the wish */
	if (!load_relaxed(&queue->is_pusher_waiting) || !is_half_empty(queue))
		return;
	store_relaxed(&queue->is_pusher_waiting, 0);
	due_queue_call(queue->pusher_fd);
}

void due_queue_sleep(struct due_queue *queue, const uint32_t *ending)
{
	struct pollfd call = { .fd = queue->taker_fd, .events = POLLIN };

	store_relaxed(&queue->is_taker_asleep, 1);
	full_fence(); /* B: the announcement before the second look */
	if (load_acquire(&queue->pushed) == queue->done && !load_acquire(ending) &&
	    poll(&call, 1, -1) > 0)
		due_queue_take_calls(queue->taker_fd);
	store_relaxed(&queue->is_taker_asleep, 0);
}

void due_queue_call(int fd)
{
	eventfd_write(fd, 1);
}

void due_queue_take_calls(int fd)
{
	eventfd_t calls;

	eventfd_read(fd, &calls);
}
