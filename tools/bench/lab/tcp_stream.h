/*
 * One TCP connection between two kernels' VMs, as fast as it goes, for as long as it
 * is wanted. Ends are processes; what they tell stands in shared memory.
 */
#ifndef LAB_TCP_STREAM_H
#define LAB_TCP_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/lab/kernel_vm.h"

struct tcp_stream_board;

struct tcp_stream {
	struct tcp_stream_board *board;
	pid_t sender, receiver;
};

/* Connected when this returns. `segments`: whether the sender's eth0
 * may take big frames that stand for many (TSO and GSO). 0, or -errno with a line. */
int tcp_stream_start(struct tcp_stream *stream, const struct kernel_vm *from,
		     const struct kernel_vm *to, const char *to_ip, bool segments,
		     char error[LAB_ERROR_BYTES]);

/* Bytes that have arrived. */
uint64_t tcp_stream_received(const struct tcp_stream *stream);

/* 0, or -EIO: an end failed meanwhile. */
int tcp_stream_stop(struct tcp_stream *stream);

#endif
