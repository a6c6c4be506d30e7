#include "backend/mtu.h"

#include "io/log.h"

bool mtu_differs(const struct mtus *mtus)
{
	return mtus->guest != mtus->bridge || mtus->vif != mtus->bridge;
}

void mtu_log_difference(const char *name, const struct mtus *mtus)
{
	log_warning("bridge",
		    "port %s: MTUs differ: guest %u, vif %u, bridge %u: frames beyond that of "
		    "where they go are dropped (too_big)",
		    name, mtus->guest, mtus->vif, mtus->bridge);
}

void mtu_log_too_big(const struct port *port, bool *told)
{
	uint32_t needs, from_mtu;

	if (*told || !port_too_big(port, &needs, &from_mtu))
		return;
	*told = true;
	log_warning("bridge",
		    "port %s: MTU %u: a frame that needs %u, from a port of MTU %u, is dropped, "
		    "and so are all that follow (too_big)",
		    port->name, port->mtu, needs, from_mtu);
}
