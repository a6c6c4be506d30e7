/*
 * Xen's network ABI, as its public headers lay it out. Nothing of it is
 * restated here: this header includes them in the order they need, checks the
 * sizes that the rest of the tree relies on, and names the page.
 *
 * Source: xen/io/netif.h, xen/io/ring.h, xen/grant_table.h (libxen-dev 4.17).
 */
#ifndef RING_NETIF_H
#define RING_NETIF_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include <xen/event_channel.h>
#include <xen/grant_table.h>
#include <xen/io/netif.h>

enum {
	PAGE_BYTES = 4096,
	RING_HEADER_BYTES = 64,
	TX_RING_ENTRIES = 256,
	RX_RING_ENTRIES = 256,
	CTRL_RING_ENTRIES = 128,
	GRANTS_PER_PAGE = PAGE_BYTES / sizeof(grant_entry_v1_t),
	GRANT_RESERVED_REFS = 8, /* 0 console, 1 store, the rest kept free as Xen's tools do */
};

static_assert(sizeof(netif_tx_request_t) == 12, "netif.h");
static_assert(sizeof(netif_tx_response_t) == 4, "netif.h");
static_assert(sizeof(netif_rx_request_t) == 8, "netif.h");
static_assert(sizeof(netif_rx_response_t) == 8, "netif.h");
static_assert(sizeof(netif_extra_info_t) == 8, "netif.h");
static_assert(sizeof(struct xen_netif_ctrl_request) == 16, "netif.h");
static_assert(sizeof(struct xen_netif_ctrl_response) == 12, "netif.h");
static_assert(sizeof(grant_entry_v1_t) == 8, "grant_table.h");
static_assert(offsetof(netif_tx_sring_t, ring) == RING_HEADER_BYTES, "ring.h");
static_assert(offsetof(netif_rx_sring_t, ring) == RING_HEADER_BYTES, "ring.h");
static_assert(__CONST_RING_SIZE(netif_tx, PAGE_BYTES) == TX_RING_ENTRIES, "ring.h");
static_assert(__CONST_RING_SIZE(netif_rx, PAGE_BYTES) == RX_RING_ENTRIES, "ring.h");
static_assert(__CONST_RING_SIZE(xen_netif_ctrl, PAGE_BYTES) == CTRL_RING_ENTRIES, "ring.h");

#endif
