/*
 * Which frames do not wait: one of each kind, and each cut at every byte.
 */
#include "support/unit.h"

#include <string.h>

#include "backend/urgent.h"

enum { DATA = 10, V4 = 20, V6 = 40, TCP = 20, TAG = 4 };

struct kind {
	const char *name;
	uint16_t type;
	uint8_t protocol, tcp_flags;
	bool tagged, data, fragment;
	bool urgent, urgent_tcp; /* wanted: without and with TCP */
};

static const struct kind kinds[] = {
	{ "arp", 0x0806, .urgent = true, .urgent_tcp = true },
	{ "arp, tagged", 0x0806, .tagged = true, .urgent = true, .urgent_tcp = true },
	{ "neither", 0x88cc },
	{ "udp", 0x0800, 17 },
	{ "syn", 0x0800, 6, 0x02, .urgent_tcp = true },
	{ "syn, v6, tagged", 0x86dd, 6, 0x02, .tagged = true, .urgent_tcp = true },
	{ "fin with data", 0x0800, 6, 0x11, .data = true, .urgent_tcp = true },
	{ "reset", 0x86dd, 6, 0x04, .urgent_tcp = true },
	{ "ack", 0x0800, 6, 0x10, .urgent_tcp = true },
	{ "ack, v6", 0x86dd, 6, 0x10, .urgent_tcp = true },
	{ "data", 0x0800, 6, 0x10, .data = true },
	{ "data, v6", 0x86dd, 6, 0x18, .data = true },
	{ "a fragment", 0x0800, 6, 0x02, .fragment = true },
	{ "v6 udp", 0x86dd, 17 },
};

static void put16(uint8_t *at, unsigned int value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void frame_make(struct frame *frame, const struct kind *kind)
{
	unsigned int ip = 14 + (kind->tagged ? TAG : 0), data = kind->data ? DATA : 0;
	unsigned int tcp = ip + (kind->type == 0x86dd ? V6 : V4);
	uint8_t *bytes = frame->bytes;

	memset(frame, 0, sizeof(*frame));
	put16(bytes + 12, kind->tagged ? 0x8100 : kind->type);
	put16(bytes + ip - 2, kind->type);
	if (kind->type == 0x0800) {
		bytes[ip] = 0x45;
		bytes[ip + 9] = kind->protocol;
		put16(bytes + ip + 2, V4 + TCP + data);
		put16(bytes + ip + 6, kind->fragment ? 0x2000 : 0x4000);
	} else if (kind->type == 0x86dd) {
		bytes[ip] = 0x60;
		bytes[ip + 6] = kind->protocol;
		put16(bytes + ip + 4, TCP + data);
	}
	bytes[tcp + 12] = 0x50;
	bytes[tcp + 13] = kind->tcp_flags;
	frame->head = (uint16_t)(tcp + TCP + data);
	frame->length = frame->head < 60 ? 60 : frame->head; /* padded on the wire */
}

static void test_kinds(void **state)
{
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		struct frame frame;

		frame_make(&frame, &kinds[i]);
		if (urgent_is(&frame, false) != kinds[i].urgent ||
		    urgent_is(&frame, true) != kinds[i].urgent_tcp)
			fail_msg("%s", kinds[i].name);
	}
}

/* What is not in the head is not guessed. */
static void test_cut_short(void **state)
{
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		bool tcp = !kinds[i].urgent && kinds[i].urgent_tcp;
		struct frame frame;
		uint16_t whole;

		frame_make(&frame, &kinds[i]);
		whole = frame.head;
		for (frame.head = 0; frame.head < whole - (tcp ? kinds[i].data * DATA : 0);
		     frame.head++)
			if (tcp && urgent_is(&frame, true))
				fail_msg("%s, cut at %u", kinds[i].name, frame.head);
		for (frame.head = 0; frame.head < 18; frame.head++)
			assert_false(urgent_is(&frame, true));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_cut_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
