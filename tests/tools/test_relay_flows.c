/*
 * What a relay takes for broken: numbers twice, late, by another queue.
 */
#include "support/unit.h"

#include "bench/relay_flows.h"

enum { VMS = 3, QUEUES = 2 };

#define NUMBER(flow, n) ((uint64_t)(flow) << RELAY_FLOW_SHIFT | (n))

static void arrivals_are_judged(void **state)
{
	/* In this order; flows of VMs do not touch one another. */
	static const struct {
		const char *name;
		unsigned int from, queue;
		uint64_t number;
		unsigned int what;
	} cases[] = {
		{ "the first", 1, 0, NUMBER(0, 0), RELAY_NEW },
		{ "the next", 1, 0, NUMBER(0, 1), RELAY_NEW },
		{ "another flow, on another queue", 1, 1, NUMBER(5, 0), RELAY_NEW },
		{ "another VM's, on another queue", 2, 1, NUMBER(0, 0), RELAY_NEW },
		{ "one that leaves some out", 1, 0, NUMBER(0, 4), RELAY_NEW },
		{ "a late one", 1, 0, NUMBER(0, 3), RELAY_LATE },
		{ "one in order behind it", 1, 0, NUMBER(0, 5), RELAY_NEW },
		{ "one again", 1, 0, NUMBER(0, 5), RELAY_AGAIN },
		{ "one by the other queue", 1, 1, NUMBER(0, 6), RELAY_ASTRAY },
		{ "late by the other queue", 1, 1, NUMBER(0, 2), RELAY_LATE | RELAY_ASTRAY },
		{ "back on its queue", 1, 0, NUMBER(0, 7), RELAY_NEW },
		{ "the other flow goes on", 1, 1, NUMBER(5, 1), RELAY_NEW },
		{ "the last flow", 0, 0, NUMBER(QUEUES * RELAY_FLOWS_EACH - 1, 0), RELAY_NEW },
		{ "beyond it", 0, 0, NUMBER(QUEUES * RELAY_FLOWS_EACH, 0), RELAY_UNKNOWN },
		{ "far beyond it", 0, 0, UINT64_MAX, RELAY_UNKNOWN },
	};
	struct relay_flows flows;

	assert_int_equal(relay_flows_init(&flows, VMS, QUEUES), 0);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		print_message("  %s\n", cases[i].name);
		assert_int_equal(relay_flows_arrived(&flows, cases[i].from, cases[i].queue,
						     cases[i].number),
				 cases[i].what);
	}
	relay_flows_fini(&flows);
}

/* All flows take turns, each on one queue, and count for each receiver. */
static void flows_take_turns(void **state)
{
	struct relay_flows flows;

	assert_int_equal(relay_flows_init(&flows, VMS, QUEUES), 0);
	assert_int_equal(flows.nr, relay_flows_count(QUEUES));
	for (unsigned int i = 0; i < 3 * flows.nr; i++) {
		unsigned int flow = i % flows.nr, round = i / flows.nr;

		assert_int_equal(relay_flows_queue(&flows), flow % QUEUES);
		assert_int_equal(relay_flows_mark(&flows), flow << 16);
		assert_int_equal(relay_flows_number(&flows, 1), NUMBER(flow, 2 * round));
		assert_int_equal(relay_flows_number(&flows, 1), NUMBER(flow, 2 * round + 1));
		assert_int_equal(relay_flows_number(&flows, 2), NUMBER(flow, round));
		relay_flows_turn(&flows);
	}
	relay_flows_fini(&flows);
}

static void one_queue_has_one_flow(void **state)
{
	struct relay_flows flows;

	assert_int_equal(relay_flows_init(&flows, VMS, 1), 0);
	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(relay_flows_queue(&flows), 0);
		assert_int_equal(relay_flows_mark(&flows), 0);
		assert_int_equal(relay_flows_number(&flows, 0), i);
		relay_flows_turn(&flows);
	}
	relay_flows_fini(&flows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arrivals_are_judged),
		cmocka_unit_test(flows_take_turns),
		cmocka_unit_test(one_queue_has_one_flow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
