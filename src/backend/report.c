#include "backend/report.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "backend/mac.h"
#include "backend/table.h"

enum { EXIT_FAILED = 1, EXIT_WORDS = 2, EXIT_UNKNOWN = 4, COMPLAINT_BYTES = 512 };

/* One request being answered. */
struct answer {
	struct reporter *reporter;
	struct table *table;
	unsigned int argc;
	char *const *argv; /* behind the options and the command's own words */
	char complaint[COMPLAINT_BYTES];
};

__attribute__((format(printf, 3, 4))) static int complain(struct answer *answer, int code,
							  const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vsnprintf(answer->complaint, sizeof(answer->complaint), format, list);
	va_end(list);
	return code;
}

static int no_such_vif(struct answer *answer, const char *name)
{
	return complain(answer, EXIT_UNKNOWN,
			"no such vif: %s; 'splitvif show' lists those there are", name);
}

static void tell_mac(struct table *table, const char *head, const uint8_t mac[6])
{
	table_printf(table, "mac", head, MAC_FORMAT, MAC_ARGS(mac));
}

static const char *ip_text(uint32_t ip, char text[INET_ADDRSTRLEN])
{
	return ip ? inet_ntop(AF_INET, &ip, text, INET_ADDRSTRLEN) : NULL;
}

static void tell_network(struct table *table, const struct network *network)
{
	const struct network_config *config = &network->config;
	char ip[INET_ADDRSTRLEN];

	table_row(table);
	table_string(table, "name", "bridge", config->name);
	table_number(table, "mtu", "mtu", config->mtu);
	table_string(table, "uplink", "uplink", config->tap[0] ? config->tap : NULL);
	table_string(table, "ip", "address", ip_text(config->ip, ip));
	table_number(table, "prefix", NULL, config->prefix);
	table_number(table, "ports", "ports", bridge_ports(network->bridge));
	table_end(table);
}

static void tell_device(struct table *table, const struct device *device)
{
	char ip[INET_ADDRSTRLEN];

	table_row(table);
	table_string(table, "name", "vif", device->name);
	table_printf(table, "vif", "as on Xen", "vif%u.%u", device->domid, device->devid);
	table_string(table, "bridge", "bridge",
		     device->network ? device->network->config.name : NULL);
	tell_mac(table, "mac", device->mac);
	table_string(table, "ip", "address", ip_text(device->ip, ip));
	table_number(table, "mtu", "mtu", device->mtu);
	table_string(table, "state", "backend", xenbus_state_name(device->state));
	table_string(table, "frontend_state", "frontend",
		     xenbus_state_name(device->frontend_state));
	table_bool(table, "broken", NULL, device->broken);
	table_bool(table, "carrier", NULL, device->vif && !device->carrier_off);
	table_string(table, "reason", "reason", device->broken ? device->reason : NULL);
	table_end(table);
}

static int report_show(struct answer *answer)
{
	struct table *table = answer->table;
	struct networks *networks = answer->reporter->networks;

	table_object(table, NULL, NULL, TABLE_FIELDS);
	table_list(table, "bridges", NULL, TABLE_COLUMNS);
	for (unsigned int i = 0; i < networks->nr; i++)
		tell_network(table, &networks->list[i]);
	table_end(table);
	table_line(table, "%s", "");
	table_list(table, "vifs", NULL, TABLE_COLUMNS);
	for (const struct device *device = devices_first(answer->reporter->devices); device;
	     device = device->next)
		tell_device(table, device);
	table_end(table);
	table_end(table);
	return 0;
}

static void tell_xl_row(struct table *table, const struct device *device)
{
	const struct vif *vif = device->vif;

	table_row(table);
	table_number(table, "idx", "Idx", device->devid);
	table_number(table, "backend_domid", "BE", 0);
	tell_mac(table, "Mac Addr.", device->mac);
	table_number(table, "handle", "handle", device->devid);
	table_number(table, "state", "state", device->state);
	table_number(table, "evtch", "evt-ch", vif ? vif->config.tx_port : 0);
	table_printf(table, NULL, "tx-/rx-ring-ref", "%u/%u", vif ? vif->config.tx_ring_ref : 0,
		     vif ? vif->config.rx_ring_ref : 0);
	table_number(table, "tx_ring_ref", NULL, vif ? vif->config.tx_ring_ref : 0);
	table_number(table, "rx_ring_ref", NULL, vif ? vif->config.rx_ring_ref : 0);
	table_string(table, "domain", NULL, device->domain_name);
	table_string(table, "be_path", "BE-path", device->backend_path);
	table_end(table);
}

