#include "backend/slots.h"

static const char *const reason_texts[] = {
	[SLOTS_OK] = "no fault",
	[SLOTS_TOO_MANY] = "frame of more than 19 slots",
	[SLOTS_FAR_TOO_MANY] = "frame of more than 21 slots",
	[SLOTS_CUT] = "more_data on the last published request",
	[SLOTS_EXTRA_CUT] = "extra_info with nothing after it",
	[SLOTS_EXTRA_UNKNOWN] = "extra info of unknown type",
	[SLOTS_EXTRA_TOO_MANY] = "too many extra infos",
	[SLOTS_GSO_SIZE] = "GSO size 0",
	[SLOTS_GSO_TYPE] = "unknown GSO type",
	[SLOTS_NOT_OFFERED] = "extra info for a feature that was not advertised",
	[SLOTS_PARTS_EXCEED] = "slots hold more than the frame's total",
	[SLOTS_TOO_SHORT] = "frame shorter than an Ethernet header",
	[SLOTS_CROSSES_PAGE] = "slot crosses a page",
};
static_assert(sizeof(reason_texts) / sizeof(reason_texts[0]) == SLOTS_REASONS, "one text each");

const char *slots_reason_text(enum slots_reason reason)
{
	return reason < SLOTS_REASONS ? reason_texts[reason] : "unknown";
}

static void refuse(struct slots_chain *chain, enum slots_verdict verdict, enum slots_reason reason)
{
	if (verdict <= chain->verdict)
		return; /* the first reason stands, unless the new one is worse */
	chain->verdict = verdict;
	chain->reason = reason;
}

static void gso_read(struct slots_chain *chain, const netif_extra_info_t *extra)
{
	if (!extra->u.gso.size)
		refuse(chain, SLOTS_FATAL, SLOTS_GSO_SIZE);
	if (extra->u.gso.type != XEN_NETIF_GSO_TYPE_TCPV4 &&
	    extra->u.gso.type != XEN_NETIF_GSO_TYPE_TCPV6)
		refuse(chain, SLOTS_FATAL, SLOTS_GSO_TYPE);
	chain->gso_size = extra->u.gso.size;
	chain->gso_type = extra->u.gso.type;
}

static void extra_read(struct slots_chain *chain, const netif_extra_info_t *extra)
{
	switch (extra->type) {
	case XEN_NETIF_EXTRA_TYPE_GSO:
		gso_read(chain, extra);
		break;
	case XEN_NETIF_EXTRA_TYPE_HASH: /* a hint; nothing here needs it */
		break;
	case XEN_NETIF_EXTRA_TYPE_MCAST_ADD:
	case XEN_NETIF_EXTRA_TYPE_MCAST_DEL:
		refuse(chain, SLOTS_ERROR, SLOTS_NOT_OFFERED);
		break;
	default:
		refuse(chain, SLOTS_FATAL, SLOTS_EXTRA_UNKNOWN);
	}
}

/* The extra infos stand between the first data slot and the rest. */
static uint32_t extras_read(const struct ring *ring, uint32_t at, uint32_t available,
			    struct slots_chain *chain)
{
	netif_extra_info_t extra;

	do {
		if (chain->nr_extras == SLOTS_EXTRAS_MAX) {
			refuse(chain, SLOTS_FATAL, SLOTS_EXTRA_TOO_MANY);
			break;
		}
		if (chain->nr_extras == available) {
			refuse(chain, SLOTS_FATAL, SLOTS_EXTRA_CUT);
			break;
		}
		ring_copy_tx_extra(ring, at + chain->nr_extras, &extra);
		chain->nr_extras++;
		extra_read(chain, &extra);
	} while (chain->verdict != SLOTS_FATAL && extra.flags & XEN_NETIF_EXTRA_FLAG_MORE);
	return chain->nr_extras;
}

static void slot_check(struct slots_chain *chain, const netif_tx_request_t *slot)
{
	if ((uint32_t)slot->offset + slot->size > PAGE_BYTES)
		refuse(chain, SLOTS_FATAL, SLOTS_CROSSES_PAGE);
}

/* Slots after the first carry their own sizes, which the first one's loses. */
static void later_slots_read(const struct ring *ring, uint32_t at, uint32_t available,
			     struct slots_chain *chain, netif_tx_request_t *data)
{
	while (data[chain->nr_data - 1].flags & NETTXF_more_data) {
		netif_tx_request_t *slot = &data[chain->nr_data];

		if (chain->nr_data == SLOTS_DATA_TOLERATED) {
			refuse(chain, SLOTS_FATAL, SLOTS_FAR_TOO_MANY);
			return;
		}
		if (!available--) {
			refuse(chain, SLOTS_FATAL, SLOTS_CUT);
			return;
		}
		ring_copy_tx_request(ring, at++, slot);
		chain->nr_data++;
		slot_check(chain, slot);
		if (slot->size > data[0].size)
			refuse(chain, SLOTS_ERROR, SLOTS_PARTS_EXCEED);
		else
			data[0].size -= slot->size;
	}
	if (chain->nr_data > SLOTS_DATA_MAX)
		refuse(chain, SLOTS_ERROR, SLOTS_TOO_MANY);
}

void slots_read_more(const struct ring *ring, uint32_t at, uint32_t available,
		     struct slots_chain *chain, netif_tx_request_t data[SLOTS_DATA_TOLERATED])
{
	uint32_t extras = 0;

	if (chain->flags & NETTXF_extra_info)
		extras = extras_read(ring, at + 1, available - 1, chain);
	if (chain->verdict == SLOTS_FATAL)
		return;
	later_slots_read(ring, at + 1 + extras, available - 1 - extras, chain, data);
	if (chain->verdict == SLOTS_FRAME) /* else the first slot's part is not known */
		slot_check(chain, &data[0]);
	if (chain->total < FRAME_HEADER_BYTES)
		refuse(chain, SLOTS_ERROR, SLOTS_TOO_SHORT);
}
