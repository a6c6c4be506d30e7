#include "bridge/vnet.h"

#include <assert.h>
#include <netinet/in.h>
#include <string.h>

#include "bridge/csum.h"
#include "bridge/headers.h"
#include "bridge/segment.h"

static const char *const fault_names[] = {
	[VNET_OK] = "ok",
	[VNET_CSUM_PLACE] = "checksum outside the frame",
	[VNET_GSO_TYPE] = "unknown GSO type",
	[VNET_GSO_SIZE] = "GSO size 0",
	[VNET_GSO_CSUM] = "GSO without its checksum's place",
	[VNET_GSO_HEADERS] = "GSO with headers that do not parse",
	[VNET_GSO_PROTOCOL] = "GSO of another protocol",
};
static_assert(sizeof(fault_names) / sizeof(fault_names[0]) == VNET_FAULTS, "a name each");

const char *vnet_fault_name(enum vnet_fault fault)
{
	return fault_names[fault];
}

static bool is_named(const struct virtio_net_hdr *header, const struct csum_place *place)
{
	return header->csum_start == place->transport &&
	       header->csum_start + header->csum_offset == place->field;
}

/* A frame that is no GSO frame. */
static enum vnet_fault read_csum(const struct virtio_net_hdr *header, struct frame *frame)
{
	struct csum_place place;

	if (!(header->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)) {
		if (header->flags & VIRTIO_NET_HDR_F_DATA_VALID)
			frame->csum = CSUM_VALID;
		return VNET_OK;
	}
	if (csum_find(frame, &place) && is_named(header, &place)) {
		frame->csum = CSUM_BLANK;
		return VNET_OK;
	}
	if (!csum_complete_at(frame, header->csum_start, header->csum_offset))
		return VNET_CSUM_PLACE;
	return VNET_OK;
}

/* GSO_NONE: no type of ours. */
static enum frame_gso gso_type_of(uint8_t type)
{
	switch (type) {
	case VIRTIO_NET_HDR_GSO_TCPV4:
	case VIRTIO_NET_HDR_GSO_TCPV4 | VIRTIO_NET_HDR_GSO_ECN:
		return GSO_TCPV4;
	case VIRTIO_NET_HDR_GSO_TCPV6:
	case VIRTIO_NET_HDR_GSO_TCPV6 | VIRTIO_NET_HDR_GSO_ECN:
		return GSO_TCPV6;
	case VIRTIO_NET_HDR_GSO_UDP_L4:
		return GSO_UDP;
	default:
		return GSO_NONE;
	}
}

static enum vnet_fault read_gso(const struct virtio_net_hdr *header, struct frame *frame)
{
	enum frame_gso type = gso_type_of(header->gso_type);
	struct csum_place place;

	if (type == GSO_NONE)
		return VNET_GSO_TYPE;
	if (!header->gso_size)
		return VNET_GSO_SIZE;
	if (!csum_find(frame, &place))
		return VNET_GSO_HEADERS;
	if (!segment_is_of_type(&place, type))
		return VNET_GSO_PROTOCOL;
	if (!(header->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) || !is_named(header, &place))
		return VNET_GSO_CSUM;
	frame->csum = CSUM_BLANK;
	if (place.end - place.payload > header->gso_size) {
		frame->gso_type = (uint8_t)type;
		frame->gso_size = header->gso_size;
	}
	return VNET_OK;
}

enum vnet_fault vnet_read(const struct virtio_net_hdr *header, struct frame *frame)
{
	frame->csum = CSUM_NONE;
	frame->gso_type = GSO_NONE;
	frame->gso_size = 0;
	frame->gso_fixed_id = 0;
	if (header->gso_type == VIRTIO_NET_HDR_GSO_NONE)
		return read_csum(header, frame);
	return read_gso(header, frame);
}

static void ask_for_csum(struct frame *frame, const struct csum_place *place,
			 struct virtio_net_hdr *header)
{
	csum_blank(frame, place);
	header->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	header->csum_start = place->transport;
	header->csum_offset = place->field - place->transport;
}

static enum vnet_fault write_gso(struct frame *frame, struct virtio_net_hdr *header)
{
	static const uint8_t types[] = {
		[GSO_TCPV4] = VIRTIO_NET_HDR_GSO_TCPV4,
		[GSO_TCPV6] = VIRTIO_NET_HDR_GSO_TCPV6,
		[GSO_UDP] = VIRTIO_NET_HDR_GSO_UDP_L4,
	};
	struct csum_place place;

	if (!frame->gso_size)
		return VNET_GSO_SIZE;
	if (!csum_find(frame, &place) || place.payload > frame->length)
		return VNET_GSO_HEADERS;
	if (!segment_is_of_type(&place, frame->gso_type))
		return VNET_GSO_PROTOCOL;
	ask_for_csum(frame, &place, header);
	if (place.end - place.payload <= frame->gso_size)
		return VNET_OK; /* one segment: Linux would drop it as no GSO frame */
	header->gso_type = types[frame->gso_type];
	header->gso_size = frame->gso_size;
	header->hdr_len = place.payload;
	if (place.protocol == IPPROTO_TCP && frame->bytes[place.transport + TCP_FLAGS_AT] & TCP_CWR)
		header->gso_type |= VIRTIO_NET_HDR_GSO_ECN;
	return VNET_OK;
}

enum vnet_fault vnet_write(struct frame *frame, struct virtio_net_hdr *header)
{
	struct csum_place place;

	memset(header, 0, sizeof(*header));
	if (frame->gso_type != GSO_NONE)
		return write_gso(frame, header);
	if (frame->csum == CSUM_VALID)
		header->flags = VIRTIO_NET_HDR_F_DATA_VALID;
	else if (frame->csum == CSUM_BLANK && csum_find(frame, &place))
		ask_for_csum(frame, &place, header);
	return VNET_OK;
}
