/*
 * The service manager that started us, if one did: what it is told, and the
 * descriptors that it keeps while there is no daemon, so that the next one finds
 * them open (sd_notify(3), sd_listen_fds(3)).
 *
 * It listens to the process that it started, which is the privileged parent:
 * these are called there, and the data process asks for them (privileged.h).
 * Without a manager all of it does nothing.
 *
 * Kept are the listening sockets and the uplinks' TAPs; what comes back is
 * recognised by what it is, not by its name. Nothing of a guest is kept: its
 * connection's hang-up is how it learns of our end.
 */
#ifndef BACKEND_MANAGER_H
#define BACKEND_MANAGER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { MANAGER_FDS_MAX = 512, MANAGER_NAME_BYTES = 64 };

struct manager_fd {
	int fd; /* -1: taken */
	char name[MANAGER_NAME_BYTES];
};

struct manager {
	bool there;
	uint64_t watchdog_usecs; /* it wants to hear of us so often; 0: it does not */
	struct manager_fd fds[MANAGER_FDS_MAX];
	unsigned int nr_fds;
};

/* What stands in the environment, which has it no longer then. All that the
 * manager kept is ours now, until it is told anew what to keep. */
void manager_open(struct manager *manager);

/* One that it kept, now the caller's; -1: none. */
int manager_take_socket(struct manager *manager, const char *path, int type);
int manager_take_tap(struct manager *manager, const char *name);

/* Where a process becomes two: TAPs are the parent's, all else the data process'. */
void manager_part(struct manager *manager, bool parent);
/* Closes what nobody took, and says so. */
void manager_drop_fds(struct manager *manager);

/* "READY=1", "STATUS=...", as sd_notify(3) has them. */
void manager_tell(const struct manager *manager, const char *state);
/* Another process of ours is to be the service's main one from now on. */
void manager_tell_main(const struct manager *manager, pid_t pid);
/* Has it keep a copy of the descriptor, or those of a name no longer. */
void manager_keep(const struct manager *manager, const char *name, int fd);
void manager_forget(const struct manager *manager, const char *name);

#endif
