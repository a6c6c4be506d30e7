/*
 * libsplitvif: the guest's end of a splitvif network interface.
 *
 * A handle is one virtual machine's one vif: a domain that is introduced to
 * the daemon (splitvifd), its shared memory, its two rings and its event
 * channels. Frames go out and come in as whole Ethernet frames without FCS, 14
 * to SPLITVIF_FRAME_BYTES bytes, in batches, straight from and to the shared
 * pages. When the daemon dies the handle stays, goes down, and comes up again
 * by itself with the same name and addresses.
 *
 * Threads. A handle belongs to one thread at a time; handles share nothing, so
 * a process may have many, in many threads. Nothing blocks but splitvif_open()
 * and splitvif_close(), within the times named there; splitvif_process() may
 * wait for the daemon's store (a local socket) while it connects.
 *
 * A loop that polls, then sleeps:
 *
 *	for (;;) {
 *		n = splitvif_receive(vif, frames, splitvif_weight(vif));
 *		... look at frames[0..n-1] ...
 *		splitvif_release(vif, n);
 *		splitvif_transmit(vif, out, m);
 *		splitvif_flush(vif);
 *		if (!n && splitvif_arm(vif, 0)) {
 *			poll({ splitvif_fd(vif), POLLIN }, 1, -1);
 *			splitvif_process(vif);
 *		}
 *	}
 *
 * Errors are -errno. Nothing that the other side writes can crash the process
 * or reach memory beyond the vif's own; a violation takes the vif down, with a
 * message, and it connects anew.
 */
#ifndef SPLITVIF_H
#define SPLITVIF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SPLITVIF_API __attribute__((visibility("default")))

enum {
	SPLITVIF_FRAME_BYTES = 65535, /* the longest frame, Ethernet header included */
	SPLITVIF_FRAME_MIN = 14,
	SPLITVIF_GSO_EXCESS = 18,  /* a received GSO frame is an IP packet of 65535 bytes */
	SPLITVIF_FRAME_PARTS = 19, /* the most parts of one frame */
	SPLITVIF_SLOTS = 256,	   /* of each ring: parts in flight, each way */
	SPLITVIF_QUEUES_MAX = 16,
};

struct splitvif;

/*
 * What may be left to the other side of a vif, as a set. What this guest takes
 * is its own choice (splitvif_config), what the backend takes is its
 * (splitvif_status); neither is ever given what it does not take.
 */
enum splitvif_offload {
	SPLITVIF_OFFLOAD_SG = 1,	/* frames of several parts */
	SPLITVIF_OFFLOAD_CSUM_IPV4 = 2, /* TCP and UDP checksums left blank */
	SPLITVIF_OFFLOAD_CSUM_IPV6 = 4,
	SPLITVIF_OFFLOAD_GSO_TCPV4 = 8, /* one frame that stands for many segments */
	SPLITVIF_OFFLOAD_GSO_TCPV6 = 16,
};

/* What is known of a frame's TCP or UDP checksum. */
enum splitvif_csum {
	SPLITVIF_CSUM_NONE,  /* nothing */
	SPLITVIF_CSUM_VALID, /* that it is right, or was never in danger */
	SPLITVIF_CSUM_BLANK, /* only the pseudo-header's sum stands in the field */
};

/* A GSO frame's checksum is always blank. */
enum splitvif_gso { SPLITVIF_GSO_NONE, SPLITVIF_GSO_TCPV4, SPLITVIF_GSO_TCPV6 };

/* What a message is about; the text is one line without a newline. */
enum splitvif_severity { SPLITVIF_ERROR, SPLITVIF_WARNING, SPLITVIF_NOTICE, SPLITVIF_DEBUG };

