/*
 * A guest in this process: the memory, rings and channels of a frontend, under
 * the test's own hand, with the backend's half of the domain beside it. And a
 * world for it: a worker that is turned by hand, a clock, a bridge with a port
 * that records.
 */
#ifndef TESTS_BACKEND_GUEST_H
#define TESTS_BACKEND_GUEST_H

#include "backend/vif.h"
#include "support/memory_port.h"

enum {
	GUEST_TABLE_PAGES = 3,
	GUEST_QUEUES_MAX = 2,
	GUEST_TX_PAGES = 256,
	GUEST_RX_PAGES = 256,
	GUEST_SHARED_PAGES = 2 + GUEST_RX_PAGES, /* of a queue: rings, RX pages */
	GUEST_FRAME_MAX = 65535,
	GUEST_MTU = GUEST_FRAME_MAX - FRAME_HEADER_BYTES,
};

struct world {
	struct worker *worker;
	struct workers workers; /* it alone */
	struct bridge *bridge;
	struct memory_port *memory;
	struct evtchn_table *evtchns;
	int alarm_fd;
	bool threaded;
};

/* The time, as all workers of a world see it. */
extern uint64_t world_now_ms;

void world_open(struct world *world, enum engine_kind engine);
void world_close(struct world *world);
/* Instead of turning it by hand: a worker with its thread, and the true time. */
void world_start_thread(struct world *world);

/* As many loops of the worker as it takes to see what was just signalled. */
void world_turn(struct world *world);
/* Lets time pass in steps of `step` ms. */
void world_pass(struct world *world, uint64_t ms, uint64_t step);

/* Was the control thread called since the last time? */
bool world_alarmed(struct world *world);

/* Frames from the recording port, as in a turn of its own. */
void world_forward(struct world *world, struct frame *frames, unsigned int n);

/* One frame to every port from the recording one. `mark` makes its bytes. */
void world_send(struct world *world, uint32_t mark, uint32_t length);

/* The bytes of the frame with that mark. */
void frame_fill(uint8_t *bytes, uint32_t mark, uint32_t length);

/* With its first queue. Another one is a struct guest of its own, of which only
 * what concerns a queue is used. */
struct guest {
	unsigned int number; /* of its queue */
	struct arena arena;
	struct gnttab gnttab;
	struct foreign_domain domain;
	struct ring tx, rx;
	struct evtchn tx_channel, rx_channel;
	struct signaller signaller;
	grant_ref_t tx_ring_ref, rx_ring_ref;
	grant_ref_t tx_refs[GUEST_TX_PAGES], rx_refs[GUEST_RX_PAGES];
	uint32_t tx_page;	  /* next one to be written, and the next id */
	uint32_t posted;	  /* RX buffers so far; id and page are this modulo their number */
	struct vif_config config; /* what vif_open() gets */
	struct vif *vif;
	netif_extra_info_t extra; /* of the frame taken last */
};

/* Split channels, feature-sg, rx-notify, an MTU for every frame. */
void guest_create(struct guest *guest, struct world *world, domid_t domid);
void guest_destroy(struct guest *guest);

/* A further queue of the guest, which vif_open() is to be told of. */
void guest_add_queue(struct guest *guest, struct world *world, struct guest *more);
void guest_end_queue(struct guest *more);

void guest_attach(struct guest *guest, struct world *world);
void guest_detach(struct guest *guest);

/* Frontend's memory of a page by its number in its region. */
uint8_t *guest_tx_page(struct guest *guest, uint32_t page);
uint8_t *guest_rx_page(struct guest *guest, uint32_t page);

/* Writes requests for the frame in `parts` slots of about equal size, without
 * publishing them; the first id of them. */
uint16_t guest_put_frame(struct guest *guest, uint32_t mark, uint32_t length, unsigned int parts);
void guest_put_request(struct guest *guest, grant_ref_t ref, uint16_t offset, uint16_t size,
		       uint16_t flags, uint16_t id);

/* Publishes and signals as an honest frontend does. */
void guest_kick_tx(struct guest *guest);
void guest_signal(struct guest *guest, struct evtchn *channel);

/* Takes the TX responses: how often each status came, and for each id. */
struct guest_answers {
	unsigned int okay, error, null, other;
	uint8_t of_id[65536]; /* without the NULL ones */
};

void guest_take_answers(struct guest *guest, struct guest_answers *answers);

/* Posts that many RX buffers, publishes and signals. */
void guest_post(struct guest *guest, unsigned int n);
void guest_post_ref(struct guest *guest, grant_ref_t ref);

/* Takes the responses of one frame: its bytes; their number, or 0 if there are
 * no responses, or the negative status. *slots (that of an extra info too),
 * *flags (of the first). The extra info is in guest->extra; type 0: none. */
int guest_take_frame(struct guest *guest, uint8_t *bytes, unsigned int *slots, uint16_t *flags);

/* The conservation equations, exact. */
void guest_check_books(const struct guest *guest);

#endif
