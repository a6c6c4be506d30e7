/*
 * The rig of most experiments: a generator, the real daemon, and one guest.
 *
 *     sender.h -> vif "gen" -> splitvifd's bridge -> vif "guest" -> receiver.h
 *
 * Generator and backend share the first processor; the guest's driver (F) has the
 * second, and its application (A) either that one as well ("shared") or the first
 * ("apart": it takes what generator and backend leave it).
 *
 * Each run counts every frame from the generator to the application, and waits until
 * nothing is under way: offered = unsent + drop_ring + drop_queue + delivered +
 * in_flight, or the run has failed.
 */
#ifndef LAB_GUEST_RIG_H
#define LAB_GUEST_RIG_H

#include "bench/lab/experiment.h"
#include "bench/lab/receiver.h"

enum guest_placement { GUEST_APART, GUEST_SHARED };

/* Who brings a frame's bytes to where the application wants them: the backend, as a
 * device that has DMA, or the driver itself once more, as programmed I/O has it. */
enum guest_copier { GUEST_COPIED_BY_BACKEND, GUEST_COPIED_BY_DRIVER };
/* As it says, with the time of spinning that it says; or as those are that nobody has set
 * anything of: adaptive aggregation, and spinning where it pays. (The backend never spins:
 * it has the generator's processor.) */
enum guest_settings { GUEST_PLAIN, GUEST_DEFAULTS };

/* All uint32_t, so that each may be a factor. */
struct guest_setup {
	uint32_t load_percent; /* of the capacity; 0: rate_pps */
	uint32_t rate_pps;
	uint32_t burst; /* frames due at one instant */
	uint32_t frame_bytes;
	uint32_t mode;	   /* enum receiver_mode */
	uint32_t complete; /* enum receiver_complete */
	uint32_t limit;	   /* frames a round */
	uint32_t round_cost_us;
	uint32_t app_cost_us;
	uint32_t queue_frames; /* the application's */
	uint32_t ring_frames;  /* 0: all */
	uint32_t placement;    /* enum guest_placement */
	uint32_t settings;     /* enum guest_settings */
	uint32_t spin_us;
	uint32_t defer_us, defer_rounds;
	/* The backend's, of the guest's vif (ethtool -C). */
	uint32_t adaptive_rx;
	uint32_t rx_usecs, rx_frames; /* where it is not adaptive */
	uint32_t rest_us;	      /* the generator's between batches; 0: spins */
	uint32_t copier;	      /* enum guest_copier */
	uint32_t awake;		      /* 1: no processor halts meanwhile (wakeful.h) */
};

/* Where nothing else is said: each frame notified, no spinning, NAPI's limit. */
#define GUEST_SETUP_USUAL                                                             \
	.burst = 1, .frame_bytes = 1514, .mode = RECEIVER_NAPI_HANDOVER, .limit = 64, \
	.queue_frames = 1024, .rx_frames = 1, .rest_us = 20

/* Small frames for an application on the driver's processor, which its driver waits for:
 * where the question is who gets that processor. */
#define GUEST_SETUP_CONTENDED                                                       \
	.burst = 1, .frame_bytes = 60, .mode = RECEIVER_NAPI_FEEDBACK, .limit = 64, \
	.queue_frames = 1024, .rx_frames = 1, .rest_us = 20, .load_percent = 100,   \
	.placement = GUEST_SHARED

/* Small frames for an application on the driver's processor, with NAPI as it is: where the
 * question is when its driver is told. */
#define GUEST_SETUP_TOLD                                                            \
	.burst = 1, .frame_bytes = 60, .mode = RECEIVER_NAPI_HANDOVER, .limit = 64, \
	.queue_frames = 1024, .rx_frames = 1, .rest_us = 20, .app_cost_us = 1,      \
	.placement = GUEST_SHARED

/* Words of the factors that are no numbers. */
extern const char *const guest_placements[], *const guest_modes[], *const guest_completes[],
									   *const guest_settings[];
extern const char *const guest_copiers[];

/* Its columns; a row's figures are of the measured window unless they say otherwise. */
extern const struct lab_rig guest_rig;

#endif
