#include "bench/lab/receiver_state.h"

#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#include "bench/host.h"
#include "bench/lab/burn.h"
#include "bench/lab/stamp.h"
#include "ring/barrier.h"

enum {
	PROCESS_NS = 2000000, /* looks at the vif's control side, while it polls */
	LEAVE_NS = 50000,     /* time that is left to A: not less at once */
};

static uint64_t clock_ns(void)
{
	return (uint64_t)host_now_ns();
}

static bool is_shared(const struct receiver *receiver)
{
	return receiver->config.cpu_poll == receiver->config.cpu_app;
}

static void copy_frame(struct receiver *receiver, const struct splitvif_frame *frame)
{
	size_t at = 0;

	for (unsigned int i = 0; i < frame->nr_parts; i++) {
		memcpy(receiver->copy + at, frame->parts[i].iov_base, frame->parts[i].iov_len);
		at += frame->parts[i].iov_len;
	}
	__asm__ volatile("" : : "r"(receiver->copy) : "memory"); /* somebody reads it */
}

static void note_frame(struct receiver *receiver, const struct splitvif_frame *frame)
{
	struct stamp stamp;

	if (receiver->config.copies)
		copy_frame(receiver, frame);
	if (!stamp_read(frame->parts[0].iov_base, (uint32_t)frame->parts[0].iov_len, &stamp))
		count_up(&receiver->polled.strangers, 1);
	else if (!due_queue_push(&receiver->queue, stamp.due_ns))
		count_up(&receiver->polled.drop_queue, 1);
}

/* Some are kept back for good, where the ring is to be smaller than it is. */
static void release_frames(struct receiver *receiver, unsigned int n)
{
	unsigned int ring = receiver->config.ring_frames;
	unsigned int kept = ring && ring < SPLITVIF_SLOTS ? SPLITVIF_SLOTS - ring : 0;

	receiver->held += n;
	if (receiver->held <= kept)
		return;
	splitvif_release(receiver->vif, receiver->held - kept);
	receiver->held = kept;
}

/* A round. */
static unsigned int take(struct receiver *receiver, unsigned int limit)
{
	struct splitvif_frame frames[RECEIVER_WEIGHT_MAX];
	unsigned int n = splitvif_receive(receiver->vif, frames, limit);

	burn(receiver->round_turns);
	for (unsigned int i = 0; i < n; i++)
		note_frame(receiver, &frames[i]);
	release_frames(receiver, n);
	splitvif_flush(receiver->vif);
	if (n)
		due_queue_announce(&receiver->queue);
	count_up(&receiver->polled.rounds, 1);
	count_up(&receiver->polled.empty_rounds, !n);
	count_up(&receiver->polled.per_round[n], 1);
	return n;
}

static unsigned int room_for(const struct receiver *receiver, unsigned int weight)
{
	uint32_t room = receiver->queue.limit - due_queue_length(&receiver->queue);

	if (receiver->config.mode != RECEIVER_NAPI_FEEDBACK)
		return weight;
	return room < weight ? room : weight;
}

static struct receiver *receiver_of(struct poll_item *item)
{
	return (struct receiver *)((char *)item - offsetof(struct receiver, item));
}

static bool poll_turn(struct poll_item *item, unsigned int weight, unsigned int *done)
{
	struct receiver *receiver = receiver_of(item);

	*done = take(receiver, room_for(receiver, weight));
	if (receiver->config.mode == RECEIVER_NAPI_FEEDBACK &&
	    due_queue_await_room(&receiver->queue))
		poll_wait(item);
	return splitvif_queue_pending(receiver->vif, 0);
}

static bool arm(struct poll_item *item)
{
	struct receiver *receiver = receiver_of(item);

	return receiver->config.mode == RECEIVER_POLL || !splitvif_arm(receiver->vif, 0);
}

/* The vif's control side, and events. How many, those merged with others included. */
static uint64_t process(struct receiver *receiver)
{
	struct splitvif_stats stats;
	uint64_t events;

	if (splitvif_process(receiver->vif) & SPLITVIF_WENT_DOWN) {
		count_up(&receiver->polled.downs, 1);
		receiver->held = 0;
	}
	splitvif_stats(receiver->vif, &stats);
	events = stats.events_received - receiver->events + stats.events_merged - receiver->merged;
	receiver->events = stats.events_received;
	receiver->merged = stats.events_merged;
	receiver->processed_ns = clock_ns();
	return events;
}

