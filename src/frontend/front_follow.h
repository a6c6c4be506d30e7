/*
 * What follows from the states that the backend goes through (front_connect.h): our
 * half of the handshake, and the parting.
 */
#ifndef FRONTEND_FRONT_FOLLOW_H
#define FRONTEND_FRONT_FOLLOW_H

#include "frontend/front_connect.h"

/* Looks at the backend's state, at orders and at settings, until nothing is new. */
void front_follow_backend(struct front_connect *connect);

#endif
