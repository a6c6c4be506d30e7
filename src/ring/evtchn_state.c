#include "io/state.h"
#include "ring/evtchn_table.h"

enum { RECORD_EVTCHNS = 0x45564348, PORTS_MAX = EVTCHN_PORTS_PER_DOMAIN * DOMID_FIRST_RESERVED };

/* Of the two ends of a channel the later one has what the earlier one has. */
static bool is_later_end(const struct port_entry *port, domid_t domid, evtchn_port_t number)
{
	return port->bound &&
	       (port->remote < domid || (port->remote == domid && port->remote_port < number));
}

static void carry_facts(struct port_entry *port, struct state *state)
{
	uint32_t remote_port = port->remote_port;

	state_bool(state, &port->bound);
	port->end = (uint8_t)state_number(state, port->end, 1);
	state_u16(state, &port->remote);
	state_u32(state, &remote_port);
	port->remote_port = remote_port;
}

static void carry_channel(struct port_entry *port, struct state *state)
{
	int fds[2] = { -1, -1 };

	for (int i = 0; i < 2; i++) {
		if (!state->restores)
			fds[i] = port->channel->fds[i];
		state_fd(state, &fds[i]);
	}
	if (state->restores)
		port->channel = channel_adopt(fds);
	if (!port->channel)
		state_refuse(state, "an event channel has no descriptors");
}

static void carry_port(struct evtchn_table *table, domid_t domid, evtchn_port_t number,
		       struct state *state)
{
	struct port_entry *port = &table->domains[domid]->ports[number];
	struct port_entry *peer;

	carry_facts(port, state);
	if (!is_later_end(port, domid, number)) {
		carry_channel(port, state);
		return;
	}
	if (!state->restores)
		return;
	peer = evtchn_port_find(table, port->remote, port->remote_port);
	if (peer && peer->bound && peer->remote == domid && peer->remote_port == number &&
	    peer->end != port->end)
		port->channel = peer->channel;
	else
		state_refuse(state, "an event channel has one end only");
}

static void restore_ports(struct evtchn_table *table, domid_t domid, struct state *state)
{
	uint32_t number;

	while (state_more(state, false)) {
		state_u32(state, &number);
		if (!number || number > PORTS_MAX ||
		    evtchn_ports_reserve(table->domains[domid], number + 1) ||
		    table->domains[domid]->ports[number].channel)
			state_refuse(state, "an event channel's port cannot be");
		if (!state->fault)
			carry_port(table, domid, number, state);
	}
}

static void save_ports(struct evtchn_table *table, domid_t domid, struct state *state)
{
	const struct evtchn_domain *domain = table->domains[domid];

	for (uint32_t number = 1; number < domain->nr_ports; number++) {
		if (!domain->ports[number].channel)
			continue;
		state_more(state, true);
		state_u32(state, &number);
		carry_port(table, domid, number, state);
	}
	state_more(state, false);
}

static void restore_domain(struct evtchn_table *table, struct state *state)
{
	uint16_t domid;

	state_u16(state, &domid);
	if (!state->fault && (domid >= DOMID_FIRST_RESERVED ||
			      (!table->domains[domid] && evtchn_domain_create(table, domid))))
		state_refuse(state, "a domain cannot have event channels");
	if (!state->fault)
		restore_ports(table, domid, state);
}

void evtchn_table_carry(struct evtchn_table *table, struct state *state)
{
	size_t mark = state_open(state, RECORD_EVTCHNS);

	for (uint16_t domid = 0; !state->restores && domid < DOMID_FIRST_RESERVED; domid++) {
		if (!table->domains[domid])
			continue;
		state_more(state, true);
		state_u16(state, &domid);
		save_ports(table, domid, state);
	}
	while (state_more(state, false))
		restore_domain(table, state);
	state_close(state, mark);
}

void evtchn_carry_counters(struct evtchn *evtchn, struct state *state)
{
	state_u64(state, &evtchn->received);
	state_u64(state, &evtchn->merged);
	state_u64(state, &evtchn->sent);
}
