/*
 * Which frames a guest is told of at once, whatever else waits: those that
 * others wait for. Pure; reads the private head of a frame.
 */
#ifndef BACKEND_URGENT_H
#define BACKEND_URGENT_H

#include "bridge/frame.h"

/* ARP; and of TCP, where asked for, what opens or ends a connection and an
 * acknowledgement without data. Behind one VLAN tag, too; of IPv6 without
 * extension headers. */
bool urgent_is(const struct frame *frame, bool tcp);

#endif
