#include "backend/offload.h"

#include <string.h>

#include "bridge/port.h"

static const struct {
	const char *name, *key;
} words[OFFLOADS] = {
	[OFFLOAD_RX_CSUM] = { "rx-checksumming", "rx" },
	[OFFLOAD_TX_CSUM] = { "tx-checksumming", "tx" },
	[OFFLOAD_SG] = { "scatter-gather", "sg" },
	[OFFLOAD_TSO] = { "tcp-segmentation-offload", "tso" },
	[OFFLOAD_GSO] = { "generic-segmentation-offload", "gso" },
	[OFFLOAD_GRO] = { "generic-receive-offload", "gro" },
};

const char *offload_name(enum offload offload)
{
	return words[offload].name;
}

const char *offload_key(enum offload offload)
{
	return words[offload].key;
}

int offload_parse(const char *word)
{
	for (int i = 0; i < OFFLOADS; i++)
		if (!strcmp(word, words[i].name) || !strcmp(word, words[i].key))
			return i;
	return -1;
}

/* A GSO frame comes in several slots and with a blank checksum: who cannot
 * have those cannot have it. */
uint8_t offload_takes(const struct offload_guest *guest, uint32_t offloads)
{
	uint8_t takes = 0;

	if (!(offloads & 1 << OFFLOAD_RX_CSUM))
		return 0;
	if (!guest->no_csum)
		takes |= PORT_CSUM_IPV4;
	if (guest->ipv6_csum)
		takes |= PORT_CSUM_IPV6;
	if (!guest->sg || !(offloads & 1 << OFFLOAD_GSO))
		return takes;
	if (guest->gso_tcpv4 && takes & PORT_CSUM_IPV4)
		takes |= PORT_GSO_TCPV4;
	if (guest->gso_tcpv6 && takes & PORT_CSUM_IPV6)
		takes |= PORT_GSO_TCPV6;
	return takes;
}
