#include "frontend/netlink.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

enum { REQUEST_BYTES = 512, ANSWER_BYTES = 32768, ANSWER_SECONDS = 2 };

static int prepare(struct netlink *netlink)
{
	struct timeval limit = { .tv_sec = ANSWER_SECONDS };

	netlink->seq = 0;
	if (!netlink->socket)
		return -errno;
	return setsockopt(netlink_fd(netlink), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit))
		       ? -errno
		       : 0;
}

int netlink_open(struct netlink *netlink)
{
	netlink->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (netlink->socket && mnl_socket_bind(netlink->socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		int err = -errno;

		netlink_close(netlink);
		return err;
	}
	return prepare(netlink);
}

int netlink_adopt(struct netlink *netlink, int fd)
{
	netlink->socket = mnl_socket_fdopen(fd);
	return prepare(netlink);
}

int netlink_fd(const struct netlink *netlink)
{
	return mnl_socket_get_fd(netlink->socket);
}

void netlink_close(struct netlink *netlink)
{
	if (netlink->socket)
		mnl_socket_close(netlink->socket);
	netlink->socket = NULL;
}

/* Sends and reads until the acknowledgement or the end of the dump. */
static int transact(struct netlink *netlink, struct nlmsghdr *request, mnl_cb_t each, void *arg)
{
	unsigned int port = mnl_socket_get_portid(netlink->socket);
	char *answer = malloc(ANSWER_BYTES);
	ssize_t n;
	int state = MNL_CB_OK;

	if (!answer)
		return -ENOMEM;
	request->nlmsg_seq = ++netlink->seq;
	n = mnl_socket_sendto(netlink->socket, request, request->nlmsg_len);
	while (n >= 0 && state == MNL_CB_OK) {
		n = mnl_socket_recvfrom(netlink->socket, answer, ANSWER_BYTES);
		if (n >= 0)
			state = mnl_cb_run(answer, (size_t)n, netlink->seq, port, each, arg);
	}
	free(answer);
	return n < 0 || state == MNL_CB_ERROR ? -errno : 0;
}

static struct nlmsghdr *start(char *buffer, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);

	header->nlmsg_type = type;
	header->nlmsg_flags = NLM_F_REQUEST | flags;
	return header;
}

int netlink_set_link(struct netlink *netlink, unsigned int index, bool up, const uint8_t *mac,
		     uint32_t mtu)
{
	char buffer[REQUEST_BYTES];
	struct nlmsghdr *request = start(buffer, RTM_NEWLINK, NLM_F_ACK);
	struct ifinfomsg *link = mnl_nlmsg_put_extra_header(request, sizeof(*link));

	link->ifi_index = (int)index;
	link->ifi_flags = up ? IFF_UP : 0;
	link->ifi_change = IFF_UP;
	if (mac)
		mnl_attr_put(request, IFLA_ADDRESS, 6, mac);
	if (mtu)
		mnl_attr_put_u32(request, IFLA_MTU, mtu);
	return transact(netlink, request, NULL, NULL);
}

int netlink_add_ipv4(struct netlink *netlink, unsigned int index, uint32_t ip, uint8_t prefix)
{
	uint32_t host_mask = prefix < 32 ? 0xffffffffu >> prefix : 0;
	char buffer[REQUEST_BYTES];
	struct nlmsghdr *request =
		start(buffer, RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE);
	struct ifaddrmsg *address = mnl_nlmsg_put_extra_header(request, sizeof(*address));

	address->ifa_family = AF_INET;
	address->ifa_prefixlen = prefix;
	address->ifa_index = index;
	mnl_attr_put_u32(request, IFA_LOCAL, ip);
	mnl_attr_put_u32(request, IFA_ADDRESS, ip);
	if (prefix < 31)
		mnl_attr_put_u32(request, IFA_BROADCAST, ip | __builtin_bswap32(host_mask));
	return transact(netlink, request, NULL, NULL);
}

int netlink_add_default_route(struct netlink *netlink, unsigned int index, uint32_t gateway)
{
	char buffer[REQUEST_BYTES];
	struct nlmsghdr *request = start(buffer, RTM_NEWROUTE, NLM_F_ACK | NLM_F_CREATE);
	struct rtmsg *route = mnl_nlmsg_put_extra_header(request, sizeof(*route));

	route->rtm_family = AF_INET;
	route->rtm_table = RT_TABLE_MAIN;
	route->rtm_protocol = RTPROT_STATIC;
	route->rtm_scope = RT_SCOPE_UNIVERSE;
	route->rtm_type = RTN_UNICAST;
	mnl_attr_put_u32(request, RTA_GATEWAY, gateway);
	mnl_attr_put_u32(request, RTA_OIF, index);
	return transact(netlink, request, NULL, NULL);
}

static int take_mac(const struct nlmsghdr *message, void *mac)
{
	struct nlattr *attr;

	mnl_attr_for_each(attr, message,
			  sizeof(struct ifinfomsg)) if (mnl_attr_get_type(attr) == IFLA_ADDRESS &&
							mnl_attr_get_payload_len(attr) == 6)
		memcpy(mac, mnl_attr_get_payload(attr), 6);
	return MNL_CB_OK;
}

int netlink_read_mac(struct netlink *netlink, unsigned int index, uint8_t mac[6])
{
	char buffer[REQUEST_BYTES];
	struct nlmsghdr *request = start(buffer, RTM_GETLINK, NLM_F_ACK);
	struct ifinfomsg *link = mnl_nlmsg_put_extra_header(request, sizeof(*link));

	link->ifi_index = (int)index;
	return transact(netlink, request, take_mac, mac);
}

struct address_list {
	unsigned int index;
	struct netlink_address *list;
	unsigned int max, n;
};

/* IFA_LOCAL is the own address of a point-to-point link, where IFA_ADDRESS is
 * the peer's; IPv6 has the latter only. */
static int take_address(const struct nlmsghdr *message, void *arg)
{
	const struct ifaddrmsg *header = mnl_nlmsg_get_payload(message);
	size_t length = header->ifa_family == AF_INET ? 4 : 16;
	struct address_list *found = arg;
	const void *own = NULL;
	struct nlattr *attr;

	mnl_attr_for_each(attr, message, sizeof(*header))
	{
		uint16_t type = mnl_attr_get_type(attr);

		if (mnl_attr_get_payload_len(attr) == length &&
		    (type == IFA_LOCAL || (type == IFA_ADDRESS && !own)))
			own = mnl_attr_get_payload(attr);
	}
	if (!own || header->ifa_index != found->index || found->n == found->max ||
	    (header->ifa_family != AF_INET && header->ifa_family != AF_INET6))
		return MNL_CB_OK;
	found->list[found->n].family = header->ifa_family;
	memcpy(found->list[found->n++].bytes, own, length);
	return MNL_CB_OK;
}

int netlink_list_addresses(struct netlink *netlink, unsigned int index,
			   struct netlink_address *list, unsigned int max)
{
	struct address_list found = { .index = index, .list = list, .max = max };
	char buffer[REQUEST_BYTES];
	struct nlmsghdr *request = start(buffer, RTM_GETADDR, NLM_F_DUMP);
	struct ifaddrmsg *header = mnl_nlmsg_put_extra_header(request, sizeof(*header));
	int err;

	header->ifa_family = AF_UNSPEC;
	err = transact(netlink, request, take_address, &found);
	return err ? err : (int)found.n;
}
