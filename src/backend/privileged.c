#include "backend/privileged.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <linux/capability.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <poll.h>
#include <unistd.h>

#include "backend/manager.h"
#include "backend/network.h"
#include "backend/script.h"
#include "bridge/tap.h"
#include "io/log.h"
#include "ring/hypercall.h"

enum { OPEN_TAP = 1, RUN_SCRIPT, OPEN_STREAM, TELL_MANAGER, KEEP, END_START, INHERIT, HAND_OVER };
enum { BUSY_TRIES = 300, BUSY_PAUSE_US = 10000 };

struct uplink_request {
	struct network_config config;
	bool queue; /* of a TAP of several; the next of them, if there is one */
};

struct uplink_reply {
	int32_t err;
	char error[200];
};

struct kept_tap {
	char name[16];
	int fd;
};

struct parent {
	int socket;
	int signals;
	pid_t child;
	struct kept_tap taps[NETWORKS_MAX];
	unsigned int nr_taps;
	struct scripts *scripts;
	const char *program; /* by its path: it may be another one by then */
	char **argv;
	struct manager *manager;
	const struct network_config *networks; /* whose sockets may be connected to */
	unsigned int nr_networks;
};

static int set_address(int s, struct ifreq *ifr, unsigned long request, uint32_t ip)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = ip };

	memcpy(&ifr->ifr_addr, &address, sizeof(address));
	return ioctl(s, request, ifr) ? -errno : 0;
}

/* An adopted TAP keeps the addresses that it has. */
static int link_set_address(int s, struct ifreq *ifr, const struct network_config *config)
{
	uint32_t mask = config->prefix ? htonl(0xffffffffu << (32 - config->prefix)) : 0;
	int err;

	if (!config->ip || !ioctl(s, SIOCGIFADDR, ifr))
		return 0;
	err = set_address(s, ifr, SIOCSIFADDR, config->ip);
	return err ? err : set_address(s, ifr, SIOCSIFNETMASK, mask);
}

/* As netback's interfaces have it: the same in every life of the vif, so that the
 * guest's neighbours stay true, and too large to become a bridge's. */
static int link_set_dummy_mac(int s, const char *name)
{
	static const uint8_t mac[6] = { 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff };
	struct ifreq ifr = { .ifr_hwaddr.sa_family = ARPHRD_ETHER };

	memcpy(ifr.ifr_name, name, IFNAMSIZ);
	memcpy(ifr.ifr_hwaddr.sa_data, mac, sizeof(mac));
	return ioctl(s, SIOCSIFHWADDR, &ifr) ? -errno : 0;
}

static int link_set_up(const struct network_config *config)
{
	struct ifreq ifr = { 0 };
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int err;

	if (s < 0)
		return -errno;
	memcpy(ifr.ifr_name, config->tap, IFNAMSIZ);
	ifr.ifr_mtu = (int)config->mtu;
	err = ioctl(s, SIOCSIFMTU, &ifr) ? -errno : link_set_address(s, &ifr, config);
	if (!err && config->own_tap)
		err = link_set_dummy_mac(s, config->tap);
	if (!err && ioctl(s, SIOCGIFFLAGS, &ifr))
		err = -errno;
	ifr.ifr_flags |= IFF_UP;
	if (!err && !config->left_down && ioctl(s, SIOCSIFFLAGS, &ifr))
		err = -errno;
	close(s);
	return err;
}

static const char *tap_cure(int err)
{
	switch (err) {
	case -ENOENT:
		return "no /dev/net/tun: 'modprobe tun', or 'mknod /dev/net/tun c 10 200'";
	case -EBUSY:
		return "somebody else has it open; name another one or stop its owner";
	case -EPERM:
	case -EACCES:
		return "needs CAP_NET_ADMIN; run as root, in 'unshare -rn', or with uplink=none";
	case -EEXIST:
		return "an interface has that name; choose another with vifname=";
	case -EINVAL:
		return "exists and is no TAP, or its name is not allowed; name another one";
	default:
		return "see 'splitvif doctor'";
	}
}

static bool is_kept(const struct parent *parent, const char name[16])
{
	for (unsigned int i = 0; i < parent->nr_taps; i++)
		if (!strcmp(parent->taps[i].name, name))
			return true;
	return false;
}

