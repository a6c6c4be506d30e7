/*
 * Grants from both ends: a guest's table and the backend's view of it, over
 * one arena that is mapped twice as two processes would.
 */
#include "support/unit.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "ring/barrier.h"
#include "ring/grant.h"

enum {
	TABLE_PAGES = 2,
	SHARED_PAGES = 8,
	TX_PAGES = 6,
	ENTRIES = TABLE_PAGES * GRANTS_PER_PAGE,
	FRAME_SHARED = 3,		/* some page that both sides write */
	FRAME_TX = SHARED_PAGES + 1,	/* some page that only the guest writes */
	BEYOND = SHARED_PAGES + TX_PAGES,
	SELF = 0,
};

struct rig {
	struct arena owner, backend;
	struct gnttab gnttab;
	struct grant_view view;
};

static int setup(void **state)
{
	static struct rig rig;
	const char *why;

	*state = &rig;
	if (arena_create(&rig.owner, SHARED_PAGES, TX_PAGES) ||
	    arena_accept(&rig.backend, dup(rig.owner.shared.fd), SHARED_PAGES,
			 dup(rig.owner.tx.fd), TX_PAGES, 64, &why) ||
	    gnttab_init(&rig.gnttab, &rig.owner, TABLE_PAGES))
		return -1;
	grant_view_init(&rig.view, &rig.backend, TABLE_PAGES, SELF);
	return 0;
}

static int teardown(void **state)
{
	struct rig *rig = *state;

	gnttab_fini(&rig->gnttab);
	arena_close(&rig->owner);
	arena_close(&rig->backend);
	return 0;
}

static uint16_t flags_of(struct rig *rig, grant_ref_t ref)
{
	return load_acquire_u16(&rig->view.table[ref].flags);
}

static void test_granted_bytes_arrive(void **state)
{
	struct rig *rig = *state;
	grant_ref_t shared = gnttab_grant(&rig->gnttab, SELF, FRAME_SHARED, false);
	grant_ref_t tx = gnttab_grant(&rig->gnttab, SELF, FRAME_TX, true);
	int16_t status;
	uint8_t *to;

	assert_true(shared >= GRANT_RESERVED_REFS && tx >= GRANT_RESERVED_REFS && shared != tx);
	arena_page(&rig->owner, FRAME_TX)[40] = 0x5a;
	assert_int_equal(*grant_resolve(&rig->view, tx, 40, 1, false, &status), 0x5a);
	assert_int_equal(status, GNTST_okay);
	to = grant_resolve(&rig->view, shared, 4000, 96, true, &status);
	assert_int_equal(status, GNTST_okay);
	memset(to, 0xc3, 96);
	assert_int_equal(arena_page(&rig->owner, FRAME_SHARED)[PAGE_BYTES - 1], 0xc3);
}

/* One entry as a guest may write it, one use, and what comes of it. */
struct use_case {
	const char *name;
	uint16_t flags;
	domid_t domid;
	uint32_t frame;
	uint16_t offset;
	uint32_t length;
	bool write;
	int16_t status;
};

#define RW GTF_permit_access
#define RO (GTF_permit_access | GTF_readonly)

