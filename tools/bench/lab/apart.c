#include "bench/lab/apart.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/log.h"

enum { COMMAND_BYTES = 1024, LINE_BYTES = 512 };

static int enter(int ns)
{
	return setns(ns, CLONE_NEWNET) ? -errno : 0;
}

static int open_namespace(void)
{
	int fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* Leaves us in the new one. */
static int make_namespace(struct apart *apart, char *error)
{
	apart->home = open_namespace();
	if (apart->home < 0)
		return apart->home;
	if (unshare(CLONE_NEWNET) || access("/dev/net/tun", R_OK | W_OK)) {
		snprintf(error, LAB_ERROR_BYTES, "needs root, for a network namespace and TAPs");
		return -ENOTSUP;
	}
	apart->there = open_namespace();
	return apart->there < 0 ? apart->there : 0;
}

/* The daemon is told by SPLITVIF_CONFIG: it reads the file before it is ready. */
static int start_daemon(struct apart *apart, const struct lab_context *context, const char *config,
			unsigned int mtu, char *error)
{
	char path[] = "/tmp/splitvif-lab-XXXXXX";
	const char *before = getenv("SPLITVIF_CONFIG");
	int fd = mkostemp(path, O_CLOEXEC), err = fd < 0 ? -errno : 0;
	size_t length = strlen(config);

	if (!err && write(fd, config, length) != (ssize_t)length)
		err = -EIO;
	if (err) {
		snprintf(error, LAB_ERROR_BYTES, "cannot write %s: %s", path, strerror(-err));
		return err;
	}
	setenv("SPLITVIF_CONFIG", path, 1);
	err = relay_daemon_start(&apart->daemon, context->options, mtu, context->cpus[0], error);
	if (before)
		setenv("SPLITVIF_CONFIG", before, 1);
	else
		unsetenv("SPLITVIF_CONFIG");
	close(fd);
	unlink(path);
	return err;
}

int apart_open(struct apart *apart, const struct lab_context *context, const char *config,
	       unsigned int mtu, char error[LAB_ERROR_BYTES])
{
	int err;

	*apart = (struct apart){ .home = -1, .there = -1 };
	err = make_namespace(apart, error);
	if (!err) {
		err = start_daemon(apart, context, config, mtu, error);
		enter(apart->home);
	}
	if (!err)
		return 0;
	if (err == -ENOTSUP)
		enter(apart->home);
	close(apart->home);
	close(apart->there);
	return err;
}

void apart_close(struct apart *apart)
{
	char error[RELAY_ERROR_BYTES];

	if (relay_daemon_stop(&apart->daemon, error))
		log_complain("%s", error);
	close(apart->there);
	close(apart->home);
}

int apart_command(const struct apart *apart, char error[LAB_ERROR_BYTES], const char *format, ...)
{
	char command[COMMAND_BYTES];
	static const char path[] = "PATH=$PATH:/usr/sbin:/sbin; ";
	va_list args;
	int status;

	memcpy(command, path, sizeof(path));
	va_start(args, format);
	vsnprintf(command + sizeof(path) - 1, sizeof(command) - sizeof(path) + 1, format, args);
	va_end(args);
	if (enter(apart->there))
		return -EPERM;
	status = system(command);
	enter(apart->home);
	if (!status)
		return 0;
	snprintf(error, LAB_ERROR_BYTES, "failed: %.300s", command);
	return -EIO;
}

/* The number at that place of the interface's line, from 0. */
static uint64_t read_counter(const struct apart *apart, const char *interface, unsigned int place)
{
	char path[64], line[LINE_BYTES];
	uint64_t value = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/net/dev", apart->daemon.pid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file)) {
		char *name = line + strspn(line, " "), *next = strchr(name, ':');

		if (!next || strlen(interface) != (size_t)(next - name) ||
		    strncmp(name, interface, (size_t)(next - name)))
			continue;
		next++;
		for (unsigned int i = 0; i <= place; i++)
			value = strtoull(next, &next, 10);
	}
	if (file)
		fclose(file);
	return value;
}

uint64_t apart_received(const struct apart *apart, const char *interface)
{
	return read_counter(apart, interface, 1);
}

uint64_t apart_dropped(const struct apart *apart, const char *interface)
{
	return read_counter(apart, interface, 3) + read_counter(apart, interface, 11);
}
