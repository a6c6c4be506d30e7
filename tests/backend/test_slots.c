/*
 * Chains of slots as strangers write them.
 *
 * A table has every rule by name; then random slots go through slots_read()
 * and through a second, plain reading of the same rules, which must agree.
 */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/slots.h"
#include "support/random.h"

enum { MORE = NETTXF_more_data, EXTRA = NETTXF_extra_info, SEED = 0x5107 };

/* A ring entry: a request, or an extra info in its place. */
struct entry {
	bool is_extra;
	uint16_t offset, size, flags;
	uint8_t extra_type, extra_flags, gso_type;
	uint16_t gso_size;
};

#define DATA(o, s, f)                                    \
	{                                                \
		.offset = (o), .size = (s), .flags = (f) \
	}
#define INFO(t, f)                                                      \
	{                                                               \
		.is_extra = true, .extra_type = (t), .extra_flags = (f) \
	}
#define GSO(s, t, f)                                                                          \
	{                                                                                     \
		.is_extra = true, .extra_type = XEN_NETIF_EXTRA_TYPE_GSO, .extra_flags = (f), \
		.gso_size = (s), .gso_type = (t)                                              \
	}
#define GSO4 XEN_NETIF_GSO_TYPE_TCPV4
#define GSO6 XEN_NETIF_GSO_TYPE_TCPV6

static union ring_page page;

/* A ring whose next request stands at `start`, with the entries published. */
static struct ring ring_with(uint32_t start, const struct entry *entries, uint32_t n)
{
	struct ring front, back;

	ring_init_front(&front, &page, TX_RING_ENTRIES);
	page.tx.req_prod = page.tx.rsp_prod = start;
	front.produced = front.published = front.in_cons = front.in_seen = start;
	ring_attach_back(&back, &page, TX_RING_ENTRIES);
	for (uint32_t i = 0; i < n; i++) {
		const struct entry *e = &entries[i];
		netif_tx_request_t request = { .gref = 100 + i,
					       .offset = e->offset,
					       .flags = e->flags,
					       .id = (uint16_t)i,
					       .size = e->size };
		netif_extra_info_t info = { .type = e->extra_type, .flags = e->extra_flags };

		info.u.gso.size = e->gso_size;
		info.u.gso.type = e->gso_type;
		if (e->is_extra)
			ring_produce_tx_extra(&front, &info);
		else
			ring_produce_tx_request(&front, &request);
	}
	ring_publish(&front);
	return back;
}

struct chain_case {
	const char *name;
	enum slots_verdict verdict;
	enum slots_reason reason;
	unsigned int nr_data, nr_extras; /* of chains that are not fatal */
	uint32_t total;
	uint32_t published;
	struct entry entries[8];
};