static const struct use_case use_cases[] = {
	{ "read of a shared page", RW, SELF, FRAME_SHARED, 0, 4096, false, GNTST_okay },
	{ "write of a shared page", RW, SELF, FRAME_SHARED, 0, 4096, true, GNTST_okay },
	{ "read of a readonly shared page", RO, SELF, FRAME_SHARED, 0, 1, false, GNTST_okay },
	{ "write of a readonly shared page", RO, SELF, FRAME_SHARED, 0, 1, true,
	  GNTST_bad_gntref },
	{ "read of a tx page", RO, SELF, FRAME_TX, 0, 4096, false, GNTST_okay },
	{ "write of a tx page", RO, SELF, FRAME_TX, 0, 1, true, GNTST_bad_gntref },
	{ "read of a tx page without readonly", RW, SELF, FRAME_TX, 0, 1, false,
	  GNTST_bad_gntref },
	{ "write of a tx page without readonly", RW, SELF, FRAME_TX, 0, 1, true,
	  GNTST_bad_gntref },
	{ "the first tx page without readonly", RW, SELF, SHARED_PAGES, 0, 1, true,
	  GNTST_bad_gntref },
	{ "the last shared page", RW, SELF, SHARED_PAGES - 1, 0, 4096, true, GNTST_okay },
	{ "the table's first page", RW, SELF, 0, 0, 1, true, GNTST_bad_gntref },
	{ "the table's last page, readonly", RO, SELF, TABLE_PAGES - 1, 0, 1, false,
	  GNTST_bad_gntref },
	{ "the first page after the table", RW, SELF, TABLE_PAGES, 0, 1, true, GNTST_okay },
	{ "the last tx page", RO, SELF, BEYOND - 1, 0, 1, false, GNTST_okay },
	{ "a page beyond the arena", RO, SELF, BEYOND, 0, 1, false, GNTST_bad_gntref },
	{ "the last page number", RO, SELF, 0xffffffff, 0, 1, false, GNTST_bad_gntref },
	{ "granted to another domain", RW, 7, FRAME_SHARED, 0, 1, false, GNTST_bad_domain },
	{ "granted to DOMID_SELF", RW, DOMID_SELF, FRAME_SHARED, 0, 1, false, GNTST_bad_domain },
	{ "not granted", GTF_invalid, SELF, FRAME_SHARED, 0, 1, false, GNTST_bad_gntref },
	{ "only in-use bits", GTF_reading | GTF_writing, SELF, FRAME_SHARED, 0, 1, false,
	  GNTST_bad_gntref },
	{ "a transfer", GTF_accept_transfer, SELF, FRAME_SHARED, 0, 1, false, GNTST_bad_gntref },
	{ "transitive", GTF_transitive, SELF, FRAME_SHARED, 0, 1, false, GNTST_bad_gntref },
	{ "in use already", RW | GTF_reading | GTF_writing, SELF, FRAME_SHARED, 0, 1, true,
	  GNTST_okay },
	{ "nothing, at the end", RW, SELF, FRAME_SHARED, 4096, 0, false, GNTST_okay },
	{ "one byte, at the end", RW, SELF, FRAME_SHARED, 4096, 1, false, GNTST_bad_copy_arg },
	{ "one byte too many", RW, SELF, FRAME_SHARED, 1, 4096, true, GNTST_bad_copy_arg },
	{ "offset beyond the page", RW, SELF, FRAME_SHARED, 65535, 0, false, GNTST_bad_copy_arg },
	{ "a length that wraps", RW, SELF, FRAME_SHARED, 100, 0xffffffff, true,
	  GNTST_bad_copy_arg },
};

static void test_every_use(void **state)
{
	struct rig *rig = *state;
	const grant_ref_t ref = ENTRIES - 1;
	grant_entry_v1_t *table = (grant_entry_v1_t *)rig->owner.shared.base;

	for (size_t i = 0; i < COUNT_OF(use_cases); i++) {
		const struct use_case *c = &use_cases[i];
		int16_t status = 99;
		uint8_t *data;

		table[ref] = (grant_entry_v1_t){ c->flags, c->domid, c->frame };
		data = grant_resolve(&rig->view, ref, c->offset, c->length, c->write, &status);
		if (status != c->status || (data != NULL) != (c->status == GNTST_okay))
			fail_msg("%s: status %d instead of %d", c->name, status, c->status);
		if (data)
			assert_ptr_equal(data, arena_page(&rig->backend, c->frame) + c->offset);
		assert_int_equal(table[ref].flags, c->flags);
	}
}

static void test_refs_out_of_range(void **state)
{
	static const grant_ref_t refs[] = { 0, 1, 7, ENTRIES, ENTRIES + 1, 0x80000000, 0xffffffff };
	struct rig *rig = *state;
	grant_entry_v1_t *table = (grant_entry_v1_t *)rig->owner.shared.base;

	for (grant_ref_t ref = 0; ref < ENTRIES; ref++)
		table[ref] = (grant_entry_v1_t){ RW, SELF, FRAME_SHARED };
	for (size_t i = 0; i < COUNT_OF(refs); i++) {
		int16_t status = 99;

		assert_null(grant_resolve(&rig->view, refs[i], 0, 1, false, &status));
		assert_int_equal(status, GNTST_bad_gntref);
		assert_null(grant_map(&rig->view, refs[i], true, &status));
		assert_int_equal(status, GNTST_bad_gntref);
	}
}

