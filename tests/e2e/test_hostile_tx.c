/*
 * What a hostile guest may put into its request ring, and what must come of
 * it: an answer to each request, or the end of that vif with a named reason,
 * and nothing else for anybody else.
 */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "e2e/hostile.h"
#include "support/random.h"

enum { SLOTS_MAX = 60 };

/* What stands in one slot. */
enum kind { DATA, EXTRA };

struct slot {
	enum kind kind;
	uint16_t size, offset, flags;
	grant_ref_t gref;      /* 0: the page's own */
	uint8_t type, more;    /* extra */
	uint16_t gso_size;
	uint8_t gso_type;
	bool ref_given;
};

struct shape {
	struct slot slots[SLOTS_MAX];
	unsigned int n;
};

/* Shapes are made by functions, so that a table can name them. `n` is theirs
 * to interpret. */

static void add(struct shape *shape, uint16_t size, uint16_t flags)
{
	shape->slots[shape->n++] = (struct slot){ .size = size, .flags = flags };
}

static void add_extra(struct shape *shape, uint8_t type, uint16_t gso_size, uint8_t gso_type,
		      uint8_t more)
{
	shape->slots[shape->n++] = (struct slot){
		.kind = EXTRA, .type = type, .gso_size = gso_size, .gso_type = gso_type, .more = more
	};
}

/* n slots; the first one's size is the total. */
static void chain(struct shape *shape, unsigned int n, uint16_t part, uint16_t total)
{
	add(shape, total, n > 1 ? NETTXF_more_data : 0);
	for (unsigned int i = 1; i < n; i++)
		add(shape, part, i + 1 < n ? NETTXF_more_data : 0);
}

static void even_chain(struct shape *shape, int n)
{
	chain(shape, (unsigned int)n, 40, (uint16_t)(n * 40));
}

static void tiny_chain(struct shape *shape, int n)
{
	chain(shape, (unsigned int)n, 4, (uint16_t)(n * 4));
}

static void single(struct shape *shape, int size)
{
	add(shape, (uint16_t)size, 0);
}

static void cut(struct shape *shape, int n)
{
	even_chain(shape, n);
	shape->slots[shape->n - 1].flags |= NETTXF_more_data;
}

static void extra_cut(struct shape *shape, int size)
{
	add(shape, (uint16_t)size, NETTXF_extra_info);
}

static void extra_and_more_cut(struct shape *shape, int size)
{
	add(shape, (uint16_t)size, NETTXF_extra_info | NETTXF_more_data);
	add_extra(shape, XEN_NETIF_EXTRA_TYPE_GSO, 1448, XEN_NETIF_GSO_TYPE_TCPV4, 0);
}

static void parts_exceed(struct shape *shape, int excess)
{
	chain(shape, 3, 100, (uint16_t)(200 - excess));
}

static void offset_single(struct shape *shape, int offset)
{
	add(shape, 60, 0);
	shape->slots[0].offset = (uint16_t)offset;
}

static void offset_later(struct shape *shape, int offset)
{
	chain(shape, 3, 100, 300);
	shape->slots[1].offset = (uint16_t)offset;
}

static void offset_first_part(struct shape *shape, int offset)
{
	chain(shape, 2, 100, 200); /* the first one's own part has 100 bytes */
	shape->slots[0].offset = (uint16_t)offset;
}

static void extra_of_type(struct shape *shape, int type)
{
	add(shape, 100, NETTXF_extra_info);
	add_extra(shape, (uint8_t)type, 0, 0, 0);
}

static void gso_of_type(struct shape *shape, int type)
{
	add(shape, 100, NETTXF_extra_info);
	add_extra(shape, XEN_NETIF_EXTRA_TYPE_GSO, 1448, (uint8_t)type, 0);
}

static void gso_of_size(struct shape *shape, int size)
{
	add(shape, 100, NETTXF_extra_info);
	add_extra(shape, XEN_NETIF_EXTRA_TYPE_GSO, (uint16_t)size, XEN_NETIF_GSO_TYPE_TCPV4, 0);
}