static const struct chain_case chain_cases[] = {
	{ "one slot", SLOTS_FRAME, SLOTS_OK, 1, 0, 60, 1, { DATA(0, 60, 0) } },
	{ "one slot, another behind",
	  SLOTS_FRAME,
	  SLOTS_OK,
	  1,
	  0,
	  60,
	  2,
	  { DATA(0, 60, 0), DATA(0, 99, 0) } },
	{ "shortest frame", SLOTS_FRAME, SLOTS_OK, 1, 0, 14, 1, { DATA(0, 14, 0) } },
	{ "shorter than a header", SLOTS_ERROR, SLOTS_TOO_SHORT, 1, 0, 13, 1, { DATA(0, 13, 0) } },
	{ "no byte at all", SLOTS_ERROR, SLOTS_TOO_SHORT, 1, 0, 0, 1, { DATA(0, 0, 0) } },
	{ "short total of two slots",
	  SLOTS_ERROR,
	  SLOTS_TOO_SHORT,
	  2,
	  0,
	  13,
	  2,
	  { DATA(0, 13, MORE), DATA(0, 7, 0) } },
	{ "two slots",
	  SLOTS_FRAME,
	  SLOTS_OK,
	  2,
	  0,
	  100,
	  2,
	  { DATA(0, 100, MORE), DATA(0, 40, 0) } },
	{ "part larger than the total",
	  SLOTS_ERROR,
	  SLOTS_PARTS_EXCEED,
	  2,
	  0,
	  100,
	  2,
	  { DATA(0, 100, MORE), DATA(0, 101, 0) } },
	{ "parts that make the total, first one empty",
	  SLOTS_FRAME,
	  SLOTS_OK,
	  2,
	  0,
	  100,
	  2,
	  { DATA(0, 100, MORE), DATA(0, 100, 0) } },
	{ "parts too large together",
	  SLOTS_ERROR,
	  SLOTS_PARTS_EXCEED,
	  3,
	  0,
	  100,
	  3,
	  { DATA(0, 100, MORE), DATA(0, 60, MORE), DATA(0, 60, 0) } },
	{ "parts too large, the chain is read on",
	  SLOTS_ERROR,
	  SLOTS_PARTS_EXCEED,
	  4,
	  0,
	  100,
	  5,
	  { DATA(0, 100, MORE), DATA(0, 200, MORE), DATA(0, 1, MORE), DATA(0, 1, 0),
	    DATA(0, 60, 0) } },
	{ "empty slot in the middle",
	  SLOTS_FRAME,
	  SLOTS_OK,
	  3,
	  0,
	  100,
	  3,
	  { DATA(0, 100, MORE), DATA(0, 0, MORE), DATA(0, 50, 0) } },
	{ "empty slot at the end",
	  SLOTS_FRAME,
	  SLOTS_OK,
	  2,
	  0,
	  100,
	  2,
	  { DATA(0, 100, MORE), DATA(0, 0, 0) } },
	{ "total 0 with empty slots",
	  SLOTS_ERROR,
	  SLOTS_TOO_SHORT,
	  3,
	  0,
	  0,
	  3,
	  { DATA(0, 0, MORE), DATA(0, 0, MORE), DATA(0, 0, 0) } },
	{ "up to the page's end", SLOTS_FRAME, SLOTS_OK, 1, 0, 4000, 1, { DATA(96, 4000, 0) } },
	{ "one byte over the page's end",
	  SLOTS_FATAL,
	  SLOTS_CROSSES_PAGE,
	  0,
	  0,
	  0,
	  1,
	  { DATA(97, 4000, 0) } },
	{ "1460 bytes at 0xb68, which once crashed a dom0",
	  SLOTS_FATAL,
	  SLOTS_CROSSES_PAGE,
	  0,
	  0,
	  0,
	  1,
	  { DATA(0xb68, 1460, 0) } },
	{ "offset behind the page",
	  SLOTS_FATAL,
	  SLOTS_CROSSES_PAGE,
	  0,
	  0,
	  0,
	  1,
	  { DATA(4097, 60, 0) } },
	{ "offset + size wraps 16 bits",
	  SLOTS_FATAL,
	  SLOTS_CROSSES_PAGE,
	  0,
	  0,
	  0,
	  1,
	  { DATA(0xffff, 60, 0) } },
	{ "size alone over a page",
	  SLOTS_FATAL,
	  SLOTS_CROSSES_PAGE,
	  0,
	  0,
	  0,
	  1,
	  { DATA(0, 4097, 0) } },
	{ "total over a page, the first part is not",
	  SLOTS_FRAME,
	  SLOTS_OK,
	  3,
	  0,
	  9000,
	  3,
	  { DATA(0, 9000, MORE), DATA(0, 4096, MORE), DATA(0, 4096, 0) } },
	{ "first part crosses, total says so only with the rest",
	  SLOTS_FATAL,
	  SLOTS_CROSSES_PAGE,
	  0,
	  0,
	  0,
	  2,
	  { DATA(0, 9000, MORE), DATA(0, 4096, 0) } },
	{ "later slot up to the page's end",
	  SLOTS_FRAME,
	  SLOTS_OK,
	  2,
	  0,
	  1000,
	  2,
	  { DATA(0, 1000, MORE), DATA(4000, 96, 0) } },
	{ "later slot one byte over",
	  SLOTS_FATAL,
	  SLOTS_CROSSES_PAGE,
	  0,
	  0,
	  0,
	  2,
	  { DATA(0, 1000, MORE), DATA(4001, 96, 0) } },
	{ "later slot wraps 16 bits",
	  SLOTS_FATAL,
	  SLOTS_CROSSES_PAGE,
	  0,
	  0,
	  0,
	  2,
	  { DATA(0, 1000, MORE), DATA(0xffff, 0xffff, 0) } },
	{ "later slot crosses and exceeds: the worse one stands",
	  SLOTS_FATAL,
	  SLOTS_CROSSES_PAGE,
	  0,
	  0,
	  0,
	  2,
	  { DATA(0, 100, MORE), DATA(4000, 101, 0) } },
	{ "empty slot at offset 4096",
	  SLOTS_FRAME,
	  SLOTS_OK,
	  2,
	  0,
	  100,
	  2,
	  { DATA(0, 100, MORE), DATA(4096, 0, 0) } },
	{ "empty slot behind the page",
	  SLOTS_FATAL,
	  SLOTS_CROSSES_PAGE,
	  0,
	  0,
	  0,
	  2,
	  { DATA(0, 100, MORE), DATA(4097, 0, 0) } },
	{ "more_data on the last one", SLOTS_FATAL, SLOTS_CUT, 0, 0, 0, 1, { DATA(0, 60, MORE) } },
	{ "more_data on the last of three",
	  SLOTS_FATAL,
	  SLOTS_CUT,
	  0,
	  0,
	  0,
	  3,
	  { DATA(0, 60, MORE), DATA(0, 1, MORE), DATA(0, 1, MORE) } },
	{ "extra_info with nothing after it",
	  SLOTS_FATAL,
	  SLOTS_EXTRA_CUT,
	  0,
	  0,
	  0,
	  1,
	  { DATA(0, 60, EXTRA) } },
	{ "extra with MORE and nothing after it",
	  SLOTS_FATAL,
	  SLOTS_EXTRA_CUT,
	  0,
	  0,
	  0,
	  2,
	  { DATA(0, 60, EXTRA), GSO(1448, GSO4, XEN_NETIF_EXTRA_FLAG_MORE) } },
	{ "more_data and extra_info, only the extra there",
	  SLOTS_FATAL,
	  SLOTS_CUT,
	  0,
	  0,
	  0,
	  2,
	  { DATA(0, 60, EXTRA | MORE), GSO(1448, GSO4, 0) } },
	{ "extra_info of a later slot is not looked at",
	  SLOTS_FRAME,
	  SLOTS_OK,
	  2,
	  0,
	  60,
	  2,
	  { DATA(0, 60, MORE), DATA(0, 1, EXTRA) } },
	{ "GSO v4",
	  SLOTS_FRAME,
	  SLOTS_OK,
	  1,
	  1,
	  3000,
	  2,
	  { DATA(0, 3000, EXTRA), GSO(1448, GSO4, 0) } },
	{ "GSO v6, data behind it",
	  SLOTS_FRAME,
	  SLOTS_OK,
	  2,
	  1,
	  5000,
	  3,
	  { DATA(0, 5000, EXTRA | MORE), GSO(1428, GSO6, 0), DATA(0, 2000, 0) } },
	{ "GSO size 0",
	  SLOTS_FATAL,
	  SLOTS_GSO_SIZE,
	  0,
	  0,
	  0,
	  2,
	  { DATA(0, 3000, EXTRA), GSO(0, GSO4, 0) } },
	{ "GSO type 0",
	  SLOTS_FATAL,
	  SLOTS_GSO_TYPE,
	  0,
	  0,
	  0,
	  2,
	  { DATA(0, 3000, EXTRA), GSO(1448, 0, 0) } },
	{ "GSO type 3",
	  SLOTS_FATAL,
	  SLOTS_GSO_TYPE,
	  0,
	  0,
	  0,
	  2,
	  { DATA(0, 3000, EXTRA), GSO(1448, 3, 0) } },
	{ "extra of type 0",
	  SLOTS_FATAL,
	  SLOTS_EXTRA_UNKNOWN,
	  0,
	  0,
	  0,
	  2,
	  { DATA(0, 60, EXTRA), INFO(0, 0) } },
	{ "extra of type 5",
	  SLOTS_FATAL,
	  SLOTS_EXTRA_UNKNOWN,
	  0,
	  0,
	  0,
	  2,
	  { DATA(0, 60, EXTRA), INFO(5, 0) } },
	{ "extra of type 255",
	  SLOTS_FATAL,
	  SLOTS_EXTRA_UNKNOWN,
	  0,
	  0,
	  0,
	  2,
	  { DATA(0, 60, EXTRA), INFO(255, 0) } },
	{ "HASH is taken and not used",
	  SLOTS_FRAME,
	  SLOTS_OK,
	  1,
	  1,
	  60,
	  2,
	  { DATA(0, 60, EXTRA), INFO(XEN_NETIF_EXTRA_TYPE_HASH, 0) } },
	{ "MCAST_ADD was not offered",
	  SLOTS_ERROR,
	  SLOTS_NOT_OFFERED,
	  1,
	  1,
	  60,
	  2,
	  { DATA(0, 60, EXTRA), INFO(XEN_NETIF_EXTRA_TYPE_MCAST_ADD, 0) } },
	{ "MCAST_DEL was not offered",
	  SLOTS_ERROR,
	  SLOTS_NOT_OFFERED,
	  1,
	  1,
	  60,
	  2,
	  { DATA(0, 60, EXTRA), INFO(XEN_NETIF_EXTRA_TYPE_MCAST_DEL, 0) } },
	{ "MCAST_ADD before a bad GSO: the worse one stands",
	  SLOTS_FATAL,
	  SLOTS_GSO_SIZE,
	  0,
	  0,
	  0,
	  3,
	  { DATA(0, 60, EXTRA), INFO(XEN_NETIF_EXTRA_TYPE_MCAST_ADD, XEN_NETIF_EXTRA_FLAG_MORE),
	    GSO(0, GSO4, 0) } },
	{ "four extras",
	  SLOTS_FRAME,
	  SLOTS_OK,
	  2,
	  4,
	  60,
	  6,
	  { DATA(0, 60, EXTRA | MORE), INFO(4, 1), INFO(4, 1), INFO(4, 1), GSO(1448, GSO4, 0),
	    DATA(0, 1, 0) } },
	{ "five extras",
	  SLOTS_FATAL,
	  SLOTS_EXTRA_TOO_MANY,
	  0,
	  0,
	  0,
	  6,
	  { DATA(0, 60, EXTRA), INFO(4, 1), INFO(4, 1), INFO(4, 1), INFO(4, 1), INFO(4, 0) } },
	{ "MORE without an end",
	  SLOTS_FATAL,
	  SLOTS_EXTRA_TOO_MANY,
	  0,
	  0,
	  0,
	  8,
	  { DATA(0, 60, EXTRA), INFO(4, 1), INFO(4, 1), INFO(4, 1), INFO(4, 1), INFO(4, 1),
	    INFO(4, 1), INFO(4, 1) } },
};

