#include "bridge/port.h"

#include "io/state.h"

void port_total(const struct port *port, struct port_counters *total)
{
	*total = (struct port_counters){ 0 };
	for (unsigned int i = 0; i < LANES_MAX; i++)
		counters_sum(&total->from.frames, &port->counters[i].from.frames, PORT_COUNTERS);
}

void port_merge_total(const struct port *port, struct merge_counters *total)
{
	*total = (struct merge_counters){ 0 };
	for (unsigned int i = 0; i < LANES_MAX; i++)
		counters_sum(&total->segments, &port->merge_counters[i].segments, MERGE_COUNTERS);
}

void port_set_takes(struct port *port, uint8_t takes, bool merges)
{
	__atomic_store_n(&port->takes, takes, __ATOMIC_RELAXED);
	__atomic_store_n(&port->merges, merges, __ATOMIC_RELAXED);
}

bool port_note_too_big(struct port *port, uint32_t needs, uint32_t from_mtu)
{
	uint64_t none = 0;

	return !counter_read(&port->too_big) &&
	       __atomic_compare_exchange_n(&port->too_big, &none, (uint64_t)from_mtu << 32 | needs,
					   false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

bool port_too_big(const struct port *port, uint32_t *needs, uint32_t *from_mtu)
{
	uint64_t too_big = counter_read(&port->too_big);

	*needs = (uint32_t)too_big;
	*from_mtu = (uint32_t)(too_big >> 32);
	return too_big != 0;
}

void port_carry(struct port *port, struct state *state)
{
	struct port_counters total;
	struct merge_counters merged;

	port_total(port, &total);
	port_merge_total(port, &merged);
	state_bytes(state, &total.from.frames, PORT_COUNTERS * sizeof(uint64_t));
	state_bytes(state, &merged.segments, MERGE_COUNTERS * sizeof(uint64_t));
	state_u64(state, &port->too_big);
	if (!state->restores)
		return;
	port->counters[0] = total;
	port->merge_counters[0] = merged;
}