static void extras(struct shape *shape, int n)
{
	add(shape, 100, NETTXF_extra_info);
	for (int i = 0; i < n; i++)
		add_extra(shape, XEN_NETIF_EXTRA_TYPE_HASH, 0, 0, XEN_NETIF_EXTRA_FLAG_MORE);
}

static void extra_then_chain(struct shape *shape, int n)
{
	chain(shape, (unsigned int)n, 40, (uint16_t)(n * 40));
	memmove(&shape->slots[2], &shape->slots[1], (shape->n - 1) * sizeof(shape->slots[0]));
	shape->slots[0].flags |= NETTXF_extra_info;
	shape->slots[1] = (struct slot){ .kind = EXTRA, .type = XEN_NETIF_EXTRA_TYPE_HASH };
	shape->n++;
}

/* Slot i of three carries nothing. */
static void empty_part(struct shape *shape, int i)
{
	chain(shape, 3, 100, 300);
	if (i)
		shape->slots[i].size = 0;
	shape->slots[0].size = 200;
}

static void all_flags(struct shape *shape, int flags)
{
	add(shape, 100, (uint16_t)flags);
}

/* Slot i of three has a reference that must not be honoured. */
static void bad_ref(struct shape *shape, int i, grant_ref_t ref)
{
	chain(shape, 3, 100, 300);
	shape->slots[i].gref = ref;
	shape->slots[i].ref_given = true;
}

struct slots_case {
	const char *name;
	void (*make)(struct shape *shape, int n);
	int n;
	int16_t status;	    /* of each data slot */
	bool delivered;
	const char *fault;  /* instead of all that */
};

#define OKAY NETIF_RSP_OKAY, true, NULL
#define ERROR NETIF_RSP_ERROR, false, NULL
#define FATAL(reason) 0, false, reason

static const struct slots_case slots_cases[] = {
	{ "one slot", single, 100, OKAY },
	{ "an Ethernet header alone", single, 14, OKAY },
	{ "a page", single, 4096, OKAY },
	{ "2 slots", even_chain, 2, OKAY },
	{ "18 slots", even_chain, 18, OKAY },
	{ "19 slots", even_chain, 19, OKAY },
	{ "20 slots", even_chain, 20, ERROR },
	{ "21 slots", even_chain, 21, ERROR },
	{ "22 slots", even_chain, 22, FATAL("frame of more than 21 slots") },
	{ "60 slots", even_chain, 60, FATAL("frame of more than 21 slots") },
	{ "18 slots of 4 bytes", tiny_chain, 18, OKAY },
	{ "more_data on the last request", cut, 1, FATAL("more_data on the last published request") },
	{ "more_data on the 19th and last", cut, 19,
	  FATAL("more_data on the last published request") },
	{ "extra_info and nothing after it", extra_cut, 100,
	  FATAL("extra_info with nothing after it") },
	{ "more_data and only an extra after it", extra_and_more_cut, 100,
	  FATAL("more_data on the last published request") },
	{ "later slots exceed the total by 1", parts_exceed, 1, ERROR },
	{ "later slots exceed the total by far", parts_exceed, 180, ERROR },
	{ "later slots are the total", parts_exceed, 0, OKAY },
	{ "total 0", single, 0, ERROR },
	{ "total 1", single, 1, ERROR },
	{ "total 13", single, 13, ERROR },
	{ "total 12 in 3 slots", tiny_chain, 3, ERROR },
	{ "total 65535 in one slot", single, 65535, FATAL("slot crosses a page") },
	{ "total 4097 in one slot", single, 4097, FATAL("slot crosses a page") },
	{ "a slot that ends with its page", offset_single, 4036, OKAY },
	{ "a slot that crosses its page by 1", offset_single, 4037, FATAL("slot crosses a page") },
	{ "an offset of a page", offset_single, 4096, FATAL("slot crosses a page") },
	{ "the largest offset", offset_single, 65535, FATAL("slot crosses a page") },
	{ "a later slot that crosses its page", offset_later, 3997, FATAL("slot crosses a page") },
	{ "a first part that ends with its page", offset_first_part, 3996, OKAY },
	{ "a first part that crosses its page", offset_first_part, 3997,
	  FATAL("slot crosses a page") },
	{ "extra of type 0", extra_of_type, 0, FATAL("extra info of unknown type") },
	{ "extra of type 6", extra_of_type, 6, FATAL("extra info of unknown type") },
	{ "extra of type 255", extra_of_type, 255, FATAL("extra info of unknown type") },
	{ "multicast extra, not offered", extra_of_type, XEN_NETIF_EXTRA_TYPE_MCAST_ADD, ERROR },
	{ "hash extra", extra_of_type, XEN_NETIF_EXTRA_TYPE_HASH, OKAY },
	{ "hash extra before 19 slots", extra_then_chain, 19, OKAY },
	{ "hash extra before 20 slots", extra_then_chain, 20, ERROR },
	{ "GSO of size 0", gso_of_size, 0, FATAL("GSO size 0") },
	{ "GSO of type 0", gso_of_type, 0, FATAL("unknown GSO type") },
	{ "GSO of type 3", gso_of_type, 3, FATAL("unknown GSO type") },
	{ "GSO of type 255", gso_of_type, 255, FATAL("unknown GSO type") },
	{ "4 extras, the last says more", extras, 4, FATAL("too many extra infos") },
	{ "59 extras that all say more", extras, 59, FATAL("too many extra infos") },
	{ "2 extras, the last says more", extras, 2, FATAL("extra_info with nothing after it") },
	{ "an empty first part", empty_part, 0, OKAY },
	{ "an empty middle slot", empty_part, 1, OKAY },
	{ "an empty last slot", empty_part, 2, OKAY },
	{ "flags that do not exist", all_flags, 0xfff0, OKAY },
	{ "a blank checksum without a header", all_flags, NETTXF_csum_blank, OKAY },
	{ "a validated checksum", all_flags, NETTXF_data_validated, OKAY },
};

