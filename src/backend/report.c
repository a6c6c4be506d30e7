#include "backend/report.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "backend/answer.h"
#include "backend/mac.h"

int answer_complain(struct answer *answer, int code, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vsnprintf(answer->complaint, sizeof(answer->complaint), format, list);
	va_end(list);
	return code;
}

int answer_no_such_vif(struct answer *answer, const char *name)
{
	return answer_complain(answer, EXIT_UNKNOWN,
			       "no such vif: %s; 'splitvif show' lists those there are", name);
}

const struct device *answer_connected_vif(struct answer *answer, const char *name, int *code)
{
	const struct device *device = devices_find(answer->reporter->devices, name);

	if (!device)
		*code = answer_no_such_vif(answer, name);
	else if (!device->vif)
		*code = answer_complain(answer, EXIT_FAILED,
					"not connected: %s: its state is %s%s%s", device->name,
					xenbus_state_name(device->state),
					device->broken ? ": " : "",
					device->broken ? device->reason : "");
	return device && device->vif ? device : NULL;
}

void answer_mac(struct table *table, const char *head, const uint8_t mac[6])
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
	char ip[INET_ADDRSTRLEN], uplink[NETWORK_UPLINK_BYTES];

	table_row(table);
	table_string(table, "name", "bridge", config->name);
	table_number(table, "mtu", "mtu", config->mtu);
	table_string(table, "uplink", "uplink", network_uplink_name(config, uplink));
	table_bool(table, "uplink_away", NULL, network_lacks_uplink(network));
	table_string(table, "ip", "address", ip_text(config->ip, ip));
	table_number(table, "prefix", NULL, config->prefix);
	table_number(table, "ports", "ports", bridge_ports(network->bridge));
	table_end(table);
}

/* In text the bridge's beside it where they differ. */
static void tell_mtu(struct table *table, const struct device *device)
{
	struct mtus mtus;
	bool differ = device_mtus(device, &mtus);

	table_number(table, "mtu", NULL, device->mtu);
	table_number(table, "guest_mtu", NULL, device->guest_mtu);
	table_bool(table, "mtu_differs", NULL, differ);
	if (!differ)
		table_printf(table, NULL, "mtu", "%u", device->mtu);
	else
		table_printf(table, NULL, "mtu", "%u (guest %u, bridge %u)", device->mtu,
			     device->guest_mtu, mtus.bridge);
}

static void tell_rate(struct table *table, const struct rate *rate)
{
	char text[RATE_TEXT_BYTES];

	table_number(table, "rate_bytes", NULL, rate->bytes);
	table_number(table, "rate_usecs", NULL, rate->usecs);
	if (rate->bytes)
		rate_print(rate, text);
	table_string(table, NULL, "rate", rate->bytes ? text : NULL);
}

/* Why a vif is not connected, where that is known. */
static const char *reason_of(const struct answer *answer, const struct device *device)
{
	if (device->reason[0])
		return device->reason;
	return report_is_suspended(answer->reporter, device->domid) ? "suspended" : NULL;
}

static void tell_device(const struct answer *answer, const struct device *device)
{
	struct table *table = answer->table;
	char ip[INET_ADDRSTRLEN];

	table_row(table);
	table_string(table, "name", "vif", device->name);
	table_printf(table, "vif", "as on Xen", "vif%u.%u", device->domid, device->devid);
	table_string(table, "bridge", "bridge",
		     device->network ? device->network->config.name : NULL);
	answer_mac(table, "mac", device->mac);
	table_string(table, "ip", "address", ip_text(device->ip, ip));
	tell_mtu(table, device);
	tell_rate(table, &device->rate);
	table_string(table, "state", "backend", xenbus_state_name(device->state));
	table_string(table, "frontend_state", "frontend",
		     xenbus_state_name(device->frontend_state));
	table_bool(table, "broken", NULL, device->broken);
	table_bool(table, "carrier", NULL, device->vif && !device->carrier_off);
	table_string(table, "reason", "reason", reason_of(answer, device));
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
		tell_device(answer, device);
	table_end(table);
	table_end(table);
	return 0;
}

static void tell_xl_row(struct table *table, const struct device *device)
{
	static const struct vif_queue_config none = { 0 };
	const struct vif_queue_config *queue = device->vif ? &device->vif->queues[0].config : &none;

	table_row(table);
	table_number(table, "idx", "Idx", device->devid);
	table_number(table, "backend_domid", "BE", 0);
	answer_mac(table, "Mac Addr.", device->mac);
	table_number(table, "handle", "handle", device->devid);
	table_number(table, "state", "state", device->state);
	table_number(table, "evtch", "evt-ch", queue->tx_port);
	table_printf(table, NULL, "tx-/rx-ring-ref", "%u/%u", queue->tx_ring_ref,
		     queue->rx_ring_ref);
	table_number(table, "tx_ring_ref", NULL, queue->tx_ring_ref);
	table_number(table, "rx_ring_ref", NULL, queue->rx_ring_ref);
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
	if (domain && !found && !domains_named(answer->reporter->domains, domain))
		return answer_complain(answer, EXIT_UNKNOWN,
				       "no such domain: %s; 'splitvif show' lists those there are",
				       domain);
	return 0;
}

static const struct command {
	const char *word, *second; /* second: NULL if there is none */
	unsigned int max_args;
	int (*report)(struct answer *answer);
} commands[] = {
	{ "show", NULL, 0, report_show },
	{ "list", NULL, 1, report_list },
	{ "domain-pack", NULL, 1, report_domain_pack },
	{ "domain-expect", NULL, 3 + VIFSPEC_DEVIDS, report_domain_expect },
	{ "domain-take-back", NULL, 1, report_domain_take_back },
	{ "domain-settle", NULL, 1, report_domain_settle },
	{ "domain-forget", NULL, 1, report_domain_forget },
	{ "network-list", NULL, 1, report_network_list },
	{ "fdb", "show", 2, report_fdb_show },
	{ "fdb", "stats", 2, report_fdb_stats },
	{ "ring", NULL, 2, report_ring },
	{ "stats", NULL, 1, report_stats },
	{ "ethtool", NULL, 2 + 2 * TUNING_WORDS, report_ethtool },
	{ "network-attach", NULL, 7, report_network_attach },
	{ "network-detach", NULL, 2, report_network_detach },
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
		return answer_complain(answer, EXIT_WORDS, "unknown command: %s; see 'splitvif -h'",
				       argc ? argv[0] : "(none)");
	words = command->second ? 2 : 1;
	if (argc - words > command->max_args)
		return answer_complain(answer, EXIT_WORDS,
				       "too many words after '%s': %s; see 'splitvif -h'",
				       command->word, argv[words + command->max_args]);
	answer->argc = argc - words;
	answer->argv = argv + words;
	return command->report(answer);
}

int report_answer(struct reporter *reporter, const struct ctl_request *request, char **text,
		  size_t *length, struct report_wait *wait)
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
		code = answer_complain(&answer, EXIT_FAILED, "out of memory");
	table_destroy(answer.table);
	*wait = answer.wait;
	if (code) {
		*text = strdup(answer.complaint);
		*length = strlen(answer.complaint);
	}
	return code;
}
