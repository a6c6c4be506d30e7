#include "bench/lab/testbed.h"

#include <errno.h>
#include <string.h>

struct splitvif *testbed_open_vif(const struct testbed *bed, const char *name, bool single,
				  uint8_t mac[6], char error[LAB_ERROR_BYTES])
{
	struct splitvif_config config = { .name = name,
					  .rundir = bed->backend.daemon.rundir,
					  .single_channel = single };
	struct splitvif *vif = splitvif_open(&config, error, LAB_ERROR_BYTES);
	struct splitvif_status status;

	if (!vif)
		return NULL;
	splitvif_status(vif, &status);
	memcpy(mac, status.mac, 6);
	return vif;
}

int testbed_open(struct testbed *bed, const struct lab_context *context, const char *gen,
		 char error[LAB_ERROR_BYTES])
{
	int err;

	bed->context = context;
	err = backend_start(&bed->backend, context, error);
	if (err)
		return err;
	bed->gen = testbed_open_vif(bed, gen, false, bed->gen_mac, error);
	if (bed->gen)
		return 0;
	err = -errno;
	backend_stop(&bed->backend);
	return err;
}

void testbed_close(struct testbed *bed)
{
	splitvif_close(bed->gen);
	backend_stop(&bed->backend);
}
