/*
 * An attempt to enter another daemon, in a thread of its own: the VM is served
 * where it is for as long as the other one takes to answer, or does not answer.
 *
 * The thread works on a connection of its own, with the configuration and the vif's
 * facts of this one; they share only what stands still: the memory that it introduces.
 */
#ifndef FRONTEND_FRONT_ATTEMPT_H
#define FRONTEND_FRONT_ATTEMPT_H

#include "frontend/front_connect.h"
#include "frontend/front_control.h"

struct front_attempt;

/* All vifs of the domain must be there, with the MACs that they have here. NULL:
 * no memory, no thread, or our own store fails. */
struct front_attempt *front_attempt_start(struct front_connect *connect,
					  const struct front_destination *to);

/* Readable once it has ended. */
int front_attempt_fd(const struct front_attempt *attempt);
const char *front_attempt_rundir(const struct front_attempt *attempt);

/* Waits for its end, and it is gone. 0 with *place, or -errno with the line for it. */
int front_attempt_end(struct front_attempt *attempt, struct front_place *place, char *line,
		      size_t size);

#endif
