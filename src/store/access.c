#include "store/access.h"

#include <errno.h>
#include <search.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "io/state.h"
#include "store/path.h"

static int compare_access(const void *a, const void *b)
{
	return strcmp(((const struct access *)a)->path, ((const struct access *)b)->path);
}

static int compare_path(const void *path, const void *access)
{
	return strcmp(path, ((const struct access *)access)->path);
}

static struct access *access_create(const char *path, enum access_kind kind)
{
	size_t length = strlen(path);
	struct access *access = malloc(sizeof(*access) + length + 1);

	if (!access)
		return NULL;
	access->kind = kind;
	access->changed = false;
	access->removed = false;
	memcpy(access->path, path, length + 1);
	return access;
}

void access_set_fini(struct access_set *set)
{
	tdestroy(set->root, free);
}

int access_note(struct access_set *set, const char *path, enum access_kind kind, size_t most)
{
	size_t bytes = sizeof(struct access) + strlen(path) + 1;
	struct access **found = tfind(path, &set->root, compare_path);
	struct access *access;

	if (found) {
		if ((*found)->kind < kind)
			(*found)->kind = kind;
		return 0;
	}
	if (bytes > most || set->bytes > most - bytes)
		return -ENOSPC;
	access = access_create(path, kind);
	if (!access)
		return -ENOMEM;
	if (!tsearch(access, &set->root, compare_access)) {
		free(access);
		return -ENOMEM;
	}
	set->bytes += bytes;
	return 0;
}

bool access_tell(struct access_set *set, const char *path, bool removed)
{
	struct access **found = tfind(path, &set->root, compare_path);
	bool *told, already;

	if (!found)
		return false;
	told = removed ? &(*found)->removed : &(*found)->changed;
	already = *told;
	*told = true;
	return already;
}

struct walk {
	int (*visit)(void *arg, const struct access *access);
	void *arg;
	int rc;
};

static void visit_one(const void *nodep, VISIT which, void *arg)
{
	struct walk *walk = arg;

	if ((which == postorder || which == leaf) && !walk->rc)
		walk->rc = walk->visit(walk->arg, *(const struct access *const *)nodep);
}

int access_walk(const struct access_set *set, int (*visit)(void *arg, const struct access *access),
		void *arg)
{
	struct walk walk = { .visit = visit, .arg = arg };

	twalk_r(set->root, visit_one, &walk);
	return walk.rc;
}

static void carry_one(struct state *state, struct access *access)
{
	access->kind = (enum access_kind)state_number(state, access->kind, ACCESS_WHOLE);
	state_bool(state, &access->changed);
	state_bool(state, &access->removed);
}

static int save_one(void *arg, const struct access *access)
{
	struct access copy = *access;
	size_t length = strlen(access->path) + 1;
	struct state *state = arg;

	state_more(state, true);
	state_blob(state, access->path, &length, STATE_TEXT_MAX);
	carry_one(state, &copy);
	return 0;
}

static void restore_one(struct access_set *set, struct state *state)
{
	struct access copy = { 0 };
	size_t length;
	const char *path = state_blob(state, NULL, &length, STATE_TEXT_MAX);

	carry_one(state, &copy);
	if (!length || path[length - 1] || !path_is_absolute(path))
		state_refuse(state, "the path of a transaction is none");
	if (state->fault)
		return;
	if (access_note(set, path, copy.kind, SIZE_MAX))
		state_refuse(state, "out of memory");
	if (copy.changed)
		access_tell(set, path, false);
	if (copy.removed)
		access_tell(set, path, true);
}

void access_carry(struct access_set *set, struct state *state)
{
	if (!state->restores) {
		access_walk(set, save_one, state);
		state_more(state, false);
		return;
	}
	while (state_more(state, false))
		restore_one(set, state);
}
