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

/* Enters the other daemon. 0, or -errno and everything as it was, with the line
 * for it in `line`. May take as long as two daemons take to answer. */
int front_move_prepare(struct front_connect *connect, const struct front_destination *to,
		       char *line, size_t size);

/* Nothing is granted here any more: hangs up and goes on there. 0 or -errno:
 * the other daemon is gone again, and all is as it was. */
int front_move_arrive(struct front_connect *connect);

/* It was up there: the way home is forgotten. */
void front_move_settle(struct front_connect *connect);
/* It was not, and is to try at home again. */
void front_move_return(struct front_connect *connect);

/* Lets go of whatever there is. */
void front_move_fini(struct front_connect *connect);

#endif
