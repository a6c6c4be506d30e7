#include "backend/copies.h"

/* Where in the guest's buffers a frame has got to. */
struct cursor {
	grant_ref_t ref;
	uint32_t in_page;   /* bytes of the current page filled */
	uint32_t page_room; /* bytes of the frame meant for the current page */
	uint32_t left;	    /* bytes of the frame that have no page yet */
};

/* One posted buffer for so much of the frame, answered. */
static grant_ref_t buffer_take(struct ring *rx, uint32_t bytes, uint16_t flags)
{
	netif_rx_request_t request;
	netif_rx_response_t response;

	ring_copy_rx_request(rx, rx->in_cons, &request);
	ring_consume(rx, 1);
	response =
		(netif_rx_response_t){ .id = request.id, .flags = flags, .status = (int16_t)bytes };
	ring_produce_rx_response(rx, &response);
	return request.gref;
}

/* The request whose slot it takes is used up with its buffer untouched. */
static void extra_take(struct ring *rx, const struct frame *frame)
{
	netif_extra_info_t extra = { .type = XEN_NETIF_EXTRA_TYPE_GSO };

	extra.u.gso.size = frame->gso_size;
	extra.u.gso.type = frame->gso_type == GSO_TCPV4 ? XEN_NETIF_GSO_TYPE_TCPV4
							: XEN_NETIF_GSO_TYPE_TCPV6;
	ring_consume(rx, 1);
	ring_produce_rx_extra(rx, &extra);
}

static void copy_add(struct copies *copies, grant_ref_t ref, uint32_t offset, const uint8_t *source,
		     uint32_t length)
{
	struct grant_copy *copy = &copies->list[copies->nr_copies++];

	copy->ref = ref;
	copy->offset = (uint16_t)offset;
	copy->length = (uint16_t)length;
	copy->source = source;
}

static void next_page(struct ring *rx, struct cursor *cursor, uint16_t flags)
{
	cursor->page_room = cursor->left < PAGE_BYTES ? cursor->left : PAGE_BYTES;
	cursor->left -= cursor->page_room;
	cursor->in_page = 0;
	cursor->ref =
		buffer_take(rx, cursor->page_room, flags | (cursor->left ? NETRXF_more_data : 0));
}

/* Fills pages from one piece of the frame after another. */
static void piece_stage(struct copies *copies, struct ring *rx, struct cursor *cursor,
			const uint8_t *data, uint32_t length)
{
	while (length) {
		uint32_t room, part;

		if (cursor->in_page == cursor->page_room)
			next_page(rx, cursor, 0);
		room = cursor->page_room - cursor->in_page;
		part = length < room ? length : room;
		copy_add(copies, cursor->ref, cursor->in_page, data, part);
		cursor->in_page += part;
		data += part;
		length -= part;
	}
}

static void pages_stage(struct copies *copies, struct ring *rx, const struct frame *frame,
			uint16_t flags)
{
	struct cursor cursor = { .left = frame->length };

	next_page(rx, &cursor, flags | (frame->gso_type ? NETRXF_extra_info : 0));
	if (frame->gso_type)
		extra_take(rx, frame);
	piece_stage(copies, rx, &cursor, frame->bytes, frame->head);
	for (unsigned int i = 0; i < frame->nr_frags; i++)
		piece_stage(copies, rx, &cursor, frame->frags[i].data, frame->frags[i].length);
}

/* The usual frame: it fits one page, and there is nothing to be said of it. */
static void page_stage(struct copies *copies, struct ring *rx, const struct frame *frame,
		       uint16_t flags)
{
	grant_ref_t ref = buffer_take(rx, frame->length, flags);
	uint32_t at = frame->head;

	copy_add(copies, ref, 0, frame->bytes, at);
	for (unsigned int i = 0; i < frame->nr_frags; i++) {
		copy_add(copies, ref, at, frame->frags[i].data, frame->frags[i].length);
		at += frame->frags[i].length;
	}
}

void copies_stage(struct copies *copies, struct ring *rx, const struct frame *frame)
{
	static const uint16_t flags[] = {
		[CSUM_NONE] = 0,
		[CSUM_VALID] = NETRXF_data_validated,
		[CSUM_BLANK] = NETRXF_csum_blank | NETRXF_data_validated,
	};
	uint32_t slot = rx->produced;

	if (frame->length <= PAGE_BYTES && !frame->gso_type)
		page_stage(copies, rx, frame, flags[frame->csum]);
	else
		pages_stage(copies, rx, frame, flags[frame->csum]);
	copies->frames[copies->nr_frames].slot = slot;
	copies->frames[copies->nr_frames].length = frame->length;
	copies->frames[copies->nr_frames].end = (uint16_t)copies->nr_copies;
	copies->frames[copies->nr_frames].slots = (uint8_t)(rx->produced - slot);
	copies->frames[copies->nr_frames].extra = frame->gso_type != GSO_NONE;
	copies->nr_frames++;
}

static bool is_refused(struct copies *copies, unsigned int from, unsigned int end,
		       struct copies_made *made)
{
	bool refused = false;

	for (; from < end; from++) {
		if (copies->list[from].status == GNTST_okay)
			continue;
		made->copied_bytes -= copies->list[from].length;
		refused = true;
	}
	return refused;
}

/* Takes the answers of refused frames back. */
static void refuse(struct copies *copies, struct ring *rx, struct copies_made *made)
{
	unsigned int from = 0;

	for (unsigned int i = 0; i < copies->nr_frames; from = copies->frames[i++].end) {
		if (!is_refused(copies, from, copies->frames[i].end, made))
			continue;
		for (unsigned int k = 0; k < copies->frames[i].slots; k++)
			if (k != 1 || !copies->frames[i].extra)
				ring_refuse_rx_response(rx, copies->frames[i].slot + k);
		made->frames--;
		made->bytes -= copies->frames[i].length;
		made->refused++;
	}
}

void copies_make(struct copies *copies, struct foreign_domain *domain, struct ring *rx,
		 struct copies_made *made)
{
	*made = (struct copies_made){ .frames = copies->nr_frames, .copies = copies->nr_copies };
	for (unsigned int i = 0; i < copies->nr_frames; i++)
		made->bytes += copies->frames[i].length;
	made->copied_bytes = made->bytes;
	made->slots = rx->produced - copies->frames[0].slot;
	if (hypervisor_copy(domain, copies->list, copies->nr_copies))
		refuse(copies, rx, made);
	copies->nr_copies = copies->nr_frames = 0;
}
