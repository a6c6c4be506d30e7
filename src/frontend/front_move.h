/*
 * Migration: from one daemon to another, with the same name, MAC and addresses.
 *
 * The VM enters the other daemon while it is still served by its own, so that
 * whatever that one refuses costs nothing: then it lets go here, and only the
 * handshake is left to be done there. Until it was up there once it knows the
 * way home.
 */
#ifndef FRONTEND_FRONT_MOVE_H
#define FRONTEND_FRONT_MOVE_H

#include "frontend/front_connect.h"
#include "frontend/front_control.h"

/* Begins to enter the other daemon (front_attempt.h), while all goes on as it is.
 * 0, -EALREADY (a move is under way), -ENOMEM. */
int front_move_begin(struct front_connect *connect, const struct front_destination *to);
/* That has ended. 0, and the VM is expected there; or -errno and everything as it
 * was, with the line for it in `line`. */
int front_move_prepare(struct front_connect *connect, char *line, size_t size);
/* It shall not go there after all. */
void front_move_cancel(struct front_connect *connect);

/* Nothing is granted here any more: hangs up and goes on there. 0 or -errno:
 * the other daemon is gone again, and all is as it was. */
int front_move_arrive(struct front_connect *connect);

/* It was up there: the way home is forgotten. */
void front_move_settle(struct front_connect *connect);
/* It was not, and is to try at home again. */
void front_move_return(struct front_connect *connect);

/* Lets go of whatever there is; waits for a daemon that is to be entered, as long
 * as an answer of it is waited for. */
void front_move_fini(struct front_connect *connect);

#endif