/* All zero is a good start: whatever is 0 or NULL takes the default. */
struct splitvif_config {
	const char *name;   /* [A-Za-z0-9._-]{1,63}; default vm<pid> */
	const char *rundir; /* the daemon's run directory; default: as the daemon looks for it */
	const char *bridge; /* default: the daemon's */
	uint8_t mac[6];	    /* default: the daemon chooses, and keeps it for the name */
	uint16_t mtu;	    /* bytes of payload; default: the bridge's */
	uint32_t ip;	    /* network order; default: one from the bridge's subnet */
	unsigned int timeout_ms; /* for splitvif_open(); default 5000 */
	/* Offloads that this guest takes; SG always. GSO takes checksums, too.
	 * Default: none but SG, every frame comes with its checksum. */
	unsigned int takes;
	/* This guest reads frames whole and soon: all their bytes are called into its
	 * cache, not only the first. Worth it for payloads, a loss where only headers
	 * are looked at. */
	bool reads_whole;
	/* At most SPLITVIF_QUEUES_MAX, each a pair of rings; the backend may serve
	 * fewer. Default: 1. */
	unsigned int queues;
	/* One event channel for both directions of a queue, as frontends have it that do
	 * not know feature-split-event-channels. Default: one for each, where the backend
	 * can. */
	bool single_channel;
	/* A further vif of the domain that another handle of this process opened under
	 * that name; the toolstack attached it as number `devid`. What is left open
	 * is as it was attached. Default: a domain of its own, and its first vif. */
	bool further;
	uint32_t devid;
	/* That other handle, which must outlive this one: where it moves to another
	 * daemon this one follows. Default: this one stays. */
	struct splitvif *first;
	/* Told of outages, violations, re-connections; from within calls on this
	 * handle, which it must not make in turn. Default: nobody is told. */
	void (*message)(void *arg, enum splitvif_severity severity, const char *text);
	void *arg;
};

/* Introduces the domain, asks for a vif and connects it. A name that a dying
 * predecessor still holds is waited for. NULL on failure, with the reason as
 * one line in `error`; nothing is left behind then, and errno says which:
 * EINVAL a bad name, ENAMETOOLONG, ENOENT or ECONNREFUSED (no daemon), EACCES,
 * EEXIST (the name is taken), ETIMEDOUT, ... */
SPLITVIF_API struct splitvif *splitvif_open(const struct splitvif_config *config, char *error,
					    size_t error_size);

/* Tells the backend, waits up to a second for it to let go, frees everything. */
SPLITVIF_API void splitvif_close(struct splitvif *vif);

/* One descriptor to poll for reading, the same for the handle's life. It is
 * readable when splitvif_process() should be called. */
SPLITVIF_API int splitvif_fd(const struct splitvif *vif);

enum splitvif_event {
	SPLITVIF_WENT_UP = 1,	/* connected (again): announce your addresses */
	SPLITVIF_WENT_DOWN = 2, /* frames go nowhere until it is up again */
	/* The toolstack took the vif away. A further vif's handle is of no more use; the
	 * domain's first vif comes up again if it is attached again. */
	SPLITVIF_WENT_AWAY = 4,
	SPLITVIF_VIFS_CHANGED = 8, /* look at splitvif_vifs(); a first vif's handle only */
};

/* Takes notice of events, changes of state, hang-ups and timers. To be called
 * when the descriptor is readable; a caller that polls without sleeping calls
 * it every few milliseconds. Returns the splitvif_event bits that happened.
 * When it reports SPLITVIF_WENT_DOWN, frames that were received or reserved
 * before and not yet released or committed are gone. */
SPLITVIF_API unsigned int splitvif_process(struct splitvif *vif);

/* The numbers of all vifs that the toolstack gave the domain, this one included
 * while it is there: at most `max`. How many, or -errno. */
SPLITVIF_API int splitvif_vifs(struct splitvif *vif, uint32_t *devids, unsigned int max);

/* A frame in shared pages, in order, as `nr_parts` parts. The array of parts
 * belongs to the handle. */
struct splitvif_frame {
	struct iovec *parts;
	unsigned int nr_parts;
	uint32_t length; /* of the whole frame */
	/* Facts: found in a received frame, asked for in one that is committed
	 * (reserved ones start with none). */
	uint8_t csum;	   /* enum splitvif_csum */
	uint8_t gso_type;  /* enum splitvif_gso */
	uint16_t gso_size; /* payload bytes of each segment */
};

