#include "backend/answer.h"

#include <stdio.h>
#include <string.h>

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

/* Before a frame cost more than a look at it, and after it was copied: the two
 * are never added up, since the late ones are work for nothing. */
static void tell_early_and_late(struct table *table, const uint64_t *drops)
{
	table_number(table, "to_guest_drops_early", "to_guest_drops_early",
		     counter_read(&drops[DROP_STALLED]) + counter_read(&drops[DROP_QUEUE_FULL]) +
			     counter_read(&drops[DROP_TOO_BIG]));
	table_number(table, "to_guest_drops_late", "to_guest_drops_late",
		     counter_read(&drops[DROP_NO_RX_BUFFER]) + counter_read(&drops[DROP_BAD_GREF]));
}

/* ethtool's words are the guest's: its tx is what comes from it. */
static void tell_port(struct table *table, const struct port *port)
{
	struct port_counters total;
	const struct port_counters *c = &total;

	port_total(port, &total);
	tell(table, "from_guest_frames", &c->from.frames);
	tell(table, "from_guest_bytes", &c->from.bytes);
	tell(table, "from_guest_forwarded", &c->from.forwarded);
	table_number(table, "from_guest_dropped", "from_guest_dropped", counters_dropped_from(c));
	tell(table, "to_guest_intended", &c->to.intended);
	tell(table, "to_guest_frames", &c->to.frames);
	tell(table, "to_guest_bytes", &c->to.bytes);
	table_number(table, "to_guest_dropped", "to_guest_dropped", counters_dropped_to(c));
	tell(table, "csum_completed", &c->csum_completed);
	tell(table, "csum_passed", &c->csum_passed);
	tell(table, "gso_passed", &c->gso_passed);
	tell(table, "gso_cut", &c->gso_cut);
	tell(table, "gso_segments", &c->gso_segments);
	tell_early_and_late(table, c->to.drops);
	tell_drops(table, "from_guest_drop", c->from.drops);
	tell_drops(table, "to_guest_drop", c->to.drops);
}

/* What GRO merged, and what it left because merging would have lost it. */
static void tell_merges(struct table *table, const struct port *port)
{
	struct merge_counters total;
	char name[64];

	port_merge_total(port, &total);
	tell(table, "gro_segments", &total.segments);
	tell(table, "gro_merged", &total.merged);
	for (unsigned int i = 0; i < MERGE_LOSSES; i++) {
		snprintf(name, sizeof(name), "gro_refused_%s", merge_loss_name(i));
		tell(table, name, &total.refused[i]);
	}
}

/* Buckets: 0, 1, 2-3, 4-7 and so on. */
static void tell_frames_per_round(struct table *table, const uint64_t *per_round)
{
	char name[64];

	for (unsigned int i = 0; i < POLL_BUCKETS; i++) {
		if (i < 2)
			snprintf(name, sizeof(name), "frames_per_round_%u", i);
		else if (i < POLL_BUCKETS - 1)
			snprintf(name, sizeof(name), "frames_per_round_%u_%u", 1u << (i - 1),
				 (1u << i) - 1);
		else
			snprintf(name, sizeof(name), "frames_per_round_%u_up", 1u << (i - 1));
		tell(table, name, &per_round[i]);
	}
}

static void tell_queues(struct table *table, const struct vif *vif)
{
	struct vif_totals totals;

	vif_totals(vif, &totals);
	table_number(table, "irq", "irq", totals.irqs);
	table_number(table, "kick", "kick", totals.kicks);
	table_number(table, "merged", "merged", totals.merged);
	tell(table, "suppressed", &totals.suppressed);
	tell(table, "delayed", &totals.delayed);
	tell(table, "spurious", &totals.spurious);
	tell(table, "late", &totals.late);
	tell(table, "rounds", &totals.rounds);
	tell(table, "empty_rounds", &totals.empty_rounds);
	tell_frames_per_round(table, totals.per_round);
	tell(table, "rearm_races", &totals.rearm_races);
	tell(table, "deferrals", &totals.deferrals);
	tell(table, "throttlings", &totals.throttlings);
	tell(table, "handovers", &vif->queues[0].worker->polls.handovers);
	tell(table, "tx_requests", &totals.stats.tx_requests);
	tell(table, "tx_responses", &totals.stats.tx_responses);
	tell(table, "tx_errors", &totals.stats.tx_errors);
	tell(table, "tx_credit_bytes", &vif->config.rate.bytes);
	tell(table, "tx_credit_usecs", &vif->config.rate.usecs);
	tell(table, "tx_credit_waits", &totals.stats.credit_waits);
	tell(table, "rx_requests", &totals.stats.rx_requests);
	tell(table, "rx_responses", &totals.stats.rx_responses);
	tell(table, "rx_errors", &totals.stats.rx_errors);
	table_number(table, "queued", "queued", totals.queued);
	tell(table, "grant_copies", &totals.stats.copies);
	tell(table, "grant_copied_bytes", &totals.stats.copied_bytes);
	tell(table, "grant_borrows", &totals.stats.borrows);
}

