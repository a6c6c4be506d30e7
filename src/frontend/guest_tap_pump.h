/*
 * The frames between a VM's TAP and its vif: turns either way, queue by queue. What
 * is moved is published by the caller's next flush.
 */
#ifndef FRONTEND_GUEST_TAP_PUMP_H
#define FRONTEND_GUEST_TAP_PUMP_H

#include "frontend/guest_tap.h"

/* For what can come out of the VM, which follows from the offers and the MTU. */
void guest_tap_make_room(struct guest_tap *tap, uint32_t mtu);

/* VM to ring. How many frames. */
unsigned int guest_tap_pump_out(struct guest_tap *tap);

/* Ring to VM, so many of each queue. How many frames. */
unsigned int guest_tap_pump_in(struct guest_tap *tap, unsigned int weight);

#endif
