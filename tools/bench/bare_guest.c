#include "bench/bare_guest.h"

#include <errno.h>
#include <fcntl.h>

enum {
	FRAME_TX_RING = BARE_TABLE_PAGES,
	FRAME_RX_RING,
	FRAME_RX,
	FRAME_TX = FRAME_RX + BARE_SLOTS,
	SPREAD_BYTES = 64,
	SPREADS = 32,
	SPREAD_MAX = PAGE_BYTES - (SPREADS - 1) * SPREAD_BYTES, /* longer ones start a page */
};

static int grant_pages(struct bare_guest *guest)
{
	guest->tx_ring_ref = gnttab_grant(&guest->gnttab, 0, FRAME_TX_RING, false);
	guest->rx_ring_ref = gnttab_grant(&guest->gnttab, 0, FRAME_RX_RING, false);
	for (uint32_t i = 0; i < BARE_SLOTS; i++) {
		guest->tx_refs[i] = gnttab_grant(&guest->gnttab, 0, FRAME_TX + i, true);
		guest->rx_refs[i] = gnttab_grant(&guest->gnttab, 0, FRAME_RX + i, false);
		if (!guest->tx_refs[i] || !guest->rx_refs[i])
			return -ENOSPC;
	}
	return 0;
}

static void post(struct bare_guest *guest)
{
	uint32_t slot = guest->rx.produced % BARE_SLOTS;
	netif_rx_request_t request = { .id = (uint16_t)slot, .gref = guest->rx_refs[slot] };

	ring_produce_rx_request(&guest->rx, &request);
}

int bare_guest_create(struct bare_guest *guest)
{
	int err;

	*guest = (struct bare_guest){ 0 };
	err = arena_create(&guest->arena, FRAME_TX, BARE_SLOTS);
	if (err)
		return err;
	err = gnttab_init(&guest->gnttab, &guest->arena, BARE_TABLE_PAGES);
	if (!err)
		err = grant_pages(guest);
	if (err) {
		gnttab_fini(&guest->gnttab);
		arena_close(&guest->arena);
		return err;
	}
	ring_init_front(&guest->tx, (union ring_page *)arena_page(&guest->arena, FRAME_TX_RING),
			BARE_SLOTS);
	ring_init_front(&guest->rx, (union ring_page *)arena_page(&guest->arena, FRAME_RX_RING),
			BARE_SLOTS);
	for (uint32_t i = 0; i < BARE_SLOTS; i++)
		post(guest);
	ring_publish(&guest->rx);
	return 0;
}

void bare_guest_destroy(struct bare_guest *guest)
{
	gnttab_fini(&guest->gnttab);
	arena_close(&guest->arena);
}

int bare_guest_map(const struct bare_guest *guest, struct foreign_domain *domain, domid_t domid,
		   struct evtchn_table *evtchns)
{
	const struct arena *own = &guest->arena;
	struct arena arena;
	const char *why;
	int err = arena_accept(&arena, fcntl(own->shared.fd, F_DUPFD_CLOEXEC, 0), own->shared.pages,
			       fcntl(own->tx.fd, F_DUPFD_CLOEXEC, 0), own->tx.pages,
			       arena_pages(own), &why);

	if (!err)
		hypervisor_domain_init(domain, domid, &arena, BARE_TABLE_PAGES, evtchns);
	return err;
}

/* The first slot says the whole length, each later one its own. */
static void send_one(struct bare_guest *guest, const struct relay_stream *stream,
		     enum relay_depth depth)
{
	uint32_t slots = bare_guest_slots(stream->size), left = stream->size;
	struct iovec parts[RELAY_FRAME_MAX / PAGE_BYTES + 1];

	for (uint32_t i = 0; i < slots; i++) {
		uint32_t slot = guest->tx.produced % BARE_SLOTS;
		uint32_t offset = left <= SPREAD_MAX && !i ? slot % SPREADS * SPREAD_BYTES : 0;
		uint32_t here = left < PAGE_BYTES ? left : PAGE_BYTES;
		netif_tx_request_t request = {
			.gref = guest->tx_refs[slot],
			.offset = (uint16_t)offset,
			.flags = here < left ? NETTXF_more_data : 0,
			.id = (uint16_t)slot,
			.size = (uint16_t)(i ? here : stream->size),
		};

		parts[i] =
			(struct iovec){ arena_page(&guest->arena, FRAME_TX + slot) + offset, here };
		ring_produce_tx_request(&guest->tx, &request);
		left -= here;
	}
	relay_frame_write(stream, guest->sent++, depth, parts);
}

bool bare_guest_send(struct bare_guest *guest, const struct relay_stream *stream,
		     enum relay_depth depth, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		send_one(guest, stream, depth);
	return ring_publish(&guest->tx);
}

uint32_t bare_guest_room(struct bare_guest *guest)
{
	int pending = ring_pending(&guest->tx);

	ring_consume(&guest->tx, pending > 0 ? (uint32_t)pending : 0);
	return ring_free(&guest->tx);
}

/* The slots of a frame; how many, 0 if it is not there as a whole. */
static unsigned int gather(struct bare_guest *guest, unsigned int there, struct iovec *parts,
			   uint32_t *length)
{
	unsigned int n = 0;
	netif_rx_response_t response = { .flags = NETRXF_more_data };

	*length = 0;
	while (response.flags & NETRXF_more_data && n < RELAY_FRAME_MAX / PAGE_BYTES + 1) {
		uint32_t slot = (guest->rx.in_cons + n) % BARE_SLOTS;

		if (n == there)
			return 0;
		ring_copy_rx_response(&guest->rx, guest->rx.in_cons + n, &response);
		if (response.status < 0)
			response.status = 0;
		parts[n++] = (struct iovec){ arena_page(&guest->arena, FRAME_RX + slot),
					     (size_t)response.status };
		*length += (uint32_t)response.status;
	}
	return n;
}

int bare_guest_receive(struct bare_guest *guest, uint32_t size, enum relay_depth depth,
		       unsigned int max)
{
	struct iovec parts[RELAY_FRAME_MAX / PAGE_BYTES + 1];
	int there = ring_pending(&guest->rx);
	unsigned int got = 0, n;
	uint64_t number;
	uint32_t length;
	uint8_t from;

	while (there > 0 && got < max && (n = gather(guest, (unsigned int)there, parts, &length))) {
		if (relay_frame_read(parts, length, size, depth, &number, &from) != RELAY_GOOD ||
		    number != guest->received)
			return -EBADMSG;
		ring_consume(&guest->rx, n);
		there -= (int)n;
		guest->received++;
		got++;
		while (n--)
			post(guest);
	}
	if (got)
		ring_publish(&guest->rx);
	return there < 0 ? -EBADMSG : (int)got;
}
