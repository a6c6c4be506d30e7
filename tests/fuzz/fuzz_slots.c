/*
 * Fuzz target: a guest's request ring, any bytes, read chain after chain as
 * the backend reads it. Besides the sanitizers' opinion, what is promised of
 * each chain must hold: it stays within what was published, and what is called
 * a frame is one.
 *
 * Input: how many requests are published, at which index they start, then the
 * slots, repeated if they do not fill the ring.
 */
#include <stdlib.h>
#include <string.h>

#include "backend/slots.h"
#include "bridge/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int holds)
{
	if (!holds)
		abort();
}

static void check_frame(const struct slots_chain *chain, const netif_tx_request_t *slots)
{
	uint32_t sum = 0;

	require(chain->nr_data >= 1 && chain->nr_data <= SLOTS_DATA_MAX);
	require(chain->total >= FRAME_HEADER_BYTES && chain->total <= 65535);
	for (unsigned int i = 0; i < chain->nr_data; i++) {
		require((uint32_t)slots[i].offset + slots[i].size <= PAGE_BYTES);
		require(!(slots[i].flags & NETTXF_more_data) == (i + 1 == chain->nr_data));
		sum += slots[i].size;
	}
	require(sum == chain->total);
	require(!chain->gso_type == !chain->gso_size);
}

/* Reads one chain; how many requests it took, 0 when the vif would stop. */
static uint32_t take_chain(const struct ring *ring, uint32_t at, uint32_t available)
{
	netif_tx_request_t slots[SLOTS_DATA_TOLERATED];
	struct slots_chain chain;
	uint32_t taken;

	slots_read(ring, at, available, &chain, slots);
	require(slots_reason_text((enum slots_reason)chain.reason) != NULL);
	if (chain.verdict == SLOTS_FATAL) {
		require(chain.reason != SLOTS_OK);
		return 0;
	}
	taken = chain.nr_data + chain.nr_extras;
	require(taken >= 1 && taken <= available);
	require(chain.nr_data <= SLOTS_DATA_TOLERATED && chain.nr_extras <= SLOTS_EXTRAS_MAX);
	require((chain.verdict == SLOTS_FRAME) == (chain.reason == SLOTS_OK));
	if (chain.verdict == SLOTS_FRAME)
		check_frame(&chain, slots);
	return taken;
}

/* Plain noise ends at the first slot. Most slots are brought near to sense, so
 * that long chains, totals that nearly fit and extras come about. */
static void tame(netif_tx_request_t *slot)
{
	switch (slot->id % 8) {
	case 0: /* as wild as it came */
		return;
	case 1: /* the same bytes as an extra info that goes on */
		slot->gref = slot->gref % 6 | XEN_NETIF_EXTRA_FLAG_MORE << 8 | slot->gref << 16;
		return;
	case 2: /* as one that does not, GSO of a known type */
		slot->gref = XEN_NETIF_EXTRA_TYPE_GSO | slot->gref << 16;
		slot->offset = XEN_NETIF_GSO_TYPE_TCPV4 + slot->offset % 2;
		return;
	case 3:
		slot->flags &= NETTXF_csum_blank | NETTXF_extra_info;
		break;
	case 4:
		slot->flags &= NETTXF_more_data | NETTXF_extra_info;
		break;
	default:
		slot->flags &= NETTXF_more_data;
	}
	slot->offset %= 64;
	slot->size = slot->id % 16 < 8 ? 1000 + slot->size % 2000 : slot->size % 60;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static union ring_page page;
	struct ring ring = { .page = &page, .mask = TX_RING_ENTRIES - 1 };
	const size_t slots_bytes = TX_RING_ENTRIES * sizeof(page.tx.ring[0]);
	uint32_t available, at, taken;

	if (size < 6)
		return 0;
	available = data[0] + 1u;
	memcpy(&at, data + 1, sizeof(at));
	data += 5;
	size -= 5;
	for (size_t i = 0; i < slots_bytes; i++)
		page.bytes[RING_HEADER_BYTES + i] = data[i % size];
	for (uint32_t i = 0; i < TX_RING_ENTRIES; i++)
		tame(&ring.page->tx.ring[i].req);
	for (; available; at += taken, available -= taken) {
		taken = take_chain(&ring, at, available);
		if (!taken)
			break;
	}
	return 0;
}
