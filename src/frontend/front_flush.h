/*
 * What the backend is told later than at once: the timer for it, and the settings,
 * which the operator keeps below our directory in the store.
 */
#ifndef FRONTEND_FRONT_FLUSH_H
#define FRONTEND_FRONT_FLUSH_H

#include "frontend/front_connect.h"

/* After whatever may have put something off: has it told in time. */
void front_flush_follow(struct front_connect *connect);

/* The timer fired. */
void front_flush_due(struct front_connect *connect);

/* The settings changed. */
void front_flush_take_tuning(struct front_connect *connect);

#endif
