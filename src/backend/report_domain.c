#include "backend/answer.h"

#include <stdio.h>

#include "store/xenbus.h"

bool report_is_suspended(const struct reporter *reporter, uint16_t domid)
{
	char path[64], value[2];

	snprintf(path, sizeof(path), "/local/domain/%u/" XENBUS_CONTROL_SUSPENDED, domid);
	return store_read(reporter->toolstack->store, STORE_NO_TRANSACTION, path, value,
			  sizeof(value)) == 1 &&
	       value[0] == '1';
}

static unsigned int count_vifs(const struct reporter *reporter, uint16_t domid)
{
	unsigned int n = 0;

	for (const struct device *device = devices_first(reporter->devices); device;
	     device = device->next)
		n += device->domid == domid;
	return n;
}

static void tell_domain(struct answer *answer, const struct domain_info *domain)
{
	struct table *table = answer->table;

	table_row(table);
	table_string(table, "name", "Name", domain->name);
	table_number(table, "domid", "ID", domain->domid);
	table_number(table, "vifs", "vifs", count_vifs(answer->reporter, domain->domid));
	table_string(table, "state", "State",
		     report_is_suspended(answer->reporter, domain->domid) ? "suspended" : "running");
	table_number(table, "pid", "pid", (uint64_t)domain->pid);
	table_end(table);
}

int report_list(struct answer *answer)
{
	struct domains *domains = answer->reporter->domains;
	const struct domain_info *only = NULL;

	if (answer->argc && !(only = domains_named(domains, answer->argv[0])))
		return answer_complain(answer, EXIT_UNKNOWN,
				       "no such domain: %s; 'splitvif list' shows those there are",
				       answer->argv[0]);
	table_list(answer->table, NULL, NULL, TABLE_COLUMNS);
	for (const struct domain_info *domain = domains_next(domains, NULL); domain;
	     domain = domains_next(domains, domain))
		if (!only || only == domain)
			tell_domain(answer, domain);
	table_end(answer->table);
	return 0;
}
