#include "backend/answer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* ethtool's lines: its labels, each with our word, or none where we lack it. */
static const struct row {
	const char *key, *label;
	int word; /* LACKING, GAP, or a tuning word */
} rows[] = {
#define LACKING (-1)
#define GAP (-2)
	{ "stats-block-usecs", "stats-block-usecs", LACKING },
	{ "sample-interval", "sample-interval", TUNING_SAMPLE_INTERVAL },
	{ "pkt-rate-low", "pkt-rate-low", TUNING_RATE_LOW },
	{ "pkt-rate-high", "pkt-rate-high", TUNING_RATE_HIGH },
	{ NULL, NULL, GAP },
	{ "rx-usecs", "rx-usecs", TUNING_RX_USECS },
	{ "rx-frames", "rx-frames", TUNING_RX_FRAMES },
	{ "rx-usecs-irq", "rx-usecs-irq", TUNING_RX_USECS_IRQ },
	{ "rx-frames-irq", "rx-frames-irq", TUNING_RX_FRAMES_IRQ },
	{ NULL, NULL, GAP },
	{ "tx-usecs", "tx-usecs", TUNING_TX_USECS },
	{ "tx-frames", "tx-frames", TUNING_TX_FRAMES },
	{ "tx-usecs-irq", "tx-usecs-irq", TUNING_TX_USECS_IRQ },
	{ "tx-frames-irq", "tx-frames-irq", TUNING_TX_FRAMES_IRQ },
	{ NULL, NULL, GAP },
	{ "rx-usecs-low", "rx-usecs-low", TUNING_RX_USECS_LOW },
	{ "rx-frames-low", "rx-frame-low", TUNING_RX_FRAMES_LOW },
	{ "tx-usecs-low", "tx-usecs-low", TUNING_TX_USECS_LOW },
	{ "tx-frames-low", "tx-frame-low", TUNING_TX_FRAMES_LOW },
	{ NULL, NULL, GAP },
	{ "rx-usecs-high", "rx-usecs-high", TUNING_RX_USECS_HIGH },
	{ "rx-frames-high", "rx-frame-high", TUNING_RX_FRAMES_HIGH },
	{ "tx-usecs-high", "tx-usecs-high", TUNING_TX_USECS_HIGH },
	{ "tx-frames-high", "tx-frame-high", TUNING_TX_FRAMES_HIGH },
	{ NULL, NULL, GAP },
	{ "cqe-mode-rx", NULL, LACKING }, /* one line of two */
	{ "cqe-mode-tx", NULL, LACKING },
	{ "tx-aggr-max-bytes", NULL, LACKING },
};

/* Ours, below ethtool's. */
static const enum tuning_word ours[] = {
	TUNING_RX_URGENT,	  TUNING_NAPI_WEIGHT,	TUNING_NAPI_BUDGET,
	TUNING_NAPI_BUDGET_USECS, TUNING_NAPI_COMPLETE, TUNING_DEFER_HARD_IRQS,
	TUNING_GRO_FLUSH_TIMEOUT, TUNING_SPIN_USECS,	TUNING_GUEST_WEIGHT,
	TUNING_GUEST_COMPLETE,	  TUNING_GUEST_DEFER,	TUNING_GUEST_FLUSH_TIMEOUT,
	TUNING_GUEST_SPIN_USECS,
};

/* The controller's choice of the moment; of several queues, the longest. */
static uint32_t usecs_chosen(const struct vif *vif)
{
	uint32_t most = 0;

	for (unsigned int i = 0; i < vif->nr_queues; i++) {
		uint32_t usecs = load_relaxed(&vif->queues[i].rx_edge.adaptive.usecs);

		most = usecs > most ? usecs : most;
	}
	return most;
}

/* Where a controller rules, what it chose; of a whole worker's budget, the one
 * that was set last, by whichever vif of it. */
static void in_force(const struct device *device, struct tuning *tuning)
{
	const struct vif *vif = device->vif;

	*tuning = device->tuning;
	if (!vif)
		return;
	if (tuning_is_adaptive(tuning, TUNING_RX)) {
		tuning->value[TUNING_RX_USECS] = usecs_chosen(vif);
		tuning->value[TUNING_RX_FRAMES] = !tuning->value[TUNING_RX_USECS];
	}
	tuning->value[TUNING_NAPI_BUDGET] = load_relaxed(&vif->queues[0].worker->polls.budget);
	tuning->value[TUNING_NAPI_BUDGET_USECS] =
		load_relaxed(&vif->queues[0].worker->polls.budget_usecs);
}

static void tell_value(struct table *table, const struct tuning *tuning, enum tuning_word word,
		       const char *label)
{
	const char *key = tuning_word_name(word);
	char text[16];

	tuning_value_text(tuning, word, text, sizeof(text));
	if (!tuning_is_switch(word) && text[0] >= '0' && text[0] <= '9') {
		table_number(table, key, label, tuning_value(tuning, word));
		return;
	}
	if (label)
		table_line(table, "%s: %s", label, text);
	if (tuning_is_switch(word))
		table_bool(table, key, NULL, tuning_value(tuning, word));
	else
		table_string(table, key, NULL, text);
}