/* After a kill -9 the kernel may still be closing our predecessor's descriptors.
 * One that we had before is somebody else's now: the child is at work, and asks
 * again by itself. */
static int open_tap_patiently(const struct parent *parent, char name[16], bool queue)
{
	int (*open_tap)(char name[16], bool persistent) = queue ? tap_open_queue : tap_open;
	int tries = is_kept(parent, name) ? 0 : BUSY_TRIES;
	int kept = manager_take_tap(parent->manager, name);
	int fd = kept < 0 ? open_tap(name, true) : kept;

	if (kept >= 0 && tap_adopt(kept, true)) {
		close(kept);
		fd = open_tap(name, true);
	}
	for (int i = 0; fd == -EBUSY && i < tries; i++) {
		usleep(BUSY_PAUSE_US);
		fd = open_tap(name, true);
	}
	return fd;
}

/* What is there already is not ours to take. */
static int open_own_tap(char name[16])
{
	return if_nametoindex(name) ? -EEXIST : tap_open(name, false);
}

static int serve_open_tap(struct parent *parent, struct uplink_request *request,
			  struct uplink_reply *reply)
{
	struct network_config *config = &request->config;
	int fd;

	config->tap[sizeof(config->tap) - 1] = '\0';
	fd = -ENOSPC;
	if (config->own_tap)
		fd = open_own_tap(config->tap);
	else if (parent->nr_taps < NETWORKS_MAX || is_kept(parent, config->tap))
		fd = open_tap_patiently(parent, config->tap, request->queue);
	reply->err = fd < 0 ? fd : link_set_up(config);
	if (!reply->err)
		return fd;
	snprintf(reply->error, sizeof(reply->error), "cannot open tap %s: %s; %s", config->tap,
		 strerror(-reply->err), tap_cure(reply->err));
	if (fd >= 0) {
		tap_set_persistent(fd, false);
		close(fd);
	}
	return -1;
}

/* A TAP that came back after it was deleted takes the place of its former self. */
static void keep(struct parent *parent, const char name[16], int fd)
{
	struct kept_tap *tap = parent->taps;

	while (tap < parent->taps + parent->nr_taps && strcmp(tap->name, name))
		tap++;
	if (tap < parent->taps + parent->nr_taps)
		close(tap->fd);
	else
		parent->nr_taps++;
	memcpy(tap->name, name, sizeof(tap->name));
	tap->fd = fd;
}

static void answer_open_tap(struct parent *parent, const struct hypercall *request)
{
	struct uplink_request wanted;
	struct uplink_reply reply = { 0 };
	int fd;

	memcpy(&wanted, request->body, sizeof(wanted));
	fd = serve_open_tap(parent, &wanted, &reply);
	hypercall_reply(parent->socket, &request->header, 0, &reply, sizeof(reply), &fd, fd >= 0);
	if (fd >= 0 && wanted.config.own_tap)
		close(fd); /* it ends with the child's */
	else if (fd >= 0) {
		manager_keep(parent->manager, wanted.config.tap, fd);
		keep(parent, wanted.config.tap, fd);
	}
}

/* The child may have been taken over: it is connected to nobody but those whom
 * the operator named. */
static bool is_named(const struct parent *parent, const char *path)
{
	for (unsigned int i = 0; i < parent->nr_networks; i++)
		if (*path && !strcmp(parent->networks[i].stream, path))
			return true;
	return false;
}

