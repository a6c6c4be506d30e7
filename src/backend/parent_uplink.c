#include "backend/parent_uplink.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "backend/manager.h"
#include "backend/parent.h"
#include "backend/parent_calls.h"
#include "bridge/tap.h"
#include "ring/hypercall.h"

enum { BUSY_TRIES = 3000, BUSY_PAUSE_US = 1000 };

static int set_address(int s, struct ifreq *ifr, unsigned long request, uint32_t ip)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = ip };

	memcpy(&ifr->ifr_addr, &address, sizeof(address));
	return ioctl(s, request, ifr) ? -errno : 0;
}

/* An adopted TAP keeps the addresses that it has. */
static int link_set_address(int s, struct ifreq *ifr, const struct network_config *config)
{
	unsigned int prefix = config->prefix < 32 ? config->prefix : 32;
	uint32_t mask = prefix ? htonl(0xffffffffu << (32 - prefix)) : 0;
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
 * Later, and of one that we had before, it is somebody else's: the child is at work,
 * and all its guests would wait with it. */
static int open_tap_patiently(const struct parent *parent, char name[16], bool queue)
{
	int (*open_tap)(char name[16], bool persistent) = queue ? tap_open_queue : tap_open;
	int tries = parent->started || is_kept(parent, name) ? 0 : BUSY_TRIES;
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

void parent_uplink_open_tap(struct parent *parent, const struct hypercall *request)
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

void parent_uplink_open_stream(struct parent *parent, const struct hypercall *request)
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

void parent_uplink_inherit(struct parent *parent, struct hypercall *request)
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

void parent_uplink_remove_taps(struct parent *parent)
{
	for (unsigned int i = 0; i < parent->nr_taps; i++)
		tap_set_persistent(parent->taps[i].fd, false);
}