/* Sleeps until the vif, A, or a timer. True: an interrupt. */
static bool wait_for_interrupt(struct receiver *receiver, uint64_t until_ns)
{
	struct pollfd ready[] = { { .fd = splitvif_fd(receiver->vif), .events = POLLIN },
				  { .fd = receiver->queue.pusher_fd, .events = POLLIN } };
	uint64_t now = clock_ns(), left = until_ns > now ? until_ns - now : 0;
	struct timespec timeout = { (time_t)(left / 1000000000), (long)(left % 1000000000) };
	uint64_t events;

	ppoll(ready, 2, until_ns == UINT64_MAX ? NULL : &timeout, NULL);
	if (ready[1].revents)
		due_queue_take_calls(receiver->queue.pusher_fd);
	events = ready[0].revents ? process(receiver) : 0;
	if (!events)
		return false;
	count_up(&receiver->polled.irq, 1);
	count_up(&receiver->polled.merged, events - 1);
	return true;
}

/* Handed over, or a poller that never sleeps, is a thread among others. */
static void leave_time(struct receiver *receiver, uint64_t took_ns)
{
	struct timespec pause = { 0 };

	if (!is_shared(receiver) ||
	    !(receiver->handed_over || receiver->config.mode == RECEIVER_POLL))
		return;
	receiver->taken_ns += took_ns;
	if (!due_queue_length(&receiver->queue))
		receiver->taken_ns = 0;
	if (receiver->taken_ns < LEAVE_NS)
		return;
	pause.tv_nsec = (long)receiver->taken_ns;
	clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
	receiver->taken_ns = 0;
}

static void after_turn(void *arg)
{
	(void)arg;
}

/* A pass. True: there is work left. */
static bool pass(struct receiver *receiver)
{
	struct poll_list *list = &receiver->list;
	uint64_t start = clock_ns(), handovers = list->handovers;
	bool more;

	list->now_ns = start;
	timers_run(&receiver->timers, start);
	more = poll_run(list, after_turn, NULL);
	if (!more)
		receiver->handed_over = false;
	else if (receiver->config.mode == RECEIVER_NAPI_HANDOVER && list->handovers != handovers)
		receiver->handed_over = true;
	if (more)
		leave_time(receiver, clock_ns() - start);
	return more;
}

static void poll_mode(struct receiver *receiver)
{
	struct poll_list *list = &receiver->list;

	receiver->item.poll = poll_turn;
	receiver->item.arm = arm;
	poll_schedule(list, &receiver->item);
	while (!load_relaxed(&receiver->stopping)) {
		if (pass(receiver)) {
			if (list->now_ns - receiver->processed_ns > PROCESS_NS)
				process(receiver);
			continue;
		}
		if (wait_for_interrupt(receiver, timers_next(&receiver->timers)))
			poll_event(list, &receiver->item);
		if (due_queue_length(&receiver->queue) <= receiver->queue.limit / 2)
			poll_resume(list, &receiver->item);
	}
}

/* What came before it was armed sent no event: a device would hold its line
 * up. So the interrupt comes by F's own hand, at the price of a real one. */
static void irq_mode(struct receiver *receiver)
{
	receiver->raised = true;
	due_queue_call(receiver->queue.pusher_fd);
	while (!load_relaxed(&receiver->stopping)) {
		bool woken = wait_for_interrupt(receiver, UINT64_MAX);

		count_up(&receiver->polled.irq, !woken && receiver->raised);
		if (!take(receiver, 1) && woken)
			count_up(&receiver->polled.spurious, 1);
		receiver->raised = !splitvif_arm(receiver->vif, 0);
		if (receiver->raised)
			due_queue_call(receiver->queue.pusher_fd);
	}
}

void receiver_poller_init(struct receiver *receiver)
{
	poll_init(&receiver->list, &receiver->timers, clock_ns);
}

void receiver_poller_run(struct receiver *receiver)
{
	process(receiver);
	if (receiver->config.mode == RECEIVER_IRQ_PER_FRAME)
		irq_mode(receiver);
	else
		poll_mode(receiver);
	splitvif_release(receiver->vif, receiver->held);
	splitvif_flush(receiver->vif);
}