static int connect_stream(const struct parent *parent, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd, err;

	if (!is_named(parent, path))
		return -EPERM;
	static_assert(sizeof(address.sun_path) == sizeof(parent->networks->stream), "unix(7)");
	memcpy(address.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (!connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

static const char *stream_cure(int err)
{
	switch (err) {
	case -ENOENT:
	case -ECONNREFUSED:
		return "start who is to serve it, like 'passt --socket PATH'";
	case -EPERM:
		return "it was not named at the start; start the daemon anew";
	default:
		return "see who serves it";
	}
}

static void answer_open_stream(struct parent *parent, const struct hypercall *request)
{
	struct uplink_reply reply = { 0 };
	struct uplink_request wanted;
	char *path = wanted.config.stream;
	int fd;

	memcpy(&wanted, request->body, sizeof(wanted));
	path[sizeof(wanted.config.stream) - 1] = '\0';
	fd = connect_stream(parent, path);
	reply.err = fd < 0 ? fd : 0;
	if (fd < 0)
		snprintf(reply.error, sizeof(reply.error), "cannot connect to %.70s: %s; %s", path,
			 strerror(-fd), stream_cure(fd));
	hypercall_reply(parent->socket, &request->header, 0, &reply, sizeof(reply), &fd, fd >= 0);
	if (fd >= 0)
		close(fd);
}

static void inherit(struct parent *parent, struct hypercall *request)
{
	char name[16];

	memcpy(name, request->body, sizeof(name));
	name[sizeof(name) - 1] = '\0';
	request->nr_fds = 0;
	if (!name[0]) /* the lock: held for as long as we live */
		return;
	if (parent->nr_taps < NETWORKS_MAX || is_kept(parent, name))
		keep(parent, name, request->fds[0]);
	else
		close(request->fds[0]);
}

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

static void serve(struct parent *parent)
{
	struct hypercall request;

	if (hypercall_receive(parent->socket, &request) != 1)
		return;
	if (request.header.type == OPEN_TAP && request.length == sizeof(struct uplink_request))
		answer_open_tap(parent, &request);
	else if (request.header.type == OPEN_STREAM &&
		 request.length == sizeof(struct uplink_request))
		answer_open_stream(parent, &request);
	else if (request.header.type == RUN_SCRIPT && request.nr_fds == 1 &&
		 request.length == sizeof(struct script_request))
		run_script(parent, &request);
	else if (request.header.type == INHERIT && request.nr_fds == 1 && request.length == 16)
		inherit(parent, &request);
	else if (request.header.type == TELL_MANAGER)
		manager_tell(parent->manager, text_of(&request));
	else if (request.header.type == KEEP && request.nr_fds == 1)
		manager_keep(parent->manager, text_of(&request), request.fds[0]);
	else if (request.header.type == END_START)
		manager_drop_fds(parent->manager);
	hypercall_close_fds(&request);
}

static void remove_taps(struct parent *parent)
{
	for (unsigned int i = 0; i < parent->nr_taps; i++)
		tap_set_persistent(parent->taps[i].fd, false);
}

/* --ready-fd was for the first. */
static bool is_ready_option(const char *word, bool *with_value)
{
	*with_value = !strcmp(word, "--ready-fd");
	return *with_value || !strncmp(word, "--ready-fd=", strlen("--ready-fd="));
}

/* As the manager told us; the rest of its words still stands in the environment. */
static void pass_watchdog(const struct manager *manager)
{
	char usecs[24];

	snprintf(usecs, sizeof(usecs), "%llu", (unsigned long long)manager->watchdog_usecs);
	if (manager->watchdog_usecs)
		setenv("WATCHDOG_USEC", usecs, 1);
}

_Noreturn static void become_successor(const struct parent *parent)
{
	char *argv[256];
	unsigned int n = 0;
	sigset_t none;
	bool with_value;

	for (char **word = parent->argv; *word && n < 254; word++) {
		if (is_ready_option(*word, &with_value))
			word += with_value && word[1];
		else if (strcmp(*word, "--takeover"))
			argv[n++] = *word;
	}
	argv[n++] = "--takeover";
	argv[n] = NULL;
	pass_watchdog(parent->manager);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execv(parent->program, argv);
	log_error("daemon", "cannot start %s for a take-over: %s; going on", parent->program,
		  strerror(errno));
	_exit(1);
}

/* It asks the data process by itself, as one that an operator starts. */
static void start_successor(const struct parent *parent)
{
	pid_t pid = fork();

	if (pid == 0)
		become_successor(parent);
	if (pid < 0)
		log_error("daemon", "cannot fork for a take-over: %s; going on", strerror(errno));
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
		remove_taps(parent);
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
		start_successor(parent);
	else
		kill(parent->child, (int)info.ssi_signo);
}

static _Noreturn void parent_run(struct parent *parent)
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

/* As it was started: while it runs another program may come to have its name. */
static const char *program_path(void)
{
	static char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	path[n < 0 ? 0 : n] = '\0';
	return path;
}

int privileged_fork(struct privileged *privileged, struct scripts *scripts,
		    const struct network_config *networks, unsigned int nr_networks,
		    struct manager *manager, char **argv)
{
	struct parent parent = { .scripts = scripts,
				 .networks = networks,
				 .nr_networks = nr_networks,
				 .manager = manager,
				 .program = program_path(),
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
