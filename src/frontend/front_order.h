/*
 * Obeys the toolstack: suspend, resume, migrate (front_control.h). A domain's
 * first vif is told, and what it does the others see.
 */
#ifndef FRONTEND_FRONT_ORDER_H
#define FRONTEND_FRONT_ORDER_H

#include "frontend/front_connect.h"

/* Something under control/ has changed. */
void front_order_obey(struct front_connect *connect);

/* The daemon that the VM is to migrate to has let it in, or refuses. */
void front_order_go(struct front_connect *connect);

#endif
