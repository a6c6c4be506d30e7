#include "bench/lab/kernel_vm.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/host.h"

enum { READY_MS = 10000, PATH_BYTES = 320, COMMAND_BYTES = 80 };

/* Beside the daemon: in the build tree, installed, or wherever PATH says. */
static void find_front(const struct relay_daemon *daemon, char path[PATH_BYTES])
{
	static const struct {
		const char *end, *front;
	} places[] = { { "src/backend/splitvifd", "src/frontend/splitvif-front" },
		       { "sbin/splitvifd", "bin/splitvif-front" },
		       { "splitvifd", "splitvif-front" } };
	size_t length = strlen(daemon->program);

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		size_t end = strlen(places[i].end);

		if (end > length || strcmp(daemon->program + length - end, places[i].end))
			continue;
		snprintf(path, PATH_BYTES, "%.*s%s", (int)(length - end), daemon->program,
			 places[i].front);
		return;
	}
	snprintf(path, PATH_BYTES, "splitvif-front");
}

/* The command says that it runs, and ends with its input. */
static _Noreturn void be_front(const struct relay_daemon *daemon,
			       const struct kernel_vm_config *config, const int input[2],
			       const int output[2])
{
	char path[PATH_BYTES], mtu[16], command[COMMAND_BYTES];
	int null = open("/dev/null", O_WRONLY);

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	setpgid(0, 0); /* the terminal's signals are for us */
	host_pin(config->cpu);
	find_front(daemon, path);
	snprintf(mtu, sizeof(mtu), "%u", config->mtu);
	snprintf(command, sizeof(command), "ip link set eth0 mtu %u && echo && exec cat",
		 config->eth0_mtu ? config->eth0_mtu : config->mtu);
	if (null >= 0 && dup2(input[0], 0) >= 0 && dup2(output[1], 1) >= 0 && dup2(null, 2) >= 0)
		execlp(path, "splitvif-front", "--rundir", daemon->rundir, "run", "--name",
		       config->name, "--mtu", mtu, "--ip", config->ip, "--", "/bin/sh", "-c",
		       command, NULL);
	_exit(127);
}

static int wait_ready(int fd)
{
	struct pollfd ready = { fd, POLLIN, 0 };
	char byte;

	if (poll(&ready, 1, READY_MS) <= 0)
		return -ETIMEDOUT;
	return read(fd, &byte, 1) == 1 ? 0 : -ECHILD;
}

/* The youngest descendant: the command. */
static pid_t find_command(pid_t pid)
{
	char path[64];
	int child;
	FILE *file;

	for (;;) {
		snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, pid);
		file = fopen(path, "re");
		if (!file || fscanf(file, "%d", &child) != 1)
			break;
		fclose(file);
		pid = child;
	}
	if (file)
		fclose(file);
	return pid;
}

static int spawn(struct kernel_vm *vm, const struct relay_daemon *daemon,
		 const struct kernel_vm_config *config)
{
	int input[2], output[2], err;

	if (pipe2(input, O_CLOEXEC))
		return -errno;
	if (pipe2(output, O_CLOEXEC)) {
		close(input[0]);
		close(input[1]);
		return -EMFILE;
	}
	vm->front = fork();
	if (!vm->front)
		be_front(daemon, config, input, output);
	close(input[0]);
	close(output[1]);
	vm->stop_fd = input[1];
	err = vm->front < 0 ? -EAGAIN : wait_ready(output[0]);
	close(output[0]);
	return err;
}

int kernel_vm_start(struct kernel_vm *vm, const struct relay_daemon *daemon,
		    const struct kernel_vm_config *config, char error[LAB_ERROR_BYTES])
{
	int err;

	*vm = (struct kernel_vm){ .front = -1, .stop_fd = -1, .cpu = config->cpu };
	err = spawn(vm, daemon, config);
	if (!err) {
		vm->command = find_command(vm->front);
		return 0;
	}
	kernel_vm_stop(vm);
	if (err == -ECHILD) {
		snprintf(error, LAB_ERROR_BYTES,
			 "needs VMs: splitvif-front run does not work here; see 'splitvif doctor'");
		return -ENOTSUP;
	}
	snprintf(error, LAB_ERROR_BYTES, "VM %s: %s", config->name, strerror(-err));
	return err;
}

void kernel_vm_stop(struct kernel_vm *vm)
{
	int64_t deadline = host_now_ns() + 5000000000;

	if (vm->stop_fd >= 0)
		close(vm->stop_fd);
	while (vm->front > 0 && !waitpid(vm->front, NULL, WNOHANG)) {
		if (host_now_ns() > deadline)
			kill(vm->front, SIGKILL);
		usleep(1000);
	}
	*vm = (struct kernel_vm){ .front = -1, .stop_fd = -1 };
}

static int enter(pid_t pid, const char *which, int type)
{
	char path[64];
	int fd, err;

	snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, which);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = setns(fd, type) ? -errno : 0;
	close(fd);
	return err;
}

pid_t kernel_vm_run(const struct kernel_vm *vm, int (*fn)(void *arg), void *arg)
{
	pid_t pid = fork();

	if (pid)
		return pid < 0 ? -errno : pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (host_pin(vm->cpu) || enter(vm->command, "user", CLONE_NEWUSER) ||
	    enter(vm->command, "net", CLONE_NEWNET))
		_exit(126);
	_exit(fn(arg));
}
