#include "backend/toolstack_keys.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "backend/mac.h"
#include "store/xenbus.h"

/* A directory in the making: the first error stands, later keys are not tried. */
struct writer {
	struct store_client *store;
	uint32_t transaction;
	char dir[XENBUS_PATH_BYTES];
	int err;
};

struct creation {
	uint16_t domid;
	const struct vifspec *spec;
};

static void writer_key(struct writer *writer, const char *key, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void writer_key(struct writer *writer, const char *key, const char *format, ...)
{
	char path[XENBUS_PATH_BYTES + 32], value[XENBUS_PATH_BYTES + 32];
	va_list args;

	if (writer->err)
		return;
	snprintf(path, sizeof(path), "%s/%s", writer->dir, key);
	va_start(args, format);
	vsnprintf(value, sizeof(value), format, args);
	va_end(args);
	writer->err = store_write(writer->store, writer->transaction, path, value, strlen(value));
}

static void writer_text(struct writer *writer, const char *key, const char *value)
{
	if (*value)
		writer_key(writer, key, "%s", value);
}

/* "n<owner>" and "r<reader>". */
static void writer_open(struct writer *writer, uint16_t owner, uint16_t reader)
{
	char permissions[24];
	int length = snprintf(permissions, sizeof(permissions), "n%u%cr%u", owner, '\0', reader);

	writer->err = store_mkdir(writer->store, writer->transaction, writer->dir);
	if (!writer->err)
		writer->err = store_set_permissions(writer->store, writer->transaction, writer->dir,
						    permissions, (size_t)length + 1);
}

static int backend_write(struct store_client *store, uint32_t transaction,
			 const struct creation *creation)
{
	struct writer writer = { .store = store, .transaction = transaction };
	const struct vifspec *spec = creation->spec;
	char frontend[XENBUS_PATH_BYTES];

	xenbus_backend_path(writer.dir, creation->domid, spec->devid);
	xenbus_frontend_path(frontend, creation->domid, spec->devid);
	writer_open(&writer, 0, creation->domid);
	writer_key(&writer, XENBUS_KEY_FRONTEND_ID, "%u", creation->domid);
	writer_key(&writer, XENBUS_KEY_ONLINE, "1");
	writer_key(&writer, XENBUS_KEY_STATE, "1");
	writer_key(&writer, XENBUS_KEY_TYPE, "%s",
		   spec->type == VIFSPEC_OWN_TAP ? "own-tap" : "vif");
	writer_key(&writer, XENBUS_KEY_HANDLE, "%u", spec->devid);
	writer_key(&writer, XENBUS_KEY_MAC, MAC_FORMAT, MAC_ARGS(spec->mac));
	writer_key(&writer, XENBUS_KEY_MTU, "%u", spec->mtu);
	writer_text(&writer, XENBUS_KEY_BRIDGE, spec->bridge);
	writer_text(&writer, XENBUS_KEY_IP, spec->ip);
	writer_text(&writer, XENBUS_KEY_VIFNAME, spec->vifname);
	writer_text(&writer, XENBUS_KEY_GATEWAYDEV, spec->gatewaydev);
	writer_text(&writer, XENBUS_KEY_SCRIPT, spec->script);
	if (spec->script[0]) /* until the script says "connected" */
		writer_key(&writer, XENBUS_KEY_HOTPLUG_STATUS, "%s", "");
	if (spec->rate.bytes)
		writer_key(&writer, XENBUS_KEY_RATE, "%llu,%llu",
			   (unsigned long long)spec->rate.bytes,
			   (unsigned long long)spec->rate.usecs);
	/* last: with it the backend takes the device up */
	writer_key(&writer, XENBUS_KEY_FRONTEND, "%s", frontend);
	return writer.err;
}

static int frontend_write(struct store_client *store, uint32_t transaction,
			  const struct creation *creation)
{
	struct writer writer = { .store = store, .transaction = transaction };
	const struct vifspec *spec = creation->spec;
	char backend[XENBUS_PATH_BYTES];

	xenbus_frontend_path(writer.dir, creation->domid, spec->devid);
	xenbus_backend_path(backend, creation->domid, spec->devid);
	writer_open(&writer, creation->domid, 0);
	writer_key(&writer, XENBUS_KEY_BACKEND, "%s", backend);
	writer_key(&writer, XENBUS_KEY_BACKEND_ID, "0");
	writer_key(&writer, XENBUS_KEY_STATE, "1");
	writer_key(&writer, XENBUS_KEY_HANDLE, "%u", spec->devid);
	writer_key(&writer, XENBUS_KEY_MAC, MAC_FORMAT, MAC_ARGS(spec->mac));
	writer_key(&writer, XENBUS_KEY_MTU, "%u", spec->mtu);
	writer_key(&writer, XENBUS_KEY_TRUSTED, "%d", !spec->untrusted);
	return writer.err;
}

static int creation_write(struct store_client *store, uint32_t transaction, void *arg)
{
	int err = backend_write(store, transaction, arg);

	return err ? err : frontend_write(store, transaction, arg);
}

int toolstack_keys_write(struct store_client *store, uint16_t domid, const struct vifspec *spec)
{
	struct creation creation = { domid, spec };

	return store_transact(store, creation_write, &creation);
}

/* Only what is there: one that goes already is not brought back. */
static int offline_write(struct store_client *store, uint32_t transaction, void *arg)
{
	char path[XENBUS_PATH_BYTES + 16], now[8];
	int err;

	snprintf(path, sizeof(path), "%s/" XENBUS_KEY_ONLINE, (const char *)arg);
	err = store_read(store, transaction, path, now, sizeof(now));
	return err < 0 ? err : store_write(store, transaction, path, "0", 1);
}

int toolstack_keys_set_offline(struct store_client *store, const char *backend_path)
{
	return store_transact(store, offline_write, (void *)backend_path);
}
