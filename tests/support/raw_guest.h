/*
 * A guest that posts whatever it is told to, legal or not.
 *
 * It speaks the domain socket, the store and the rings itself and checks
 * nothing on the way out: a test lays slots, indices, grants and signals as it
 * wants them and looks at what comes back. Each step can be taken alone, or
 * all of them at once with raw_guest_open(). Waits have timeouts, so a backend
 * that stands still fails a test and does not hang it. One thread.
 *
 * Frames of its arena: the grant table, the two rings, RAW_RX_PAGES buffers,
 * then the tx region. Its pages are granted once, to domain 0.
 */
#ifndef SUPPORT_RAW_GUEST_H
#define SUPPORT_RAW_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "io/signal.h"
#include "ring/evtchn.h"
#include "ring/grant.h"
#include "ring/hypercall.h"
#include "ring/ring.h"
#include "store/client.h"
#include "store/xenbus.h"

enum {
	RAW_TABLE_PAGES = 1,
	RAW_FRAME_TX_RING = RAW_TABLE_PAGES,
	RAW_FRAME_RX_RING,
	RAW_FRAME_RX,
	RAW_RX_PAGES = 64,
	RAW_SHARED_PAGES = RAW_FRAME_RX + RAW_RX_PAGES,
	RAW_TX_PAGES = 64,
	RAW_TIMEOUT_MS = 20000,
};

/* How a frontend walks to Connected; the backend must serve both. */
enum raw_habit {
	RAW_WAITS,	  /* for InitWait, as Linux and FreeBSD do */
	RAW_WAITS_IN_3,	  /* the same, with a stop at Initialised */
	RAW_ALL_AT_ONCE,  /* as Mini-OS and Mirage do */
};

struct raw_guest {
	int socket; /* domain.sock; -1: none */
	uint32_t seq;
	domid_t domid; /* 0: not introduced */
	struct arena arena;
	struct gnttab gnttab;
	struct store_client *store;
	struct hypercall_vif_created vif;
	char frontend[XENBUS_PATH_BYTES], backend[XENBUS_PATH_BYTES];
	struct ring tx, rx;
	grant_ref_t tx_ring_ref, rx_ring_ref;
	grant_ref_t tx_refs[RAW_TX_PAGES]; /* readonly */
	grant_ref_t rx_refs[RAW_RX_PAGES];
	struct evtchn tx_channel, rx_channel;
	struct signaller signaller;
	bool signals; /* signaller is there */
};

/* All steps: 0, or -errno of the first that failed (-ETIMEDOUT: the backend
 * never went to Connected; -ECONNABORTED: it closed). */
int raw_guest_open(struct raw_guest *guest, const char *rundir, const char *name,
		   enum raw_habit habit);
/* From whatever state: hangs up and frees everything. */
void raw_guest_close(struct raw_guest *guest);

/* The steps. Each 0 or -errno. */
void raw_guest_init(struct raw_guest *guest);
int raw_guest_dial(struct raw_guest *guest, const char *rundir);
/* One request and its reply: the status in the reply, or -errno if there was
 * none (-ECONNRESET: hung up, -ETIMEDOUT). The reply's descriptors are the
 * caller's; reply may be NULL. */
int raw_guest_call(struct raw_guest *guest, uint16_t type, const void *body, size_t length,
		   const int *fds, unsigned int nr_fds, struct hypercall *reply);
int raw_guest_introduce(struct raw_guest *guest, const char *name);
int raw_guest_create_vif(struct raw_guest *guest);
/* Rings, grants and channels; split: a channel for each ring. */
int raw_guest_prepare(struct raw_guest *guest, bool split);
int raw_guest_connect(struct raw_guest *guest, enum raw_habit habit);

/* The store. */
int raw_guest_write(struct raw_guest *guest, const char *key, uint32_t value);
int raw_guest_set_state(struct raw_guest *guest, enum xenbus_state state);
enum xenbus_state raw_guest_backend_state(struct raw_guest *guest);
bool raw_guest_wait_state(struct raw_guest *guest, enum xenbus_state state, int timeout_ms);
/* What the backend wrote about the vif's end: its length, 0 if nothing. */
int raw_guest_reason(struct raw_guest *guest, char *text, size_t size);

/* From the guest. */
uint8_t *raw_guest_tx_page(struct raw_guest *guest, unsigned int i);
/* One slot over page i, and the same as an Ethernet frame to `mac`. */
netif_tx_request_t raw_guest_slot(const struct raw_guest *guest, unsigned int page,
				  uint16_t size, uint16_t flags);
void raw_guest_fill_header(const struct raw_guest *guest, uint8_t *frame, const uint8_t mac[6]);
/* Publishes the produced requests and signals, wanted or not. */
void raw_guest_push(struct raw_guest *guest);
/* Waits for n responses; how many came. Illegal indices end it: -EPROTO. */
int raw_guest_responses(struct raw_guest *guest, netif_tx_response_t *responses, unsigned int n,
			int timeout_ms);

/* To the guest. */
uint8_t *raw_guest_rx_page(struct raw_guest *guest, unsigned int i);
void raw_guest_post(struct raw_guest *guest, uint16_t id, grant_ref_t ref);
void raw_guest_push_buffers(struct raw_guest *guest);
int raw_guest_receive(struct raw_guest *guest, netif_rx_response_t *responses, unsigned int n,
		      int timeout_ms);

#endif
