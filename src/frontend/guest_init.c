#include "frontend/guest_init.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "frontend/guest_wire.h"
#include "io/log.h"

enum { EXIT_OURS = 125, EXIT_NOT_EXECUTABLE = 126, EXIT_NOT_FOUND = 127 };

/* Without a /proc of its own the VM would see the processes outside, and
 * through them the run directory: then rather none. */
static void mount_system(void)
{
	if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) &&
	    mount("none", "/proc", "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL)) {
		log_complain("cannot hide /proc: %s; see 'splitvif doctor'", strerror(errno));
		_exit(EXIT_OURS);
	}
	mount("sysfs", "/sys", "sysfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
}

/* Everything but the three standard ones and the control socket. */
static int keep_descriptors(int control)
{
	int kept = 3;

	if (control != kept && dup2(control, kept) < 0)
		return -1;
	close_range((unsigned int)kept + 1, ~0u, 0);
	fcntl(kept, F_SETFD, FD_CLOEXEC);
	return kept;
}

_Noreturn static void run_command(char **command)
{
	char *shell[] = { getenv("SHELL") ? getenv("SHELL") : (char *)"/bin/sh", NULL };
	char **argv = command[0] ? command : shell;
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	unsetenv("SPLITVIF_RUNDIR");
	execvp(argv[0], argv);
	log_complain("cannot run '%.200s': %s; name a program that the VM can see", argv[0],
		     strerror(errno));
	_exit(errno == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE);
}

static void reap(pid_t command)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == command)
			_exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
}

/* Ends by _exit() only; the kernel ends every process of the VM with us. */
_Noreturn static void watch_over(int control, int signals, pid_t command)
{
	struct pollfd ready[] = { { .fd = control, .events = POLLIN },
				  { .fd = signals, .events = POLLIN } };
	struct signalfd_siginfo info;

	for (;;) {
		poll(ready, 2, -1);
		if (ready[0].revents && guest_serve_setup(control) == -ECONNRESET)
			_exit(EXIT_OURS);
		while (read(signals, &info, sizeof(info)) == sizeof(info)) {
			if (info.ssi_signo == SIGCHLD)
				reap(command);
			else
				kill(command, (int)info.ssi_signo);
		}
	}
}

_Noreturn void guest_init_run(int control, const char *name, char **command)
{
	struct guest_setup go;
	sigset_t signals;
	pid_t child;
	int signal_fd;

	control = keep_descriptors(control);
	sethostname(name, strlen(name));
	mount_system();
	if (guest_serve_setup(control))
		_exit(EXIT_OURS);
	sigemptyset(&signals);
	for (const int *s = (const int[]){ SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, 0 };
	     *s; s++)
		sigaddset(&signals, *s);
	sigprocmask(SIG_SETMASK, &signals, NULL);
	signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signal_fd < 0 || recv(control, &go, sizeof(go), 0) != sizeof(go))
		_exit(EXIT_OURS);
	child = fork();
	if (child == 0)
		run_command(command);
	if (child < 0)
		_exit(EXIT_OURS);
	watch_over(control, signal_fd, child);
}
