#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/wire.h"

static void test_a_message_cut_anywhere(void **state)
{
	struct wire_buffer buffer = { 0 };
	const struct wire_message messages[] = {
		{ .type = XS_READ, .req_id = 1, .tx_id = 2, .length = 3, .payload = "/a" },
		{ .type = XS_WRITE,
		  .req_id = 0xfffffffe,
		  .tx_id = 7,
		  .length = 0,
		  .payload = NULL },
		{ .type = 0xffff, .req_id = 3, .tx_id = 0, .length = 5, .payload = "12345" },
	};

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(wire_append(&buffer, &messages[i]), 0);
	for (size_t cut = 1; cut <= wire_buffer_length(&buffer); cut++) {
		struct wire_reader reader = { 0 };
		struct wire_message message;
		unsigned int nr = 0;

		for (size_t at = 0; at < buffer.end; at += cut) {
			const char *bytes = buffer.bytes + at;
			size_t length = cut < buffer.end - at ? cut : buffer.end - at;

			while (wire_read(&reader, &bytes, &length, &message) == 1) {
				assert_int_equal(message.type, messages[nr].type);
				assert_int_equal(message.req_id, messages[nr].req_id);
				assert_int_equal(message.tx_id, messages[nr].tx_id);
				assert_int_equal(message.length, messages[nr].length);
				assert_int_equal(message.payload[message.length], 0);
				if (message.length)
					assert_memory_equal(message.payload, messages[nr].payload,
							    message.length);
				nr++;
			}
			assert_int_equal(length, 0);
		}
		assert_int_equal(nr, 3);
	}
	wire_buffer_fini(&buffer);
}

static void test_bytes_of_a_message(void **state)
{
	static const char expected[] = "\x02\0\0\0\x04\x03\x02\x01\x05\0\0\0\x03\0\0\0/a";
	const struct wire_message message = {
		.type = XS_READ, .req_id = 0x01020304, .tx_id = 5, .length = 3, .payload = "/a"
	};
	struct wire_buffer buffer = { 0 };

	(void)state;
	assert_int_equal(wire_append(&buffer, &message), 0);
	assert_int_equal(wire_buffer_length(&buffer), sizeof(expected));
	assert_memory_equal(buffer.bytes, expected, sizeof(expected));
	wire_buffer_fini(&buffer);
}

static void test_payload_lengths(void **state)
{
	static const struct {
		const char *name;
		uint32_t length;
		int rc;
	} cases[] = {
		{ "longest", 4096, 0 },
		{ "one more", 4097, -EPROTO },
		{ "as if negative", 0xffffffff, -EPROTO },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct xsd_sockmsg header = { .type = XS_READ, .len = cases[i].length };
		struct wire_reader reader = { 0 };
		struct wire_message message;
		const char *bytes = (const char *)&header;
		size_t length = sizeof(header);

		print_message("%s\n", cases[i].name);
		assert_int_equal(wire_read(&reader, &bytes, &length, &message), cases[i].rc);
	}
}

static void test_a_buffer_sent_in_parts_keeps_its_order(void **state)
{
	struct wire_buffer buffer = { 0 };
	uint8_t next_in = 0, next_out = 0;

	(void)state;
	for (int i = 0; i < 3000; i++) {
		char payload[1] = { (char)next_in++ };
		const struct wire_message message = { .length = 1, .payload = payload };

		assert_int_equal(wire_append(&buffer, &message), 0);
		if (i % 3 == 2)
			continue;
		assert_int_equal((uint8_t)buffer.bytes[buffer.start + WIRE_HEADER_BYTES],
				 next_out++);
		wire_sent(&buffer, 7);
		wire_sent(&buffer, WIRE_HEADER_BYTES + 1 - 7);
	}
	assert_int_equal(wire_buffer_length(&buffer), 1000 * (WIRE_HEADER_BYTES + 1));
	wire_sent(&buffer, SIZE_MAX);
	assert_int_equal(wire_buffer_length(&buffer), 0);
	wire_buffer_fini(&buffer);
}

static void test_error_names(void **state)
{
	static const int errors[] = { EINVAL, EACCES, EEXIST, ENOENT, ENOMEM, ENOSPC,
				      EIO,    ENOSYS, EBUSY,  EAGAIN, E2BIG,  EPERM };

	(void)state;
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		assert_int_equal(wire_error_number(wire_error_name(errors[i])), errors[i]);
	assert_string_equal(wire_error_name(EAGAIN), "EAGAIN");
	assert_string_equal(wire_error_name(EPROTO), "EIO");
	assert_int_equal(wire_error_number("ENONSENSE"), EIO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_message_cut_anywhere),
		cmocka_unit_test(test_bytes_of_a_message),
		cmocka_unit_test(test_payload_lengths),
		cmocka_unit_test(test_a_buffer_sent_in_parts_keeps_its_order),
		cmocka_unit_test(test_error_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
