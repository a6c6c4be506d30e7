/*
 * The seam: batches of borrows and copies, each element with its own status,
 * ring pages and event channels by number.
 */
#include "support/unit.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "ring/hypervisor.h"
#include "ring/ring.h"

enum {
	TABLE_PAGES = 1,
	SHARED_PAGES = 6,
	TX_PAGES = 4,
	FRAME_RX = 2,
	FRAME_RING = 3,
	FRAME_TX = SHARED_PAGES,
	GUEST = 5,
	NO_REF = 400,
};

struct rig {
	struct arena owner;
	struct gnttab gnttab;
	struct evtchn_table *evtchns;
	struct foreign_domain domain;
	grant_ref_t rx, rx_readonly, tx, ring, foreign;
};

static int setup(void **state)
{
	static struct rig rig;
	struct arena arena;
	const char *why;

	*state = &rig;
	rig.evtchns = evtchn_table_create();
	if (!rig.evtchns || evtchn_domain_create(rig.evtchns, 0) ||
	    evtchn_domain_create(rig.evtchns, GUEST) ||
	    arena_create(&rig.owner, SHARED_PAGES, TX_PAGES) ||
	    arena_accept(&arena, dup(rig.owner.shared.fd), SHARED_PAGES, dup(rig.owner.tx.fd),
			 TX_PAGES, 64, &why) ||
	    gnttab_init(&rig.gnttab, &rig.owner, TABLE_PAGES))
		return -1;
	hypervisor_domain_init(&rig.domain, GUEST, &arena, TABLE_PAGES, rig.evtchns);
	rig.rx = gnttab_grant(&rig.gnttab, 0, FRAME_RX, false);
	rig.rx_readonly = gnttab_grant(&rig.gnttab, 0, FRAME_RX, true);
	rig.tx = gnttab_grant(&rig.gnttab, 0, FRAME_TX, true);
	rig.ring = gnttab_grant(&rig.gnttab, 0, FRAME_RING, false);
	rig.foreign = gnttab_grant(&rig.gnttab, 9, FRAME_RX, false);
	return 0;
}

static int teardown(void **state)
{
	struct rig *rig = *state;

	hypervisor_domain_fini(&rig->domain);
	gnttab_fini(&rig->gnttab);
	arena_close(&rig->owner);
	evtchn_table_destroy(rig->evtchns);
	return 0;
}

/* One bad element harms no other. */
static void test_borrow_by_element(void **state)
{
	struct rig *rig = *state;
	struct grant_borrow list[] = {
		{ .ref = rig->tx, .offset = 10, .length = 20 },
		{ .ref = NO_REF, .offset = 0, .length = 1 },
		{ .ref = rig->tx, .offset = 4090, .length = 7 },
		{ .ref = rig->foreign, .length = 1 },
		{ .ref = rig->rx, .offset = 4095, .length = 1 },
		{ .ref = rig->tx, .offset = 4096, .length = 0 },
	};
	static const int16_t expected[] = { GNTST_okay,	      GNTST_bad_gntref, GNTST_bad_copy_arg,
					    GNTST_bad_domain, GNTST_okay,	GNTST_okay };

	memset(arena_page(&rig->owner, FRAME_TX), 0x42, PAGE_BYTES);
	hypervisor_borrow(&rig->domain, list, COUNT_OF(list));
	for (size_t i = 0; i < COUNT_OF(list); i++) {
		assert_int_equal(list[i].status, expected[i]);
		assert_int_equal(list[i].data != NULL, expected[i] == GNTST_okay);
	}
	for (unsigned int i = 0; i < 20; i++)
		assert_int_equal(list[0].data[i], 0x42);
	hypervisor_return(&rig->domain, list, COUNT_OF(list));
}

static void test_copy_by_element(void **state)
{
	struct rig *rig = *state;
	static const uint8_t bytes[100] = { [0] = 0xa1, [99] = 0xb2 };
	struct grant_copy list[] = {
		{ .ref = rig->tx, .length = 100, .source = bytes },
		{ .ref = rig->rx, .offset = 3996, .length = 100, .source = bytes },
		{ .ref = rig->rx, .offset = 3997, .length = 100, .source = bytes },
		{ .ref = rig->rx_readonly, .length = 100, .source = bytes },
		{ .ref = rig->foreign, .length = 100, .source = bytes },
		{ .ref = 0, .length = 100, .source = bytes },
		{ .ref = rig->rx, .length = 1, .source = bytes },
	};
	static const int16_t expected[] = { GNTST_bad_gntref, GNTST_okay,	GNTST_bad_copy_arg,
					    GNTST_bad_gntref, GNTST_bad_domain, GNTST_bad_gntref,
					    GNTST_okay };
	uint8_t *page = arena_page(&rig->owner, FRAME_RX);

	hypervisor_copy(&rig->domain, list, COUNT_OF(list));
	for (size_t i = 0; i < COUNT_OF(list); i++)
		assert_int_equal(list[i].status, expected[i]);
	assert_int_equal(page[0], 0xa1);
	assert_int_equal(page[1], 0);
	assert_int_equal(page[3996], 0xa1);
	assert_int_equal(page[4095], 0xb2);
}

/* Pieces that follow one another are one use of a page, and no way beyond its end
 * or into one that is not granted. */
