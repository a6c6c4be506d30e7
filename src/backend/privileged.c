#include "backend/privileged.h"

#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "backend/manager.h"
#include "backend/network.h"
#include "backend/parent.h"
#include "backend/parent_calls.h"
#include "backend/script.h"
#include "backend/successor.h"
#include "ring/hypercall.h"

int privileged_fork(struct privileged *privileged, struct scripts *scripts,
		    const struct network_config *networks, unsigned int nr_networks,
		    struct manager *manager, char **argv)
{
	struct parent parent = { .scripts = scripts,
				 .networks = networks,
				 .nr_networks = nr_networks,
				 .manager = manager,
				 .program = successor_program(),
				 .argv = argv };
	pid_t self = getpid();
	sigset_t signals;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -errno;
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGUSR2);
	sigaddset(&signals, SIGCHLD);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	parent.child = fork();
	if (parent.child < 0)
		return -errno;
	if (parent.child) {
		close(pair[1]);
		manager_part(manager, true);
		parent.socket = pair[0];
		parent.signals = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
		parent_run(&parent);
	}
	close(pair[0]);
	sigprocmask(SIG_UNBLOCK, &signals, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* without its parent there is no daemon */
	if (getppid() != self)
		_exit(1);
	privileged->socket = pair[1];
	privileged->manager = manager;
	manager_part(manager, false);
	return 0;
}

/* One descriptor, or -errno with a line in `error`. */
static int ask(struct privileged *privileged, uint16_t type, const struct network_config *config,
	       bool queue, char *error, size_t error_size)
{
	struct uplink_request request = { *config, queue };
	struct hypercall answer;
	struct uplink_reply reply;
	int err = hypercall_send(privileged->socket, type, 0, &request, sizeof(request), NULL, 0);

	snprintf(error, error_size, "cannot open uplink of %s: no answer from the parent process",
		 config->name);
	if (err)
		return err;
	if (hypercall_receive(privileged->socket, &answer) != 1)
		return -EPIPE;
	if (answer.length != sizeof(reply)) {
		hypercall_close_fds(&answer);
		return -EPROTO;
	}
	memcpy(&reply, answer.body, sizeof(reply));
	if (reply.err) {
		snprintf(error, error_size, "%.*s", (int)sizeof(reply.error), reply.error);
		return reply.err;
	}
	return answer.nr_fds == 1 ? answer.fds[0] : -EPROTO;
}

/* One that was made with a single queue, by whomever, keeps it; a vif's own has
 * one. */
int privileged_open_tap(struct privileged *privileged, const struct network_config *config,
			int *fds, unsigned int queues, char *error, size_t error_size)
{
	unsigned int n = 0;

	for (; queues > 1 && !config->own_tap && n < queues; n++) {
		fds[n] = ask(privileged, OPEN_TAP, config, true, error, error_size);
		if (fds[n] < 0)
			break;
	}
	if (n)
		return (int)n;
	fds[0] = ask(privileged, OPEN_TAP, config, false, error, error_size);
	return fds[0] < 0 ? fds[0] : 1;
}

int privileged_inherit(struct privileged *privileged, const char *tap, int fd)
{
	char name[16] = "";

	snprintf(name, sizeof(name), "%s", tap);
	return hypercall_send(privileged->socket, INHERIT, 0, name, sizeof(name), &fd, 1);
}

void privileged_hand_over(struct privileged *privileged, pid_t pid)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%d", (int)pid);

	hypercall_send(privileged->socket, HAND_OVER, 0, text, (size_t)length, NULL, 0);
}

int privileged_open_stream(struct privileged *privileged, const struct network_config *config,
			   char *error, size_t error_size)
{
	return ask(privileged, OPEN_STREAM, config, false, error, error_size);
}

int privileged_run_script(struct privileged *privileged, const struct script_request *request,
			  int pipe)
{
	return hypercall_send(privileged->socket, RUN_SCRIPT, 0, request, sizeof(*request), &pipe,
			      1);
}

void privileged_tell_manager(struct privileged *privileged, const char *state)
{
	if (privileged->manager->there)
		hypercall_send(privileged->socket, TELL_MANAGER, 0, state, strlen(state), NULL, 0);
}

void privileged_keep(struct privileged *privileged, const char *name, int fd)
{
	if (privileged->manager->there)
		hypercall_send(privileged->socket, KEEP, 0, name, strlen(name), &fd, 1);
}

void privileged_end_start(struct privileged *privileged)
{
	manager_drop_fds(privileged->manager);
	hypercall_send(privileged->socket, END_START, 0, NULL, 0, NULL, 0);
}

void privileged_drop(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { 0 };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	syscall(SYS_capset, &header, none);
#ifndef __SANITIZE_ADDRESS__ /* its leak check traces the process */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}
