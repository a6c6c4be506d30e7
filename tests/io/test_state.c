#include "io/state.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { RECORD = 7, INNER = 8, ITEMS = 3 };

struct sample {
	bool flag;
	uint8_t u8;
	uint16_t u16;
	uint32_t u32, items[ITEMS];
	uint64_t u64, words[2];
	char text[8];
	char blob[5];
	int fd, none;
};

static const struct sample full = {
	true, 1, 2, 3, { 4, 5, 6 }, 7, { 8, 9 }, "text", "\0bc", 10, -1
};

static void sample_carry(struct sample *sample, struct state *state)
{
	size_t mark = state_open(state, RECORD), inner, length = sizeof(sample->blob);
	const void *blob;

	state_bool(state, &sample->flag);
	state_u8(state, &sample->u8);
	state_u16(state, &sample->u16);
	state_u32(state, &sample->u32);
	inner = state_open(state, INNER);
	for (unsigned int i = 0; state_more(state, i < ITEMS); i++)
		state_u32(state, &sample->items[i % ITEMS]);
	state_close(state, inner);
	state_u64(state, &sample->u64);
	state_bytes(state, sample->words, sizeof(sample->words));
	state_text(state, sample->text, sizeof(sample->text));
	blob = state_blob(state, sample->blob, &length, sizeof(sample->blob));
	if (state->restores && length)
		memcpy(sample->blob, blob, length);
	state_fd(state, &sample->fd);
	state_fd(state, &sample->none);
	state_close(state, mark);
}

/* The bytes of a sealed state, the caller's. */
static uint8_t *saved(size_t *length)
{
	struct sample sample = full;
	struct state state;
	uint8_t *copy;

	state_save(&state);
	sample_carry(&sample, &state);
	assert_int_equal(state_seal(&state), 0);
	assert_int_equal(state.nr_fds, 1);
	assert_int_equal(state.fds[0], full.fd);
	*length = state.at;
	copy = malloc(*length);
	assert_non_null(copy);
	memcpy(copy, state.bytes, *length);
	state_fini(&state);
	return copy;
}

static const char *restored(const uint8_t *bytes, size_t length, struct sample *sample)
{
	int fds[] = { full.fd };
	struct state state;
	const char *fault;

	*sample = (struct sample){ .fd = -1 };
	if (!state_restore(&state, bytes, length, fds, 1))
		sample_carry(sample, &state);
	fault = state.fault;
	if (!fault)
		assert_int_equal(fds[0], -1);
	state_fini(&state);
	return fault;
}

static void what_is_saved_comes_back(void **unused)
{
	struct sample sample;
	size_t length;
	uint8_t *bytes = saved(&length);

	assert_null(restored(bytes, length, &sample));
	assert_true(sample.flag);
	assert_int_equal(sample.u8, full.u8);
	assert_int_equal(sample.u16, full.u16);
	assert_int_equal(sample.u32, full.u32);
	assert_memory_equal(sample.items, full.items, sizeof(full.items));
	assert_int_equal(sample.u64, full.u64);
	assert_memory_equal(sample.words, full.words, sizeof(full.words));
	assert_string_equal(sample.text, full.text);
	assert_memory_equal(sample.blob, full.blob, sizeof(full.blob));
	assert_int_equal(sample.fd, full.fd);
	assert_int_equal(sample.none, -1);
	free(bytes);
}

static void every_cut_is_noticed(void **unused)
{
	struct sample sample;
	size_t length;
	uint8_t *bytes = saved(&length);

	for (size_t cut = 0; cut < length; cut++) {
		uint64_t says = cut;

		assert_non_null(restored(bytes, cut, &sample));
		if (cut < 24)
			continue;
		memcpy(bytes + 16, &says, sizeof(says)); /* the head agrees with it */
		assert_non_null(restored(bytes, cut, &sample));
		says = length;
		memcpy(bytes + 16, &says, sizeof(says));
	}
	free(bytes);
}

