/*
 * The words of ethtool -C: what is taken, what is refused, what follows.
 */
#include "support/unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "backend/tuning.h"

enum { WORDS_MAX = 4 };

/* As a command line: words with values, set one after another. */
static int set_all(struct tuning *tuning, const char *line, uint64_t *off)
{
	char copy[160], *save, *word;
	uint64_t named = 0;
	const char *why;

	snprintf(copy, sizeof(copy), "%s", line);
	for (word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		int i = tuning_word_parse(word), err;

		if (i < 0)
			return -ENOENT;
		err = tuning_set(tuning, (enum tuning_word)i, strtok_r(NULL, " ", &save));
		if (err)
			return err;
		named |= 1ull << i;
	}
	*off = tuning_settle(tuning, named);
	return tuning_check(tuning, &why);
}

static const struct {
	const char *line;
	int want;
} lines[] = {
	{ "", 0 },
	{ "rx-usecs 50 rx-frames 32", 0 },
	{ "rx-usecs 0 rx-frames 0", -EINVAL },
	{ "rx-usecs 0 rx-frames 0 adaptive-rx on", -EINVAL }, /* it may go off again */
	{ "tx-usecs 0 tx-frames 0", -EINVAL },
	{ "rx-usecs 10 rx-frames 0", 0 },
	{ "rx-usecs 10001", -ERANGE },
	{ "rx-usecs 99999999999999999999", -ERANGE },
	{ "rx-frames 256", 0 },
	{ "rx-frames 257", -ERANGE },
	{ "rx-usecs x", -EINVAL },
	{ "rx-usecs 5x", -EINVAL },
	{ "rx-usecs -1", -EINVAL },
	{ "rx-usecs +1", -EINVAL },
	{ "adaptive-rx 1", -EINVAL },
	{ "adaptive-rx on adaptive-tx off", 0 },
	{ "napi-weight 0", -ERANGE },
	{ "napi-weight 256 napi-complete budget", 0 },
	{ "napi-complete on", -EINVAL },
	{ "rx-usecs-irq 0 rx-frames-irq 0", -EINVAL },
	{ "rx-usecs-low 0 rx-frames-low 0", 0 }, /* not in force */
	{ "rx-usecs-low 0 rx-frames-low 0 pkt-rate-high 5 pkt-rate-low 1 adaptive-rx off",
	  -EINVAL },
	{ "pkt-rate-low 10 pkt-rate-high 9 adaptive-rx off", -EINVAL },
	{ "tx-aggr-time-usecs 50", 0 },
	{ "tx-aggr-time-usecs 0 tx-aggr-max-frames 0", -EINVAL },
	{ "tx-aggr-time-usecs 10001", -ERANGE },
	{ "tx-aggr-max-frames 257", -ERANGE },
	{ "guest-napi-weight 256", 0 },
	{ "guest-napi-weight 257", -ERANGE },
	{ "guest-napi-complete budget guest-spin-usecs 0", 0 },
	{ "guest-napi-complete off", -EINVAL },
	{ "guest-napi-defer-hard-irqs 2 guest-gro-flush-timeout 20", 0 },
	{ "guest-gro-flush-timeout 10001", -ERANGE },
	{ "guest-spin-usecs 1001", -ERANGE },
	{ "bogus 1", -ENOENT },
};

static void test_lines(void **state)
{
	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		struct tuning tuning;
		uint64_t off;
		int got;

		tuning_init(&tuning);
		got = set_all(&tuning, lines[i].line, &off);
		if (got != lines[i].want)
			fail_msg("'%s': %d", lines[i].line, got);
	}
}

static void test_refusals_change_nothing(void **state)
{
	struct tuning tuning, before;

	tuning_init(&tuning);
	before = tuning;
	assert_int_equal(tuning_set(&tuning, TUNING_RX_USECS, "10001"), -ERANGE);
	assert_int_equal(tuning_set(&tuning, TUNING_ADAPTIVE_RX, "maybe"), -EINVAL);
	assert_memory_equal(&tuning, &before, sizeof(tuning));
}

