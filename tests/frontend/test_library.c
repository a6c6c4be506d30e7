/* libsplitvif at a daemon: what it is told there, and who waits. */
#include "support/unit.h"

#include <poll.h>
#include <stdio.h>

#include "frontend/splitvif.h"
#include "support/clock.h"
#include "support/daemon.h"

enum { PATIENCE_MS = 20000, FLOOD = 10000, FRAME = 1514 };

static const uint8_t taker_mac[6] = { 2, 0, 0, 0, 0, 2 };

static struct daemon backend;
static struct splitvif *sender, *taker;

static struct splitvif *open_vif(const char *name, const uint8_t *mac, bool single_channel)
{
	struct splitvif_config config = { .name = name,
					  .rundir = backend.rundir,
					  .single_channel = single_channel };
	struct splitvif *opened;
	char error[256];

	if (mac)
		memcpy(config.mac, mac, 6);
	opened = splitvif_open(&config, error, sizeof(error));
	if (!opened)
		fail_msg("%s", error);
	return opened;
}

static int start_daemon(void **state)
{
	const char *const args[] = { "--bridge", "xenbr0", NULL };

	assert_int_equal(daemon_start(&backend, args), 0);
	sender = open_vif("sender", NULL, false);
	return 0;
}

static int stop_daemon(void **state)
{
	splitvif_close(sender);
	return daemon_stop(&backend);
}

static struct splitvif_stats stats_of(const struct splitvif *vif)
{
	struct splitvif_stats stats;

	splitvif_stats(vif, &stats);
	return stats;
}

/* A counter of the taker's at the backend. */
static uint64_t counted(const char *name)
{
	const char *const words[] = { "ethtool", "-S", "taker" };
	char text[16384], line[64];
	unsigned long long value;
	const char *found;

	snprintf(line, sizeof(line), " %s: ", name);
	assert_int_equal(daemon_ask(&backend, words, COUNT_OF(words), text, sizeof(text)), 0);
	found = strstr(text, line);
	assert_non_null(found);
	assert_int_equal(sscanf(found + strlen(line), "%llu", &value), 1);
	return value;
}

/* Sends so many, and waits until the backend is done with them. */
static void send_frames(unsigned int n)
{
	int64_t deadline = clock_ms() + PATIENCE_MS;
	uint8_t bytes[FRAME] = { 0 };
	struct iovec iov = { bytes, sizeof(bytes) };

	memcpy(bytes, taker_mac, 6);
	bytes[6] = 2;
	bytes[12] = 0x88;
	bytes[13] = 0xb5; /* for experiments */
	while ((n || splitvif_in_flight(sender)) && clock_ms() < deadline) {
		if (n && splitvif_transmit(sender, &(struct splitvif_output){ &iov, 1 }, 1))
			n--;
		else
			splitvif_flush(sender);
	}
	assert_int_equal(n + splitvif_in_flight(sender), 0);
}

/* Takes frames until it has seen so many in all. */
static void take_until(uint64_t frames)
{
	int64_t deadline = clock_ms() + PATIENCE_MS;
	struct pollfd ready = { .fd = splitvif_fd(taker), .events = POLLIN };
	struct splitvif_frame taken[64];

	while (stats_of(taker).rx_frames < frames && clock_ms() < deadline) {
		splitvif_release(taker, splitvif_receive(taker, taken, 64));
		if (!splitvif_arm(taker, 0))
			continue;
		poll(&ready, 1, 100);
		splitvif_process(taker);
	}
	assert_int_equal(stats_of(taker).rx_frames, frames);
}

static void set_weight(const char *value)
{
	const char *const words[] = { "ethtool", "-C", "taker", "guest-napi-weight", value };
	int64_t deadline = clock_ms() + PATIENCE_MS;
	struct pollfd ready = { .fd = splitvif_fd(taker), .events = POLLIN };
	char text[512];

	assert_int_equal(daemon_ask(&backend, words, COUNT_OF(words), text, sizeof(text)), 0);
	while (splitvif_weight(taker) != (unsigned int)atoi(value) && clock_ms() < deadline) {
		poll(&ready, 1, 100);
		splitvif_process(taker);
	}
	assert_int_equal(splitvif_weight(taker), atoi(value));
}

