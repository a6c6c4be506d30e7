/*
 * Within the reports: one request being answered, and what its parts share.
 */
#ifndef BACKEND_ANSWER_H
#define BACKEND_ANSWER_H

#include "backend/report.h"
#include "backend/table.h"

enum { EXIT_FAILED = 1, EXIT_WORDS = 2, EXIT_UNKNOWN = 4, COMPLAINT_BYTES = 512 };

struct answer {
	struct reporter *reporter;
	struct table *table;
	unsigned int argc;
	char *const *argv; /* behind the options and the command's own words */
	char complaint[COMPLAINT_BYTES];
	struct report_wait wait;
};

/* Notes the one line of a refusal; returns the code. */
int answer_complain(struct answer *answer, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The vif that the first remaining word names, if it is connected; else NULL
 * and *code. */
const struct device *answer_connected_vif(struct answer *answer, const char *name, int *code);
int answer_no_such_vif(struct answer *answer, const char *name);

/* A "mac", under that heading. */
void answer_mac(struct table *table, const char *head, const uint8_t mac[6]);

/* The bridges' forwarding databases: "fdb show [br BRIDGE]", and how
 * they fared, "fdb stats [br BRIDGE]". */
int report_fdb_show(struct answer *answer);
int report_fdb_stats(struct answer *answer);

/* The VMs. */
int report_list(struct answer *answer);
/* Of a migration, asked by `splitvif domain-migrate`: "domain-pack DOM", a line a
 * vif (luggage.h); "domain-expect DOM BRIDGE SECONDS LINE...", where the VM is to go;
 * "domain-take-back DOM", where it is not to come after all; "domain-settle DOM",
 * where it came; "domain-forget DOM", where it is no longer. */
int report_domain_pack(struct answer *answer);
int report_domain_expect(struct answer *answer);
int report_domain_take_back(struct answer *answer);
int report_domain_settle(struct answer *answer);
int report_domain_forget(struct answer *answer);
/* What the frontend says of its domain, having been told to suspend. */
bool report_is_suspended(const struct reporter *reporter, uint16_t domid);

/* Attaching and detaching vifs. */
int report_network_attach(struct answer *answer);
int report_network_detach(struct answer *answer);

/* The reports on single vifs. */
int report_stats(struct answer *answer);
int report_ethtool(struct answer *answer);
int report_ring(struct answer *answer);
/* ethtool -c, -C: argv[1] is the vif's name, words and values follow it. */
int report_coalesce(struct answer *answer, const char *name);
int report_set_coalesce(struct answer *answer, const char *name);

#endif
