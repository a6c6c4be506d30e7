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

unsigned int relay_flows_look(struct relay_arrival *arrival, unsigned int queue,
			      enum sequence_news news)
{
	static const unsigned int seen_as[] = {
		[SEQUENCE_NEW] = RELAY_NEW,
		[SEQUENCE_AGAIN] = RELAY_AGAIN,
		[SEQUENCE_LATE] = RELAY_LATE,
	};

	if (!arrival->queue)
		arrival->queue = queue + 1;
	return seen_as[news] | (arrival->queue != queue + 1 ? RELAY_ASTRAY : 0);
}
