#include "backend/manager.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <systemd/sd-daemon.h>

#include "bridge/tap.h"
#include "io/log.h"

static int take(struct manager_fd *kept)
{
	int fd = kept->fd;

	kept->fd = -1;
	return fd;
}

static void put_fd(struct manager *manager, int fd, const char *name)
{
	struct manager_fd *kept = &manager->fds[manager->nr_fds];

	if (manager->nr_fds == MANAGER_FDS_MAX) {
		close(fd);
		return;
	}
	kept->fd = fd;
	snprintf(kept->name, sizeof(kept->name), "%s", name);
	manager->nr_fds++;
}

static void take_all(struct manager *manager)
{
	char **names = NULL;
	int n = sd_listen_fds_with_names(true, &names);

	for (int i = 0; i < n; i++) {
		manager_forget(manager, names[i]);
		put_fd(manager, SD_LISTEN_FDS_START + i, names[i]);
		free(names[i]);
	}
	free(names);
	if (n < 0)
		log_warning("daemon", "what the service manager handed over is not understood: %s",
			    strerror(-n));
}

void manager_open(struct manager *manager)
{
	manager->there = getenv("NOTIFY_SOCKET") != NULL;
	manager->nr_fds = 0;
	manager->watchdog_usecs = 0;
	sd_watchdog_enabled(true, &manager->watchdog_usecs);
	take_all(manager);
}

static int unblock(int fd)
{
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	return fd;
}

/* If its file is gone nobody finds it there any more. */
static bool is_socket(int fd, const char *path, int type)
{
	return sd_is_socket_unix(fd, type, true, path, 0) > 0 && !access(path, F_OK);
}

int manager_take_socket(struct manager *manager, const char *path, int type)
{
	for (unsigned int i = 0; i < manager->nr_fds; i++)
		if (manager->fds[i].fd >= 0 && is_socket(manager->fds[i].fd, path, type))
			return unblock(take(&manager->fds[i]));
	return -1;
}

int manager_take_tap(struct manager *manager, const char *name)
{
	for (unsigned int i = 0; i < manager->nr_fds; i++)
		if (manager->fds[i].fd >= 0 && tap_is(manager->fds[i].fd, name))
			return unblock(take(&manager->fds[i]));
	return -1;
}

void manager_part(struct manager *manager, bool parent)
{
	for (unsigned int i = 0; i < manager->nr_fds; i++)
		if (tap_is(manager->fds[i].fd, NULL) != parent)
			close(take(&manager->fds[i]));
}

void manager_drop_fds(struct manager *manager)
{
	for (unsigned int i = 0; i < manager->nr_fds; i++) {
		if (manager->fds[i].fd < 0)
			continue;
		log_notice("daemon", "nobody wants '%s', which the service manager kept",
			   manager->fds[i].name);
		close(take(&manager->fds[i]));
	}
}

static void note_result(int result)
{
	if (result < 0)
		log_warning("daemon", "the service manager cannot be told: %s", strerror(-result));
}

void manager_tell(const struct manager *manager, const char *state)
{
	if (manager->there)
		note_result(sd_notify(false, state));
}

void manager_tell_main(const struct manager *manager, pid_t pid)
{
	char state[32];

	snprintf(state, sizeof(state), "MAINPID=%d", (int)pid);
	manager_tell(manager, state);
}

void manager_keep(const struct manager *manager, const char *name, int fd)
{
	char state[MANAGER_NAME_BYTES + 32];

	if (!manager->there)
		return;
	snprintf(state, sizeof(state), "FDSTORE=1\nFDNAME=%s", name);
	note_result(sd_pid_notify_with_fds(0, false, state, &fd, 1));
}

void manager_forget(const struct manager *manager, const char *name)
{
	char state[MANAGER_NAME_BYTES + 32];

	snprintf(state, sizeof(state), "FDSTOREREMOVE=1\nFDNAME=%s", name);
	manager_tell(manager, state);
}