/* Receives up to n frames in place; how many. They are the caller's until he
 * releases them. A GSO frame may be SPLITVIF_GSO_EXCESS bytes longer than any
 * that can be sent. The other side can still write to these pages: whoever rests
 * a decision on bytes copies them first. */
SPLITVIF_API unsigned int splitvif_receive(struct splitvif *vif, struct splitvif_frame *frames,
					   unsigned int n);

/* Gives the n oldest received frames back, whose pages are then posted anew
 * (at the next flush). */
SPLITVIF_API void splitvif_release(struct splitvif *vif, unsigned int n);

/* Copies frames (`iovcnt` pieces each) into shared pages. Returns how many fit,
 * in order; the rest is the caller's to keep or drop. Frames shorter than
 * SPLITVIF_FRAME_MIN or longer than SPLITVIF_FRAME_BYTES, and those that need
 * an offload which the backend does not take, are taken and counted as refused. */
struct splitvif_output {
	const struct iovec *iov;
	unsigned int iovcnt;
	uint8_t csum;	   /* enum splitvif_csum */
	uint8_t gso_type;  /* enum splitvif_gso */
	uint16_t gso_size; /* payload bytes of each segment */
};
SPLITVIF_API unsigned int splitvif_transmit(struct splitvif *vif,
					    const struct splitvif_output *frames, unsigned int n);

/* Transmission without a copy: room for up to n frames of up to `bytes` bytes
 * each, as parts to be filled from the first on. How many there is room for:
 * none ever of a length that takes several parts, without SPLITVIF_OFFLOAD_SG.
 * One reservation at a time; it ends with its commit. */
SPLITVIF_API unsigned int splitvif_reserve(struct splitvif *vif, struct splitvif_frame *frames,
					   unsigned int n, uint32_t bytes);

/* Sends those of the reserved frames whose `length` the caller left above 0,
 * in the order of `frames`, and ends the reservation. */
SPLITVIF_API void splitvif_commit(struct splitvif *vif, struct splitvif_frame *frames,
				  unsigned int n);

/* Publishes what was transmitted, committed and released since the last flush,
 * and wakes the backend where it asked for it: at most one notification a
 * ring, one system call for both. */
SPLITVIF_API void splitvif_flush(struct splitvif *vif);

/* How many frames a turn may take, as the operator set it (guest-napi-weight), from 1
 * to SPLITVIF_SLOTS: what a loop should ask splitvif_receive() for, so that who waits for
 * its other work waits no longer than that. 64 unless it was set. It may change in
 * splitvif_process(). */
SPLITVIF_API unsigned int splitvif_weight(const struct splitvif *vif);

/* How a loop takes turns and when it ends, likewise, for one that can be told:
 * splitvif(8) has the words, guest-napi-weight and those after it. */
struct splitvif_polling {
	unsigned int weight; /* as splitvif_weight() */
	bool by_budget;	     /* a turn of less than the weight is the last; else an empty one */
	unsigned int defer_rounds, defer_usecs; /* then a timer polls so often, after so long */
	int spin_usecs; /* before that, empty rings are looked at for so long; -1: not set */
};
SPLITVIF_API void splitvif_polling(const struct splitvif *vif, struct splitvif_polling *polling);

/* Flushes, announces sleep to the backend, and looks again. True: sleep on
 * splitvif_fd(). False: there are frames (or, with tx_bytes != 0, room for a
 * frame of that length): go on. */
SPLITVIF_API bool splitvif_arm(struct splitvif *vif, uint32_t tx_bytes);

/* The same for who has nowhere to put more frames just now: they wake nobody, wait in
 * the ring, and when that is full the backend drops what comes, before it has cost this
 * side anything. True: sleep, on splitvif_fd() and on whatever there is to wait for; then
 * receive again, best when a good part of that is free. False: with tx_bytes != 0 there
 * is room for a frame of that length. An event that was asked for before may still come. */
SPLITVIF_API bool splitvif_wait(struct splitvif *vif, uint32_t tx_bytes);

/* The same for a sender that keeps a window: sleep until no more than that many
 * frames are unanswered. False: there are not more already, or frames came. */