static bool is_of_domain(const struct device *device, const char *domain)
{
	char number[16];

	snprintf(number, sizeof(number), "%u", device->domid);
	return !strcmp(domain, device->domain_name) || !strcmp(domain, number);
}

static int report_network_list(struct answer *answer)
{
	const char *domain = answer->argc ? answer->argv[0] : NULL;
	unsigned int found = 0;

	table_list(answer->table, NULL, NULL, TABLE_COLUMNS);
	for (const struct device *device = devices_first(answer->reporter->devices); device;
	     device = device->next) {
		if (domain && !is_of_domain(device, domain))
			continue;
		tell_xl_row(answer->table, device);
		found++;
	}
	table_end(answer->table);
	if (domain && !found)
		return complain(answer, EXIT_UNKNOWN,
				"no such domain: %s; 'splitvif show' lists those there are",
				domain);
	return 0;
}

struct fdb_call {
	struct bridge *bridge;
	uint64_t now_ms;
	struct worker *worker;
	struct fdb_entry entries[NETWORK_FDB_ENTRIES];
	const char *ports[NETWORK_FDB_ENTRIES];
	uint32_t nr;
};

static void fdb_on_worker(void *arg)
{
	struct fdb_call *call = arg;

	call->nr = fdb_list(bridge_fdb(call->bridge), call->worker->now_ms, call->entries,
			    NETWORK_FDB_ENTRIES);
	for (uint32_t i = 0; i < call->nr; i++) {
		const struct port *port = bridge_port(call->bridge, call->entries[i].port);

		call->ports[i] = port ? port->name : NULL;
	}
}

static void tell_fdb(struct answer *answer, const struct network *network, struct fdb_call *call)
{
	call->bridge = network->bridge;
	call->worker = answer->reporter->worker;
	worker_call(answer->reporter->worker, fdb_on_worker, call);
	for (uint32_t i = 0; i < call->nr; i++) {
		table_row(answer->table);
		tell_mac(answer->table, "mac", call->entries[i].mac);
		table_string(answer->table, "dev", "dev", call->ports[i]);
		table_string(answer->table, "br", "br", network->config.name);
		table_decimal(answer->table, "age", "age", (double)call->entries[i].age_ms / 1000,
			      1);
		table_end(answer->table);
	}
}

static int report_fdb(struct answer *answer)
{
	struct networks *networks = answer->reporter->networks;
	const char *bridge = NULL;
	struct fdb_call *call;

	if (answer->argc == 2 && !strcmp(answer->argv[0], "br"))
		bridge = answer->argv[1];
	else if (answer->argc)
		return complain(answer, EXIT_WORDS, "usage: fdb show [br BRIDGE]");
	if (bridge && (!*bridge || !network_find(networks, bridge)))
		return complain(answer, EXIT_UNKNOWN,
				"no such bridge: %s; 'splitvif show' lists those there are",
				bridge);
	call = calloc(1, sizeof(*call));
	if (!call)
		return complain(answer, EXIT_FAILED, "out of memory");
	table_list(answer->table, NULL, NULL, TABLE_COLUMNS);
	for (unsigned int i = 0; i < networks->nr; i++)
		if (!bridge || !strcmp(bridge, networks->list[i].config.name))
			tell_fdb(answer, &networks->list[i], call);
	table_end(answer->table);
	free(call);
	return 0;
}

static void tell(struct table *table, const char *name, const uint64_t *counter)
{
	table_number(table, name, name, counter_read(counter));
}

