/*
 * One command, asked of the daemon over its control socket.
 *
 * The time limit covers everything, connecting and a daemon that is stopped in
 * the middle of its answer included: nothing here ever waits without it.
 */
#ifndef CTL_CLIENT_H
#define CTL_CLIENT_H

#include "io/ctl_message.h"
#include "io/rundir.h"

struct client_answer {
	struct ctl_reply reply; /* its text lies in the message */
	void *message;		/* for the caller to free */
};

/* Of the daemon in `dir`, as rundir_connect_in(). Whatever the result, `path` holds the socket's path for messages.
 *	-ENOENT, -ECONNREFUSED	nobody is there
 *	-EACCES, -EPERM		may not
 *	-ENAMETOOLONG		the path is none for a socket
 *	-ETIMEDOUT		no whole answer within timeout_ms
 *	-ECONNRESET		hung up before the answer was whole
 *	-EMSGSIZE		an answer beyond all bounds
 *	-E2BIG			too many or too long arguments */
int client_call_in(const char *dir, const char *const *argv, unsigned int argc,
		   unsigned int timeout_ms, char path[RUNDIR_PATH_BYTES],
		   struct client_answer *answer);
/* In the run directory. */
int client_call(const char *const *argv, unsigned int argc, unsigned int timeout_ms,
		char path[RUNDIR_PATH_BYTES], struct client_answer *answer);

#endif
