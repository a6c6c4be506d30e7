#include "bench/lab/middle_rig.h"

#include <math.h>
#include <stdlib.h>

#include "bench/lab/guest_counts.h"

enum { SETTLE_MS = 5 }; /* the threads have just been started */

struct visit {
	struct lab_result result;
	double p99_us;
};

static int compare_visits(const void *a, const void *b)
{
	double left = ((const struct visit *)a)->p99_us, right = ((const struct visit *)b)->p99_us;

	return (left > right) - (left < right);
}

/* One in which nothing arrived is the slowest of all. */
static double slowness_of(const struct lab_result *result)
{
	double p99_us = result->values[guest_column("p99_us")];

	return isnan(p99_us) ? INFINITY : p99_us;
}

static int middle_run(void *rig, const void *setup, const struct lab_window *window,
		      struct lab_result *result, char error[LAB_ERROR_BYTES])
{
	const struct lab_window each = { SETTLE_MS * INT64_C(1000000),
					 window->measure_ns / MIDDLE_VISITS, window->capacity };
	struct visit visits[MIDDLE_VISITS];
	int err = 0;

	for (unsigned int i = 0; !err && i < MIDDLE_VISITS; i++) {
		visits[i].result = (struct lab_result){ .late = { 0 } };
		err = guest_rig.run(rig, setup, &each, &visits[i].result, error);
		visits[i].p99_us = slowness_of(&visits[i].result);
	}
	if (err)
		return err;
	qsort(visits, MIDDLE_VISITS, sizeof(visits[0]), compare_visits);
	*result = visits[MIDDLE_VISITS / 2].result;
	return 0;
}

static int middle_open(const struct lab_context *context, void **rig, char error[LAB_ERROR_BYTES])
{
	return guest_rig.open(context, rig, error);
}

static void middle_close(void *rig)
{
	guest_rig.close(rig);
}

const struct lab_rig middle_rig = {
	.name = "guest, in visits",
	.setup_bytes = sizeof(struct guest_setup),
	.columns = guest_columns,
	.open = middle_open,
	.run = middle_run,
	.close = middle_close,
};
