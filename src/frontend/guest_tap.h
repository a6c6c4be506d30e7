/*
 * A VM's eth0: moves frames between a TAP and a vif until told to stop.
 *
 * Out of the TAP frames are read straight into granted pages, into it they are
 * written straight from them, but for the headers (guest_vnet.h). What the VM's
 * kernel may leave undone, checksums and segmentation, follows what the backend
 * takes. A full TX ring stops the reading, so that the
 * VM's own queue fills and nothing is dropped here. A turn of the ring takes as many
 * frames as splitvif_weight() says; for the TAP they are never too many, its kernel
 * takes them out of our hands or drops them. Carrier follows the
 * connection; after each one the VM's addresses are announced.
 *
 * A command that does not go within 3 s of a signal is killed. One
 * thread. The data path neither allocates nor logs.
 */
#ifndef FRONTEND_GUEST_TAP_H
#define FRONTEND_GUEST_TAP_H

#include "frontend/guest.h"
#include "frontend/guest_loop.h"
#include "frontend/guest_vnet.h"
#include "frontend/splitvif.h"
#include "io/engine.h"

enum {
	GUEST_TAP_BATCH = 64,		   /* reads at once */
	GUEST_TAP_FRAMES = SPLITVIF_SLOTS, /* the most of a turn, either way */
};

/* A queue of the TAP. Its frames go out on the vif's queue of that number, modulo
 * how many the backend serves, so that each flow keeps to one. */
struct guest_tap_queue {
	struct engine_source source;
	int fd;
	unsigned int batch; /* frames to ask it for: grows while all come */
	bool waiting;	    /* a report was asked for and has not come */
	bool blocked;	    /* no room in the ring */
};

struct guest_tap {
	struct guest_loop loop;
	struct splitvif *vif;
	struct guest *guest;
	struct engine *engine;
	struct engine_source control, signals;
	unsigned int nr_queues;
	struct guest_tap_queue queues[SPLITVIF_QUEUES_MAX];
	bool offload;			 /* leave checksums and segmentation to each other */
	unsigned int offers;		 /* enum splitvif_offload: what the backend takes */
	uint32_t frame_bytes;		 /* room for one frame of the VM's */
	unsigned int batch_max;		 /* as many as a ring has room for */
	unsigned int empty_turns;	 /* in a row, and since it slept */
	bool tap_gone;			 /* the VM deleted its eth0 */
	bool tap_removed;		 /* and we took notice */
	struct timer kill;		 /* when to end a command that was told to go */
	bool ends_with_vif;		 /* stop when the vif is detached */
	void (*vifs_changed)(void *arg); /* NULL, or to be told of SPLITVIF_VIFS_CHANGED */
	void *arg;
	int status;	     /* what to exit with once stopped */
	uint64_t oversize;   /* frames of the VM's that did not fit their room */
	uint64_t malformed;  /* frames whose header was not theirs, either way */
	uint64_t tap_errors; /* frames that the TAP did not take */
	struct splitvif_frame frames[GUEST_TAP_FRAMES];
	struct guest_vnet vnets[GUEST_TAP_FRAMES];
	struct engine_io io[GUEST_TAP_FRAMES];
	struct iovec iovecs[SPLITVIF_SLOTS + 2 * GUEST_TAP_FRAMES];
};

/* `offload`: whether checksums and segmentation may be left undone, as
 * splitvif_config.takes was. Signals come through signal_fd (a signalfd of
 * SIGTERM, SIGINT, SIGHUP and SIGCHLD, or whatever speaks like one). 0 or -errno. */
int guest_tap_init(struct guest_tap *tap, struct splitvif *vif, struct guest *guest,
		   struct engine *engine, int signal_fd, bool offload);
void guest_tap_fini(struct guest_tap *tap);

/* Until a signal, or the VM's end: the exit status. */
int guest_tap_run(struct guest_tap *tap);

/* Says in one line of the log (debug) what was carried and what was not. */
void guest_tap_report(const struct guest_tap *tap);

#endif
