/*
 * An event channel for each direction of a vif, or one for both.
 *
 * A generator sends to a guest, which sends so many frames for each hundred that it
 * receives (to itself: the bridge drops them, and answers). It does for each interrupt
 * what its driver is told that it is for, and no more: frames for one of the receiving
 * direction, answers for one of the sending direction, both where a channel cannot tell.
 * So an interrupt is spurious where the ring has nothing new, and never because somebody
 * looked there before.
 *
 * Generator and backend are on the first processor, the guest on the second.
 */
#ifndef LAB_CHANNELS_RIG_H
#define LAB_CHANNELS_RIG_H

#include "bench/lab/experiment.h"

enum channels { CHANNELS_SPLIT, CHANNELS_SINGLE };

/* All uint32_t, so that each may be a factor. */
struct channels_setup {
	uint32_t channels; /* enum channels */
	uint32_t ratio;	   /* frames sent for each hundred received */
	uint32_t rate;	   /* received, a second */
};

/* Columns: rx_pps and tx_pps, as the guest counts; irq_per_s and irq_per_frame; of each
 * direction DIR_spurious_per_s and DIR_spurious_percent of its own interrupts;
 * cpu_guest_percent and cpu_backend_percent, guest_ns_per_frame; unsent. */
extern const struct lab_rig channels_rig;

#endif
