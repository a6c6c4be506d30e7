/*
 * virtio_net_hdr, as a TAP device carries it in front of every frame, to and
 * from a frame's own facts: checksum, GSO type and size.
 *
 * Pure: knows headers and frames, no descriptors. The header's fields are in
 * the host's byte order, as a TAP has them unless it is told otherwise.
 */
#ifndef BRIDGE_VNET_H
#define BRIDGE_VNET_H

#include <linux/virtio_net.h>

#include "bridge/frame.h"

/* Newer than the kernel headers that we build with (Linux 6.2). */
#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif

/* Why a header and its frame do not go together. */
enum vnet_fault {
	VNET_OK,
	VNET_CSUM_PLACE,   /* the checksum's place is not in the frame */
	VNET_GSO_TYPE,	   /* unknown, or an ECN bit on what is no TCP */
	VNET_GSO_SIZE,	   /* 0 */
	VNET_GSO_CSUM,	   /* GSO, and the checksum is not asked for where it stands */
	VNET_GSO_HEADERS,  /* GSO, and the headers do not parse */
	VNET_GSO_PROTOCOL, /* GSO of another protocol than the headers' */
	VNET_FAULTS
};

const char *vnet_fault_name(enum vnet_fault fault);

/* The facts of a frame that a TAP gave with this header; `frame` is laid out,
 * its fragments are memory that the caller may write (a checksum that is
 * neither TCP's nor UDP's own is completed at once, wherever it stands). On a
 * fault the frame's facts are worthless: it is for dropping. A GSO frame of
 * one segment is none: it comes out as an ordinary one. */
enum vnet_fault vnet_read(const struct virtio_net_hdr *header, struct frame *frame);

/* The header for a frame that goes to a TAP. Where the checksum is left to the
 * kernel, the pseudo-header's sum is written into the frame's head, whatever
 * stood there. A blank checksum that cannot be found goes as it is, and a GSO
 * frame of one segment as an ordinary one. A fault: a GSO frame that the kernel
 * could not take (it needs the checksum's place). */
enum vnet_fault vnet_write(struct frame *frame, struct virtio_net_hdr *header);

#endif
