/*
 * Frames on their way into the buffers that a guest has posted: each takes the
 * buffers that it needs off the ring, is answered in their places, and leaves
 * copies to be made; one call of the hypervisor then makes those of many
 * frames. A frame of which one page is refused is refused whole.
 *
 * Scratch memory, one of each a worker. Publishes nothing; knows no vif.
 */
#ifndef BACKEND_COPIES_H
#define BACKEND_COPIES_H

#include <stdbool.h>
#include <stdint.h>

#include "bridge/frame.h"
#include "ring/hypervisor.h"
#include "ring/ring.h"

enum { COPIES_MAX = 2 * RX_RING_ENTRIES };

struct copies {
	struct grant_copy list[COPIES_MAX];
	struct {
		uint32_t slot; /* its first response */
		uint32_t length;
		uint16_t end;  /* behind its last copy */
		uint8_t slots; /* responses, an extra info included */
		bool extra;    /* the second one is that */
	} frames[BATCH_FRAMES];
	unsigned int nr_copies;
	unsigned int nr_frames;
	bool urgent; /* one of the frames is; the caller's */
};

/* What came of them. */
struct copies_made {
	uint64_t frames, bytes;	       /* that the guest has now */
	uint64_t refused;	       /* frames */
	uint64_t copies, copied_bytes; /* tried, and made */
	uint64_t slots;		       /* answered */
};

/* Response slots: a page each, and one for what is said of a GSO frame. */
static inline uint32_t copies_slots(const struct frame *frame)
{
	return (frame->length + PAGE_BYTES - 1) / PAGE_BYTES + (frame->gso_type != GSO_NONE);
}

static inline bool copies_have_room(const struct copies *copies, const struct frame *frame)
{
	return copies->nr_frames < BATCH_FRAMES &&
	       copies->nr_copies + copies_slots(frame) + frame->nr_frags + 1 <= COPIES_MAX;
}

/* There are buffers and room for it. It must live until the copies are made. */
void copies_stage(struct copies *copies, struct ring *rx, const struct frame *frame);

/* Makes all that are staged, and starts anew. */
void copies_make(struct copies *copies, struct foreign_domain *domain, struct ring *rx,
		 struct copies_made *made);

#endif