static const uint32_t starts[] = { 0, 1, 250, 0x7fffffff, 0xfffffffa, 0xffffffff };

static void chain_check(const struct chain_case *c, const struct slots_chain *chain, uint32_t start)
{
	bool same = chain->verdict == c->verdict && chain->reason == c->reason;

	if (c->verdict != SLOTS_FATAL)
		same = same && chain->nr_data == c->nr_data && chain->nr_extras == c->nr_extras &&
		       chain->total == c->total;
	if (!same)
		fail_msg("%s, from %#x: verdict %d (%s), %d data, %d extras, total %u", c->name,
			 start, chain->verdict, slots_reason_text(chain->reason), chain->nr_data,
			 chain->nr_extras, chain->total);
}

static void test_every_rule(void **state)
{
	netif_tx_request_t data[SLOTS_DATA_TOLERATED];
	struct slots_chain chain;

	for (size_t i = 0; i < COUNT_OF(chain_cases); i++)
		for (size_t s = 0; s < COUNT_OF(starts); s++) {
			const struct chain_case *c = &chain_cases[i];
			struct ring ring = ring_with(starts[s], c->entries, c->published);
			struct ring before = ring;

			slots_read(&ring, starts[s], c->published, &chain, data);
			chain_check(c, &chain, starts[s]);
			assert_memory_equal(&ring, &before, sizeof(ring)); /* nothing moves */
		}
}

