/*
 * To a guest: frames -> posted buffers -> grant copies -> responses. What finds
 * no buffers waits as a private copy, bounded in bytes and in age; a frame is
 * never written in part.
 */
#ifndef BACKEND_VIF_RX_H
#define BACKEND_VIF_RX_H

#include "backend/vif_queue.h"
#include "bridge/port.h"

/* port_ops.transmit of a vif. */
unsigned int vif_rx_transmit(struct port *port, struct lane *lane, struct frame *const *list,
			     unsigned int n);

/* Delivers what waits, as far as buffers go; *drained frames. True: call again,
 * buffers came. */
bool vif_rx_drain(struct vif_queue *queue, unsigned int *drained);

/* Drops what waited too long; when the next look is due (0: never). */
uint64_t vif_rx_expire(struct vif_queue *queue);

/* Drops all that waits, counted as shutdown. When nobody forwards to it. */
void vif_rx_discard(struct vif_queue *queue);

#endif
