#include "frontend/front_control.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

enum { WORD_BYTES = 16 };

/* Relative paths start at the domain's home. */
static int read_in(struct store_client *store, uint32_t transaction, const char *key, char *value,
		   size_t size)
{
	int length = store_read(store, transaction, key, value, size);

	if (length < 0 || (size_t)length >= size)
		value[0] = '\0';
	return length;
}

static int read_key(struct front_device *device, const char *key, char *value, size_t size)
{
	return read_in(device->store, STORE_NO_TRANSACTION, key, value, size);
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

static enum front_order order_of(const char *word)
{
	return !strcmp(word, "resume")	  ? ORDER_RESUME
	       : !strcmp(word, "suspend") ? ORDER_SUSPEND
					  : ORDER_NONE;
}

struct taking {
	struct front_destination *to;
	enum front_order order;
};

/* Whoever gave the word may withdraw it as long as it is there: it is either his or
 * ours. -ENOENT: it is his. */
static int take(struct store_client *store, uint32_t transaction, void *arg)
{
	struct taking *taking = arg;
	struct front_destination *to = taking->to;
	char word[WORD_BYTES];
	int err;

	read_in(store, transaction, XENBUS_CONTROL_SHUTDOWN, word, sizeof(word));
	taking->order = order_of(word);
	if (!taking->order)
		return -ENOENT;
	read_in(store, transaction, XENBUS_CONTROL_MIGRATE_TO, to->rundir, sizeof(to->rundir));
	read_in(store, transaction, XENBUS_CONTROL_MIGRATE_BRIDGE, to->bridge, sizeof(to->bridge));
	err = store_write(store, transaction, XENBUS_CONTROL_SHUTDOWN, "", 0);
	if (!err && to->rundir[0])
		err = store_write(store, transaction, XENBUS_CONTROL_MIGRATE_TO, "", 0);
	if (!err && to->rundir[0])
		err = store_write(store, transaction, XENBUS_CONTROL_MIGRATING, to->rundir,
				  strlen(to->rundir));
	return err == -EACCES ? 0 : err; /* a home that an older daemon made has no such word */
}

enum front_order front_control_take(struct front_device *device, struct front_destination *to)
{
	struct taking taking = { .to = to };
	char word[WORD_BYTES];

	read_key(device, XENBUS_CONTROL_SHUTDOWN, word, sizeof(word));
	if (!order_of(word) || store_transact(device->store, take, &taking))
		return ORDER_NONE;
	return taking.order == ORDER_SUSPEND && to->rundir[0] ? ORDER_MIGRATE : taking.order;
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
	write_key(device, XENBUS_CONTROL_MIGRATING, "");
}

void front_control_report_downtime(struct front_device *device, uint64_t ns)
{
	store_printf(device->store, STORE_NO_TRANSACTION, XENBUS_CONTROL_DOWNTIME, "%" PRIu64,
		     ns / 1000);
}