static void tell_drops(struct table *table, const char *prefix, const uint64_t *drops)
{
	char name[64];

	for (unsigned int i = 0; i < DROP_REASONS; i++) {
		snprintf(name, sizeof(name), "%s_%s", prefix, drop_reason_name(i));
		tell(table, name, &drops[i]);
	}
}

/* ethtool's words are the guest's: its tx is what comes from it. */
static void tell_port(struct table *table, const struct port_counters *c)
{
	tell(table, "from_guest_frames", &c->from.frames);
	tell(table, "from_guest_bytes", &c->from.bytes);
	tell(table, "from_guest_forwarded", &c->from.forwarded);
	table_number(table, "from_guest_dropped", "from_guest_dropped", counters_dropped_from(c));
	tell(table, "to_guest_intended", &c->to.intended);
	tell(table, "to_guest_frames", &c->to.frames);
	tell(table, "to_guest_bytes", &c->to.bytes);
	table_number(table, "to_guest_dropped", "to_guest_dropped", counters_dropped_to(c));
	tell(table, "csum_completed", &c->csum_completed);
	tell_drops(table, "from_guest_drop", c->from.drops);
	tell_drops(table, "to_guest_drop", c->to.drops);
}

static void tell_vif(struct table *table, const struct vif *vif)
{
	uint64_t irqs = counter_read(&vif->tx_channel.received) +
			counter_read(&vif->rx_channel.received);
	uint64_t kicks = counter_read(&vif->tx_channel.sent) + counter_read(&vif->rx_channel.sent);
	uint32_t granted, in_use;

	tell_port(table, &vif->port.counters);
	table_number(table, "irq", "irq", irqs);
	table_number(table, "kick", "kick", kicks);
	table_number(table, "merged", "merged",
		     vif->tx_channel.merged + vif->rx_channel.merged);
	tell(table, "suppressed", &vif->stats.suppressed);
	tell(table, "spurious", &vif->stats.spurious);
	tell(table, "rounds", &vif->item.rounds);
	tell(table, "empty_rounds", &vif->item.empty_rounds);
	tell(table, "rearm_races", &vif->stats.rearm_races);
	tell(table, "tx_requests", &vif->stats.tx_requests);
	tell(table, "tx_responses", &vif->stats.tx_responses);
	tell(table, "tx_errors", &vif->stats.tx_errors);
	tell(table, "rx_requests", &vif->stats.rx_requests);
	tell(table, "rx_responses", &vif->stats.rx_responses);
	tell(table, "rx_errors", &vif->stats.rx_errors);
	table_number(table, "queued", "queued", vif->backlog.frames);
	tell(table, "grant_copies", &vif->domain->copies);
	tell(table, "grant_copied_bytes", &vif->domain->copied_bytes);
	tell(table, "grant_borrows", &vif->domain->borrows);
	grant_census(&vif->domain->grants, &granted, &in_use);
	table_number(table, "grants", "grants", granted);
	table_number(table, "grants_in_use", "grants_in_use", in_use);
}

static int report_ethtool(struct answer *answer)
{
	const struct device *device;

	if (answer->argc != 2 || strcmp(answer->argv[0], "-S"))
		return complain(answer, EXIT_WORDS, "usage: ethtool -S VIF");
	device = devices_find(answer->reporter->devices, answer->argv[1]);
	if (!device)
		return no_such_vif(answer, answer->argv[1]);
	if (!device->vif)
		return complain(answer, EXIT_FAILED, "no statistics: %s: not connected (%s)",
				device->name, xenbus_state_name(device->state));
	table_object(answer->table, NULL, "NIC statistics:", TABLE_ETHTOOL);
	tell_vif(answer->table, device->vif);
	table_end(answer->table);
	return 0;
}