static void test_copy_of_pieces(void **state)
{
	struct rig *rig = *state;
	static const uint8_t bytes[4096] = { [0] = 1 };
	struct grant_copy list[] = {
		{ .ref = rig->rx, .length = 100, .source = bytes },
		{ .ref = rig->rx, .offset = 100, .length = 3996, .source = bytes },
		{ .ref = rig->rx, .offset = 4096, .length = 1, .source = bytes },
		{ .ref = rig->rx, .offset = 4000, .length = 90, .source = bytes },
		{ .ref = rig->rx, .offset = 4090, .length = 7, .source = bytes },
		{ .ref = rig->rx_readonly, .length = 10, .source = bytes },
		{ .ref = rig->rx_readonly, .offset = 10, .length = 10, .source = bytes },
		{ .ref = rig->rx, .offset = 20, .length = 10, .source = bytes },
	};
	static const int16_t expected[] = {
		GNTST_okay,	    GNTST_okay,	      GNTST_bad_copy_arg, GNTST_okay,
		GNTST_bad_copy_arg, GNTST_bad_gntref, GNTST_bad_gntref,	  GNTST_okay,
	};
	uint8_t *page = arena_page(&rig->owner, FRAME_RX);

	memset(page + PAGE_BYTES, 0x77, 64); /* a ring page's beginning */
	assert_int_equal(hypervisor_copy(&rig->domain, list, COUNT_OF(list)), 4);
	for (size_t i = 0; i < COUNT_OF(list); i++)
		assert_int_equal(list[i].status, expected[i]);
	assert_int_equal(page[100], 1);
	assert_int_equal(page[4000], 1);
	for (unsigned int i = 0; i < 64; i++)
		assert_int_equal(page[PAGE_BYTES + i], 0x77);
}

/* Of every length around the sizes that are copied without a call, and more of
 * them than are looked up at once. */
static void test_copy_of_every_length(void **state)
{
	enum { LENGTHS = 200 };
	struct rig *rig = *state;
	static uint8_t bytes[LENGTHS];
	struct grant_copy list[LENGTHS];
	uint8_t *page = arena_page(&rig->owner, FRAME_RX);

	for (unsigned int i = 0; i < LENGTHS; i++)
		bytes[i] = (uint8_t)(i * 7 + 1);
	for (uint16_t length = 0; length < LENGTHS; length++) {
		list[0] = (struct grant_copy){
			.ref = rig->rx, .offset = 1, .length = length, .source = bytes
		};
		memset(page, 0, LENGTHS + 2);
		assert_int_equal(hypervisor_copy(&rig->domain, list, 1), 0);
		assert_memory_equal(page + 1, bytes, length);
		assert_int_equal(page[0], 0);
		assert_int_equal(page[1 + length], 0);
	}
	for (uint16_t i = 0; i < LENGTHS; i++)
		list[i] = (struct grant_copy){
			.ref = rig->rx, .offset = i * 2, .length = 1, .source = &bytes[i]
		};
	assert_int_equal(hypervisor_copy(&rig->domain, list, LENGTHS), 0);
	for (unsigned int i = 0; i < LENGTHS; i++)
		assert_int_equal(page[i * 2], bytes[i]);
}

static void test_ring_pages(void **state)
{
	struct rig *rig = *state;
	int16_t status;
	union ring_page *page = hypervisor_map_ring(&rig->domain, rig->ring, &status);

	assert_non_null(page);
	page->tx.rsp_prod = 0x01020304;
	assert_int_equal(((union ring_page *)arena_page(&rig->owner, FRAME_RING))->tx.rsp_prod,
			 0x01020304);
	assert_int_equal(gnttab_revoke(&rig->gnttab, rig->ring), -EBUSY);
	hypervisor_unmap_ring(&rig->domain, rig->ring);
	assert_int_equal(gnttab_reap(&rig->gnttab), 0);
	assert_null(hypervisor_map_ring(&rig->domain, rig->ring, &status));
	assert_int_equal(status, GNTST_bad_gntref);
	assert_null(hypervisor_map_ring(&rig->domain, rig->tx, &status));
	assert_int_equal(status, GNTST_bad_gntref);
	assert_null(hypervisor_map_ring(&rig->domain, rig->foreign, &status));
	assert_int_equal(status, GNTST_bad_domain);
}

static void test_channels(void **state)
{
	struct rig *rig = *state;
	struct evtchn guest, end = EVTCHN_NONE;
	evtchn_port_t port;

	assert_int_equal(hypervisor_bind_evtchn(&rig->domain, 1, &end), -EINVAL);
	assert_int_equal(evtchn_alloc_unbound(rig->evtchns, GUEST, 0, &guest), 0);
	assert_int_equal(hypervisor_bind_evtchn(&rig->domain, guest.port, &end), 0);
	assert_true(evtchn_take(&end));
	port = end.port;
	hypervisor_close_evtchn(&rig->domain, &end);
	assert_int_equal(end.port, 0);
	assert_int_equal(evtchn_query(rig->evtchns, 0, port).state, EVTCHN_CLOSED);
	hypervisor_close_evtchn(&rig->domain, &end); /* nothing to close: no effect */
	evtchn_fini(&guest);
}

#define rig_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(test_borrow_by_element), rig_test(test_copy_by_element),
		rig_test(test_copy_of_pieces),	  rig_test(test_copy_of_every_length),
		rig_test(test_ring_pages),	  rig_test(test_channels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