struct foreign_case {
	const char *name;
	size_t at;
	uint8_t value;
	const char *fault;
};

static const struct foreign_case foreign_cases[] = {
	{ "not ours", 0, 'S', "it is no state of splitvifd" },
	{ "a newer version", 8, STATE_VERSION + 1, "it is of another version" },
	{ "an older version", 8, STATE_VERSION - 1, "it is of another version" },
	{ "fewer descriptors", 12, 2, "descriptors are missing, or too many" },
	{ "more descriptors", 12, 0, "descriptors are missing, or too many" },
	{ "a length of its own", 16, 1, "it is cut, or longer than it says" },
	{ "another record", 24, RECORD + 1, "another record stands there" },
	{ "a record beyond the end", 33, 0xff, "a record is longer than what holds it" },
	{ "a shorter record", 32, 40, NULL },
	{ "no flag", 40, 2, "a number is too large" },
};

static void what_is_foreign_is_refused(void **unused)
{
	for (size_t i = 0; i < sizeof(foreign_cases) / sizeof(foreign_cases[0]); i++) {
		const struct foreign_case *c = &foreign_cases[i];
		struct sample sample;
		size_t length;
		uint8_t *bytes = saved(&length);
		const char *fault;

		bytes[c->at] = c->value;
		fault = restored(bytes, length, &sample);
		print_message("%s\n", c->name);
		assert_non_null(fault);
		if (c->fault)
			assert_string_equal(fault, c->fault);
		free(bytes);
	}
}

/* What a newer version might append to a record. */
static void an_unknown_rest_is_refused(void **unused)
{
	struct sample sample = full;
	struct state state, reader;
	size_t mark;

	state_save(&state);
	mark = state_open(&state, RECORD);
	state_u32(&state, &sample.u32);
	state_close(&state, mark);
	assert_int_equal(state_seal(&state), 0);
	assert_int_equal(state_restore(&reader, state.bytes, state.at, NULL, 0), 0);
	state_close(&reader, state_open(&reader, RECORD));
	assert_string_equal(reader.fault, "a record is longer than what is known of it");
	state_fini(&state);
}

static void a_descriptor_is_given_once(void **unused)
{
	int fd = 5, fds[] = { 5 }, got;
	struct state state, reader;

	state_save(&state);
	state_fd(&state, &fd);
	state.nr_fds = 0;
	state_fd(&state, &fd); /* the same number again */
	assert_int_equal(state_seal(&state), 0);
	assert_int_equal(state_restore(&reader, state.bytes, state.at, fds, 1), 0);
	state_fd(&reader, &got);
	assert_int_equal(got, 5);
	state_fd(&reader, &got);
	assert_int_equal(got, -1);
	assert_string_equal(reader.fault, "a descriptor is not there, or there twice");
	state_fini(&state);
}

/* After a fault lists end and numbers are 0: nobody has to look in between. */
static void a_fault_sticks(void **unused)
{
	struct state state;
	uint32_t value = 1;

	assert_int_equal(state_restore(&state, "splitvif", 8, NULL, 0), -EPROTO);
	state_u32(&state, &value);
	assert_int_equal(value, 0);
	assert_false(state_more(&state, true));
	state_refuse(&state, "another");
	assert_string_equal(state.fault, "it is cut");
}

static void memory_grows(void **unused)
{
	struct state state;

	state_save(&state);
	for (uint64_t i = 0; i < 100000; i++)
		state_u64(&state, &i);
	assert_int_equal(state_seal(&state), 0);
	assert_int_equal(state.at, 24 + 800000);
	state_fini(&state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_saved_comes_back),
		cmocka_unit_test(every_cut_is_noticed),
		cmocka_unit_test(what_is_foreign_is_refused),
		cmocka_unit_test(an_unknown_rest_is_refused),
		cmocka_unit_test(a_descriptor_is_given_once),
		cmocka_unit_test(a_fault_sticks),
		cmocka_unit_test(memory_grows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
