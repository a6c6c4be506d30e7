#include "bench/lab/mismatch_rig.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "bench/host.h"
#include "bench/lab/burn.h"
#include "bench/lab/cpu_time.h"
#include "ring/ring.h"

enum { BATCH = 32, ENTRIES = TX_RING_ENTRIES, SLEEP_MS = 20, PRODUCER_NS = 1000 };

const char *const mismatch_notifies[] = { "every", "index", "batched" };

/* One side's own, on lines of its own. */
struct side {
	_Alignas(64) struct ring ring;
	uint64_t turns; /* burnt for a frame */
	int wait_fd, signal_fd;
	int cpu;
	uint64_t frames, kicks, wakes;
};

struct mismatch {
	const struct lab_context *context;
	union ring_page *page;
	struct side producer, consumer;
	enum mismatch_notify notify;
	bool stop;
};

enum column {
	PPS,
	OF_IDEAL,
	KICKS_PER_FRAME,
	CONSUMER_WAKES_PER_FRAME,
	PRODUCER_WAKES_PER_FRAME,
	OFFERED,
	DELIVERED,
	IN_FLIGHT,
};

static const struct lab_column columns[] = {
	[PPS] = { "pps", 0 },
	[OF_IDEAL] = { "of_ideal", 3 },
	[KICKS_PER_FRAME] = { "kicks_per_frame", 4 },
	[CONSUMER_WAKES_PER_FRAME] = { "consumer_wakes_per_frame", 4 },
	[PRODUCER_WAKES_PER_FRAME] = { "producer_wakes_per_frame", 4 },
	[OFFERED] = { "offered", 0 },
	[DELIVERED] = { "delivered", 0 },
	[IN_FLIGHT] = { "in_flight", 0 },
	{ 0 },
};

static void publish(const struct mismatch *mismatch, struct side *side)
{
	bool wanted = ring_publish(&side->ring);

	if (!wanted && mismatch->notify != MISMATCH_EVERY)
		return;
	eventfd_write(side->signal_fd, 1);
	side->kicks++;
}

/* Until `slots` more are there, or a while has passed: who stops does not say so. */
static void rest(const struct mismatch *mismatch, struct side *side, uint32_t slots)
{
	struct pollfd ready = { side->wait_fd, POLLIN, 0 };
	uint64_t count;

	if (ring_arm(&side->ring, mismatch->notify == MISMATCH_BATCHED ? slots : 1) > 0)
		return;
	side->wakes++;
	if (poll(&ready, 1, SLEEP_MS) > 0 && read(side->wait_fd, &count, sizeof(count)) < 0)
		side->wakes--;
}

static bool is_over(const struct mismatch *mismatch)
{
	return __atomic_load_n(&mismatch->stop, __ATOMIC_RELAXED);
}

static void *produce(void *arg)
{
	struct mismatch *mismatch = arg;
	struct side *side = &mismatch->producer;
	netif_tx_request_t request = { .size = 64 };

	host_pin(side->cpu);
	while (!is_over(mismatch)) {
		int answered = ring_pending(&side->ring);

		ring_consume(&side->ring, answered > 0 ? (uint32_t)answered : 0);
		if (!ring_free(&side->ring)) {
			rest(mismatch, side, BATCH);
			continue;
		}
		burn(side->turns);
		request.id = (uint16_t)side->frames++;
		ring_produce_tx_request(&side->ring, &request);
		publish(mismatch, side);
	}
	return NULL;
}

static void *consume(void *arg)
{
	struct mismatch *mismatch = arg;
	struct side *side = &mismatch->consumer;
	netif_tx_response_t response = { .status = NETIF_RSP_OKAY };
	netif_tx_request_t request;

	host_pin(side->cpu);
	while (!is_over(mismatch)) {
		if (ring_pending(&side->ring) <= 0) {
			rest(mismatch, side, BATCH);
			continue;
		}
		ring_copy_tx_request(&side->ring, side->ring.in_cons, &request);
		ring_consume(&side->ring, 1);
		burn(side->turns);
		side->frames++;
		response.id = request.id;
		ring_produce_tx_response(&side->ring, &response);
		publish(mismatch, side);
	}
	return NULL;
}

