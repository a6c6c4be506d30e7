#include "backend/device_tuning.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "backend/device_keys.h"
#include "io/log.h"
#include "io/state.h"

enum { NAMES_BYTES = 2048, PATH_BYTES = XENBUS_PATH_BYTES + 48 };

static int refuse(const struct device *device, const char *key, const char *text, const char *why)
{
	log_warning("vif", "%s: coalesce/%s '%s' in the store: %s; the settings stay as they were",
		    device->name, key, text, why);
	return -EINVAL;
}

/* What the frontend does is written where it looks. */
static const char *home_of(const struct device *device, enum tuning_word word)
{
	return tuning_is_frontends(word) ? device->frontend_path : device->backend_path;
}

static int key_read(struct store_client *store, const struct device *device, const char *key,
		    struct tuning *tuning)
{
	int word = tuning_word_parse(key);
	char path[64], text[32], range[32];

	if (word < 0)
		return refuse(device, key, "", "no such word");
	snprintf(path, sizeof(path), "coalesce/%s", tuning_word_name((enum tuning_word)word));
	if (tuning_is_frontends((enum tuning_word)word) ||
	    device_key_text(store, device->backend_path, path, text, sizeof(text)) < 0)
		return 0; /* not of this directory, or gone since it was listed */
	if (!tuning_set(tuning, (enum tuning_word)word, text))
		return 0;
	tuning_range_text((enum tuning_word)word, range, sizeof(range));
	return refuse(device, key, text, range);
}

/* A guest writes there what it likes, so nothing is read back from there. */
static void copy_frontends(const struct tuning *from, struct tuning *to)
{
	for (int word = 0; word < TUNING_WORDS; word++) {
		if (!tuning_is_frontends((enum tuning_word)word))
			continue;
		to->value[word] = from->value[word];
		to->set |= from->set & 1ull << word;
	}
}

int device_tuning_read(struct store_client *store, const struct device *device,
		       struct tuning *tuning)
{
	char dir[PATH_BYTES], names[NAMES_BYTES];
	const char *name = names, *why;
	struct tuning read;
	int n, err = 0;

	tuning_init(&read);
	copy_frontends(&device->tuning, &read);
	snprintf(dir, sizeof(dir), "%s/coalesce", device->backend_path);
	n = store_directory(store, STORE_NO_TRANSACTION, dir, names, sizeof(names));
	for (; !err && n > 0; n--, name += strlen(name) + 1)
		err = key_read(store, device, name, &read);
	if (err)
		return err;
	tuning_settle(&read, read.set);
	if (tuning_check(&read, &why))
		return refuse(device, "*", "", why);
	*tuning = read;
	return 0;
}

struct write_call {
	const struct device *device;
	const struct tuning *tuning;
};

static int words_write(struct store_client *store, uint32_t transaction, void *arg)
{
	const struct write_call *call = arg;
	char path[PATH_BYTES], text[16];
	int err = 0;

	for (int word = 0; !err && word < TUNING_WORDS; word++) {
		if (!(call->tuning->set & 1ull << word))
			continue;
		snprintf(path, sizeof(path), "%s/coalesce/%s",
			 home_of(call->device, (enum tuning_word)word),
			 tuning_word_name((enum tuning_word)word));
		tuning_value_text(call->tuning, (enum tuning_word)word, text, sizeof(text));
		err = store_write(store, transaction, path, text, strlen(text));
	}
	return err;
}

int device_tuning_write(struct store_client *store, const struct device *device,
			const struct tuning *tuning)
{
	struct write_call call = { device, tuning };

	return store_transact(store, words_write, &call);
}
