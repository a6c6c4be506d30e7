#include "backend/kept_tuning.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/port.h"
#include "io/fresh_file.h"
#include "io/log.h"
#include "io/rundir.h"

/* Of a line's words: wide enough for any name, key and value. */
#define WORD_FORMAT "%63s"
enum { WORD_BYTES = 64 };

struct kept_tuning {
	char name[PORT_NAME_BYTES];
	struct tuning tuning;
	uint32_t off;
	bool expected;
	struct kept_tuning *next;
};

static struct kept_tuning **find(struct kept_tuning **kept, const char *name)
{
	while (*kept && strcmp((*kept)->name, name))
		kept = &(*kept)->next;
	return kept;
}

/* The one of that name, made if it is not there; NULL: no memory. */
static struct kept_tuning *provide(struct kept_tuning **kept, const char *name)
{
	struct kept_tuning **link = find(kept, name);

	if (*link)
		return *link;
	*link = calloc(1, sizeof(**link));
	if (!*link)
		return NULL;
	snprintf((*link)->name, sizeof((*link)->name), "%s", name);
	tuning_init(&(*link)->tuning);
	return *link;
}

static int file_path(char *path, size_t size)
{
	return rundir_path(path, size, "tuning.conf");
}

static bool is_something(const struct kept_tuning *entry)
{
	return entry && (entry->tuning.set || entry->off);
}

/* 0 or -errno. */
static int take_word(struct kept_tuning *entry, const char *key, const char *value)
{
	int word = tuning_word_parse(key), offload = offload_parse(key);

	if (word >= 0)
		return tuning_set(&entry->tuning, (enum tuning_word)word, value);
	if (offload < 0 || strcmp(value, "off"))
		return -EINVAL;
	entry->off |= 1u << offload;
	return 0;
}

/* A line "NAME WORD VALUE". */
static void load_line(struct kept_tuning **kept, const char *path, const char *line)
{
	char name[WORD_BYTES], key[WORD_BYTES], value[WORD_BYTES];
	struct kept_tuning *entry;

	if (sscanf(line, WORD_FORMAT WORD_FORMAT WORD_FORMAT, name, key, value) != 3)
		return;
	entry = strlen(name) >= PORT_NAME_BYTES ? NULL : provide(kept, name);
	if (!entry || take_word(entry, key, value))
		log_warning("vif", "%s: '%s %s' for %s: not to be set; left out", path, key, value,
			    name);
}

void kept_tuning_load(struct kept_tuning **kept)
{
	char path[RUNDIR_PATH_BYTES], line[256];
	FILE *file = file_path(path, sizeof(path)) ? NULL : fopen(path, "re");

	while (file && fgets(line, sizeof(line), file))
		load_line(kept, path, line);
	if (file)
		fclose(file);
	for (struct kept_tuning *entry = *kept; entry; entry = entry->next)
		tuning_settle(&entry->tuning, entry->tuning.set);
}

static void print(FILE *file, const struct kept_tuning *entry)
{
	char value[WORD_BYTES];

	for (int word = 0; word < TUNING_WORDS; word++) {
		if (!(entry->tuning.set & 1ull << word))
			continue;
		tuning_value_text(&entry->tuning, (enum tuning_word)word, value, sizeof(value));
		fprintf(file, "%s %s %s\n", entry->name, tuning_word_name((enum tuning_word)word),
			value);
	}
	for (int i = 0; i < OFFLOADS; i++)
		if (entry->off & 1u << i)
			fprintf(file, "%s %s off\n", entry->name, offload_key(i));
}

/* The whole file anew. */
static int save(const struct kept_tuning *kept)
{
	char path[RUNDIR_PATH_BYTES];
	int err = file_path(path, sizeof(path));
	FILE *file;

	if (err)
		return err;
	err = fresh_file_open(&file, path);
	if (err)
		return err;
	for (; kept; kept = kept->next)
		print(file, kept);
	return fresh_file_replace(file, path);
}

int kept_tuning_put(struct kept_tuning **kept, const char *name, const struct tuning *tuning)
{
	struct kept_tuning *entry;

	if (!tuning->set)
		return 0;
	entry = provide(kept, name);
	if (!entry)
		return -ENOMEM;
	if (!memcmp(&entry->tuning, tuning, sizeof(*tuning)))
		return 0;
	entry->tuning = *tuning;
	entry->expected = false;
	return save(*kept);
}

int kept_tuning_put_off(struct kept_tuning **kept, const char *name, uint32_t off)
{
	struct kept_tuning *entry = off ? provide(kept, name) : *find(kept, name);

	if (!entry)
		return off ? -ENOMEM : 0;
	if (entry->off == off)
		return 0;
	entry->off = off;
	entry->expected = false;
	return save(*kept);
}

int kept_tuning_expect(struct kept_tuning **kept, const char *name, const struct tuning *tuning,
		       uint32_t off)
{
	struct kept_tuning *entry = *find(kept, name);
	int err;

	if (is_something(entry) && !entry->expected)
		return 0;
	err = kept_tuning_put(kept, name, tuning);
	err |= kept_tuning_put_off(kept, name, off);
	entry = *find(kept, name);
	if (entry)
		entry->expected = true;
	return err;
}

void kept_tuning_settle(struct kept_tuning *kept, const char *name)
{
	struct kept_tuning *entry = *find(&kept, name);

	if (entry)
		entry->expected = false;
}

bool kept_tuning_is_expected(struct kept_tuning *kept, const char *name)
{
	const struct kept_tuning *entry = *find(&kept, name);

	return entry && entry->expected;
}

int kept_tuning_forget(struct kept_tuning **kept, const char *name)
{
	struct kept_tuning **link = find(kept, name), *entry = *link;

	if (!entry)
		return 0;
	*link = entry->next;
	free(entry);
	return save(*kept);
}

const struct tuning *kept_tuning_find(struct kept_tuning *kept, const char *name)
{
	const struct kept_tuning *entry = *find(&kept, name);

	return entry && entry->tuning.set ? &entry->tuning : NULL;
}

uint32_t kept_tuning_off(struct kept_tuning *kept, const char *name)
{
	const struct kept_tuning *entry = *find(&kept, name);

	return entry ? entry->off : 0;
}

void kept_tuning_fini(struct kept_tuning **kept)
{
	while (*kept) {
		struct kept_tuning *first = *kept;

		*kept = first->next;
		free(first);
	}
}
