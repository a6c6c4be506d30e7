#include "backend/parent.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backend/manager.h"
#include "backend/parent_calls.h"
#include "backend/parent_uplink.h"
#include "backend/privileged.h"
#include "backend/script.h"
#include "backend/successor.h"
#include "io/log.h"
#include "ring/hypercall.h"

static void run_script(struct parent *parent, struct hypercall *request)
{
	struct script_request script;

	memcpy(&script, request->body, sizeof(script));
	scripts_start(parent->scripts, &script, request->fds[0]);
	request->nr_fds = 0;
}

/* The body is a text without its end. */
static const char *text_of(struct hypercall *request)
{
	request->body[request->length < sizeof(request->body) ? request->length
							      : sizeof(request->body) - 1] = '\0';
	return (const char *)request->body;
}

static void end_start(struct parent *parent)
{
	manager_drop_fds(parent->manager);
	parent->started = true;
}

static void serve(struct parent *parent)
{
	struct hypercall request;

	if (hypercall_receive(parent->socket, &request) != 1)
		return;
	if (request.header.type == OPEN_TAP && request.length == sizeof(struct uplink_request))
		parent_uplink_open_tap(parent, &request);
	else if (request.header.type == OPEN_STREAM &&
		 request.length == sizeof(struct uplink_request))
		parent_uplink_open_stream(parent, &request);
	else if (request.header.type == RUN_SCRIPT && request.nr_fds == 1 &&
		 request.length == sizeof(struct script_request))
		run_script(parent, &request);
	else if (request.header.type == INHERIT && request.nr_fds == 1 && request.length == 16)
		parent_uplink_inherit(parent, &request);
	else if (request.header.type == TELL_MANAGER)
		manager_tell(parent->manager, text_of(&request));
	else if (request.header.type == KEEP && request.nr_fds == 1)
		manager_keep(parent->manager, text_of(&request), request.fds[0]);
	else if (request.header.type == END_START)
		end_start(parent);
	else if (request.header.type == HAND_OVER)
		manager_tell_main(parent->manager, (pid_t)atoi(text_of(&request)));
	hypercall_close_fds(&request);
}

/* What it said last. */
static void hear_out(struct parent *parent)
{
	struct hypercall request;

	while (hypercall_receive(parent->socket, &request) == 1) {
		if (request.header.type == TELL_MANAGER)
			manager_tell(parent->manager, text_of(&request));
		else if (request.header.type == HAND_OVER)
			manager_tell_main(parent->manager, (pid_t)atoi(text_of(&request)));
		hypercall_close_fds(&request);
	}
}

_Noreturn static void child_ended(struct parent *parent, int status)
{
	hear_out(parent);
	if (WIFEXITED(status) && WEXITSTATUS(status) == PRIVILEGED_HANDED_OVER)
		exit(0);
	if (WIFEXITED(status)) {
		parent_uplink_remove_taps(parent);
		exit(WEXITSTATUS(status));
	}
	log_error("daemon", "data process ended by signal %d; taps are left as they are",
		  WTERMSIG(status));
	exit(1);
}

static void reap(struct parent *parent)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == parent->child)
			child_ended(parent, status);
		else
			scripts_reap(parent->scripts, pid, status);
}

static void forward_signal(struct parent *parent)
{
	struct signalfd_siginfo info;

	if (read(parent->signals, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGCHLD)
		reap(parent);
	else if (info.ssi_signo == SIGUSR2)
		successor_start(parent->program, parent->argv, parent->manager);
	else
		kill(parent->child, (int)info.ssi_signo);
}

_Noreturn void parent_run(struct parent *parent)
{
	struct pollfd fds[] = { { parent->socket, POLLIN, 0 }, { parent->signals, POLLIN, 0 } };

	for (;;) {
		int n = poll(fds, 2, scripts_wait_ms(parent->scripts));

		scripts_expire(parent->scripts);
		if (n <= 0)
			continue;
		if (fds[1].revents)
			forward_signal(parent);
		if (fds[0].revents & POLLIN)
			serve(parent);
		else if (fds[0].revents)
			fds[0].fd = -1; /* the child is ending: SIGCHLD follows */
	}
}
