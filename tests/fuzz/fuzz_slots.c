/*
 * A ring of arbitrary bytes, read chain by chain as vif_tx does: whatever
 * stands there, no read beyond what is published, every request accounted for,
 * and a frame's parts make its total and lie in their pages.
 *
 * Input: where the ring begins, how much is published, then its slots.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "backend/slots.h"
#include "bridge/frame.h"

enum { CANARY = 0x5a };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds)
{
	if (!holds)
		abort();
}

static void check_frame(const struct slots_chain *chain, const netif_tx_request_t *data)
{
	uint32_t sum = 0;

	must(chain->reason == SLOTS_OK);
	must(chain->nr_data <= SLOTS_DATA_MAX && chain->total >= FRAME_HEADER_BYTES);
	must(!chain->gso_type == !chain->gso_size);
	for (unsigned int i = 0; i < chain->nr_data; i++) {
		must((uint32_t)data[i].offset + data[i].size <= PAGE_BYTES);
		must(!(data[i].flags & NETTXF_more_data) == (i + 1 == chain->nr_data));
		sum += data[i].size;
	}
	must(sum == chain->total);
}

/* How many requests it took; 0: the vif stops. */
static uint32_t chain_check(const struct ring *ring, uint32_t at, uint32_t available)
{
	netif_tx_request_t data[SLOTS_DATA_TOLERATED + 1];
	struct slots_chain chain;
	uint32_t taken;

	memset(data, CANARY, sizeof(data));
	slots_read(ring, at, available, &chain, data);
	for (size_t i = available < SLOTS_DATA_TOLERATED ? available : SLOTS_DATA_TOLERATED;
	     i <= SLOTS_DATA_TOLERATED; i++)
		must(data[i].gref == 0x5a5a5a5a && data[i].id == 0x5a5a);
	if (chain.verdict == SLOTS_FATAL) {
		must(chain.reason != SLOTS_OK);
		return 0;
	}
	taken = chain.nr_data + chain.nr_extras;
	must(chain.nr_data >= 1 && chain.nr_extras <= SLOTS_EXTRAS_MAX && taken <= available);
	if (chain.verdict == SLOTS_FRAME)
		check_frame(&chain, data);
	else
		must(chain.reason != SLOTS_OK);
	return taken;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static union ring_page page;
	struct ring ring;
	uint32_t start, published, taken;

	if (size < 5)
		return 0;
	memcpy(&start, data, 4);
	published = (uint32_t)data[4] + 1;
	memset(&page, 0, sizeof(page));
	memcpy(page.bytes + RING_HEADER_BYTES, data + 5,
	       size - 5 < PAGE_BYTES - RING_HEADER_BYTES ? size - 5
							 : PAGE_BYTES - RING_HEADER_BYTES);
	page.tx.rsp_prod = start;
	page.tx.req_prod = start + published;
	ring_attach_back(&ring, &page, TX_RING_ENTRIES);
	must(ring_pending(&ring) == (int)published);
	for (uint32_t done = 0; done < published; done += taken) {
		taken = chain_check(&ring, start + done, published - done);
		if (!taken)
			break;
	}
	return 0;
}
