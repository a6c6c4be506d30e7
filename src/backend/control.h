/*
 * The control socket's server: one request, one report, and the connection is
 * over. A client that is slow, or never reads, holds up nobody; one that attached
 * or detached a vif is answered when that has come to its end. Control
 * thread, libevent.
 */
#ifndef BACKEND_CONTROL_H
#define BACKEND_CONTROL_H

#include "backend/report.h"

struct event_base;
struct control;

enum { CONTROL_CLIENTS_MAX = 64, CONTROL_TIMEOUT_S = 10, CONTROL_LOOK_MS = 5 };

struct control *control_create(struct event_base *base, struct reporter *reporter);
void control_destroy(struct control *control);
struct state;

/* Whether somebody is being answered; the state has only those that did not ask
 * yet, or in part. */
bool control_is_busy(const struct control *control);
void control_carry(struct control *control, struct state *state);

void control_accept(struct control *control, int fd);

#endif
