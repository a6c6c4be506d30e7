#include "bench/relay_flows.h"

#include <errno.h>
#include <stdlib.h>

unsigned int relay_flows_count(unsigned int queues)
{
	return queues > 1 ? queues * RELAY_FLOWS_EACH : 1;
}

int relay_flows_init(struct relay_flows *flows, unsigned int vms, unsigned int queues)
{
	unsigned int nr = relay_flows_count(queues);

	*flows = (struct relay_flows){ .queues = queues, .nr = nr };
	flows->next = calloc((size_t)vms * nr, sizeof(*flows->next));
	flows->arrivals = calloc((size_t)vms * nr, sizeof(*flows->arrivals));
	if (flows->next && flows->arrivals)
		return 0;
	relay_flows_fini(flows);
	return -ENOMEM;
}

void relay_flows_fini(struct relay_flows *flows)
{
	free(flows->next);
	free(flows->arrivals);
	flows->next = NULL;
	flows->arrivals = NULL;
}

unsigned int relay_flows_arrived(struct relay_flows *flows, unsigned int from, unsigned int queue,
				 uint64_t number)
{
	uint64_t flow = number >> RELAY_FLOW_SHIFT, duplicates, reordered;
	struct relay_arrival *arrival;
	unsigned int what = RELAY_NEW;

	if (flow >= flows->nr)
		return RELAY_UNKNOWN;
	arrival = &flows->arrivals[from * flows->nr + flow];
	duplicates = arrival->sequence.duplicates;
	reordered = arrival->sequence.reordered;
	sequence_note(&arrival->sequence, number & ((UINT64_C(1) << RELAY_FLOW_SHIFT) - 1));
	if (arrival->sequence.duplicates != duplicates)
		what |= RELAY_AGAIN;
	if (arrival->sequence.reordered != reordered)
		what |= RELAY_LATE;
	if (!arrival->queue)
		arrival->queue = queue + 1;
	if (arrival->queue != queue + 1)
		what |= RELAY_ASTRAY;
	return what;
}