SPLITVIF_API bool splitvif_arm_answers(struct splitvif *vif, unsigned int in_flight);

/* Transmitted frames that the backend has not answered yet. */
SPLITVIF_API unsigned int splitvif_in_flight(struct splitvif *vif);

/*
 * Several queues: each is a pair of rings of its own, which the backend may
 * serve on a processor of its own. What is of one flow must be sent on one
 * queue, or its order is lost; what is of one flow is received on one queue, of
 * the backend's choice. The functions above that name no queue speak of queue
 * 0, but for splitvif_flush() and splitvif_arm(), which are for all of them
 * (room is asked for on queue 0), and splitvif_in_flight(), which adds up.
 * Queues of a handle belong to one thread, as the handle does.
 */

/* How many are in use, 1 until the first connection; it may change with each. */
SPLITVIF_API unsigned int splitvif_queues(const struct splitvif *vif);

/* As those without a queue. A queue that is not in use receives nothing and has
 * room for nothing. */
SPLITVIF_API unsigned int splitvif_queue_receive(struct splitvif *vif, unsigned int queue,
						 struct splitvif_frame *frames, unsigned int n);
/* Slots that wait to be received: 0, none. What comes later is not in it. */
SPLITVIF_API unsigned int splitvif_queue_pending(struct splitvif *vif, unsigned int queue);
SPLITVIF_API void splitvif_queue_release(struct splitvif *vif, unsigned int queue, unsigned int n);
SPLITVIF_API unsigned int splitvif_queue_transmit(struct splitvif *vif, unsigned int queue,
						  const struct splitvif_output *frames,
						  unsigned int n);
SPLITVIF_API unsigned int splitvif_queue_reserve(struct splitvif *vif, unsigned int queue,
						 struct splitvif_frame *frames, unsigned int n,
						 uint32_t bytes);
SPLITVIF_API void splitvif_queue_commit(struct splitvif *vif, unsigned int queue,
					struct splitvif_frame *frames, unsigned int n);

/* Flushes all, and announces sleep for this queue alone. Who waits for all of
 * them sleeps when each has said true. */
SPLITVIF_API bool splitvif_queue_arm(struct splitvif *vif, unsigned int queue, uint32_t tx_bytes);

struct splitvif_status {
	bool up;
	char name[64];
	char bridge[16];
	uint16_t domid;
	uint32_t devid;
	uint8_t mac[6];
	uint16_t mtu;
	uint32_t ip, gateway; /* network order; 0: none */
	uint8_t prefix;
	unsigned int offers; /* offloads that the backend takes, at the last connection */
};
SPLITVIF_API void splitvif_status(const struct splitvif *vif, struct splitvif_status *status);

/* Counted since the handle was opened, over all connections. At rest:
 * tx_frames = tx_done + tx_errors + tx_lost. */
struct splitvif_stats {
	uint64_t tx_frames, tx_bytes; /* handed to the backend */
	uint64_t tx_done;	      /* of them, answered as sent */
	uint64_t tx_errors;	      /* answered as erroneous or dropped */
	uint64_t tx_lost;	      /* never answered: the connection ended */
	uint64_t tx_refused;	      /* too short, too long, or not taken: never sent */
	uint64_t tx_full;	      /* times there was no room */
	uint64_t rx_frames, rx_bytes;
	uint64_t rx_waits;	  /* times that frames were left there for lack of room */
	uint64_t rx_errors;	  /* the backend reported an error instead */
	uint64_t events_sent;	  /* notifications to the backend */
	uint64_t events_received; /* wake-ups by it */
	uint64_t events_merged;	  /* its further events that those took with them */
	/* Wake-ups by what each direction's channel is, and those of them that found nothing
	 * new in its ring. One channel for both directions wakes both. */
	uint64_t tx_events, tx_spurious, rx_events, rx_spurious;
	uint64_t connections, violations; /* times connected; by whose fault it ended */
	uint64_t last_outage_ns;	  /* how long the last re-connection took */
};
SPLITVIF_API void splitvif_stats(const struct splitvif *vif, struct splitvif_stats *stats);

#ifdef __cplusplus
}
#endif

#endif