/* The facts of a GSO frame, and the slots as they will be answered. */
static void test_what_is_read(void **state)
{
	static const struct entry entries[] = { DATA(16, 5000, EXTRA | MORE | NETTXF_csum_blank),
						GSO(1428, GSO6, XEN_NETIF_EXTRA_FLAG_MORE),
						INFO(4, 0), DATA(32, 2000, MORE),
						DATA(48, 100, 0) };
	struct ring ring = ring_with(254, entries, COUNT_OF(entries));
	netif_tx_request_t data[SLOTS_DATA_TOLERATED];
	struct slots_chain chain;

	slots_read(&ring, 254, COUNT_OF(entries), &chain, data);
	assert_int_equal(chain.verdict, SLOTS_FRAME);
	assert_int_equal(chain.flags, EXTRA | MORE | NETTXF_csum_blank);
	assert_int_equal(chain.gso_type, GSO6);
	assert_int_equal(chain.gso_size, 1428);
	assert_int_equal(chain.nr_data, 3);
	assert_int_equal(chain.nr_extras, 2);
	assert_int_equal(data[0].id, 0);
	assert_int_equal(data[0].offset, 16);
	assert_int_equal(data[0].size, 5000 - 2000 - 100); /* its own part */
	assert_int_equal(data[1].id, 3);
	assert_int_equal(data[1].gref, 103);
	assert_int_equal(data[1].size, 2000);
	assert_int_equal(data[2].id, 4);
	assert_int_equal(data[2].size, 100);
}

