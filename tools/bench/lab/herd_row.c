#include "bench/lab/herd_row.h"

#include <math.h>

#include "bench/lab/stage.h"

/* Half a ring's time is that of the fastest flow. */
static void tell_lateness(const struct herd *herd, struct lab_result *result)
{
	uint64_t rate = 0;

	for (unsigned int i = 0; i < herd->nr_flows; i++)
		if (herd->flows[i].rate > rate)
			rate = herd->flows[i].rate;
	if (rate)
		result->late = lateness_of(&herd->lateness, (double)rate);
}

void herd_row_tell(const struct herd *herd, const struct herd_result *got,
		   struct lab_result *result)
{
	double *values = result->values;

	values[HERD_PPS] = stage_rate(got->in_window, got->window_ns);
	values[HERD_P50_US] = histogram_quantile(&herd->latency, 0.5) / 1e3;
	values[HERD_P99_US] = histogram_quantile(&herd->latency, 0.99) / 1e3;
	values[HERD_JAIN] = got->jain;
	values[HERD_DAEMON_PCT] = stage_percent(got->daemon_ns, got->window_ns);
	values[HERD_DAEMON_NS_PER_FRAME] = (double)got->daemon_ns / (double)got->in_window;
	values[HERD_OFFERED] = (double)got->offered;
	values[HERD_DROP_RING] = (double)got->unsent;
	values[HERD_DROP_QUEUE] = (double)got->lost;
	values[HERD_DELIVERED] = (double)got->delivered;
	tell_lateness(herd, result);
}

void herd_row_tell_nothing(unsigned int columns, struct lab_result *result)
{
	for (unsigned int i = 0; i < columns; i++)
		result->values[i] = NAN;
}
