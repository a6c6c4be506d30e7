/* A prepared netfront with a mock backend attached, for each test. */
#ifndef TESTS_FRONT_FIXTURE_H
#define TESTS_FRONT_FIXTURE_H

#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "mock_backend.h"
#include "support/unit.h"

struct fixture {
	struct netfront front;
	struct mock_backend mock;
	int wakes[2]; /* what the front signals: tx, rx */
};

static inline struct evtchn fixture_channel(int *wake)
{
	struct evtchn channel = { .port = 1, .wait_fd = eventfd(0, EFD_NONBLOCK) };

	*wake = eventfd(0, EFD_NONBLOCK);
	channel.signal_fd = dup(*wake);
	return channel;
}

static inline int fixture_setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	*state = fixture;
	if (!fixture || netfront_init(&fixture->front, 1))
		return -1;
	fixture->front.queues[0].tx.offers = SPLITVIF_OFFLOAD_SG | SPLITVIF_OFFLOAD_CSUM_IPV4;
	if (netfront_prepare(&fixture->front, 0, 1))
		return -1;
	fixture->front.queues[0].tx_channel = fixture_channel(&fixture->wakes[0]);
	fixture->front.queues[0].rx_channel = fixture_channel(&fixture->wakes[1]);
	mock_attach(&fixture->mock, &fixture->front);
	return 0;
}

static inline int fixture_teardown(void **state)
{
	struct fixture *fixture = *state;

	close(fixture->wakes[0]);
	close(fixture->wakes[1]);
	netfront_fini(&fixture->front);
	free(fixture);
	return 0;
}

/* How often the backend was woken on that channel since the last look. */
static inline uint64_t fixture_wakes(struct fixture *fixture, int channel)
{
	uint64_t count;

	return read(fixture->wakes[channel], &count, sizeof(count)) == sizeof(count) ? count : 0;
}

static inline void fill_pattern(uint8_t *bytes, uint32_t length, uint32_t seed)
{
	for (uint32_t i = 0; i < length; i++)
		bytes[i] = (uint8_t)((seed = seed * 1103515245u + 12345u) >> 16);
}

#define FRONT_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

#endif
