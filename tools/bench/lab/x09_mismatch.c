#include "bench/lab/experiments.h"

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
#include "bench/lab/experiment.h"
#include "ring/ring.h"

/*
 * X9: a producer and a consumer of unequal speeds on one of our rings, each a thread
 * on a processor of its own, which sleep when they have nothing to do.
 *
 *	every	each publication is followed by an event
 *	index	only those for which the event index asks
 *	batched	it asks for BATCH at once, as tx-frames and rx-frames do
 */

enum notify { NOTIFY_EVERY, NOTIFY_INDEX, NOTIFY_BATCHED };
static const char *const notify_words[] = { "every", "index", "batched" };

enum { BATCH = 32, ENTRIES = TX_RING_ENTRIES, SLEEP_MS = 20, PRODUCER_NS = 1000 };

struct setup {
	uint32_t notify;
	uint32_t consumer_percent; /* of the producer's cost */
};

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
	enum notify notify;
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

	if (!wanted && mismatch->notify != NOTIFY_EVERY)
		return;
	eventfd_write(side->signal_fd, 1);
	side->kicks++;
}

/* Until `slots` more are there, or a while has passed: who stops does not say so. */
static void rest(const struct mismatch *mismatch, struct side *side, uint32_t slots)
{
	struct pollfd ready = { side->wait_fd, POLLIN, 0 };
	uint64_t count;

	if (ring_arm(&side->ring, mismatch->notify == NOTIFY_BATCHED ? slots : 1) > 0)
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

static void begin(struct mismatch *mismatch, const struct setup *setup)
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

static void tell(const struct mismatch *mismatch, const struct setup *setup, int64_t ns,
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
	snprintf(error, LAB_ERROR_BYTES, "frames do not add up: X9");
	return -EBADE;
}

static const struct lab_rig rig = {
	.name = "mismatch",
	.setup_bytes = sizeof(struct setup),
	.columns = columns,
	.open = open_rig,
	.run = run,
	.close = close_rig,
};

static const struct setup setup;

static const struct lab_sweep sweep = {
	.name = "X9",
	.rig = &rig,
	.setup = &setup,
	.factors = { { "notify", offsetof(struct setup, notify), notify_words },
		     { "consumer_percent", offsetof(struct setup, consumer_percent), NULL } },
	.grids = { { LAB_IN_BIG | 1 << LAB_SMOKE,
		     { { 3, { NOTIFY_EVERY, NOTIFY_INDEX, NOTIFY_BATCHED } },
		       { 9, { 20, 50, 80, 95, 100, 105, 125, 200, 500 } } } } },
	.measure_ms = 150,
};

static struct interval share(const struct summaries *summaries, enum notify notify,
			     unsigned int percent)
{
	return judge_at(summaries, "of_ideal",
			WHERE({ "notify", notify }, { "consumer_percent", percent }));
}

static void judge_dip(struct judge *judge, const struct summaries *summaries)
{
	struct interval equal = share(summaries, NOTIFY_INDEX, 100);

	judge_below(judge, interval_ratio(equal, share(summaries, NOTIFY_INDEX, 500)), 0.95,
		    "share of the ideal by event index, at equal speeds to a consumer five times "
		    "as slow");
	judge_below(judge, interval_ratio(equal, share(summaries, NOTIFY_INDEX, 20)), 0.95,
		    "to one five times as fast");
}

static void judge_batched(struct judge *judge, const struct summaries *summaries)
{
	judge_above(judge,
		    interval_ratio(share(summaries, NOTIFY_BATCHED, 100),
				   share(summaries, NOTIFY_INDEX, 100)),
		    1.1, "frames a second at equal speeds, batched to event index");
	judge_above(judge,
		    interval_ratio(share(summaries, NOTIFY_INDEX, 100),
				   share(summaries, NOTIFY_EVERY, 100)),
		    1.1, "event index to an event each");
}

const struct lab_experiment x09_mismatch = {
	.number = 9,
	.title = "Producer and consumer of unequal speeds",
	.hypothesis = "Notified one by one, two that are about equally fast put each other to "
		      "sleep and wake each other up all the time.",
	.sizes = LAB_IN_BIG | 1 << LAB_SMOKE,
	.sweep = &sweep,
	.columns = { "pps", "of_ideal", "kicks_per_frame", "consumer_wakes_per_frame",
		     "producer_wakes_per_frame" },
	.claims = {
		{ "Lettieri et al. 2017, on notification between producer and consumer",
		  "Throughput has a dip where both are equally fast.",
		  "at equal speeds less than 95 % of the share of the ideal that there is with a "
		  "consumer a fifth, and five times, as fast",
		  judge_dip },
		{ "slides: tx-frames, rx-frames; Kuroda 2013, Mesclagem de interrupções",
		  "Aggregating notifications by count raises throughput.",
		  "at equal speeds more than 10 % more frames a second batched than by event "
		  "index, and by event index than with an event each",
		  judge_batched },
	},
	.figures = {
		{ .name = "share",
		  .title = "Frames a second, of what the slower side could do",
		  .x = "consumer_percent",
		  .y = "of_ideal",
		  .xlabel = "consumer's cost of a frame, % of the producer's",
		  .ylabel = "share of the ideal",
		  .series = "notify",
		  .log_x = true },
		{ .name = "kicks",
		  .title = "Events a frame",
		  .x = "consumer_percent",
		  .y = "kicks_per_frame",
		  .xlabel = "consumer's cost of a frame, % of the producer's",
		  .ylabel = "events",
		  .series = "notify",
		  .log_x = true },
	},
};
