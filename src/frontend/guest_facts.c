#include "frontend/guest_facts.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "io/log.h"

enum { PREFIX_DEFAULT = 24 };

struct guest_setup guest_facts_setup(const struct splitvif_status *status, const char *device)
{
	struct guest_setup setup = {
		.mtu = status->mtu,
		.ip = status->ip,
		.gateway = status->gateway,
		.prefix = status->prefix ? status->prefix : PREFIX_DEFAULT,
	};

	memcpy(setup.mac, status->mac, sizeof(setup.mac));
	snprintf(setup.device, sizeof(setup.device), "%s", device);
	return setup;
}

void guest_facts_say(const struct splitvif_status *s, const char *device, uint8_t prefix)
{
	char ip[INET_ADDRSTRLEN] = "", address[32] = "", bridge[32] = "";

	if (s->ip) {
		inet_ntop(AF_INET, &s->ip, ip, sizeof(ip));
		snprintf(address, sizeof(address), " %s/%u", ip, prefix);
	}
	if (s->bridge[0])
		snprintf(bridge, sizeof(bridge), " on %s", s->bridge);
	log_complain("%s.%u%s: %s%s mac %02x:%02x:%02x:%02x:%02x:%02x", s->name, s->devid, bridge,
		     device, address, s->mac[0], s->mac[1], s->mac[2], s->mac[3], s->mac[4],
		     s->mac[5]);
}
