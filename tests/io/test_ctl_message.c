#include "io/ctl_message.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* What travels: a change here breaks every tool and daemon out there. */
static void request_bytes_are_these(void **state)
{
	static const char *const argv[] = { "--json", "ring", "", "vm1" };
	static const char expected[] = "\x11\0\0\0--json\0ring\0\0vm1";
	struct ctl_request request;
	void *message;
	size_t length;

	assert_int_equal(ctl_request_encode(argv, COUNT(argv), &message, &length), 0);
	assert_int_equal(length, sizeof(expected));
	assert_memory_equal(message, expected, length);
	assert_int_equal(ctl_request_decode(message, length, &request), 0);
	assert_int_equal(request.argc, COUNT(argv));
	for (unsigned int i = 0; i < COUNT(argv); i++)
		assert_string_equal(request.argv[i], argv[i]);
	assert_null(request.argv[request.argc]);
	free(message);
}

static void reply_bytes_are_these(void **state)
{
	static const uint8_t expected[] = { 0xfe, 0xff, 0xff, 0xff, 3, 0, 0, 0, 'o', 'k', '\n' };
	struct ctl_reply reply;
	uint8_t head[CTL_REPLY_HEAD_BYTES];

	assert_int_equal(ctl_reply_encode_head(head, -2, 3), 0);
	assert_memory_equal(head, expected, sizeof(head));
	assert_int_equal(ctl_reply_size(expected, sizeof(expected)), sizeof(expected));
	assert_int_equal(ctl_reply_decode(expected, sizeof(expected), &reply), 0);
	assert_int_equal(reply.code, -2);
	assert_int_equal(reply.length, 3);
	assert_ptr_equal(reply.text, expected + 8);
}

struct bytes_case {
	const char *name;
	const char *bytes;
	size_t length;
	int64_t size; /* of *_size() */
	int decoded;
};

#define BYTES(text) text, sizeof(text) - 1

static const struct bytes_case request_cases[] = {
	{ "nothing", BYTES(""), 0, -EPROTO },
	{ "a cut head", BYTES("\2\0\0"), 0, -EPROTO },
	{ "a head alone", BYTES("\2\0\0\0"), 6, -EPROTO },
	{ "a cut argument", BYTES("\2\0\0\0a"), 6, -EPROTO },
	{ "whole", BYTES("\2\0\0\0a\0"), 6, 0 },
	{ "more than announced", BYTES("\2\0\0\0a\0b"), 6, -EPROTO },
	{ "no NUL at the end", BYTES("\2\0\0\0ab"), 6, -EPROTO },
	{ "no arguments", BYTES("\0\0\0\0"), -EPROTO, -EPROTO },
	{ "the largest", BYTES("\0\0\1\0"), 0x10004, -EPROTO },
	{ "one beyond the largest", BYTES("\1\0\1\0"), -EMSGSIZE, -EPROTO },
	{ "all ones", BYTES("\377\377\377\377"), -EMSGSIZE, -EPROTO },
};

static const struct bytes_case reply_cases[] = {
	{ "nothing", BYTES(""), 0, -EPROTO },
	{ "a cut head", BYTES("\0\0\0\0\1\0\0"), 0, -EPROTO },
	{ "a head alone", BYTES("\0\0\0\0\1\0\0\0"), 9, -EPROTO },
	{ "whole", BYTES("\0\0\0\0\1\0\0\0a"), 9, 0 },
	{ "empty text", BYTES("\0\0\0\0\0\0\0\0"), 8, 0 },
	{ "more than announced", BYTES("\0\0\0\0\0\0\0\0a"), 8, -EPROTO },
	{ "the largest", BYTES("\0\0\0\0\0\0\0\1"), 0x1000008, -EPROTO },
	{ "one beyond the largest", BYTES("\0\0\0\0\1\0\0\1"), -EMSGSIZE, -EPROTO },
	{ "all ones", BYTES("\0\0\0\0\377\377\377\377"), -EMSGSIZE, -EPROTO },
};