/* The announced number of table pages is the guest's word. */
static void test_table_never_exceeds_its_region(void **state)
{
	static const uint32_t announced[] = { SHARED_PAGES + 1, 0x800000, 0xffffffff };
	struct rig *rig = *state;

	for (size_t i = 0; i < COUNT_OF(announced); i++) {
		struct grant_view view;

		grant_view_init(&view, &rig->backend, announced[i], SELF);
		assert_int_equal(view.entries, SHARED_PAGES * GRANTS_PER_PAGE);
	}
}

static void test_map_sets_and_unmap_clears(void **state)
{
	struct rig *rig = *state;
	grant_ref_t rw = gnttab_grant(&rig->gnttab, SELF, FRAME_SHARED, false);
	grant_ref_t ro = gnttab_grant(&rig->gnttab, SELF, FRAME_TX, true);
	int16_t status;

	assert_non_null(grant_map(&rig->view, rw, true, &status));
	assert_int_equal(flags_of(rig, rw), RW | GTF_reading | GTF_writing);
	grant_unmap(&rig->view, rw, true);
	assert_int_equal(flags_of(rig, rw), RW);
	assert_non_null(grant_map(&rig->view, ro, false, &status));
	assert_int_equal(flags_of(rig, ro), RO | GTF_reading);
	assert_null(grant_map(&rig->view, ro, true, &status));
	assert_int_equal(status, GNTST_bad_gntref);
	grant_unmap(&rig->view, ro, false);
	assert_int_equal(flags_of(rig, ro), RO);
}

static void test_census(void **state)
{
	struct rig *rig = *state;
	uint32_t granted, in_use;
	grant_ref_t ref = 0;
	int16_t status;

	for (int i = 0; i < 5; i++)
		ref = gnttab_grant(&rig->gnttab, SELF, FRAME_SHARED, false);
	assert_non_null(grant_map(&rig->view, ref, true, &status));
	grant_census(&rig->view, &granted, &in_use);
	assert_int_equal(granted, 5);
	assert_int_equal(in_use, 1);
}

/* A page in use is not given back before it is let go. */
static void test_revoke_quarantines(void **state)
{
	struct rig *rig = *state;
	uint32_t before = rig->gnttab.nr_free;
	grant_ref_t ref = gnttab_grant(&rig->gnttab, SELF, FRAME_SHARED, false);
	int16_t status;

	assert_non_null(grant_map(&rig->view, ref, true, &status));
	assert_int_equal(gnttab_revoke(&rig->gnttab, ref), -EBUSY);
	assert_int_equal(gnttab_reap(&rig->gnttab), 1);
	for (uint32_t i = 1; i < before; i++)
		assert_int_not_equal(gnttab_grant(&rig->gnttab, SELF, FRAME_SHARED, false), ref);
	assert_int_equal(gnttab_grant(&rig->gnttab, SELF, FRAME_SHARED, false), 0);
	grant_unmap(&rig->view, ref, true);
	assert_int_equal(gnttab_reap(&rig->gnttab), 0);
	assert_int_equal(rig->gnttab.nr_free, 1);
	assert_int_equal(gnttab_grant(&rig->gnttab, SELF, FRAME_SHARED, false), ref);
}

static void test_revoked_is_refused(void **state)
{
	struct rig *rig = *state;
	grant_ref_t ref = gnttab_grant(&rig->gnttab, SELF, FRAME_SHARED, false);
	int16_t status;

	assert_int_equal(gnttab_revoke(&rig->gnttab, ref), 0);
	assert_null(grant_resolve(&rig->view, ref, 0, 1, false, &status));
	assert_int_equal(status, GNTST_bad_gntref);
}

/* Every ref once, none of the reserved ones, none twice. */
static void test_table_fills_and_empties(void **state)
{
	struct rig *rig = *state;
	static bool seen[ENTRIES];

	memset(seen, 0, sizeof(seen));
	for (uint32_t i = 0; i < ENTRIES - GRANT_RESERVED_REFS; i++) {
		grant_ref_t ref = gnttab_grant(&rig->gnttab, SELF, FRAME_SHARED, false);

		assert_in_range(ref, GRANT_RESERVED_REFS, ENTRIES - 1);
		assert_false(seen[ref]);
		seen[ref] = true;
	}
	assert_int_equal(gnttab_grant(&rig->gnttab, SELF, FRAME_SHARED, false), 0);
	for (grant_ref_t ref = GRANT_RESERVED_REFS; ref < ENTRIES; ref++)
		assert_int_equal(gnttab_revoke(&rig->gnttab, ref), 0);
	assert_int_equal(rig->gnttab.nr_free, ENTRIES - GRANT_RESERVED_REFS);
}