static int open_rig(const struct lab_context *context, void **rig, char error[LAB_ERROR_BYTES])
{
	struct mismatch *mismatch = aligned_alloc(64, sizeof(*mismatch));

	if (!mismatch) {
		snprintf(error, LAB_ERROR_BYTES, "out of memory");
		return -ENOMEM;
	}
	memset(mismatch, 0, sizeof(*mismatch));
	mismatch->context = context;
	mismatch->page = aligned_alloc(PAGE_BYTES, PAGE_BYTES);
	mismatch->producer.wait_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	mismatch->consumer.wait_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	mismatch->producer.signal_fd = mismatch->consumer.wait_fd;
	mismatch->consumer.signal_fd = mismatch->producer.wait_fd;
	*rig = mismatch;
	if (mismatch->page && mismatch->producer.wait_fd >= 0 && mismatch->consumer.wait_fd >= 0)
		return 0;
	snprintf(error, LAB_ERROR_BYTES, "no memory or descriptors for a ring");
	return -ENOMEM;
}

static void close_rig(void *rig)
{
	struct mismatch *mismatch = rig;

	close(mismatch->producer.wait_fd);
	close(mismatch->consumer.wait_fd);
	free(mismatch->page);
	free(mismatch);
}

static void begin(struct mismatch *mismatch, const struct mismatch_setup *setup)
{
	struct side *producer = &mismatch->producer, *consumer = &mismatch->consumer;
	uint64_t left;

	mismatch->notify = setup->notify;
	mismatch->stop = false;
	memset(mismatch->page, 0, PAGE_BYTES);
	ring_init_front(&producer->ring, mismatch->page, ENTRIES);
	ring_attach_back(&consumer->ring, mismatch->page, ENTRIES);
	producer->turns = burn_turns(PRODUCER_NS);
	consumer->turns = burn_turns(PRODUCER_NS * (uint64_t)setup->consumer_percent / 100);
	producer->cpu = mismatch->context->cpus[0];
	consumer->cpu = mismatch->context->cpus[1];
	eventfd_read(producer->wait_fd, &left);
	eventfd_read(consumer->wait_fd, &left);
	producer->frames = producer->kicks = producer->wakes = 0;
	consumer->frames = consumer->kicks = consumer->wakes = 0;
}

static void tell(const struct mismatch *mismatch, const struct mismatch_setup *setup, int64_t ns,
		 double *values)
{
	const struct side *producer = &mismatch->producer, *consumer = &mismatch->consumer;
	double frames = (double)consumer->frames;
	double slower = setup->consumer_percent > 100 ? setup->consumer_percent / 100.0 : 1;

	values[PPS] = frames * 1e9 / (double)ns;
	values[OF_IDEAL] = values[PPS] * slower * PRODUCER_NS / 1e9;
	values[KICKS_PER_FRAME] = (double)(producer->kicks + consumer->kicks) / frames;
	values[CONSUMER_WAKES_PER_FRAME] = (double)consumer->wakes / frames;
	values[PRODUCER_WAKES_PER_FRAME] = (double)producer->wakes / frames;
	values[OFFERED] = (double)producer->frames;
	values[DELIVERED] = frames;
	values[IN_FLIGHT] = (double)(producer->frames - consumer->frames);
}

static int run(void *rig, const void *arg, const struct lab_window *window,
	       struct lab_result *result, char error[LAB_ERROR_BYTES])
{
	const struct timespec time = { window->measure_ns / 1000000000,
				       window->measure_ns % 1000000000 };
	struct mismatch *mismatch = rig;
	pthread_t producer, consumer;
	int64_t start;
	int err;

	burn_calibrate();
	begin(mismatch, arg);
	start = host_now_ns();
	err = pthread_create(&consumer, NULL, consume, mismatch);
	if (!err && (err = pthread_create(&producer, NULL, produce, mismatch))) {
		__atomic_store_n(&mismatch->stop, true, __ATOMIC_RELAXED);
		pthread_join(consumer, NULL);
	}
	if (err) {
		snprintf(error, LAB_ERROR_BYTES, "no thread: %s", strerror(err));
		return -err;
	}
	nanosleep(&time, NULL);
	__atomic_store_n(&mismatch->stop, true, __ATOMIC_RELAXED);
	pthread_join(producer, NULL);
	pthread_join(consumer, NULL);
	tell(mismatch, arg, host_now_ns() - start, result->values);
	/* What is under way lies in the ring. */
	if (result->values[IN_FLIGHT] >= 0 && result->values[IN_FLIGHT] <= ENTRIES)
		return 0;
	snprintf(error, LAB_ERROR_BYTES, "frames do not add up: mismatch");
	return -EBADE;
}

const struct lab_rig mismatch_rig = {
	.name = "mismatch",
	.setup_bytes = sizeof(struct mismatch_setup),
	.columns = columns,
	.open = open_rig,
	.run = run,
	.close = close_rig,
};
