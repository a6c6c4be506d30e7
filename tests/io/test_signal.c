#include "support/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "io/signal.h"

static struct signaller signaller;

static int start(void **state)
{
	return signaller_init(&signaller);
}

static int stop(void **state)
{
	signaller_fini(&signaller);
	return 0;
}

static int plain_eventfd(void)
{
	int fd = eventfd(0, EFD_NONBLOCK);

	assert_true(fd >= 0);
	return fd;
}

static uint64_t take(int fd)
{
	uint64_t value = 0;

	return read(fd, &value, sizeof(value)) == sizeof(value) ? value : 0;
}

static void counts_are_exact(void **state)
{
	static const unsigned int flushes[] = { 0, 1, 2, 7, 100, 30000 };
	int fd = plain_eventfd();

	for (size_t i = 0; i < COUNT_OF(flushes); i++) {
		for (unsigned int k = 0; k < flushes[i]; k++) {
			signaller_add(&signaller, fd);
			signaller_flush(&signaller);
		}
		assert_int_equal(take(fd), flushes[i]);
	}
	close(fd);
}

static void twice_in_a_batch_is_once(void **state)
{
	int a = plain_eventfd();
	int b = plain_eventfd();

	signaller_add(&signaller, a);
	signaller_add(&signaller, b);
	signaller_add(&signaller, a);
	assert_int_equal(take(a), 0); /* nothing goes before the flush */
	signaller_flush(&signaller);
	assert_int_equal(take(a), 1);
	assert_int_equal(take(b), 1);
	close(a);
	close(b);
}

/* Full batches, over and over, and one more than a batch holds. */
static void full_batches(void **state)
{
	enum { ROUNDS = 500, FDS = SIGNALLER_MAX + 1 };
	int fds[FDS];

	for (unsigned int i = 0; i < FDS; i++)
		fds[i] = plain_eventfd();
	for (unsigned int round = 0; round < ROUNDS; round++) {
		for (unsigned int i = 0; i < SIGNALLER_MAX; i++)
			signaller_add(&signaller, fds[i]);
		signaller_flush(&signaller);
	}
	for (unsigned int i = 0; i < FDS; i++)
		signaller_add(&signaller, fds[i]);
	for (unsigned int i = 0; i < SIGNALLER_MAX; i++)
		assert_int_equal(take(fds[i]), ROUNDS + 1); /* sent when it overflowed */
	signaller_flush(&signaller);
	assert_int_equal(take(fds[SIGNALLER_MAX]), 1);
	for (unsigned int i = 0; i < FDS; i++)
		close(fds[i]);
}

static void bad_descriptors_harm_no_other(void **state)
{
	static const struct {
		const char *name;
		const char *batch; /* g good, c closed, m a memfd, n negative */
	} cases[] = {
		{ "first", "cggg" },	   { "last", "gggc" },
		{ "between", "gcgmg" },	   { "several in a row", "gccmmgcg" },
		{ "no good one", "ccmc" }, { "negative", "ngng" },
	};
	int memfd = memfd_create("not-an-eventfd", MFD_CLOEXEC);

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		int good[8];
		unsigned int nr_good = 0;

		for (const char *c = cases[i].batch; *c; c++) {
			if (*c == 'g')
				good[nr_good] = plain_eventfd();
			signaller_add(&signaller, *c == 'g' ? good[nr_good++] :
						  *c == 'm' ? memfd :
						  *c == 'n' ? -1 :
							      100000 + (int)(c - cases[i].batch));
		}
		signaller_flush(&signaller);
		for (unsigned int k = 0; k < nr_good; k++) {
			if (take(good[k]) != 1)
				fail_msg("%s: good descriptor %u", cases[i].name, k);
			close(good[k]);
		}
	}
	close(memfd);
}

struct peer {
	int fd;
	bool stop;
};

/* Does its worst to an eventfd that it shares with us. */
static void *fill_and_toggle(void *argument)
{
	struct peer *peer = argument;
	uint64_t almost = 0xfffffffffffffffe;

	while (!__atomic_load_n(&peer->stop, __ATOMIC_RELAXED)) {
		fcntl(peer->fd, F_SETFL, O_NONBLOCK);
		if (write(peer->fd, &almost, sizeof(almost)) < 0)
			assert_int_equal(errno, EAGAIN);
		fcntl(peer->fd, F_SETFL, 0);
	}
	return NULL;
}

static double seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void full_eventfd_blocks_nobody(void **state)
{
	int honest = plain_eventfd();
	struct peer peer = { .fd = eventfd(0, 0) };
	uint64_t almost = 0xfffffffffffffffe;
	pthread_t thread;
	unsigned int flushes = 0;
	double end = seconds_now() + 0.5;

	assert_int_equal(write(peer.fd, &almost, sizeof(almost)), sizeof(almost));
	alarm(100); /* a blocked signaller ends the test */
	assert_int_equal(pthread_create(&thread, NULL, fill_and_toggle, &peer), 0);
	while (seconds_now() < end || flushes <= 100) {
		signaller_add(&signaller, peer.fd);
		signaller_add(&signaller, honest);
		signaller_flush(&signaller);
		flushes++;
	}
	__atomic_store_n(&peer.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	alarm(0);
	assert_true(flushes > 100);
	assert_int_equal(take(honest), flushes);
	print_message("%u flushes beside a full eventfd\n", flushes);
	close(honest);
	close(peer.fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(counts_are_exact, start, stop),
		cmocka_unit_test_setup_teardown(twice_in_a_batch_is_once, start, stop),
		cmocka_unit_test_setup_teardown(full_batches, start, stop),
		cmocka_unit_test_setup_teardown(bad_descriptors_harm_no_other, start, stop),
		cmocka_unit_test_setup_teardown(full_eventfd_blocks_nobody, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
