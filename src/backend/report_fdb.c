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

static void tell_fdb(struct answer *answer, const struct network *network, struct fdb_call *call)
{
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

int report_fdb_show(struct answer *answer)
{
	struct networks *networks = answer->reporter->networks;
	const char *bridge = NULL;
	struct fdb_call *call;

	if (answer->argc == 2 && !strcmp(answer->argv[0], "br"))
		bridge = answer->argv[1];
	else if (answer->argc)
		return answer_complain(answer, EXIT_WORDS, "usage: fdb show [br BRIDGE]");
	if (bridge && (!*bridge || !network_find(networks, bridge)))
		return answer_complain(answer, EXIT_UNKNOWN,
				       "no such bridge: %s; 'splitvif show' lists those there are",
				       bridge);
	call = calloc(1, sizeof(*call));
	if (!call)
		return answer_complain(answer, EXIT_FAILED, "out of memory");
	table_list(answer->table, NULL, NULL, TABLE_COLUMNS);
	for (unsigned int i = 0; i < networks->nr; i++)
		if (!bridge || !strcmp(bridge, networks->list[i].config.name))
			tell_fdb(answer, &networks->list[i], call);
	table_end(answer->table);
	free(call);
	return 0;
}
