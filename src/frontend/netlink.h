/*
 * Links, addresses and routes of one network namespace (rtnetlink by libmnl).
 *
 * A socket belongs to the namespace in which it was made, wherever it is used
 * later, so the frontend asks a guest's namespace from outside. 0 or -errno as
 * the kernel says.
 */
#ifndef FRONTEND_NETLINK_H
#define FRONTEND_NETLINK_H

#include <stdbool.h>
#include <stdint.h>

struct mnl_socket;

struct netlink {
	struct mnl_socket *socket;
	uint32_t seq;
};

/* In the namespace of the calling thread. */
int netlink_open(struct netlink *netlink);
/* Over a descriptor that came from elsewhere; takes it over if it succeeds. */
int netlink_adopt(struct netlink *netlink, int fd);
int netlink_fd(const struct netlink *netlink);
void netlink_close(struct netlink *netlink);

/* Any of mac (NULL) and mtu (0) may be left as it is. */
int netlink_set_link(struct netlink *netlink, unsigned int index, bool up, const uint8_t *mac,
		     uint32_t mtu);
/* Addresses in network order. */
int netlink_add_ipv4(struct netlink *netlink, unsigned int index, uint32_t ip, uint8_t prefix);
int netlink_add_default_route(struct netlink *netlink, unsigned int index, uint32_t gateway);

/* The link's MAC address. */
int netlink_read_mac(struct netlink *netlink, unsigned int index, uint8_t mac[6]);

struct netlink_address {
	uint8_t family; /* AF_INET, AF_INET6 */
	uint8_t bytes[16];
};

/* The link's addresses, at most `max`; how many, or -errno. */
int netlink_list_addresses(struct netlink *netlink, unsigned int index,
			   struct netlink_address *list, unsigned int max);

#endif
