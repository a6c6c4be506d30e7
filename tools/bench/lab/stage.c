#include "bench/lab/stage.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/host.h"

int stage_open(struct stage **out, const struct lab_context *context, unsigned int vms,
	       char error[LAB_ERROR_BYTES])
{
	struct stage *stage = calloc(1, sizeof(*stage));
	int err;

	if (!stage) {
		snprintf(error, LAB_ERROR_BYTES, "out of memory");
		return -ENOMEM;
	}
	stage->context = context;
	err = backend_start(&stage->backend, context, error);
	if (err) {
		free(stage);
		return err;
	}
	stage->herd.rundir = stage->backend.daemon.rundir;
	while (!err && stage->herd.nr_vms < vms)
		err = herd_add(&stage->herd, "vm", error);
	if (err)
		stage_close(stage);
	else
		*out = stage;
	return err;
}

void stage_close(void *arg)
{
	struct stage *stage = arg;

	herd_close(&stage->herd);
	backend_stop(&stage->backend);
	free(stage);
}

int stage_run(struct stage *stage, const struct lab_window *window, struct herd_result *result,
	      char error[LAB_ERROR_BYTES])
{
	const int *cpus = stage->context->cpus;
	int err = host_pin(cpus[1]);

	stage->herd.yields = cpus[0] == cpus[1];
	if (!err)
		err = herd_run(&stage->herd, (double)window->warmup_ns / 1e9,
			       (double)window->measure_ns / 1e9, stage->backend.daemon.pid, result);
	if (err)
		snprintf(error, LAB_ERROR_BYTES, "VMs of a herd: %s",
			 err == -ENETDOWN ? "a vif went down" : strerror(-err));
	return err;
}