static void test_its_weight_is_the_operators(void **state)
{
	taker = open_vif("taker", taker_mac, false);
	assert_int_equal(splitvif_weight(taker), 64);
	set_weight("8");
	set_weight("256");
	assert_int_equal(splitvif_weight(sender), 64);
	splitvif_close(taker);
	taker = open_vif("taker", taker_mac, false); /* it is kept by the name */
	splitvif_process(taker);
	assert_int_equal(splitvif_weight(taker), 256);
	splitvif_close(taker);
}

static void await_polling(const struct splitvif_polling *want)
{
	int64_t deadline = clock_ms() + PATIENCE_MS;
	struct pollfd ready = { .fd = splitvif_fd(taker), .events = POLLIN };
	struct splitvif_polling polling;

	do {
		poll(&ready, 1, 100);
		splitvif_process(taker);
		splitvif_polling(taker, &polling);
	} while (polling.spin_usecs != want->spin_usecs && clock_ms() < deadline);
	assert_int_equal(polling.weight, want->weight);
	assert_int_equal(polling.by_budget, want->by_budget);
	assert_int_equal(polling.defer_rounds, want->defer_rounds);
	assert_int_equal(polling.defer_usecs, want->defer_usecs);
	assert_int_equal(polling.spin_usecs, want->spin_usecs);
}

static void test_its_polling_is_the_operators(void **state)
{
	const char *const words[] = { "ethtool", "-C",
				      "poller",	 "guest-napi-complete",
				      "budget",	 "guest-napi-defer-hard-irqs",
				      "3",	 "guest-gro-flush-timeout",
				      "40",	 "guest-spin-usecs",
				      "0" };
	const struct splitvif_polling untold = { .weight = 64, .spin_usecs = -1 };
	const struct splitvif_polling told = { 64, true, 3, 40, 0 };
	char text[1024];

	taker = open_vif("poller", taker_mac, false);
	await_polling(&untold);
	assert_int_equal(daemon_ask(&backend, words, COUNT_OF(words), text, sizeof(text)), 0);
	await_polling(&told);
	splitvif_close(taker);
}

/* Whoever takes none is not woken, and loses frames before they were copied; when
 * he goes on, all that had room is there. */
static void test_who_waits_is_left_alone(void **state)
{
	struct splitvif_stats before, after;
	uint64_t early, late;

	taker = open_vif("taker", taker_mac, false);
	send_frames(1);
	take_until(1);
	assert_true(splitvif_arm(taker, 0));
	send_frames(1); /* the event that was asked for comes still */
	take_until(2);
	assert_false(splitvif_wait(taker, FRAME)); /* there is room */
	assert_true(splitvif_wait(taker, 0));
	splitvif_process(taker);
	before = stats_of(taker);
	early = counted("to_guest_drops_early");
	late = counted("to_guest_drops_late");
	send_frames(FLOOD);
	early = counted("to_guest_drops_early") - early;
	assert_true(early > 0);
	assert_true(splitvif_wait(taker, 0));
	splitvif_process(taker);
	after = stats_of(taker);
	assert_int_equal(after.rx_frames, 2);
	assert_int_equal(after.rx_waits, 1);
	assert_true(after.rx_events <= before.rx_events + 1); /* one may have been asked for */
	take_until(2 + FLOOD - early);
	assert_int_equal(counted("to_guest_drops_late"), late);
	send_frames(10);
	take_until(12 + FLOOD - early);
	assert_int_equal(stats_of(taker).rx_waits, 1);
	splitvif_close(taker);
}

/* Where one channel serves both directions, frames that come wake who waits for room
 * to send. */
static void test_one_channel_wakes_both(void **state)
{
	struct splitvif_stats stats;

	taker = open_vif("taker", taker_mac, true);
	for (unsigned int i = 1; i <= 20; i++) {
		send_frames(1);
		take_until(i);
	}
	stats = stats_of(taker);
	assert_true(stats.rx_events > 0);
	assert_int_equal(stats.tx_events, stats.rx_events);
	assert_int_equal(stats.tx_spurious, stats.tx_events);
	assert_int_equal(stats.events_received, stats.rx_events);
	splitvif_close(taker);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_its_weight_is_the_operators),
		cmocka_unit_test(test_its_polling_is_the_operators),
		cmocka_unit_test(test_who_waits_is_left_alone),
		cmocka_unit_test(test_one_channel_wakes_both),
	};

	return cmocka_run_group_tests(tests, start_daemon, stop_daemon);
}
