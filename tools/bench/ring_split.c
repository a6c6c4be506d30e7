#include "bench/ring_kind.h"

/*
 * virtio's split ring with VIRTIO_RING_F_EVENT_IDX, as virtio_ring.h lays it out:
 * descriptors on the first page, the guest's ring on the second, the host's on
 * the third. A message's descriptor has the number of its id. An address is a
 * page's number above an offset.
 */

enum { PAGE_SHIFT = 12, PAGE_MASK = PAGE_BYTES - 1 };

static void split_open(struct ring_end *end, uint8_t *pages)
{
	end->split.desc = (struct vring_desc *)pages;
	end->split.avail = (struct vring_avail *)(pages + PAGE_BYTES);
	end->split.used = (struct vring_used *)(pages + 2 * PAGE_BYTES);
}

/* When the guest is to be told, behind his own ring, and the host behind his. */
static uint16_t *used_event(struct ring_end *end)
{
	return &end->split.avail->ring[RING_SLOTS];
}

static uint16_t *avail_event(struct ring_end *end)
{
	return (uint16_t *)&end->split.used->ring[RING_SLOTS];
}

static void split_post(struct ring_end *end, const struct ring_message *list, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		end->split.desc[list[i].id] = (struct vring_desc){
			.addr = (uint64_t)list[i].ref << PAGE_SHIFT | list[i].offset,
			.len = list[i].length,
			.flags = end->shape == RING_RX ? VRING_DESC_F_WRITE : 0,
		};
		end->split.avail->ring[end->split.produced++ % RING_SLOTS] = list[i].id;
	}
}

/* How many the other side has published and we have not taken, up to `max`. */
static int pending(struct ring_end *end, const uint16_t *index, unsigned int max)
{
	uint16_t there = (uint16_t)(load_acquire_u16(index) - end->split.consumed); /* A */

	if (there > RING_SLOTS)
		return -EPROTO;
	return there < max ? there : (int)max;
}

static int split_reap(struct ring_end *end, struct ring_message *list, unsigned int max)
{
	int n = pending(end, &end->split.used->idx, max);

	for (int i = 0; i < n; i++) {
		struct vring_used_elem used =
			end->split.used->ring[end->split.consumed++ % RING_SLOTS];

		list[i] = (struct ring_message){ .id = (uint16_t)used.id,
						 .length = (uint16_t)used.len };
	}
	compiler_fence();
	return n;
}

static int split_take(struct ring_end *end, struct ring_message *list, unsigned int max)
{
	int n = pending(end, &end->split.avail->idx, max);

	for (int i = 0; i < n; i++) {
		uint16_t id = end->split.avail->ring[end->split.consumed++ % RING_SLOTS];
		struct vring_desc desc;

		if (id >= RING_SLOTS)
			return -EPROTO;
		desc = end->split.desc[id];
		list[i] = (struct ring_message){ (uint32_t)(desc.addr >> PAGE_SHIFT),
						 desc.addr & PAGE_MASK, (uint16_t)desc.len, id };
	}
	compiler_fence();
	return n;
}

static void split_answer(struct ring_end *end, const struct ring_message *list, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		end->split.used->ring[end->split.produced++ % RING_SLOTS] =
			(struct vring_used_elem){ list[i].id, list[i].length };
}

static bool split_publish(struct ring_end *end)
{
	uint16_t old = end->split.published, new = end->split.produced;
	uint16_t *index = end->back ? &end->split.used->idx : &end->split.avail->idx;

	if (old == new)
		return false;
	store_release_u16(index, new); /* A: entries before it */
	end->split.published = new;
	full_fence(); /* B: index before the look at the event */
	return vring_need_event(load_acquire_u16(end->back ? used_event(end) : avail_event(end)),
				new, old);
}

static bool split_arm(struct ring_end *end, unsigned int n)
{
	uint16_t *index = end->back ? &end->split.avail->idx : &end->split.used->idx;

	store_release_u16(end->back ? avail_event(end) : used_event(end),
			  (uint16_t)(end->split.consumed + n - 1));
	full_fence(); /* B: announcement before the second look */
	return (uint16_t)(load_acquire_u16(index) - end->split.consumed) < n;
}

const struct ring_kind *ring_split_kind(void)
{
	static const struct ring_kind kind = {
		"split",    false,	  split_open,	 split_post, split_reap,
		split_take, split_answer, split_publish, split_arm,
	};

	return &kind;
}
