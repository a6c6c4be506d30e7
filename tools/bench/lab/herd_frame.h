/*
 * The frames of a herd's flows: UDP datagrams or echo requests, with their number
 * and the time at which they were due behind the head.
 */
#ifndef LAB_HERD_FRAME_H
#define LAB_HERD_FRAME_H

#include "bench/lab/herd.h"

struct herd_stamp {
	unsigned int flow; /* by its place in the herd */
	uint64_t number;
	int64_t due_ns;
};

/* Into a frame that was reserved. */
void herd_frame_write(const struct herd_flow *flow, const struct herd_stamp *stamp,
		      struct splitvif_frame *frame);

/* False: none of a herd's. The other side can still write there: what is judged is
 * read once. */
bool herd_frame_read(const struct splitvif_frame *frame, struct herd_stamp *stamp);

/* A gratuitous ARP (RFC 5227, 3), which bridges and kernels learn from. */
void herd_frame_call(const struct herd_vm *vm, struct splitvif_frame *frame);

#endif