/* How the work is shared out. */
static void tell_each_queue(struct table *table, const struct vif *vif)
{
	char name[48];

	for (unsigned int i = 0; i < vif->nr_queues; i++) {
		const struct vif_queue_stats *stats = &vif->queues[i].stats;

		snprintf(name, sizeof(name), "queue_%u_tx_requests", i);
		tell(table, name, &stats->tx_requests);
		snprintf(name, sizeof(name), "queue_%u_rx_responses", i);
		tell(table, name, &stats->rx_responses);
	}
}

static void tell_vif(struct table *table, const struct vif *vif)
{
	uint32_t granted, in_use;

	tell_port(table, &vif->port);
	tell_merges(table, &vif->port);
	tell_queues(table, vif);
	if (vif->nr_queues > 1)
		tell_each_queue(table, vif);
	grant_census(&vif->domain->grants, &granted, &in_use);
	table_number(table, "grants", "grants", granted);
	table_number(table, "grants_in_use", "grants_in_use", in_use);
}

static int ethtool_statistics(struct answer *answer, const char *name)
{
	int code;
	const struct device *device = answer_connected_vif(answer, name, &code);

	if (!device)
		return code;
	table_object(answer->table, NULL, "NIC statistics:", TABLE_ETHTOOL);
	tell_vif(answer->table, device->vif);
	table_end(answer->table);
	return 0;
}

static int ethtool_features(struct answer *answer, const char *name)
{
	const struct device *device = devices_find(answer->reporter->devices, name);

	if (!device)
		return answer_no_such_vif(answer, name);
	table_object(answer->table, NULL, NULL, TABLE_FIELDS);
	table_line(answer->table, "Features for %s:", device->name);
	for (int i = 0; i < OFFLOADS; i++)
		table_string(answer->table, offload_name(i), offload_name(i),
			     device->offloads & 1u << i ? "on" : "off");
	table_end(answer->table);
	return 0;
}

/* All or nothing: every word is understood before one is obeyed. */
static int ethtool_set_features(struct answer *answer, const char *name)
{
	struct device *device = devices_find(answer->reporter->devices, name);
	uint32_t offloads;

	if (!device)
		return answer_no_such_vif(answer, name);
	offloads = device->offloads;
	for (unsigned int i = 2; i + 1 < answer->argc; i += 2) {
		int offload = offload_parse(answer->argv[i]);
		bool on = !strcmp(answer->argv[i + 1], "on");

		if (offload < 0 || (!on && strcmp(answer->argv[i + 1], "off")))
			return answer_complain(
				answer, EXIT_WORDS,
				"cannot set '%s %s': %s: rx, tx, sg, tso, gso or gro, "
				"and on or off, are wanted",
				answer->argv[i], answer->argv[i + 1], device->name);
		offloads = on ? offloads | 1u << offload : offloads & ~(1u << offload);
	}
	devices_set_offloads(answer->reporter->devices, device, offloads);
	table_object(answer->table, NULL, NULL, TABLE_FIELDS); /* nothing to say */
	table_end(answer->table);
	return 0;
}

int report_ethtool(struct answer *answer)
{
	const char *option = answer->argc ? answer->argv[0] : "";

	if (answer->argc == 2 && !strcmp(option, "-S"))
		return ethtool_statistics(answer, answer->argv[1]);
	if (answer->argc == 2 && !strcmp(option, "-k"))
		return ethtool_features(answer, answer->argv[1]);
	if (answer->argc == 2 && !strcmp(option, "-c"))
		return report_coalesce(answer, answer->argv[1]);
	if (answer->argc >= 4 && answer->argc % 2 == 0 && !strcmp(option, "-K"))
		return ethtool_set_features(answer, answer->argv[1]);
	if (answer->argc >= 4 && answer->argc % 2 == 0 && !strcmp(option, "-C"))
		return report_set_coalesce(answer, answer->argv[1]);
	return answer_complain(answer, EXIT_WORDS,
			       "usage: ethtool -S|-k|-c VIF, or ethtool -K VIF FEATURE on|off ..., "
			       "or ethtool -C VIF WORD VALUE ...");
}

static void tell_stats_row(struct table *table, const char *name, const struct port *port)
{
	struct port_counters total;
	const struct port_counters *c = &total;

	port_total(port, &total);
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

int report_stats(struct answer *answer)
{
	struct networks *networks = answer->reporter->networks;
	const char *name = answer->argc ? answer->argv[0] : NULL;
	const struct device *only = name ? devices_find(answer->reporter->devices, name) : NULL;

	if (name && !only)
		return answer_no_such_vif(answer, name);
	table_list(answer->table, NULL, NULL, TABLE_COLUMNS);
	for (const struct device *device = devices_first(answer->reporter->devices); device;
	     device = device->next)
		if (device->vif && (!only || only == device))
			tell_stats_row(answer->table, device->name, &device->vif->port);
	for (unsigned int i = 0; !only && i < networks->nr; i++) {
		const struct port *port = network_uplink_port(&networks->list[i]);

		if (port)
			tell_stats_row(answer->table, port->name, port);
	}
	table_end(answer->table);
	return 0;
}
