#include "frontend/guest_vnet.h"

#include <assert.h>
#include <string.h>

#include "bridge/csum.h"
#include "bridge/port.h"
#include "bridge/vnet.h"

static_assert(SPLITVIF_CSUM_NONE == (int)CSUM_NONE && SPLITVIF_CSUM_VALID == (int)CSUM_VALID &&
		      SPLITVIF_CSUM_BLANK == (int)CSUM_BLANK,
	      "the bridge's word and the library's are one");
static_assert(SPLITVIF_GSO_NONE == (int)GSO_NONE && SPLITVIF_GSO_TCPV4 == (int)GSO_TCPV4 &&
		      SPLITVIF_GSO_TCPV6 == (int)GSO_TCPV6,
	      "the bridge's word and the library's are one");

uint8_t guest_vnet_takes(unsigned int offers)
{
	return (offers & SPLITVIF_OFFLOAD_CSUM_IPV4 ? PORT_CSUM_IPV4 : 0) |
	       (offers & SPLITVIF_OFFLOAD_CSUM_IPV6 ? PORT_CSUM_IPV6 : 0) |
	       (offers & SPLITVIF_OFFLOAD_GSO_TCPV4 ? PORT_GSO_TCPV4 : 0) |
	       (offers & SPLITVIF_OFFLOAD_GSO_TCPV6 ? PORT_GSO_TCPV6 : 0);
}

/* As far as the frame's length goes. */
static void lay_out(struct frame *frame, const struct splitvif_frame *parts, struct fragment *rest)
{
	struct fragment pieces[SPLITVIF_FRAME_PARTS];
	uint32_t left = parts->length;
	unsigned int n = 0;

	for (; left && n < parts->nr_parts; n++) {
		uint32_t room = (uint32_t)parts->parts[n].iov_len;

		pieces[n].data = parts->parts[n].iov_base;
		pieces[n].length = left < room ? left : room;
		left -= pieces[n].length;
	}
	frame_build(frame, pieces, n, rest);
}

/* A blank checksum that has waited in the TAP's queue since the backend took it. */
static void complete_untaken(struct frame *frame, unsigned int offers)
{
	struct csum_place place;

	if (frame->csum != CSUM_BLANK || frame->gso_type || offers & SPLITVIF_OFFLOAD_CSUM_IPV6)
		return;
	if (csum_find(frame, &place) && place.version == 6)
		csum_fill(frame, &place);
}

/* A head is shorter than any first part that can be reserved. */
static bool read_blank(const struct virtio_net_hdr *header, unsigned int offers,
		       struct splitvif_frame *parts)
{
	struct fragment rest[SPLITVIF_FRAME_PARTS];
	struct frame frame;

	lay_out(&frame, parts, rest);
	if (vnet_read(header, &frame) || frame.gso_type > GSO_TCPV6)
		return false;
	complete_untaken(&frame, offers);
	if (frame.csum == CSUM_VALID)
		memcpy(parts->parts[0].iov_base, frame.bytes, frame.head);
	parts->csum = frame.csum;
	parts->gso_type = frame.gso_type;
	parts->gso_size = frame.gso_size;
	return true;
}

bool guest_vnet_read(const struct virtio_net_hdr *header, unsigned int offers,
		     struct splitvif_frame *frame)
{
	if (header->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM || header->gso_type)
		return read_blank(header, offers, frame);
	frame->csum = header->flags & VIRTIO_NET_HDR_F_DATA_VALID ? SPLITVIF_CSUM_VALID
								  : SPLITVIF_CSUM_NONE;
	return true;
}

unsigned int guest_vnet_write(struct guest_vnet *vnet, const struct splitvif_frame *parts,
			      struct iovec *iov)
{
	struct fragment rest[SPLITVIF_FRAME_PARTS];
	struct frame frame;

	lay_out(&frame, parts, rest);
	frame.csum = parts->csum;
	frame.gso_type = parts->gso_type;
	frame.gso_size = parts->gso_size;
	if (vnet_write(&frame, &vnet->header))
		return 0;
	memcpy(vnet->bytes, frame.bytes, frame.head);
	iov[0] = (struct iovec){ &vnet->header, sizeof(vnet->header) };
	iov[1] = (struct iovec){ vnet->bytes, frame.head };
	for (unsigned int i = 0; i < frame.nr_frags; i++)
		iov[i + 2] = (struct iovec){ (void *)rest[i].data, rest[i].length };
	return frame.nr_frags + 2u;
}
