#include "backend/answer.h"

#include <stdlib.h>
#include <string.h>

struct fdb_call {
	struct bridge *bridge;
	uint64_t now_ms;
	struct fdb_entry entries[NETWORK_FDB_ENTRIES_MAX];
	const char *ports[NETWORK_FDB_ENTRIES_MAX];
	uint32_t nr;
};

/* Ports come and go by this very thread. */
static void fdb_read(struct fdb_call *call)
{
	call->nr = fdb_list(bridge_fdb(call->bridge), call->now_ms, call->entries,
			    NETWORK_FDB_ENTRIES_MAX);
	for (uint32_t i = 0; i < call->nr; i++) {
		const struct port *port = bridge_port(call->bridge, call->entries[i].port);

		call->ports[i] = port ? port->name : NULL;
	}
}

static void tell_fdb(struct answer *answer, const struct network *network, void *arg)
{
	struct fdb_call *call = arg;

	call->bridge = network->bridge;
	call->now_ms = worker_clock_ms();
	fdb_read(call);
	for (uint32_t i = 0; i < call->nr; i++) {
		table_row(answer->table);
		answer_mac(answer->table, "mac", call->entries[i].mac);
		table_string(answer->table, "dev", "dev", call->ports[i]);
		table_string(answer->table, "br", "br", network->config.name);
		table_decimal(answer->table, "age", "age", (double)call->entries[i].age_ms / 1000,
			      1);
		table_end(answer->table);
	}
}

/* The bridge that the words name; NULL: all of them. 0, or the code of what is
 * wrong with them. */
static int named_bridge(struct answer *answer, const char *usage, const char **bridge)
{
	*bridge = NULL;
	if (answer->argc == 2 && !strcmp(answer->argv[0], "br"))
		*bridge = answer->argv[1];
	else if (answer->argc)
		return answer_complain(answer, EXIT_WORDS, "usage: %s", usage);
	if (*bridge && (!**bridge || !network_find(answer->reporter->networks, *bridge)))
		return answer_complain(answer, EXIT_UNKNOWN,
				       "no such bridge: %s; 'splitvif show' lists those there are",
				       *bridge);
	return 0;
}

/* Tells of each that is meant. */
static void for_each_bridge(struct answer *answer, const char *bridge,
			    void (*tell_one)(struct answer *answer, const struct network *network,
					     void *arg),
			    void *arg)
{
	const struct networks *networks = answer->reporter->networks;

	table_list(answer->table, NULL, NULL, TABLE_COLUMNS);
	for (unsigned int i = 0; i < networks->nr; i++)
		if (!bridge || !strcmp(bridge, networks->list[i].config.name))
			tell_one(answer, &networks->list[i], arg);
	table_end(answer->table);
}

int report_fdb_show(struct answer *answer)
{
	const char *bridge;
	int code = named_bridge(answer, "fdb show [br BRIDGE]", &bridge);
	struct fdb_call *call = code ? NULL : calloc(1, sizeof(*call));

	if (code)
		return code;
	if (!call)
		return answer_complain(answer, EXIT_FAILED, "out of memory");
	for_each_bridge(answer, bridge, tell_fdb, call);
	free(call);
	return 0;
}

static void tell_stats(struct answer *answer, const struct network *network, void *arg)
{
	struct bridge_stats stats;

	(void)arg;
	bridge_stats(network->bridge, &stats);
	table_row(answer->table);
	table_string(answer->table, "br", "br", network->config.name);
	table_number(answer->table, "entries", "entries", stats.fdb.entries);
	table_number(answer->table, "learned", "learned", stats.fdb.learned);
	table_number(answer->table, "moved", "moved", stats.fdb.moved);
	table_number(answer->table, "aged", "aged", stats.fdb.aged);
	table_number(answer->table, "refused", "refused", stats.fdb.refused);
	table_number(answer->table, "macs", "most of a port", network->config.macs);
	table_end(answer->table);
}

int report_fdb_stats(struct answer *answer)
{
	const char *bridge;
	int code = named_bridge(answer, "fdb stats [br BRIDGE]", &bridge);

	if (!code)
		for_each_bridge(answer, bridge, tell_stats, NULL);
	return code;
}