/* Lays the bytes of slot i in page i and posts it with id i. */
static uint32_t slot_post(struct stage *stage, const struct shape *shape, unsigned int i,
			  uint32_t own, const uint8_t *whole, uint32_t at)
{
	struct raw_guest *attacker = &stage->attacker;
	const struct slot *slot = &shape->slots[i];
	netif_tx_request_t request = raw_guest_slot(attacker, i, slot->size, slot->flags);
	uint8_t *page = raw_guest_tx_page(attacker, i);

	request.offset = slot->offset;
	if (slot->ref_given)
		request.gref = slot->gref;
	ring_produce_tx_request(&attacker->tx, &request);
	if (slot->offset + own > PAGE_BYTES || at + own > HOSTILE_MTU)
		return 0;
	for (uint32_t k = 0; k < own; k++)
		page[slot->offset + k] = whole[at + k];
	return own;
}

static void extra_post(struct stage *stage, const struct slot *slot)
{
	netif_extra_info_t extra = { .type = slot->type, .flags = slot->more };

	extra.u.gso.size = slot->gso_size;
	extra.u.gso.type = slot->gso_type;
	ring_produce_tx_extra(&stage->attacker.tx, &extra);
}

/* A frame to the peer. */
static void shape_lay_header(struct stage *stage, uint8_t *whole)
{
	for (uint32_t k = 0; k < HOSTILE_MTU; k++)
		whole[k] = (uint8_t)(k * 11 + 3);
	raw_guest_fill_header(&stage->attacker, whole, stage->peer.vif.mac);
}

/* Posts the shape as one frame of these bytes. */
static void shape_post(struct stage *stage, const struct shape *shape, const uint8_t *whole)
{
	uint32_t later = 0, at = 0;

	for (unsigned int i = 1; i < shape->n; i++)
		later += shape->slots[i].kind == DATA ? shape->slots[i].size : 0;
	for (unsigned int i = 0; i < shape->n; i++) {
		const struct slot *slot = &shape->slots[i];
		uint32_t own = slot->size;

		if (i == 0)
			own = later < own ? own - later : 0;
		if (slot->kind == EXTRA)
			extra_post(stage, slot);
		else
			at += slot_post(stage, shape, i, own, whole, at);
	}
	raw_guest_push(&stage->attacker);
}

