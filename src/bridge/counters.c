#include "bridge/counters.h"

#include <assert.h>

static const char *const names[] = {
	[DROP_SAME_PORT] = "same_port",
	[DROP_RESERVED_GROUP] = "reserved_group",
	[DROP_BAD_SLOT] = "bad_slot",
	[DROP_BAD_EXTRA] = "bad_extra",
	[DROP_QUEUE_FULL] = "queue_full",
	[DROP_STALLED] = "stalled",
	[DROP_RING_FULL] = "ring_full",
	[DROP_NO_RX_BUFFER] = "no_rx_buffer",
	[DROP_TOO_BIG] = "too_big",
	[DROP_BAD_GREF] = "bad_gref",
	[DROP_BAD_FRAME] = "bad_frame",
	[DROP_RATE] = "rate",
	[DROP_FILTER] = "filter",
	[DROP_ISOLATED] = "isolated",
	[DROP_VLAN] = "vlan",
	[DROP_NO_DEST] = "no_dest",
	[DROP_SHUTDOWN] = "shutdown",
};

static_assert(sizeof(names) / sizeof(names[0]) == DROP_REASONS, "every reason has a name");

const char *drop_reason_name(enum drop_reason reason)
{
	return reason < DROP_REASONS ? names[reason] : "unknown";
}

void counters_sum(uint64_t *sum, const uint64_t *counters, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sum[i] += counter_read(&counters[i]);
}

static uint64_t sum(const uint64_t *drops)
{
	uint64_t total = 0;

	for (unsigned int i = 0; i < DROP_REASONS; i++)
		total += counter_read(&drops[i]);
	return total;
}

uint64_t counters_dropped_from(const struct port_counters *counters)
{
	return sum(counters->from.drops);
}

uint64_t counters_dropped_to(const struct port_counters *counters)
{
	return sum(counters->to.drops);
}
