#include "backend/device_tuning.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/device_keys.h"
#include "io/log.h"
#include "io/state.h"

enum { NAMES_BYTES = 2048, PATH_BYTES = XENBUS_PATH_BYTES + 48 };

struct kept_tuning {
	char name[PORT_NAME_BYTES];
	struct tuning tuning;
	struct kept_tuning *next;
};

static int refuse(const struct device *device, const char *key, const char *text, const char *why)
{
	log_warning("vif", "%s: coalesce/%s '%s' in the store: %s; the settings stay as they were",
		    device->name, key, text, why);
	return -EINVAL;
}

static int key_read(struct store_client *store, const struct device *device, const char *key,
		    struct tuning *tuning)
{
	int word = tuning_word_parse(key);
	char path[64], text[32], range[32];

	if (word < 0)
		return refuse(device, key, "", "no such word");
	snprintf(path, sizeof(path), "coalesce/%s", tuning_word_name((enum tuning_word)word));
	if (device_key_text(store, device->backend_path, path, text, sizeof(text)) < 0)
		return 0; /* gone since it was listed */
	if (!tuning_set(tuning, (enum tuning_word)word, text))
		return 0;
	tuning_range_text((enum tuning_word)word, range, sizeof(range));
	return refuse(device, key, text, range);
}

int device_tuning_read(struct store_client *store, const struct device *device,
		       struct tuning *tuning)
{
	char dir[PATH_BYTES], names[NAMES_BYTES];
	const char *name = names, *why;
	struct tuning read;
	int n, err = 0;

	tuning_init(&read);
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
		if (!(call->tuning->set & 1u << word))
			continue;
		snprintf(path, sizeof(path), "%s/coalesce/%s", call->device->backend_path,
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

static struct kept_tuning **kept_find(struct kept_tuning **kept, const char *name)
{
	while (*kept && strcmp((*kept)->name, name))
		kept = &(*kept)->next;
	return kept;
}

void device_tuning_keep(struct kept_tuning **kept, const struct device *device)
{
	struct kept_tuning **link = kept_find(kept, device->name);

	if (!device->tuning.set)
		return;
	if (!*link)
		*link = calloc(1, sizeof(**link));
	if (!*link)
		return;
	memcpy((*link)->name, device->name, sizeof(device->name));
	(*link)->tuning = device->tuning;
}

bool device_tuning_take(struct kept_tuning **kept, const struct device *device,
			struct tuning *tuning)
{
	struct kept_tuning **link = kept_find(kept, device->name), *found = *link;

	if (!found)
		return false;
	*tuning = found->tuning;
	*link = found->next;
	free(found);
	return true;
}

void device_tuning_forget(struct kept_tuning **kept)
{
	while (*kept) {
		struct kept_tuning *first = *kept;

		*kept = first->next;
		free(first);
	}
}

static void carry_kept(struct kept_tuning *kept, struct state *state)
{
	state_text(state, kept->name, sizeof(kept->name));
	state_bytes(state, kept->tuning.value, sizeof(kept->tuning.value));
	state_u32(state, &kept->tuning.set);
}

void device_tuning_carry(struct kept_tuning **kept, struct state *state)
{
	for (struct kept_tuning *one = state->restores ? NULL : *kept; one; one = one->next) {
		state_more(state, true);
		carry_kept(one, state);
	}
	while (state_more(state, false)) {
		*kept = calloc(1, sizeof(**kept));
		if (!*kept) {
			state_refuse(state, "out of memory");
			return;
		}
		carry_kept(*kept, state);
		kept = &(*kept)->next;
	}
}