/* One answer to each request: by its id to a data slot, "none" to an extra. */
static void answers_check(struct stage *stage, const struct shape *shape, int16_t status)
{
	netif_tx_response_t responses[SLOTS_MAX];
	unsigned int answered[SLOTS_MAX] = { 0 }, nulls = 0;
	int n = raw_guest_responses(&stage->attacker, responses, shape->n, RAW_TIMEOUT_MS);

	if (n != (int)shape->n) {
		hostile_fail(stage, "%d answers to %u requests", n, shape->n);
		return;
	}
	for (int i = 0; i < n; i++) {
		if (responses[i].status == NETIF_RSP_NULL)
			nulls++;
		else if (responses[i].id >= shape->n || responses[i].status != status)
			hostile_fail(stage, "request %u was answered with %d", responses[i].id,
				     responses[i].status);
		else
			answered[responses[i].id]++;
	}
	for (unsigned int i = 0; i < shape->n; i++)
		if (shape->slots[i].kind == DATA && answered[i] != 1)
			hostile_fail(stage, "request %u was answered %u times", i, answered[i]);
	if (raw_guest_responses(&stage->attacker, responses, 1, 1) != 0)
		hostile_fail(stage, "more answers than requests");
}

static void shape_run(struct stage *stage, const struct shape *shape, const struct slots_case *c)
{
	static uint8_t whole[HOSTILE_MTU];

	shape_lay_header(stage, whole);
	shape_post(stage, shape, whole);
	if (c->fault) {
		expect_fault(stage, c->fault);
		return;
	}
	answers_check(stage, shape, c->status);
	if (c->delivered && !peer_got(stage, whole, shape->slots[0].size))
		hostile_fail(stage, "the frame did not arrive, or not as it was");
	else if (!c->delivered && !peer_got_nothing(stage))
		hostile_fail(stage, "something arrived");
	expect_alive(stage);
}

static struct stage stage;
static unsigned int failures; /* of the test under way */

static void test_slots(void **state)
{
	failures = 0;
	for (size_t i = 0; i < COUNT_OF(slots_cases); i++) {
		struct shape shape = { .n = 0 };

		slots_cases[i].make(&shape, slots_cases[i].n);
		hostile_begin_connected(&stage, slots_cases[i].name);
		shape_run(&stage, &shape, &slots_cases[i]);
		failures += !hostile_end(&stage);
	}
	assert_int_equal(failures, 0);
}

/* References that must not be honoured, each in each place of three slots. */

static grant_ref_t ref_not_granted(struct raw_guest *guest)
{
	grant_ref_t ref = gnttab_grant(&guest->gnttab, 0, RAW_SHARED_PAGES, true);

	gnttab_revoke(&guest->gnttab, ref);
	return ref;
}

static grant_ref_t ref_foreign(struct raw_guest *guest)
{
	return gnttab_grant(&guest->gnttab, 77, RAW_SHARED_PAGES, true);
}

static grant_ref_t ref_reserved(struct raw_guest *guest)
{
	return 7;
}

static grant_ref_t ref_out_of_range(struct raw_guest *guest)
{
	return RAW_TABLE_PAGES * GRANTS_PER_PAGE;
}

static grant_ref_t ref_highest(struct raw_guest *guest)
{
	return 0xffffffff;
}

static grant_ref_t ref_wrong_direction(struct raw_guest *guest)
{
	return gnttab_grant(&guest->gnttab, 0, RAW_SHARED_PAGES, false);
}

static grant_ref_t ref_table(struct raw_guest *guest)
{
	return gnttab_grant(&guest->gnttab, 0, 0, true);
}

static grant_ref_t ref_beyond_arena(struct raw_guest *guest)
{
	return gnttab_grant(&guest->gnttab, 0, RAW_SHARED_PAGES + RAW_TX_PAGES, true);
}

struct ref_case {
	const char *name;
	grant_ref_t (*make)(struct raw_guest *guest);
};

static const struct ref_case ref_cases[] = {
	{ "not granted", ref_not_granted },
	{ "granted to somebody else", ref_foreign },
	{ "reserved", ref_reserved },
	{ "out of range", ref_out_of_range },
	{ "the highest number", ref_highest },
	{ "a tx page, writable", ref_wrong_direction },
	{ "the grant table", ref_table },
	{ "a page beyond the arena", ref_beyond_arena },
};