/* Chains of n data slots, all published, of 60 bytes in all. */
struct length_case {
	unsigned int n;
	enum slots_verdict verdict;
	enum slots_reason reason;
};

static const struct length_case length_cases[] = {
	{ 1, SLOTS_FRAME, SLOTS_OK },
	{ 18, SLOTS_FRAME, SLOTS_OK },
	{ 19, SLOTS_FRAME, SLOTS_OK },
	{ 20, SLOTS_ERROR, SLOTS_TOO_MANY },
	{ 21, SLOTS_ERROR, SLOTS_TOO_MANY },
	{ 22, SLOTS_FATAL, SLOTS_FAR_TOO_MANY },
	{ 255, SLOTS_FATAL, SLOTS_FAR_TOO_MANY },
};

static void test_lengths(void **state)
{
	static struct entry entries[TX_RING_ENTRIES];
	netif_tx_request_t data[SLOTS_DATA_TOLERATED];
	struct slots_chain chain;

	for (size_t i = 0; i < COUNT_OF(length_cases); i++)
		for (size_t s = 0; s < COUNT_OF(starts); s++) {
			const struct length_case *c = &length_cases[i];
			struct ring ring;

			for (unsigned int k = 0; k < c->n; k++)
				entries[k] =
					(struct entry)DATA(0, k ? 1 : 60, k + 1 < c->n ? MORE : 0);
			ring = ring_with(starts[s], entries, c->n);
			slots_read(&ring, starts[s], c->n, &chain, data);
			if (chain.verdict != c->verdict || chain.reason != c->reason)
				fail_msg("%u slots: %s", c->n, slots_reason_text(chain.reason));
			if (c->verdict != SLOTS_FATAL)
				assert_int_equal(chain.nr_data, c->n);
		}
}

