/*
 * Why a frontend gave a connection up: what the backend did against the
 * protocol (xen/io/netif.h, xen/io/ring.h). A fault breaks that connection and
 * nothing else.
 */
#ifndef FRONTEND_FRONT_FAULT_H
#define FRONTEND_FRONT_FAULT_H

enum front_fault {
	FRONT_SOUND,
	FRONT_TX_INDEX,	   /* response index backwards, or beyond the requests */
	FRONT_TX_ID,	   /* response to no such id */
	FRONT_TX_INACTIVE, /* response to a request that is not outstanding */
	FRONT_TX_STATUS,   /* a status that no request of ours can have */
	FRONT_RX_INDEX,
	FRONT_RX_ID,	     /* not the id that was posted in this slot */
	FRONT_RX_SIZE,	     /* more bytes than a page has */
	FRONT_RX_BOUNDS,     /* bytes beyond the page */
	FRONT_RX_CUT,	     /* more_data with nothing after it */
	FRONT_RX_LONG,	     /* more slots or bytes than a frame can have */
	FRONT_RX_EXTRA_CUT,  /* extra_info with nothing after it */
	FRONT_RX_EXTRA_LATE, /* extra_info on another slot than the first */
	FRONT_RX_GSO,	     /* segmentation that was not negotiated, or of no such type */
	FRONT_RX_GSO_SIZE,   /* segments of 0 bytes */
	FRONT_RX_EXTRA,	     /* another extra that was not negotiated */
	FRONT_FAULTS
};

/* One line for people, e.g. "tx response with an id out of range". */
const char *front_fault_text(enum front_fault fault);

#endif