static void tell_stats_row(struct table *table, const char *name, const struct port_counters *c)
{
	table_row(table);
	table_string(table, "name", "port", name);
	table_number(table, "from_guest_frames", "from-guest", counter_read(&c->from.frames));
	table_number(table, "from_guest_bytes", "bytes", counter_read(&c->from.bytes));
	table_number(table, "from_guest_forwarded", "forwarded", counter_read(&c->from.forwarded));
	table_number(table, "from_guest_dropped", "dropped", counters_dropped_from(c));
	table_number(table, "to_guest_intended", "to-guest", counter_read(&c->to.intended));
	table_number(table, "to_guest_frames", "delivered", counter_read(&c->to.frames));
	table_number(table, "to_guest_bytes", "bytes", counter_read(&c->to.bytes));
	table_number(table, "to_guest_dropped", "dropped", counters_dropped_to(c));
	table_object(table, "drops", NULL, TABLE_FIELDS);
	tell_drops(table, "from", c->from.drops);
	tell_drops(table, "to", c->to.drops);
	table_end(table);
	table_end(table);
}

static int report_stats(struct answer *answer)
{
	struct networks *networks = answer->reporter->networks;
	const char *name = answer->argc ? answer->argv[0] : NULL;
	const struct device *only = name ? devices_find(answer->reporter->devices, name) : NULL;

	if (name && !only)
		return no_such_vif(answer, name);
	table_list(answer->table, NULL, NULL, TABLE_COLUMNS);
	for (const struct device *device = devices_first(answer->reporter->devices); device;
	     device = device->next)
		if (device->vif && (!only || only == device))
			tell_stats_row(answer->table, device->name, &device->vif->port.counters);
	for (unsigned int i = 0; !only && i < networks->nr; i++)
		if (networks->list[i].uplink.worker)
			tell_stats_row(answer->table, networks->list[i].config.tap,
				       &networks->list[i].uplink.tap.port.counters);
	table_end(answer->table);
	return 0;
}

struct ring_call {
	const struct vif *vif;
	struct ring tx, rx;
	uint32_t tx_shared[4], rx_shared[4]; /* req_prod, req_event, rsp_prod, rsp_event */
	struct poll_item item;
	uint32_t backlog;
};

static void ring_on_worker(void *arg)
{
	struct ring_call *call = arg;

	call->tx = call->vif->tx;
	call->rx = call->vif->rx;
	memcpy(call->tx_shared, call->tx.page, sizeof(call->tx_shared));
	memcpy(call->rx_shared, call->rx.page, sizeof(call->rx_shared));
	call->item = call->vif->item;
	call->backlog = call->vif->backlog.frames;
}

/* The lines of netback's io_ring_q0, and the same as an object. */
static void tell_ring(struct table *table, const char *key, const struct ring *ring,
		      const uint32_t shared[4])
{
	uint32_t req_prod = shared[0], req_event = shared[1];
	uint32_t rsp_prod = shared[2], rsp_event = shared[3];

	table_line(table, "req prod %u (%d) cons %u (%d) event %u (%d)", req_prod,
		   (int)(req_prod - rsp_prod), ring->in_cons, (int)(ring->in_cons - ring->produced),
		   req_event, (int)(req_event - rsp_prod));
	table_line(table, "rsp prod %u (base) pvt %u (%d) event %u (%d)", rsp_prod, ring->produced,
		   (int)(ring->produced - rsp_prod), rsp_event, (int)(rsp_event - rsp_prod));
	table_object(table, key, NULL, TABLE_FIELDS);
	table_number(table, "nr_ents", NULL, ring->mask + 1);
	table_number(table, "req_prod", NULL, req_prod);
	table_number(table, "req_cons", NULL, ring->in_cons);
	table_number(table, "req_event", NULL, req_event);
	table_number(table, "rsp_prod", NULL, rsp_prod);
	table_number(table, "rsp_prod_pvt", NULL, ring->produced);
	table_number(table, "rsp_event", NULL, rsp_event);
	table_end(table);
}

