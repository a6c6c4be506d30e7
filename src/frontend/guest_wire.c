#include "frontend/guest_wire.h"

#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bridge/tap.h"

int guest_send(int socket, const struct guest_reply *reply, const int *fds, unsigned int nr_fds)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(2 * sizeof(int))] = { 0 };
	struct iovec iov = { (void *)reply, sizeof(*reply) };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *cmsg;

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
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(2 * sizeof(int))];
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
	if (cmsg && cmsg->cmsg_type == SCM_RIGHTS && cmsg->cmsg_len == CMSG_LEN(2 * sizeof(int)))
		memcpy(fds, CMSG_DATA(cmsg), 2 * sizeof(int));
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

static int open_device(struct guest_reply *reply, const char *device, int *tap)
{
	char name[GUEST_DEVICE_BYTES];

	memcpy(name, device, sizeof(name));
	*tap = tap_open(name, false);
	if (*tap >= 0) {
		reply->ifindex = if_nametoindex(name);
		return 0;
	}
	switch (*tap) {
	case -ENOENT:
		return failed(reply, *tap,
			      "cannot make %s: /dev/net/tun is missing; load the tun module or "
			      "pass the device into the container",
			      device);
	case -EACCES:
		return failed(reply, *tap,
			      "cannot make %s: /dev/net/tun: permission denied; "
			      "chmod 0666 /dev/net/tun",
			      device);
	case -EBUSY:
		return failed(reply, *tap,
			      "cannot make %s: the namespace has one already; remove or rename "
			      "it there",
			      device);
	}
	return failed(reply, *tap, "cannot make %s: %s; see 'splitvif doctor'", device,
		      strerror(-*tap));
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
	int err, tap = -1;

	if (recv(socket, &setup, sizeof(setup), 0) != sizeof(setup))
		return -ECONNRESET; /* the frontend gave up; nobody is there to be told */
	setup.device[sizeof(setup.device) - 1] = '\0';
	err = netlink_open(&netlink);
	if (err)
		failed(&reply, err, "cannot open netlink: %s; see 'splitvif doctor'",
		       strerror(-err));
	if (!err)
		err = open_device(&reply, setup.device, &tap);
	if (!err)
		err = configure(&reply, &netlink, &setup);
	if (err)
		guest_send(socket, &reply, NULL, 0);
	else
		err = guest_send(socket, &reply, (int[]){ tap, netlink_fd(&netlink) }, 2);
	netlink_close(&netlink);
	if (tap >= 0)
		close(tap);
	return err;
}