static void test_texts(void **state)
{
	for (int i = 0; i < SLOTS_REASONS; i++) {
		const char *text = slots_reason_text((enum slots_reason)i);

		assert_non_null(text);
		assert_true(strlen(text) > 0);
		for (int k = 0; k < i; k++)
			assert_string_not_equal(text, slots_reason_text((enum slots_reason)k));
	}
	assert_string_equal(slots_reason_text((enum slots_reason)SLOTS_REASONS), "unknown");
}

/* The second reading: what the rules say of the whole, in no order of slots. */
struct plain {
	enum slots_verdict verdict;
	unsigned int nr_data, nr_extras;
	uint32_t first_part;
};

static bool info_is_fatal(const struct entry *e)
{
	if (e->extra_type == 0 || e->extra_type > 4)
		return true;
	return e->extra_type == 1 && (!e->gso_size || e->gso_type < 1 || e->gso_type > 2);
}

/* How many extras follow the first slot; -1: fatal. */
static int plain_extras(const struct entry *entries, uint32_t n, bool *multicast)
{
	uint32_t at = 1;

	if (!(entries[0].flags & EXTRA))
		return 0;
	for (;; at++) {
		if (at > 4 || at >= n || info_is_fatal(&entries[at]))
			return -1;
		*multicast |= entries[at].extra_type == 2 || entries[at].extra_type == 3;
		if (!(entries[at].extra_flags & 1))
			return (int)at;
	}
}

static struct plain plain_read(const struct entry *entries, uint32_t n)
{
	struct plain plain = { .verdict = SLOTS_FATAL, .nr_data = 1 };
	uint32_t later = 0, at, total = entries[0].size;
	bool multicast = false, more = entries[0].flags & MORE;
	int extras = plain_extras(entries, n, &multicast);

	if (extras < 0)
		return plain;
	plain.nr_extras = (unsigned int)extras;
	for (at = 1 + (uint32_t)extras; more; at++) {
		if (plain.nr_data == 21 || at >= n || entries[at].offset + entries[at].size > 4096)
			return plain;
		plain.nr_data++;
		later += entries[at].size;
		more = entries[at].flags & MORE;
	}
	plain.verdict = SLOTS_ERROR;
	if (multicast || plain.nr_data > 19 || later > total)
		return plain;
	plain.first_part = total - later;
	if (entries[0].offset + plain.first_part > 4096)
		plain.verdict = SLOTS_FATAL;
	else if (total >= 14)
		plain.verdict = SLOTS_FRAME;
	return plain;
}

static bool chance(uint64_t *random, uint32_t percent)
{
	return random_below(random, 100) < percent;
}

/* Entries that know both readings: as a request, and as an extra info. A plain
 * reader of entries must not look at the wrong one's fields, so each entry is
 * one or the other, and where the chain meets the other kind the ring's bytes
 * are told back from it. */
static struct entry random_entry(uint64_t *random)
{
	union {
		netif_tx_request_t request;
		netif_extra_info_t info;
	} slot = { 0 };
	struct entry e = { 0 };

