#include "ctl/site.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "store/client.h"

enum { NAMES_BYTES = 32768 };

int site_open(struct site *site, const char *dir, unsigned int timeout_ms)
{
	int fd = rundir_connect_in(site->path, dir, "store.sock", SOCK_STREAM);

	if (fd < 0)
		return fd;
	site->store = store_client_socket(fd, (int)timeout_ms);
	if (site->store)
		return 0;
	close(fd);
	return -ENOMEM;
}

void site_close(struct site *site)
{
	if (site->store)
		store_client_close(site->store);
}

void site_path(const struct site *site, const char *key, char path[SITE_PATH_BYTES])
{
	snprintf(path, SITE_PATH_BYTES, "/local/domain/%u/%s", site->domid, key);
}

int site_read(const struct site *site, const char *key, char *value, size_t size)
{
	char path[SITE_PATH_BYTES];
	int length;

	site_path(site, key, path);
	length = store_read(site->store, STORE_NO_TRANSACTION, path, value, size);
	if (length < 0)
		value[0] = '\0';
	return length;
}

bool site_says(const struct site *site, const char *key, const char *wanted)
{
	char value[32];

	site_read(site, key, value, sizeof(value));
	return !strcmp(value, wanted);
}

int site_find(struct site *site, const char *dom)
{
	static char names[NAMES_BYTES];
	const char *id = names;
	char name[64];
	int n = store_directory(site->store, STORE_NO_TRANSACTION, "/local/domain", names,
				sizeof(names));

	site->domid = 0;
	for (int i = 0; i < n; i++, id += strlen(id) + 1) {
		struct site other = { .store = site->store,
				      .domid = (unsigned int)strtoul(id, NULL, 10) };

		if (!other.domid)
			continue;
		site_read(&other, "name", name, sizeof(name));
		if (strcmp(name, dom) != 0 && strcmp(id, dom) != 0)
			continue;
		site->domid = other.domid;
		memcpy(site->name, name, sizeof(name));
		if (!strcmp(name, dom))
			break; /* a name stands above a number */
	}
	return site->domid ? 0 : n < 0 ? n : -ENOENT;
}

int site_count_vifs(const struct site *site, enum xenbus_state state, bool both, int *in_state)
{
	char path[SITE_PATH_BYTES], vif[XENBUS_PATH_BYTES], names[512];
	const char *name = names;
	int n;

	site_path(site, "device/vif", path);
	n = store_directory(site->store, STORE_NO_TRANSACTION, path, names, sizeof(names));
	*in_state = 0;
	for (int i = 0; i < n; i++, name += strlen(name) + 1) {
		uint32_t devid = (uint32_t)strtoul(name, NULL, 10);
		uint64_t own = 0, other = state;

		xenbus_frontend_path(vif, (uint16_t)site->domid, devid);
		store_read_number(site->store, STORE_NO_TRANSACTION, vif, XENBUS_KEY_STATE, 8,
				  &own);
		xenbus_backend_path(vif, (uint16_t)site->domid, devid);
		if (both)
			store_read_number(site->store, STORE_NO_TRANSACTION, vif, XENBUS_KEY_STATE,
					  8, &other);
		*in_state += own == state && other == state;
	}
	return n > 0 ? n : 0;
}

double site_downtime_ms(const struct site *site)
{
	char value[24];

	return site_read(site, XENBUS_CONTROL_DOWNTIME, value, sizeof(value)) > 0
		       ? strtod(value, NULL) / 1000
		       : -1;
}
