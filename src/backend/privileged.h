/*
 * The small privileged parent: what the data process may not do itself, it
 * asks of its parent over a socket pair. Forked before anything else, so that
 * the parent never sees a guest's byte.
 *
 * The parent's life is the daemon's: it forwards SIGTERM and SIGINT, removes
 * the TAPs that it made when the data process ended in order, and leaves them
 * standing, with their addresses, when it did not, or when another daemon goes on
 * in its place. On SIGUSR2 it starts that daemon (successor.h).
 */
#ifndef BACKEND_PRIVILEGED_H
#define BACKEND_PRIVILEGED_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct manager;
struct network_config;
struct script_request;
struct scripts;

/* How the data process ends when another goes on; the daemon's status is 0 then. */
enum { PRIVILEGED_HANDED_OVER = 99 };

struct privileged {
	int socket;
	struct manager *manager; /* the data process' own copy: for what it was handed */
	int lock;		 /* of the run directory; lives as long as the parent or this */
};

/* Forks. In the data process returns 0 with *privileged ready; in the parent
 * never returns: it serves until its child is gone and exits as that did.
 * `scripts`, the parent's from then on, says which scripts may run, and the
 * networks which sockets may be connected to; `manager` is of both; argv is the
 * daemon's. -errno if it cannot fork. */
int privileged_fork(struct privileged *privileged, struct scripts *scripts,
		    const struct network_config *networks, unsigned int nr_networks,
		    struct manager *manager, char **argv);

/* Makes or adopts the network's TAP: persistent, up, with MTU and address; or,
 * for one that is a vif's own, a new TAP that ends with its descriptor. As many
 * descriptors as it has queues, at most `queues`; how many, or -errno with one
 * line in `error`. */
int privileged_open_tap(struct privileged *privileged, const struct network_config *config,
			int *fds, unsigned int queues, char *error, size_t error_size);

/* Gives the parent what a daemon before us had: a TAP to be removed at the end, or,
 * without a name, the run directory's lock. 0 or -errno. */
int privileged_inherit(struct privileged *privileged, const char *tap, int fd);
/* Another daemon goes on, whose parent has that pid: the manager is to know. The
 * caller ends then, with PRIVILEGED_HANDED_OVER. */
void privileged_hand_over(struct privileged *privileged, pid_t pid);

/* Connects to the socket of a network's stream, one of those that were named
 * before the fork. The descriptor, or -errno with one line in `error`. */
int privileged_open_stream(struct privileged *privileged, const struct network_config *config,
			   char *error, size_t error_size);

/* Has a script run, whose one struct script_result comes through that pipe. */
int privileged_run_script(struct privileged *privileged, const struct script_request *request,
			  int pipe);

/* Tells the service manager, and has it keep a descriptor (manager.h). */
void privileged_tell_manager(struct privileged *privileged, const char *state);
void privileged_keep(struct privileged *privileged, const char *name, int fd);

/* Everything is there, or comes from elsewhere: what was kept and not asked for is
 * let go, and a TAP that somebody holds is not waited for any more. */
void privileged_end_start(struct privileged *privileged);

/* Gives up, in the data process, all that the parent keeps for it. */
void privileged_drop(void);

#endif
