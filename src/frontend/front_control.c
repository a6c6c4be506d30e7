#include "frontend/front_control.h"

#include <inttypes.h>
#include <string.h>

/* Relative paths start at the domain's home. */
static int read_key(struct front_device *device, const char *key, char *value, size_t size)
{
	int length = store_read(device->store, STORE_NO_TRANSACTION, key, value, size);

	if (length < 0 || (size_t)length >= size)
		value[0] = '\0';
	return length;
}

static void write_key(struct front_device *device, const char *key, const char *value)
{
	store_write(device->store, STORE_NO_TRANSACTION, key, value, strlen(value));
}

int front_control_watch(struct front_device *device)
{
	return store_watch(device->store, XENBUS_CONTROL_DIR, FRONT_DEVICE_CONTROL_TOKEN);
}

int front_control_offer(struct front_device *device)
{
	write_key(device, XENBUS_CONTROL_FEATURE_SUSPEND, "1");
	return front_control_watch(device);
}

enum front_order front_control_take(struct front_device *device, struct front_destination *to)
{
	enum front_order order = ORDER_NONE;
	char word[16];

	read_key(device, XENBUS_CONTROL_SHUTDOWN, word, sizeof(word));
	if (!strcmp(word, "resume"))
		order = ORDER_RESUME;
	if (!strcmp(word, "suspend"))
		order = ORDER_SUSPEND;
	if (!order)
		return ORDER_NONE;
	read_key(device, XENBUS_CONTROL_MIGRATE_TO, to->rundir, sizeof(to->rundir));
	read_key(device, XENBUS_CONTROL_MIGRATE_BRIDGE, to->bridge, sizeof(to->bridge));
	write_key(device, XENBUS_CONTROL_SHUTDOWN, "");
	if (to->rundir[0])
		write_key(device, XENBUS_CONTROL_MIGRATE_TO, "");
	return order == ORDER_SUSPEND && to->rundir[0] ? ORDER_MIGRATE : order;
}

void front_control_set_suspended(struct front_device *device, bool suspended)
{
	write_key(device, XENBUS_CONTROL_SUSPENDED, suspended ? "1" : "0");
}

bool front_control_is_suspended(struct front_device *device)
{
	char value[2];

	return read_key(device, XENBUS_CONTROL_SUSPENDED, value, sizeof(value)) == 1 &&
	       value[0] == '1';
}

void front_control_report_error(struct front_device *device, const char *line)
{
	write_key(device, XENBUS_CONTROL_ERROR, line);
}

void front_control_report_downtime(struct front_device *device, uint64_t ns)
{
	store_printf(device->store, STORE_NO_TRANSACTION, XENBUS_CONTROL_DOWNTIME, "%" PRIu64,
		     ns / 1000);
}
