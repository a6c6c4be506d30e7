#include "bench/ring_kind.h"

/*
 * virtio's packed ring with VIRTIO_RING_F_EVENT_IDX: descriptors on the first
 * page, on the second when the guest is to be told, on the third when the host.
 *
 * A descriptor belongs to whom its two flags say, in a sense that turns over with
 * each round of the ring: available when AVAIL is the round's bit and USED is not,
 * used when both are. A batch becomes visible at once: its first descriptor's
 * flags are written last, and nobody reads beyond one that is not his.
 */

enum {
	PAGE_SHIFT = 12,
	PAGE_MASK = PAGE_BYTES - 1,
	AVAIL = 1 << VRING_PACKED_DESC_F_AVAIL,
	USED = 1 << VRING_PACKED_DESC_F_USED,
	WRAP_SHIFT = VRING_PACKED_EVENT_F_WRAP_CTR,
};

static void packed_open(struct ring_end *end, uint8_t *pages)
{
	struct vring_packed_desc_event *guest = (void *)(pages + PAGE_BYTES);
	struct vring_packed_desc_event *host = (void *)(pages + 2 * PAGE_BYTES);

	end->packed.desc = (struct vring_packed_desc *)pages;
	end->packed.ours = end->back ? host : guest;
	end->packed.theirs = end->back ? guest : host;
	store_release_u16(&end->packed.ours->flags, VRING_PACKED_EVENT_FLAG_DISABLE);
}

/* The round's bit of a position: 1 in the first one. */
static bool wrap_of(uint32_t position)
{
	return !(position / RING_SLOTS & 1);
}

/* What the flags are of a descriptor that we give away there. */
static uint16_t flags_at(const struct ring_end *end, uint32_t position)
{
	bool wrap = wrap_of(position);
	uint16_t write = end->shape == RING_RX ? VRING_DESC_F_WRITE : 0;

	if (end->back)
		return write | (wrap ? AVAIL | USED : 0);
	return write | (wrap ? AVAIL : USED);
}

static bool is_ours(const struct ring_end *end, uint32_t position)
{
	uint16_t flags = load_acquire_u16(&end->packed.desc[position % RING_SLOTS].flags); /* A */
	bool avail = flags & AVAIL, used = flags & USED, wrap = wrap_of(position);

	return avail == wrap && used == (end->back ? !wrap : wrap);
}

/* The flags of the batch's first one wait for its publication. */
static void put(struct ring_end *end, struct vring_packed_desc desc)
{
	uint32_t position = end->packed.produced++;
	struct vring_packed_desc *to = &end->packed.desc[position % RING_SLOTS];
	uint16_t flags = flags_at(end, position);

	to->addr = desc.addr;
	to->len = desc.len;
	to->id = desc.id;
	if (position == end->packed.published)
		end->packed.first_flags = flags;
	else
		store_release_u16(&to->flags, flags);
}

static void packed_post(struct ring_end *end, const struct ring_message *list, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		put(end, (struct vring_packed_desc){
				 .addr = (uint64_t)list[i].ref << PAGE_SHIFT | list[i].offset,
				 .len = list[i].length,
				 .id = list[i].id,
			 });
}

static void packed_answer(struct ring_end *end, const struct ring_message *list, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		put(end, (struct vring_packed_desc){ .len = list[i].length, .id = list[i].id });
}

static int packed_get(struct ring_end *end, struct ring_message *list, unsigned int max)
{
	unsigned int n = 0;

	if (end->packed.armed) { /* no event while we are awake */
		end->packed.armed = false;
		store_release_u16(&end->packed.ours->flags, VRING_PACKED_EVENT_FLAG_DISABLE);
	}
	while (n < max && is_ours(end, end->packed.consumed)) {
		struct vring_packed_desc desc =
			end->packed.desc[end->packed.consumed++ % RING_SLOTS];

		list[n++] = (struct ring_message){ (uint32_t)(desc.addr >> PAGE_SHIFT),
						   desc.addr & PAGE_MASK, (uint16_t)desc.len,
						   desc.id };
	}
	compiler_fence();
	return (int)n;
}

/* As virtio's section 2.7.10 has it: the event is a place in the ring and the bit
 * of the round that it is meant in. */
static bool wants_event(const struct ring_end *end, uint32_t old, uint32_t new)
{
	uint16_t flags = load_acquire_u16(&end->packed.theirs->flags);
	uint16_t event = load_acquire_u16(&end->packed.theirs->off_wrap);
	uint32_t place = event & ((1u << WRAP_SHIFT) - 1), round = old / RING_SLOTS * RING_SLOTS;

	if (flags != VRING_PACKED_EVENT_FLAG_DESC)
		return flags == VRING_PACKED_EVENT_FLAG_ENABLE;
	/* In the round of what was published first, or in the one behind it. */
	if (wrap_of(old) != (event >> WRAP_SHIFT & 1))
		round += RING_SLOTS;
	return ring_kind_passes(round + place + 1, old, new);
}

static bool packed_publish(struct ring_end *end)
{
	uint32_t old = end->packed.published;

	if (old == end->packed.produced)
		return false;
	store_release_u16(&end->packed.desc[old % RING_SLOTS].flags,
			  end->packed.first_flags); /* A: all the others before it */
	end->packed.published = end->packed.produced;
	full_fence(); /* B: descriptors before the look at the event */
	return wants_event(end, old, end->packed.produced);
}

static bool packed_arm(struct ring_end *end, unsigned int n)
{
	uint32_t last = end->packed.consumed + n - 1;

	store_release_u16(&end->packed.ours->off_wrap,
			  (uint16_t)(last % RING_SLOTS | (uint32_t)wrap_of(last) << WRAP_SHIFT));
	store_release_u16(&end->packed.ours->flags, VRING_PACKED_EVENT_FLAG_DESC);
	end->packed.armed = true;
	full_fence(); /* B: announcement before the second look */
	return !is_ours(end, last);
}

const struct ring_kind *ring_packed_kind(void)
{
	static const struct ring_kind kind = {
		"packed",   false,	   packed_open,	   packed_post, packed_get,
		packed_get, packed_answer, packed_publish, packed_arm,
	};

	return &kind;
}
