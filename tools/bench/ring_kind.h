/*
 * The contract of a measured ring: a guest posts messages that say where a
 * payload is or may be put, a host takes them, and answers each. Rings behind it
 * are exchangeable, so that one workload compares them; an indirect call moves a
 * batch.
 *
 * All of them have RING_SLOTS places, are answered in order, and tell a sleeper
 * only when he asked for it ("event index"). The guest never has more than
 * RING_SLOTS messages out, each with an id of its own, so posting needs no check.
 *
 *	xen	Xen's netif ring: requests and responses share one array of slots
 *	spsc	two plain one-way rings, an index each
 *	split	virtio 1.0, 2.6: descriptors, and two rings of indices to them
 *	packed	virtio 1.1, 2.7: one array, whose descriptors say themselves whose
 *		they are; no index is shared
 */
#ifndef BENCH_RING_KIND_H
#define BENCH_RING_KIND_H

#include <linux/virtio_ring.h>

#include "ring/ring.h"

enum { RING_SLOTS = 256, RING_KIND_PAGES = 3 };

/* Which way the payload goes, in the guest's words. */
enum ring_shape { RING_TX, RING_RX };

struct ring_message {
	uint32_t ref; /* a grant reference where the ring has grants, else a page's number */
	uint16_t offset, length;
	uint16_t id;
};

struct spsc_way;

/* One side's private handle. */
struct ring_end {
	const struct ring_kind *kind;
	enum ring_shape shape;
	bool back;
	union {
		struct ring xen;
		struct {
			struct spsc_way *out, *in; /* out: written by us */
			uint32_t produced, published, consumed;
		} spsc;
		struct {
			struct vring_desc *desc;
			struct vring_avail *avail;
			struct vring_used *used;
			uint16_t produced, published, consumed;
		} split;
		struct {
			struct vring_packed_desc *desc;
			struct vring_packed_desc_event *ours, *theirs; /* who is to be told when */
			uint32_t produced, published, consumed; /* in descriptors, free-running */
			uint16_t first_flags; /* of the first one that is not yet published */
			bool armed;
		} packed;
	};
};

struct ring_kind {
	const char *name;
	bool grants;
	/* On RING_KIND_PAGES zeroed pages. The guest comes first. */
	void (*open)(struct ring_end *end, uint8_t *pages);
	/* Guest. What was answered: id and length; how many, or -EPROTO. */
	void (*post)(struct ring_end *end, const struct ring_message *list, unsigned int n);
	int (*reap)(struct ring_end *end, struct ring_message *list, unsigned int max);
	/* Host. */
	int (*take)(struct ring_end *end, struct ring_message *list, unsigned int max);
	void (*answer)(struct ring_end *end, const struct ring_message *list, unsigned int n);
	/* Either. Publishing: true if the other side wants to be told. Arming for n
	 * messages more: true if they are not there yet, and we will be told. */
	bool (*publish)(struct ring_end *end);
	bool (*arm)(struct ring_end *end, unsigned int n);
};

enum { RING_KINDS = 4 };
const struct ring_kind *ring_xen_kind(void);
const struct ring_kind *ring_spsc_kind(void);
const struct ring_kind *ring_split_kind(void);
const struct ring_kind *ring_packed_kind(void);

/* By their places among options.h's enum bench_rings. */
static inline const struct ring_kind *ring_kind_get(unsigned int number)
{
	const struct ring_kind *const kinds[RING_KINDS] = { ring_xen_kind(), ring_spsc_kind(),
							    ring_split_kind(), ring_packed_kind() };

	return kinds[number];
}

static inline void ring_kind_open(struct ring_end *end, const struct ring_kind *kind,
				  enum ring_shape shape, bool back, uint8_t *pages)
{
	*end = (struct ring_end){ .kind = kind, .shape = shape, .back = back };
	kind->open(end, pages);
}

/* True if `event` lies in what was published: in (old, new]. */
static inline bool ring_kind_passes(uint32_t event, uint32_t old, uint32_t new)
{
	return new - event < new - old;
}

#endif
