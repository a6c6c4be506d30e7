#include "frontend/guest_wire.h"

#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bridge/tap.h"

int guest_send(int socket, struct guest_reply *reply, const int *fds, unsigned int nr_fds)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(GUEST_FDS_MAX * sizeof(int))] = { 0 };
	struct iovec iov = { reply, sizeof(*reply) };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *cmsg;

	reply->nr_fds = nr_fds;
	if (nr_fds) {
		message.msg_control = control;
		message.msg_controllen = CMSG_SPACE(nr_fds * sizeof(int));
		cmsg = CMSG_FIRSTHDR(&message);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(nr_fds * sizeof(int));
		memcpy(CMSG_DATA(cmsg), fds, nr_fds * sizeof(int));
	}
	return sendmsg(socket, &message, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int guest_receive(int socket, struct guest_reply *reply, int *fds, int timeout_ms)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(GUEST_FDS_MAX * sizeof(int))];
	struct iovec iov = { reply, sizeof(*reply) };
	struct msghdr message = { .msg_iov = &iov,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = sizeof(control) };
	struct pollfd ready = { .fd = socket, .events = POLLIN };
	struct cmsghdr *cmsg;
	ssize_t n;

	if (poll(&ready, 1, timeout_ms) != 1)
		return -ETIMEDOUT;
	n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	if (n != sizeof(*reply))
		return n < 0 ? -errno : -ECONNRESET;
	reply->text[sizeof(reply->text) - 1] = '\0';
	cmsg = CMSG_FIRSTHDR(&message);
	if (cmsg && cmsg->cmsg_type == SCM_RIGHTS && reply->nr_fds <= GUEST_FDS_MAX &&
	    cmsg->cmsg_len == CMSG_LEN(reply->nr_fds * sizeof(int)))
		memcpy(fds, CMSG_DATA(cmsg), reply->nr_fds * sizeof(int));
	return reply->err;
}

static int failed(struct guest_reply *reply, int err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int failed(struct guest_reply *reply, int err, const char *format, ...)
{
	va_list args;

	reply->err = err;
	va_start(args, format);
	vsnprintf(reply->text, sizeof(reply->text), format, args);
	va_end(args);
	return err;
}

/* A descriptor for each queue; *n of them, also on failure. */
static int open_queues(char name[16], unsigned int queues, int *taps, unsigned int *n)
{
	int fd = 0;

	for (*n = 0; *n < queues && fd >= 0; *n += fd >= 0) {
		fd = queues > 1 ? tap_open_queue(name, false) : tap_open(name, false);
		taps[*n] = fd;
	}
	return fd < 0 ? fd : 0;
}

static int open_device(struct guest_reply *reply, const struct guest_setup *setup, int *taps,
		       unsigned int *n)
{
	const char *device = setup->device;
	unsigned int queues = setup->queues ? setup->queues : 1;
	char name[GUEST_DEVICE_BYTES];
	bool taken = queues > 1 && if_nametoindex(device); /* which another queue would join */
	int err;

	memcpy(name, device, sizeof(name));
	err = taken ? -EBUSY : open_queues(name, queues, taps, n);
	if (!err) {
		reply->ifindex = if_nametoindex(name);
		return 0;
	}
	switch (err) {
	case -ENOENT:
		return failed(reply, err,
			      "cannot make %s: /dev/net/tun is missing; load the tun module or "
			      "pass the device into the container",
			      device);
	case -EACCES:
		return failed(reply, err,
			      "cannot make %s: /dev/net/tun: permission denied; "
			      "chmod 0666 /dev/net/tun",
			      device);
	case -EBUSY:
		return failed(reply, err,
			      "cannot make %s: the namespace has one already; remove or rename "
			      "it there",
			      device);
	}
	return failed(reply, err, "cannot make %s: %s; see 'splitvif doctor'", device,
		      strerror(-err));
}

static int configure(struct guest_reply *reply, struct netlink *netlink,
		     const struct guest_setup *setup)
{
	unsigned int index = reply->ifindex;
	int err = netlink_set_link(netlink, if_nametoindex("lo"), true, NULL, 0);

	if (err)
		return failed(reply, err, "cannot bring lo up: %s; give CAP_NET_ADMIN",
			      strerror(-err));
	err = netlink_set_link(netlink, index, false, setup->mac, setup->mtu);
	if (!err)
		err = netlink_set_link(netlink, index, true, NULL, 0);
	if (err)
		return failed(reply, err, "cannot set up %s: MAC or MTU %u: %s; try others",
			      setup->device, setup->mtu, strerror(-err));
	if (setup->ip)
		err = netlink_add_ipv4(netlink, index, setup->ip, setup->prefix);
	if (err)
		return failed(reply, err, "cannot set up %s: address: %s; try another --ip",
			      setup->device, strerror(-err));
	if (setup->gateway)
		err = netlink_add_default_route(netlink, index, setup->gateway);
	if (err)
		return failed(reply, err,
			      "cannot set up %s: default route: %s; try another --gateway",
			      setup->device, strerror(-err));
	return 0;
}

int guest_serve_setup(int socket)
{
	struct guest_reply reply = { 0 };
	struct guest_setup setup;
	struct netlink netlink = { 0 };
	int fds[GUEST_FDS_MAX];
	unsigned int nr_taps = 0;
	int err;

	if (recv(socket, &setup, sizeof(setup), 0) != sizeof(setup))
		return -ECONNRESET; /* the frontend gave up; nobody is there to be told */
	setup.device[sizeof(setup.device) - 1] = '\0';
	err = netlink_open(&netlink);
	if (err)
		failed(&reply, err, "cannot open netlink: %s; see 'splitvif doctor'",
		       strerror(-err));
	if (!err)
		err = open_device(&reply, &setup, fds + 1, &nr_taps);
	if (!err)
		err = configure(&reply, &netlink, &setup);
	if (err) {
		guest_send(socket, &reply, NULL, 0);
	} else {
		fds[0] = netlink_fd(&netlink);
		err = guest_send(socket, &reply, fds, 1 + nr_taps);
	}
	netlink_close(&netlink);
	while (nr_taps)
		close(fds[nr_taps--]);
	return err;
}