static void test_references(void **state)
{
	static const struct slots_case refused = { "", NULL, 0, ERROR };

	failures = 0;
	for (size_t i = 0; i < COUNT_OF(ref_cases); i++) {
		hostile_begin_connected(&stage, ref_cases[i].name);
		for (int place = 0; place < 3 && !stage.failed; place++) {
			struct shape shape = { .n = 0 };

			bad_ref(&shape, place, ref_cases[i].make(&stage.attacker));
			shape_run(&stage, &shape, &refused);
		}
		failures += !hostile_end(&stage);
	}
	assert_int_equal(failures, 0);
}

/* Headers that lie: blank checksums and GSO over IP headers that are cut, that
 * contradict the frame, or that are split over slots. Frames are opaque to who
 * sends them, so each is answered OKAY, whatever becomes of it. */
static void lying_frame(uint8_t *frame, uint64_t *random)
{
	static const uint8_t starts[][8] = {
		{ 0x08, 0x00, 0x45, 0, 0, 40 },	     { 0x08, 0x00, 0x4f, 0, 0xff, 0xff },
		{ 0x08, 0x00, 0x41, 0, 0, 0 },	     { 0x86, 0xdd, 0x60, 0, 0, 0, 0, 20 },
		{ 0x86, 0xdd, 0x60, 0, 0, 0, 0xff }, { 0x81, 0x00, 0, 5, 0x08, 0x00, 0x45 },
		{ 0x88, 0xa8, 0, 5, 0x81, 0x00, 0, 7 }, { 0x81, 0x00, 0, 5, 0x86, 0xdd, 0x60 },
		{ 0x08, 0x06, 0, 1, 0x08, 0x00, 6, 4 }, { 0x00, 0x2e },
	};
	static const uint8_t protocols[] = { 6, 17, 0, 43, 60, 44, 1, 255 };

	for (unsigned int i = 12; i < 200; i++)
		frame[i] = (uint8_t)random_next(random);
	memcpy(frame + 12, starts[random_below(random, COUNT_OF(starts))], 8);
	for (unsigned int i = 20; i < 60; i++) /* next headers and lengths, here and there */
		if (!random_below(random, 4))
			frame[i] = protocols[random_below(random, COUNT_OF(protocols))];
}

static void lying_shape(struct shape *shape, uint64_t *random)
{
	uint16_t total = (uint16_t)(14 + random_below(random, 120)), left = total;
	uint16_t flags = (uint16_t)random_below(random, 4); /* checksum bits */
	bool gso = random_below(random, 4) == 0;

	shape->n = 0;
	add(shape, total, flags | (gso ? NETTXF_extra_info : 0));
	if (gso)
		add_extra(shape, XEN_NETIF_EXTRA_TYPE_GSO, (uint16_t)(1 + random_below(random, 200)),
			  (uint8_t)(1 + random_below(random, 2)), 0);
	for (struct slot *last = &shape->slots[0]; left && random_below(random, 3);) {
		uint16_t part = (uint16_t)random_below(random, left);

		last->flags |= NETTXF_more_data;
		add(shape, part, 0);
		last = &shape->slots[shape->n - 1];
		left -= part;
		if (shape->n == 18)
			break;
	}
}

static void test_headers_that_lie(void **state)
{
	static uint8_t whole[HOSTILE_MTU];
	uint64_t random = 0x11ed;

	hostile_begin_connected(&stage, "headers that lie");
	for (int i = 0; i < 1500 && !stage.failed; i++) {
		struct shape shape;

		lying_shape(&shape, &random);
		shape_lay_header(&stage, whole);
		lying_frame(whole, &random);
		shape_post(&stage, &shape, whole);
		answers_check(&stage, &shape, NETIF_RSP_OKAY);
		if (i % 32 == 0)
			peer_reset(&stage);
	}
	expect_alive(&stage);
	assert_true(hostile_end(&stage));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slots),
		cmocka_unit_test(test_references),
		cmocka_unit_test(test_headers_that_lie),
	};

	return hostile_run(&stage, tests, sizeof(tests) / sizeof(tests[0]));
}