static int report_ring(struct answer *answer)
{
	const struct device *device;
	struct table *table = answer->table;
	struct ring_call call;
	unsigned int held;

	if (answer->argc != 1)
		return complain(answer, EXIT_WORDS, "usage: ring VIF");
	device = devices_find(answer->reporter->devices, answer->argv[0]);
	if (!device)
		return no_such_vif(answer, answer->argv[0]);
	if (!device->vif)
		return complain(answer, EXIT_FAILED, "no rings: %s: not connected (%s)",
				device->name, xenbus_state_name(device->state));
	call.vif = device->vif;
	worker_call(answer->reporter->worker, ring_on_worker, &call);
	held = call.tx.in_cons - call.tx.produced;
	table_object(table, NULL, NULL, TABLE_FIELDS);
	table_line(table, "Queue 0");
	table_line(table, "TX: nr_ents %u", call.tx.mask + 1);
	tell_ring(table, "tx", &call.tx, call.tx_shared);
	table_line(table, "pending prod %u pending cons %u nr_pending_reqs %u", call.tx.produced,
		   call.tx.in_cons, held);
	table_line(table, "dealloc prod %u dealloc cons %u dealloc_queue %u", call.tx.produced,
		   call.tx.produced, 0);
	table_line(table, "%s", "");
	table_line(table, "RX: nr_ents %u", call.rx.mask + 1);
	tell_ring(table, "rx", &call.rx, call.rx_shared);
	table_line(table, "%s", "");
	table_line(table, "NAPI state: %lx NAPI weight: %d TX queue len %u",
		   (unsigned long)call.item.scheduled, (int)call.item.weight, call.backlog);
	table_line(table, "Credit timer_pending: %d, credit: %lu, usec: %lu", 0, ~0ul, 0ul);
	table_line(table, "remaining: %lu, expires: %lu, now: %lu", ~0ul, 0ul,
		   (unsigned long)answer->reporter->worker->now_ms);
	table_number(table, "napi_weight", NULL, call.item.weight);
	table_number(table, "queued", NULL, call.backlog);
	table_end(table);
	return 0;
}

static const struct command {
	const char *word, *second; /* second: NULL if there is none */
	unsigned int max_args;
	int (*report)(struct answer *answer);
} commands[] = {
	{ "show", NULL, 0, report_show },
	{ "network-list", NULL, 1, report_network_list },
	{ "fdb", "show", 2, report_fdb },
	{ "ring", NULL, 1, report_ring },
	{ "stats", NULL, 1, report_stats },
	{ "ethtool", NULL, 2, report_ethtool },
};

static const struct command *command_find(unsigned int argc, char *const *argv)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		const struct command *command = &commands[i];

		if (!argc || strcmp(argv[0], command->word))
			continue;
		if (!command->second || (argc > 1 && !strcmp(argv[1], command->second)))
			return command;
	}
	return NULL;
}

static int answer_run(struct answer *answer, unsigned int argc, char *const *argv)
{
	const struct command *command = command_find(argc, argv);
	unsigned int words;

	if (!command)
		return complain(answer, EXIT_WORDS, "unknown command: %s; see 'splitvif -h'",
				argc ? argv[0] : "(none)");
	words = command->second ? 2 : 1;
	if (argc - words > command->max_args)
		return complain(answer, EXIT_WORDS, "too many words after '%s': %s; see 'splitvif -h'",
				command->word, argv[words + command->max_args]);
	answer->argc = argc - words;
	answer->argv = argv + words;
	return command->report(answer);
}

int report_answer(struct reporter *reporter, const struct ctl_request *request, char **text,
		  size_t *length)
{
	struct answer answer = { .reporter = reporter, .table = table_create() };
	enum table_format format = TABLE_TEXT;
	unsigned int options = 0;
	int code;

	*text = NULL;
	if (!answer.table)
		return EXIT_FAILED;
	for (; options < request->argc && !strncmp(request->argv[options], "--", 2); options++)
		if (!strcmp(request->argv[options], "--json") && format == TABLE_TEXT)
			format = TABLE_JSON;
		else if (!strcmp(request->argv[options], "--pretty"))
			format = TABLE_PRETTY;
	code = answer_run(&answer, request->argc - options, request->argv + options);
	if (!code && table_render(answer.table, format, text, length))
		code = complain(&answer, EXIT_FAILED, "out of memory");
	table_destroy(answer.table);
	if (code) {
		*text = strdup(answer.complaint);
		*length = strlen(answer.complaint);
	}
	return code;
}
