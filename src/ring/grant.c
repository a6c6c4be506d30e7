#include "ring/grant.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	NEXT_USED = 0xffffffffu,	/* granted */
	NEXT_QUARANTINED = 0xfffffffeu, /* revoked, the peer holds on */
	IN_USE = GTF_reading | GTF_writing,
	CAS_RETRIES = 16, /* against a peer that keeps changing the flags */
};

static grant_entry_v1_t *gnttab_entry(const struct gnttab *gnttab, grant_ref_t ref)
{
	return (grant_entry_v1_t *)gnttab->arena->shared.base + ref;
}

static void gnttab_free_ref(struct gnttab *gnttab, grant_ref_t ref)
{
	gnttab->next_free[ref] = gnttab->free_head;
	gnttab->free_head = ref;
	gnttab->nr_free++;
}

int gnttab_init(struct gnttab *gnttab, struct arena *arena, uint32_t table_pages)
{
	*gnttab = (struct gnttab){ .arena = arena, .entries = table_pages * GRANTS_PER_PAGE };
	gnttab->next_free = calloc(gnttab->entries, sizeof(*gnttab->next_free));
	if (!gnttab->next_free)
		return -ENOMEM;
	gnttab_void(gnttab);
	return 0;
}

void gnttab_fini(struct gnttab *gnttab)
{
	free(gnttab->next_free);
	*gnttab = (struct gnttab){ 0 };
}

grant_ref_t gnttab_grant(struct gnttab *gnttab, domid_t to, uint32_t frame, bool readonly)
{
	grant_ref_t ref = gnttab->free_head;
	grant_entry_v1_t *entry;

	if (!ref)
		return 0;
	gnttab->free_head = gnttab->next_free[ref];
	gnttab->next_free[ref] = NEXT_USED;
	gnttab->nr_free--;
	entry = gnttab_entry(gnttab, ref);
	entry->domid = to;
	entry->frame = frame;
	/* C: the entry before its flags; pairs with C in grant_read */
	store_release_u16(&entry->flags, GTF_permit_access | (readonly ? GTF_readonly : 0));
	return ref;
}

/* True once the entry is gone. */
static bool gnttab_end_access(struct gnttab *gnttab, grant_ref_t ref)
{
	grant_entry_v1_t *entry = gnttab_entry(gnttab, ref);
	uint16_t flags = load_acquire_u16(&entry->flags);

	for (int i = 0; i < CAS_RETRIES; i++) {
		if (flags & IN_USE)
			return false;
		if (compare_and_swap_u16(&entry->flags, &flags, 0))
			return true;
	}
	return false;
}

int gnttab_revoke(struct gnttab *gnttab, grant_ref_t ref)
{
	assert(gnttab->next_free[ref] == NEXT_USED); /* a second revoke would fork the free list */
	if (gnttab_end_access(gnttab, ref)) {
		gnttab_free_ref(gnttab, ref);
		return 0;
	}
	gnttab->next_free[ref] = NEXT_QUARANTINED;
	gnttab->nr_quarantined++;
	return -EBUSY;
}

uint32_t gnttab_reap(struct gnttab *gnttab)
{
	for (grant_ref_t ref = GRANT_RESERVED_REFS; gnttab->nr_quarantined && ref < gnttab->entries;
	     ref++) {
		if (gnttab->next_free[ref] != NEXT_QUARANTINED || !gnttab_end_access(gnttab, ref))
			continue;
		gnttab->nr_quarantined--;
		gnttab_free_ref(gnttab, ref);
	}
	return gnttab->nr_quarantined;
}

void gnttab_void(struct gnttab *gnttab)
{
	memset(gnttab->arena->shared.base, 0, gnttab->entries * sizeof(grant_entry_v1_t));
	gnttab->free_head = 0;
	gnttab->nr_free = 0;
	gnttab->nr_quarantined = 0;
	for (grant_ref_t ref = gnttab->entries; ref-- > GRANT_RESERVED_REFS;)
		gnttab_free_ref(gnttab, ref);
}

void grant_view_init(struct grant_view *view, const struct arena *arena, uint32_t table_pages,
		     domid_t self)
{
	/* The number is the guest's word, the region is what there is. */
	if (table_pages > arena->shared.pages)
		table_pages = arena->shared.pages;
	*view = (struct grant_view){
		.table = (grant_entry_v1_t *)arena->shared.base,
		.entries = table_pages * GRANTS_PER_PAGE,
		.table_pages = table_pages,
		.shared_pages = arena->shared.pages,
		.tx_pages = arena->tx.pages,
		.shared = arena->shared.base,
		.tx = arena->tx.base,
		.self = self,
	};
}

/* Another domain's grant is told from a bad one. */
int16_t grant_refusal(const struct grant_view *view, grant_entry_v1_t entry, bool write)
{
	entry.domid = view->self;
	return grant_page(view, entry, write) ? GNTST_bad_domain : GNTST_bad_gntref;
}

uint8_t *grant_map(const struct grant_view *view, grant_ref_t ref, bool write, int16_t *status)
{
	uint16_t bits = GTF_reading | (write ? GTF_writing : 0);

	*status = GNTST_bad_gntref;
	if (!grant_ref_is_valid(view, ref))
		return NULL;
	for (int i = 0; i < CAS_RETRIES; i++) {
		grant_entry_v1_t entry = grant_read(view, ref);
		uint16_t flags = entry.flags;
		uint8_t *page = grant_page(view, entry, write);

		if (!page) {
			*status = grant_refusal(view, entry, write);
			return NULL;
		}
		*status = GNTST_okay;
		if (compare_and_swap_u16(&view->table[ref].flags, &flags, flags | bits))
			return page;
	}
	*status = GNTST_general_error;
	return NULL;
}

void grant_unmap(const struct grant_view *view, grant_ref_t ref, bool write)
{
	uint16_t bits = GTF_reading | (write ? GTF_writing : 0);
	uint16_t flags = load_acquire_u16(&view->table[ref].flags);

	for (int i = 0; i < CAS_RETRIES; i++)
		if (compare_and_swap_u16(&view->table[ref].flags, &flags, flags & ~bits))
			return;
}

void grant_census(const struct grant_view *view, uint32_t *granted, uint32_t *in_use)
{
	*granted = *in_use = 0;
	for (grant_ref_t ref = GRANT_RESERVED_REFS; ref < view->entries; ref++) {
		uint16_t flags = grant_read(view, ref).flags;

		*granted += (flags & GTF_type_mask) == GTF_permit_access;
		*in_use += (flags & IN_USE) != 0;
	}
}
