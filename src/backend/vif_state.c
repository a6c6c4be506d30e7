#include "backend/vif.h"
#include "io/state.h"

enum { RECORD_VIF_CONFIG = 0x56494643, RECORD_VIF = 0x56494620 };

static void carry_queue(struct vif_queue_config *queue, struct state *state)
{
	uint32_t *const words[] = { &queue->tx_ring_ref, &queue->rx_ring_ref, &queue->tx_port,
				    &queue->rx_port,	 &queue->tx_bound,    &queue->rx_bound };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		state_u32(state, words[i]);
}

static void carry_guest(struct offload_guest *guest, struct state *state)
{
	state_bool(state, &guest->sg);
	state_bool(state, &guest->gso_tcpv4);
	state_bool(state, &guest->gso_tcpv6);
	state_bool(state, &guest->no_csum);
	state_bool(state, &guest->ipv6_csum);
}

static bool is_power_of_two(uint32_t number)
{
	return number && !(number & (number - 1));
}

void vif_config_carry(struct vif_config *config, struct state *state)
{
	size_t mark = state_open(state, RECORD_VIF_CONFIG);
	const char *why = "the settings of a vif contradict one another";

	state_text(state, config->name, sizeof(config->name));
	state_u32(state, &config->mtu);
	state_u32(state, &config->backlog_bytes);
	state_bool(state, &config->rx_notify);
	state_u32(state, &config->offloads);
	carry_guest(&config->guest, state);
	state_bytes(state, config->tuning.value, sizeof(config->tuning.value));
	state_u64(state, &config->tuning.set);
	rate_carry(&config->rate, state);
	config->nr_queues = (unsigned int)state_number(state, config->nr_queues, VIF_QUEUES_MAX);
	for (unsigned int i = 0; i < config->nr_queues; i++)
		carry_queue(&config->queues[i], state);
	if (!config->nr_queues || !is_power_of_two(config->backlog_bytes) ||
	    tuning_check(&config->tuning, &why))
		state_refuse(state, why);
	state_close(state, mark);
}

void vif_carry(struct vif *vif, struct state *state)
{
	size_t mark = state_open(state, RECORD_VIF);

	port_carry(&vif->port, state);
	credit_carry(&vif->credit, state);
	for (unsigned int i = 0; i < vif->nr_queues; i++)
		vif_queue_carry(&vif->queues[i], state);
	state_close(state, mark);
}

void vif_carry_skip(struct state *state)
{
	state_skip(state, state_open(state, RECORD_VIF));
}
