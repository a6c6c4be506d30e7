#include "backend/answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/luggage.h"
#include "store/xenbus.h"

enum { LONGEST_WAY_S = 3600 + 60 }; /* --timeout, and a little more */

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
		     report_is_suspended(answer->reporter, domain->domid) ? "suspended"
									  : "running");
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

int report_domain_pack(struct answer *answer)
{
	char text[LUGGAGE_BYTES];

	if (!answer->argc)
		return answer_complain(answer, EXIT_WORDS, "usage: domain-pack DOM");
	table_object(answer->table, NULL, NULL, TABLE_FIELDS);
	for (const struct device *device = devices_first(answer->reporter->devices); device;
	     device = device->next) {
		if (strcmp(device->domain_name, answer->argv[0]) != 0 || device->leaving)
			continue;
		luggage_pack(answer->reporter->toolstack, device, text);
		table_line(answer->table, "%s", text);
	}
	table_end(answer->table);
	return 0;
}

static void tell_nothing(struct answer *answer)
{
	table_object(answer->table, NULL, NULL, TABLE_FIELDS);
	table_end(answer->table);
}

/* A name that is alive here has what it has. */
static int check_absent(struct answer *answer)
{
	const struct domain_info *domain =
		domains_named(answer->reporter->domains, answer->argv[0]);

	tell_nothing(answer);
	if (domain && !strcmp(domain->name, answer->argv[0])) /* not by its number */
		return answer_complain(answer, EXIT_FAILED,
				       "a VM of that name is there; stop one of them");
	return 0;
}

int report_domain_expect(struct answer *answer)
{
	struct toolstack *toolstack = answer->reporter->toolstack;
	char error[VIFSPEC_ERROR_BYTES];
	unsigned long seconds;
	int code;

	if (answer->argc < 3 || (seconds = strtoul(answer->argv[2], NULL, 10)) == 0 ||
	    seconds > LONGEST_WAY_S)
		return answer_complain(answer, EXIT_WORDS,
				       "usage: domain-expect DOM BRIDGE SECONDS LINE...");
	code = check_absent(answer);
	if (code)
		return code;
	luggage_take_back(toolstack, answer->argv[0]); /* of an attempt whose end nobody saw */
	if (arrivals_expect(answer->reporter->arrivals, answer->argv[0],
			    (unsigned int)seconds * 1000))
		return answer_complain(answer, EXIT_FAILED, "out of memory");
	for (unsigned int i = 3; !code && i < answer->argc; i++)
		if (luggage_unpack(toolstack, answer->argv[0], answer->argv[1], answer->argv[i],
				   error))
			code = answer_complain(answer, EXIT_FAILED, "%s", error);
	if (code)
		luggage_take_back(toolstack, answer->argv[0]);
	return code;
}

/* Of a domain that is not here. */
static int drop(struct answer *answer,
		void (*luggage_drop)(struct toolstack *toolstack, const char *domain))
{
	int code;

	if (!answer->argc)
		return answer_complain(answer, EXIT_WORDS,
				       "usage: domain-forget|domain-take-back DOM");
	code = check_absent(answer);
	if (!code)
		luggage_drop(answer->reporter->toolstack, answer->argv[0]);
	return code;
}

int report_domain_take_back(struct answer *answer)
{
	return drop(answer, luggage_take_back);
}

int report_domain_settle(struct answer *answer)
{
	if (!answer->argc)
		return answer_complain(answer, EXIT_WORDS, "usage: domain-settle DOM");
	tell_nothing(answer);
	luggage_settle(answer->reporter->toolstack, answer->argv[0]);
	return 0;
}

int report_domain_forget(struct answer *answer)
{
	return drop(answer, luggage_forget);
}