static void test_void_forgets_everything(void **state)
{
	struct rig *rig = *state;
	uint32_t granted, in_use;
	int16_t status;

	for (int i = 0; i < 9; i++) {
		grant_ref_t ref = gnttab_grant(&rig->gnttab, SELF, FRAME_SHARED, false);

		assert_non_null(grant_map(&rig->view, ref, true, &status));
		if (i % 2)
			assert_int_equal(gnttab_revoke(&rig->gnttab, ref), -EBUSY);
	}
	gnttab_void(&rig->gnttab);
	grant_census(&rig->view, &granted, &in_use);
	assert_int_equal(granted + in_use, 0);
	assert_int_equal(rig->gnttab.nr_quarantined, 0);
	assert_int_equal(rig->gnttab.nr_free, ENTRIES - GRANT_RESERVED_REFS);
}

/* A peer that never stops changing flags, against calls that must come back. */
struct flipper {
	uint16_t *flags;
	uint32_t stop;
};

static void *flip(void *arg)
{
	struct flipper *flipper = arg;
	uint16_t value = 0;

	while (!load_acquire(&flipper->stop))
		store_release_u16(flipper->flags, (uint16_t)(RW | (value++ << 8)));
	return NULL;
}

static void test_flipping_flags_livelock_nobody(void **state)
{
	struct rig *rig = *state;
	grant_ref_t ref = gnttab_grant(&rig->gnttab, SELF, FRAME_SHARED, false);
	struct flipper flipper = {
		.flags = &((grant_entry_v1_t *)rig->owner.shared.base)[ref].flags,
	};
	pthread_t thread;
	int mapped = 0;

	alarm(100); /* a livelock ends the test */
	assert_int_equal(pthread_create(&thread, NULL, flip, &flipper), 0);
	for (int i = 0; i < 100000; i++) {
		int16_t status = 99;

		mapped += grant_map(&rig->view, ref, true, &status) != NULL;
		assert_true(status == GNTST_okay || status == GNTST_general_error);
		grant_unmap(&rig->view, ref, true);
	}
	store_release(&flipper.stop, 1);
	pthread_join(thread, NULL);
	alarm(0);
	assert_true(mapped > 0);
}

/* The same from the other end: a backend that sets and clears in-use bits. */
static void *map_and_unmap(void *arg)
{
	struct rig *rig = arg;
	int16_t status;

	for (int i = 0; i < 200000; i++)
		for (grant_ref_t ref = GRANT_RESERVED_REFS; ref < 12; ref++)
			if (grant_map(&rig->view, ref, true, &status))
				grant_unmap(&rig->view, ref, true);
	return NULL;
}

static void test_revoking_while_mapping_loses_nothing(void **state)
{
	struct rig *rig = *state;
	uint32_t before = rig->gnttab.nr_free, busy = 0;
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, map_and_unmap, rig), 0);
	for (int i = 0; i < 200000; i++) {
		grant_ref_t ref = gnttab_grant(&rig->gnttab, SELF, FRAME_SHARED, false);

		if (ref)
			busy += gnttab_revoke(&rig->gnttab, ref) == -EBUSY;
		if (i % 64 == 0)
			gnttab_reap(&rig->gnttab);
	}
	pthread_join(thread, NULL);
	assert_int_equal(gnttab_reap(&rig->gnttab), 0);
	assert_int_equal(rig->gnttab.nr_free, before);
	print_message("%u revocations met a page in use\n", busy);
}

#define rig_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(test_granted_bytes_arrive),
		rig_test(test_every_use),
		rig_test(test_refs_out_of_range),
		rig_test(test_table_never_exceeds_its_region),
		rig_test(test_map_sets_and_unmap_clears),
		rig_test(test_census),
		rig_test(test_revoke_quarantines),
		rig_test(test_revoked_is_refused),
		rig_test(test_table_fills_and_empties),
		rig_test(test_void_forgets_everything),
		rig_test(test_flipping_flags_livelock_nobody),
		rig_test(test_revoking_while_mapping_loses_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
