/*
 * A VM's frames as its TAP has them, behind a virtio_net_hdr, to and from what
 * a vif is told of them.
 *
 * No header is parsed but in a private copy of the frame's first bytes: a vif's
 * received pages can change at any time.
 */
#ifndef FRONTEND_GUEST_VNET_H
#define FRONTEND_GUEST_VNET_H

#include <linux/virtio_net.h>

#include "bridge/frame.h"
#include "frontend/splitvif.h"

/* What goes in front of a received frame's pages while it is written: the header
 * and the frame's first bytes. */
struct guest_vnet {
	struct virtio_net_hdr header;
	_Alignas(32) uint8_t bytes[FRAME_HEAD_BYTES];
};

/* Header, head, and what the head leaves of the parts. */
enum { GUEST_VNET_IOVECS = SPLITVIF_FRAME_PARTS + 2 };

/* The TAP offloads (enum port_takes) that go with what a backend takes. */
uint8_t guest_vnet_takes(unsigned int offers);

/* The facts of a frame that was read into reserved parts, its length set. What
 * the kernel left blank in a place that has no word on a vif, or that the
 * backend does not take (any more), is completed where it stands. False: the
 * header and the frame do not go together, drop it. */
bool guest_vnet_read(const struct virtio_net_hdr *header, unsigned int offers,
		     struct splitvif_frame *frame);

/* The vectors (room for GUEST_VNET_IOVECS) that write a received frame; how
 * many. 0: the kernel could not take it, drop it. */
unsigned int guest_vnet_write(struct guest_vnet *vnet, const struct splitvif_frame *frame,
			      struct iovec *iov);

#endif