static void tell_rows(struct table *table, const struct tuning *tuning)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];

		if (row->word == GAP) {
			table_line(table, "%s", "");
		} else if (row->word == LACKING) {
			if (row->label)
				table_line(table, "%s: n/a", row->label);
			table_string(table, row->key, NULL, NULL);
		} else {
			tell_value(table, tuning, (enum tuning_word)row->word, row->label);
		}
	}
}

static const char *on_off(const struct tuning *tuning, enum tuning_edge edge)
{
	return tuning_is_adaptive(tuning, edge) ? "on" : "off";
}

int report_coalesce(struct answer *answer, const char *name)
{
	const struct device *device = devices_find(answer->reporter->devices, name);
	struct table *table = answer->table;
	struct tuning tuning;

	if (!device)
		return answer_no_such_vif(answer, name);
	in_force(device, &tuning);
	table_object(table, NULL, NULL, TABLE_FIELDS);
	table_string(table, "ifname", NULL, device->name);
	table_line(table, "Coalesce parameters for %s:", device->name);
	table_line(table, "Adaptive RX: %s  TX: %s", on_off(&tuning, TUNING_RX),
		   on_off(&tuning, TUNING_TX));
	tell_value(table, &tuning, TUNING_ADAPTIVE_RX, NULL);
	tell_value(table, &tuning, TUNING_ADAPTIVE_TX, NULL);
	tell_rows(table, &tuning);
	table_line(table, "CQE mode RX: n/a  TX: n/a");
	table_line(table, "tx-aggr-max-bytes: n/a"); /* these as ethtool 6.3 has them */
	tell_value(table, &tuning, TUNING_TX_AGGR_FRAMES, "tx-aggr-max-frames");
	tell_value(table, &tuning, TUNING_TX_AGGR_USECS, "tx-aggr-time-usecs");
	table_line(table, "%s", "");
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		tell_value(table, &tuning, ours[i], tuning_word_name(ours[i]));
	table_end(table);
	return 0;
}

static bool is_lacking(const char *key)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].word == LACKING && !strcmp(rows[i].key, key))
			return true;
	return false;
}

static int set_word(struct answer *answer, const char *vif, const char *key, const char *text,
		    struct tuning *tuning, uint64_t *named)
{
	int word = tuning_word_parse(key);
	char range[32];

	if (is_lacking(key))
		return answer_complain(answer, EXIT_FAILED,
				       "cannot set '%s': %s: netlink error: cannot modify an "
				       "unsupported parameter; 'splitvif ethtool -c %s' lists them",
				       key, vif, vif);
	if (word < 0)
		return answer_complain(answer, EXIT_WORDS,
				       "cannot set '%s': %s: unknown parameter; 'splitvif ethtool "
				       "-c %s' lists them",
				       key, vif, vif);
	*named |= 1ull << word;
	if (!tuning_set(tuning, (enum tuning_word)word, text))
		return 0;
	tuning_range_text((enum tuning_word)word, range, sizeof(range));
	return answer_complain(answer, EXIT_WORDS,
			       "cannot set '%s %s': %s: invalid value; %s is meant", key, text, vif,
			       range);
}

/* A student who types rx-usecs has to see why it has an effect. */
static void tell_settled(struct answer *answer, uint64_t off)
{
	if (off & 1ull << TUNING_ADAPTIVE_RX)
		table_line(answer->table, "adaptive-rx is off now, since rx-usecs or rx-frames was "
					  "set; 'adaptive-rx on' turns it on again");
	if (off & 1ull << TUNING_ADAPTIVE_TX)
		table_line(answer->table, "adaptive-tx is off now, since tx-usecs or tx-frames was "
					  "set; 'adaptive-tx on' turns it on again");
}

int report_set_coalesce(struct answer *answer, const char *name)
{
	struct device *device = devices_find(answer->reporter->devices, name);
	struct tuning tuning;
	uint64_t named = 0, off;
	const char *why;
	int code = 0;

	if (!device)
		return answer_no_such_vif(answer, name);
	tuning = device->tuning;
	for (unsigned int i = 2; !code && i + 1 < answer->argc; i += 2)
		code = set_word(answer, device->name, answer->argv[i], answer->argv[i + 1], &tuning,
				&named);
	if (code)
		return code;
	off = tuning_settle(&tuning, named);
	if (tuning_check(&tuning, &why))
		return answer_complain(answer, EXIT_FAILED,
				       "cannot set: %s: %s: the guest would never be told; give "
				       "usecs or frames a value (netlink error: Invalid argument)",
				       device->name, why);
	if (devices_set_tuning(answer->reporter->devices, device, &tuning))
		return answer_complain(answer, EXIT_FAILED,
				       "cannot set: %s: the store refuses; see the daemon's log",
				       device->name);
	table_object(answer->table, NULL, NULL, TABLE_FIELDS);
	tell_settled(answer, off);
	table_end(answer->table);
	return 0;
}
