#include "bench/lab/hosted.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/host.h"

struct text {
	char bytes[HOSTED_CONFIG_BYTES];
	size_t used;
};

static void add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(struct text *text, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	text->used += (size_t)vsnprintf(text->bytes + text->used, sizeof(text->bytes) - text->used,
					format, args);
	va_end(args);
}

static void write_config(struct text *text, unsigned int vms, const struct hosted_kind *kinds)
{
	for (const struct hosted_kind *kind = kinds; kind->prefix; kind++) {
		if (kind->bridge && kind->uplink)
			add(text, "[bridge %s]\nuplink = tap:%s0\n", kind->bridge, kind->bridge);
		else if (kind->bridge)
			add(text, "[bridge %s]\n", kind->bridge);
		for (unsigned int i = 0; !kind->bridge && i < vms; i++)
			add(text, "[vif %s%u.0]\ntype = own-tap\nvifname = %s%u\n", kind->prefix, i,
			    kind->prefix, i);
	}
}

static int populate(struct hosted *hosted, unsigned int vms, const struct hosted_kind *kinds,
		    char *error)
{
	int err = 0;

	for (const struct hosted_kind *kind = kinds; !err && kind->prefix; kind++) {
		struct herd *herd = &hosted->herds[hosted->nr];

		herd->number = (uint8_t)hosted->nr++;
		herd->rundir = hosted->apart.daemon.rundir;
		herd->bridge = kind->bridge;
		while (!err && herd->nr_vms < vms)
			err = herd_add(herd, kind->prefix, error);
	}
	return err;
}

int hosted_open(struct hosted **out, const struct lab_context *context, unsigned int vms,
		const struct hosted_kind *kinds, char error[LAB_ERROR_BYTES])
{
	struct hosted *hosted = calloc(1, sizeof(*hosted));
	struct text text = { .used = 0 };
	int err;

	if (!hosted)
		return -ENOMEM;
	hosted->context = context;
	write_config(&text, vms, kinds);
	err = apart_open(&hosted->apart, context, text.bytes, 1500, error);
	if (err) {
		free(hosted);
		return err;
	}
	err = populate(hosted, vms, kinds, error);
	if (err)
		hosted_close(hosted);
	else
		*out = hosted;
	return err;
}

void hosted_close(void *arg)
{
	struct hosted *hosted = arg;

	for (unsigned int i = 0; i < hosted->nr; i++)
		herd_close(&hosted->herds[i]);
	apart_close(&hosted->apart);
	free(hosted);
}

int hosted_set_mac(const struct hosted *hosted, const char *interface, uint8_t number,
		   uint8_t mac[6], char error[LAB_ERROR_BYTES])
{
	memcpy(mac, (uint8_t[6]){ 0x02, 0x73, 0x76, 0x4d, 0, number }, 6);
	/* A new address, even the old one again, makes the kernel forget its neighbours. */
	return apart_command(&hosted->apart, error,
			     "ip link show %s | grep -q 02:73:76:4d:00:%02x || "
			     "ip link set %s address 02:73:76:4d:00:%02x && ip link set %s up",
			     interface, number, interface, number, interface);
}

int hosted_route(const struct hosted *hosted, unsigned int herd, unsigned int vm,
		 const char *interface, char error[LAB_ERROR_BYTES])
{
	const uint8_t *mac = hosted->herds[herd].vms[vm].mac;
	char ip[INET_ADDRSTRLEN];

	inet_ntop(AF_INET, &hosted->herds[herd].vms[vm].ip, ip, sizeof(ip));
	return apart_command(&hosted->apart, error,
			     "ip route replace %s/32 dev %s && ip neigh replace %s "
			     "lladdr %02x:%02x:%02x:%02x:%02x:%02x dev %s nud permanent",
			     ip, interface, ip, mac[0], mac[1], mac[2], mac[3], mac[4], mac[5],
			     interface);
}

int hosted_run(struct hosted *hosted, unsigned int number, const struct lab_window *window,
	       struct herd_result *result, char error[LAB_ERROR_BYTES])
{
	const int *cpus = hosted->context->cpus;
	struct herd *herd = &hosted->herds[number];
	int err = host_pin(cpus[1]);

	herd->yields = cpus[0] == cpus[1];
	if (!err)
		err = herd_run(herd, (double)window->warmup_ns / 1e9,
			       (double)window->measure_ns / 1e9, hosted->apart.daemon.pid, result);
	if (err)
		snprintf(error, LAB_ERROR_BYTES, "VMs of a herd: %s",
			 err == -ENETDOWN ? "a vif went down" : strerror(-err));
	return err;
}
