/*
 * Hotplug scripts, as the privileged parent runs them: with libxl's arguments
 * and environment, from the one directory that the operator's configuration
 * names, and for a bounded time.
 *
 * Whoever asks is the data process, which guests may have subverted: nothing of
 * its request becomes part of a command but numbers, and names that are looked
 * up. A script that is asked for by path must lie in that directory by that
 * very path; links that lead out of it, "..", and files that others may write
 * are refused.
 */
#ifndef BACKEND_SCRIPT_H
#define BACKEND_SCRIPT_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "backend/vifspec.h"

enum { SCRIPTS_RUNNING_MAX = 8, SCRIPT_ERROR_BYTES = 160, SCRIPT_TIMEOUT_S = 40 /* libxl's */ };

struct script_request {
	char script[VIFSPEC_SCRIPT_BYTES]; /* a name, or a path within the directory */
	char gatewaydev[16];
	uint32_t devid;
	uint16_t domid;
	bool online; /* or else offline */
};

/* What became of it; with a reason, unless it is done. */
enum script_status { SCRIPT_DONE, SCRIPT_FAILED, SCRIPT_NOT_STARTED };

struct script_result {
	int32_t status;
	char error[SCRIPT_ERROR_BYTES];
};

struct scripts {
	char dir[PATH_MAX]; /* empty: none may run */
	unsigned int timeout_s;
	struct running_script {
		pid_t pid; /* 0: free */
		int fd;	   /* who asked reads one result there */
		int64_t deadline_ms;
	} running[SCRIPTS_RUNNING_MAX];
};

/* Starts one; its result goes to `fd`, which is ours from now on. */
void scripts_start(struct scripts *scripts, const struct script_request *request, int fd);

/* A child ended: whether it was a script. */
bool scripts_reap(struct scripts *scripts, pid_t pid, int status);

/* Milliseconds until scripts_expire() has something to end; -1: nothing runs. */
int scripts_wait_ms(const struct scripts *scripts);
/* Kills those whose time is up, with their children. */
void scripts_expire(struct scripts *scripts);

/* The path to run. 0, or -errno with a reason. */
int script_find(const char *dir, const char *script, char path[PATH_MAX],
		char error[SCRIPT_ERROR_BYTES]);

#endif