	e.is_extra = chance(random, 12);
	if (e.is_extra) {
		slot.info.type = (uint8_t)(chance(random, 90) ? 1 + random_below(random, 4)
							      : random_next(random));
		slot.info.flags = chance(random, 30);
		slot.info.u.gso.size = (uint16_t)(chance(random, 95) ? 1448 : 0);
		slot.info.u.gso.type = (uint8_t)(chance(random, 95) ? 1 + random_below(random, 2)
								    : random_next(random));
	} else {
		slot.request.gref = random_next(random);
		slot.request.offset =
			(uint16_t)random_below(random, chance(random, 97) ? 64 : 65536);
		slot.request.size =
			(uint16_t)random_below(random, chance(random, 97) ? 300 : 65536);
		slot.request.flags = (uint16_t)((chance(random, 80) ? MORE : 0) |
						(chance(random, 15) ? EXTRA : 0));
	}
	e.offset = slot.request.offset;
	e.size = slot.request.size;
	e.flags = slot.request.flags;
	e.extra_type = slot.info.type;
	e.extra_flags = slot.info.flags;
	e.gso_size = slot.info.u.gso.size;
	e.gso_type = slot.info.u.gso.type;
	return e;
}

static void entry_publish(struct ring *front, const struct entry *e)
{
	union {
		netif_tx_request_t request;
		netif_extra_info_t info;
	} slot = { 0 };

	slot.request =
		(netif_tx_request_t){ .offset = e->offset, .size = e->size, .flags = e->flags };
	slot.info.type = e->extra_type;
	slot.info.flags = e->extra_flags;
	slot.info.u.gso.size = e->gso_size;
	slot.info.u.gso.type = e->gso_type;
	ring_produce_tx_request(front, &slot.request);
}

static struct ring ring_of_random(uint32_t start, const struct entry *entries, uint32_t n)
{
	struct ring back = ring_with(start, NULL, 0);
	struct ring front;

	ring_init_front(&front, &page, TX_RING_ENTRIES);
	page.tx.req_prod = page.tx.rsp_prod = start;
	front.produced = front.published = start;
	for (uint32_t i = 0; i < n; i++)
		entry_publish(&front, &entries[i]);
	ring_publish(&front);
	return back;
}

static void compare(const struct entry *entries, uint32_t n, uint32_t start, unsigned int tally[3])
{
	struct ring ring = ring_of_random(start, entries, n);
	struct plain plain = plain_read(entries, n);
	netif_tx_request_t data[SLOTS_DATA_TOLERATED + 1];
	struct slots_chain chain;

	memset(data, 0x5a, sizeof(data));
	slots_read(&ring, start, n, &chain, data);
	assert_int_equal(data[SLOTS_DATA_TOLERATED].gref, 0x5a5a5a5a);
	if (chain.verdict != plain.verdict)
		fail_msg("from %#x, %u published: %d (%s) instead of %d", start, n, chain.verdict,
			 slots_reason_text(chain.reason), plain.verdict);
	tally[plain.verdict]++;
	assert_true((chain.verdict == SLOTS_FRAME) == (chain.reason == SLOTS_OK));
	if (plain.verdict == SLOTS_FATAL)
		return;
	assert_int_equal(chain.nr_data, plain.nr_data);
	assert_int_equal(chain.nr_extras, plain.nr_extras);
	assert_true(chain.nr_data + chain.nr_extras <= n);
	assert_int_equal(chain.total, entries[0].size);
	if (plain.verdict == SLOTS_FRAME)
		assert_int_equal(data[0].size, plain.first_part);
}

static void test_two_readings_agree(void **state)
{
	struct entry entries[32];
	unsigned int tally[3] = { 0 };
	uint64_t random = SEED;

	print_message("seed %#x\n", SEED);
	for (int round = 0; round < 200000; round++) {
		uint32_t n = 1 + random_below(&random, COUNT_OF(entries));

		for (uint32_t i = 0; i < n; i++)
			entries[i] = random_entry(&random);
		if (chance(&random, 70)) /* else hardly any would be long enough */
			entries[0].size = (uint16_t)(2000 + random_below(&random, 4000));
		compare(entries, n, random_next(&random), tally);
	}
	for (size_t i = 0; i < COUNT_OF(tally); i++)
		assert_true(tally[i] > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_rule),
		cmocka_unit_test(test_what_is_read),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_two_readings_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