/* Whoever types rx-usecs must see an effect. */
static void test_naming_turns_the_controller_off(void **state)
{
	static const struct {
		const char *line;
		uint64_t off;
		bool rx, tx;
	} cases[] = {
		{ "rx-usecs 50", 1ull << TUNING_ADAPTIVE_RX, false, true },
		{ "rx-frames 8", 1ull << TUNING_ADAPTIVE_RX, false, true },
		{ "tx-frames 8", 1ull << TUNING_ADAPTIVE_TX, true, false },
		{ "rx-frames 8 adaptive-rx on", 0, true, true },
		{ "adaptive-rx off rx-frames 8", 0, false, true },
		{ "napi-weight 8", 0, true, true },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct tuning tuning;
		uint64_t off;

		tuning_init(&tuning);
		assert_int_equal(set_all(&tuning, cases[i].line, &off), 0);
		if (off != cases[i].off || tuning_is_adaptive(&tuning, TUNING_RX) != cases[i].rx ||
		    tuning_is_adaptive(&tuning, TUNING_TX) != cases[i].tx)
			fail_msg("%s", cases[i].line);
		assert_int_equal(set_all(&tuning, cases[i].line, &off), 0);
		assert_int_equal(off, 0); /* said once */
	}
}

static void test_what_follows(void **state)
{
	struct coalesce_config config;
	struct poll_tuning poll;
	struct tuning tuning;
	uint64_t off;

	tuning_init(&tuning);
	tuning_coalesce(&tuning, TUNING_TX, &config);
	assert_true(config.by_share);
	assert_int_equal(config.plain.usecs, 100);
	assert_int_equal(set_all(&tuning, "rx-usecs 50", &off), 0);
	tuning_coalesce(&tuning, TUNING_RX, &config); /* a time alone */
	assert_int_equal(config.plain.frames, 0);
	assert_int_equal(config.irq.usecs, 50);
	assert_int_equal(config.irq.frames, 0);
	assert_int_equal(set_all(&tuning, "rx-usecs 0", &off), 0);
	assert_int_equal(tuning_value(&tuning, TUNING_RX_FRAMES), 1);
	assert_int_equal(set_all(&tuning, "rx-frames 7 rx-frames-irq 9", &off), 0);
	tuning_coalesce(&tuning, TUNING_RX, &config);
	assert_int_equal(config.plain.frames, 7);
	assert_int_equal(config.irq.frames, 9);
	tuning_poll(&tuning, &poll);
	assert_true(poll.adaptive && poll.weight == 64 && !poll.by_budget);
	assert_int_equal(set_all(&tuning, "gro-flush-timeout 7 napi-complete budget", &off), 0);
	tuning_poll(&tuning, &poll);
	assert_true(!poll.adaptive && poll.by_budget && poll.defer_ns == 7000);
}

/* What is shown can be set, and is what it was. */
static void test_texts(void **state)
{
	struct tuning tuning, copy;

	tuning_init(&tuning);
	copy = tuning;
	for (int i = 0; i < TUNING_WORDS; i++) {
		char value[16], range[32];

		tuning_value_text(&tuning, i, value, sizeof(value));
		tuning_range_text(i, range, sizeof(range));
		assert_int_equal(tuning_word_parse(tuning_word_name(i)), i);
		assert_int_equal(tuning_set(&copy, i, value), 0);
		assert_true(strstr(range, "..") || strstr(range, "|"));
		assert_int_equal(tuning_value(&copy, i), tuning_value(&tuning, i));
	}
	assert_int_equal(copy.set, UINT64_MAX >> (64 - TUNING_WORDS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_refusals_change_nothing),
		cmocka_unit_test(test_naming_turns_the_controller_off),
		cmocka_unit_test(test_what_follows),
		cmocka_unit_test(test_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
