/*
 * Grant table v1, both ends of it.
 *
 * `struct gnttab` is the granting side: the guest's private bookkeeping over
 * the table in frames 0..G-1 of its arena. `struct grant_view` is the using
 * side: the backend's way from a grant reference to bytes, which trusts
 * nothing that it reads there. Statuses are Xen's GNTST_*.
 *
 * An entry is made flags-last and revoked by compare-and-swap while no in-use
 * bit stands; a page whose entry will not go is quarantined and retried
 * (grant_table.h, "Version 1 of the grant table entry").
 */
#ifndef RING_GRANT_H
#define RING_GRANT_H

#include <stdbool.h>
#include <stdint.h>

#include "ring/barrier.h"
#include "ring/page.h"

/* The granting side. */
struct gnttab {
	struct arena *arena;
	uint32_t entries;
	grant_ref_t *next_free; /* free list through the refs; 0 ends it */
	grant_ref_t free_head;
	uint32_t nr_free;
	uint32_t nr_quarantined; /* revoked by us, still in use by the peer */
};

/* Clears the table's pages (frames 0..pages-1) and takes charge of them. */
int gnttab_init(struct gnttab *gnttab, struct arena *arena, uint32_t table_pages);
void gnttab_fini(struct gnttab *gnttab);

/* Grants one frame to a domain. A tx frame must be readonly. The ref (>= 8),
 * or 0 when the table is full. */
grant_ref_t gnttab_grant(struct gnttab *gnttab, domid_t to, uint32_t frame, bool readonly);

/* 0, or -EBUSY while the peer uses it: the entry is then quarantined, and
 * gnttab_reap() tries again. The page must not be used for anything else
 * until it is gone. */
int gnttab_revoke(struct gnttab *gnttab, grant_ref_t ref);

/* Retries every quarantined entry; how many remain. */
uint32_t gnttab_reap(struct gnttab *gnttab);

/* Forgets every entry and every in-use bit. Only when the peer's mappings are
 * proven gone: its end of the domain socket hung up. */
void gnttab_void(struct gnttab *gnttab);

/* The using side. What the regions' sizes and places are worth asking for each
 * frame stands here, in one cache line. */
struct grant_view {
	grant_entry_v1_t *table;
	uint32_t entries;
	uint32_t table_pages;
	uint32_t shared_pages, tx_pages;
	uint8_t *shared, *tx; /* their first bytes */
	domid_t self;	      /* the domain that uses, that is: ours */
};

/* A table larger than the shared region is cut to it. */
void grant_view_init(struct grant_view *view, const struct arena *arena, uint32_t table_pages,
		     domid_t self);

/* One copy of the whole entry, in one access: what is checked is what is used. */
static inline grant_entry_v1_t grant_read(const struct grant_view *view, grant_ref_t ref)
{
	union {
		uint64_t word;
		grant_entry_v1_t entry;
	} copy = { .word = load_acquire_u64((const uint64_t *)&view->table[ref]) }; /* C */

	return copy.entry;
}

static inline bool grant_ref_is_valid(const struct grant_view *view, grant_ref_t ref)
{
	return ref >= GRANT_RESERVED_REFS && ref < view->entries;
}

/* The page that the entry grants for such a use, or NULL. */
static inline uint8_t *grant_page(const struct grant_view *view, grant_entry_v1_t entry, bool write)
{
	uint16_t kind = entry.flags & (GTF_type_mask | GTF_readonly);
	bool readonly = kind == (GTF_permit_access | GTF_readonly);
	uint32_t tx = entry.frame - view->shared_pages;

	if (entry.domid != view->self || !(readonly || kind == GTF_permit_access))
		return NULL;
	if (entry.frame >= view->shared_pages)
		return readonly && !write && tx < view->tx_pages
			       ? view->tx + (uint64_t)tx * PAGE_BYTES
			       : NULL;
	if (entry.frame < view->table_pages || (readonly && write)) /* nobody gets the table */
		return NULL;
	return view->shared + (uint64_t)entry.frame * PAGE_BYTES;
}

/* Why it grants no page. */
int16_t grant_refusal(const struct grant_view *view, grant_entry_v1_t entry, bool write);

/* The frame behind a ref for one use of `length` bytes at `offset`, or NULL
 * with *status. A write needs a grant without readonly, and never a tx frame;
 * a tx frame granted without readonly is a bad reference for every use. */
static inline uint8_t *grant_resolve(const struct grant_view *view, grant_ref_t ref,
				     uint16_t offset, uint32_t length, bool write, int16_t *status)
{
	grant_entry_v1_t entry;
	uint8_t *page;

	*status = GNTST_bad_gntref;
	if (!grant_ref_is_valid(view, ref))
		return NULL;
	entry = grant_read(view, ref);
	page = grant_page(view, entry, write);
	if (!page) {
		*status = grant_refusal(view, entry, write);
		return NULL;
	}
	*status = GNTST_bad_copy_arg;
	if (length > PAGE_BYTES || offset > PAGE_BYTES - length) /* cannot wrap */
		return NULL;
	*status = GNTST_okay;
	return page + offset;
}

/* For a use that outlives the call (ring pages): sets the in-use bits, which
 * grant_unmap clears. The page, or NULL with *status. */
uint8_t *grant_map(const struct grant_view *view, grant_ref_t ref, bool write, int16_t *status);
void grant_unmap(const struct grant_view *view, grant_ref_t ref, bool write);

/* How many entries are granted, and how many carry an in-use bit. */
void grant_census(const struct grant_view *view, uint32_t *granted, uint32_t *in_use);

#endif
