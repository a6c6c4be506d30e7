/*
 * The steps from one phase of a vif's connection to another (front_connect.h draws
 * them), for whoever finds that one is due: the backend's state, a timer, a
 * hang-up, the toolstack.
 */
#ifndef FRONTEND_FRONT_PHASE_H
#define FRONTEND_FRONT_PHASE_H

#include "frontend/front_connect.h"

int64_t front_phase_now_ns(void);

/* Lets go of domain and store; the data path is the caller's business. */
void front_phase_hang_up(struct front_connect *connect);

/* Not up any more: carrier and outage. */
void front_phase_note_down(struct front_connect *connect);

/* Into DOWN or PAUSE, whose end the timer brings. */
void front_phase_retry(struct front_connect *connect, enum connect_phase phase);

/* How long a state of the backend's is waited for. */
unsigned int front_phase_patience_ms(const struct front_connect *connect);
/* The backend is expected in InitWait. */
void front_phase_await(struct front_connect *connect);

/* Gives the connection up while the daemon lives: LEAVING. */
void front_phase_leave(struct front_connect *connect);
/* The backend let go, or says so: our pages tell, and where to go from LEAVING. */
void front_phase_finish(struct front_connect *connect);
/* From PAUSE, SUSPENDED or AWAY, unless it is to rest. */
void front_phase_return(struct front_connect *connect);

/* Not to be asked for again: whoever took the vif will give it back. */
void front_phase_away(struct front_connect *connect);
/* Everything is given back; the toolstack may know. */
void front_phase_lie_down(struct front_connect *connect);

/* The daemon is gone, and its mappings with it. */
void front_phase_daemon_died(struct front_connect *connect);
/* The store failed us; it dies with the daemon, perhaps a moment earlier. */
void front_phase_store_failed(struct front_connect *connect, int err);
/* Starts all over with a new introduction, though the daemon may live. */
void front_phase_start_over(struct front_connect *connect);

#endif
