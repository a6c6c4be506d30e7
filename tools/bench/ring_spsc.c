#include "bench/ring_kind.h"

struct spsc_slot {
	uint32_t ref;
	uint16_t offset, length;
	uint16_t id, pad[3];
};

/* One way: what its producer writes, what its consumer writes, and the slots.
 * Both ways lie behind one another in the pages. */
struct spsc_way {
	_Alignas(64) uint32_t produced;
	_Alignas(64) uint32_t event;
	_Alignas(64) struct spsc_slot slots[RING_SLOTS];
};

static_assert(2 * sizeof(struct spsc_way) <= RING_KIND_PAGES * PAGE_BYTES, "room for both");

static void spsc_open(struct ring_end *end, uint8_t *pages)
{
	struct spsc_way *ways = (struct spsc_way *)pages;

	end->spsc.out = &ways[end->back];
	end->spsc.in = &ways[!end->back];
}

static void spsc_put(struct ring_end *end, const struct ring_message *list, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		struct spsc_slot slot = { list[i].ref, list[i].offset, list[i].length, list[i].id };

		end->spsc.out->slots[end->spsc.produced++ % RING_SLOTS] = slot;
	}
}

static int spsc_get(struct ring_end *end, struct ring_message *list, unsigned int max)
{
	struct spsc_way *in = end->spsc.in;
	uint32_t there = load_acquire(&in->produced) - end->spsc.consumed; /* A */
	unsigned int n = there < max ? there : max;

	if (there > RING_SLOTS)
		return -EPROTO;
	for (unsigned int i = 0; i < n; i++) {
		struct spsc_slot slot = in->slots[end->spsc.consumed++ % RING_SLOTS];

		list[i] = (struct ring_message){ slot.ref, slot.offset, slot.length, slot.id };
	}
	compiler_fence();
	return (int)n;
}

static bool spsc_publish(struct ring_end *end)
{
	uint32_t old = end->spsc.published;

	if (old == end->spsc.produced)
		return false;
	store_release(&end->spsc.out->produced, end->spsc.produced); /* A: slots before it */
	end->spsc.published = end->spsc.produced;
	full_fence(); /* B: index before the look at the event */
	return ring_kind_passes(load_relaxed(&end->spsc.out->event), old, end->spsc.produced);
}

static bool spsc_arm(struct ring_end *end, unsigned int n)
{
	store_relaxed(&end->spsc.in->event, end->spsc.consumed + n);
	full_fence(); /* B: announcement before the second look */
	return load_acquire(&end->spsc.in->produced) - end->spsc.consumed < n;
}

const struct ring_kind *ring_spsc_kind(void)
{
	static const struct ring_kind kind = {
		"spsc",	  false,    spsc_open,	  spsc_put, spsc_get,
		spsc_get, spsc_put, spsc_publish, spsc_arm,
	};

	return &kind;
}