/* Each message lies in memory of exactly its length, for the sanitizer. */
static void *place(const struct bytes_case *c)
{
	void *bytes = malloc(c->length ? c->length : 1);

	assert_non_null(bytes);
	memcpy(bytes, c->bytes, c->length);
	return bytes;
}

static void requests_cut_and_oversized(void **state)
{
	for (unsigned int i = 0; i < COUNT(request_cases); i++) {
		const struct bytes_case *c = &request_cases[i];
		struct ctl_request request;
		void *bytes = place(c);

		print_message("  %s\n", c->name);
		assert_int_equal(ctl_request_size(bytes, c->length), c->size);
		assert_int_equal(ctl_request_decode(bytes, c->length, &request), c->decoded);
		free(bytes);
	}
}

static void replies_cut_and_oversized(void **state)
{
	for (unsigned int i = 0; i < COUNT(reply_cases); i++) {
		const struct bytes_case *c = &reply_cases[i];
		struct ctl_reply reply;
		void *bytes = place(c);

		print_message("  %s\n", c->name);
		assert_int_equal(ctl_reply_size(bytes, c->length), c->size);
		assert_int_equal(ctl_reply_decode(bytes, c->length, &reply), c->decoded);
		free(bytes);
	}
}

struct bound_case {
	const char *name;
	unsigned int argc;
	size_t each; /* length of each argument, without its NUL */
	int result;
};

static const struct bound_case bound_cases[] = {
	{ "no arguments", 0, 0, -EINVAL },
	{ "as many as allowed", CTL_REQUEST_MAX_ARGS, 0, 0 },
	{ "one too many", CTL_REQUEST_MAX_ARGS + 1, 0, -E2BIG },
	{ "as long as allowed", 1, CTL_REQUEST_MAX_BYTES - 1, 0 },
	{ "one byte too long", 1, CTL_REQUEST_MAX_BYTES, -E2BIG },
	{ "too long together", 2, CTL_REQUEST_MAX_BYTES / 2, -E2BIG },
};

static void encoding_keeps_the_bounds(void **state)
{
	static char argument[CTL_REQUEST_MAX_BYTES + 1];
	const char *argv[CTL_REQUEST_MAX_ARGS + 1];
	struct ctl_request request;

	for (unsigned int i = 0; i < COUNT(argv); i++)
		argv[i] = argument;
	for (unsigned int i = 0; i < COUNT(bound_cases); i++) {
		const struct bound_case *c = &bound_cases[i];
		void *message = NULL;
		size_t length;

		print_message("  %s\n", c->name);
		memset(argument, 'x', c->each);
		argument[c->each] = 0;
		assert_int_equal(ctl_request_encode(argv, c->argc, &message, &length), c->result);
		if (c->result)
			continue;
		assert_int_equal(ctl_request_decode(message, length, &request), 0);
		assert_int_equal(request.argc, c->argc);
		free(message);
	}
}

static void decoding_bounds_the_arguments(void **state)
{
	uint8_t message[CTL_REQUEST_HEAD_BYTES + CTL_REQUEST_MAX_ARGS + 1] = { 0 };
	struct ctl_request request;

	message[0] = (uint8_t)(CTL_REQUEST_MAX_ARGS + 1);
	message[1] = (CTL_REQUEST_MAX_ARGS + 1) >> 8;
	assert_int_equal(ctl_request_decode(message, sizeof(message), &request), -EPROTO);
}

static void replies_keep_the_bound(void **state)
{
	uint8_t head[CTL_REPLY_HEAD_BYTES];

	assert_int_equal(ctl_reply_encode_head(head, 0, CTL_REPLY_MAX_BYTES), 0);
	assert_int_equal(ctl_reply_encode_head(head, 0, CTL_REPLY_MAX_BYTES + 1), -EMSGSIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(request_bytes_are_these),
		cmocka_unit_test(reply_bytes_are_these),
		cmocka_unit_test(requests_cut_and_oversized),
		cmocka_unit_test(replies_cut_and_oversized),
		cmocka_unit_test(encoding_keeps_the_bounds),
		cmocka_unit_test(decoding_bounds_the_arguments),
		cmocka_unit_test(replies_keep_the_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
