#include "backend/attachments.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/fresh_file.h"
#include "io/rundir.h"
#include "io/state.h"

void attachments_fini(struct attachments *attachments)
{
	free(attachments->list);
	*attachments = (struct attachments){ .nr = 0 };
}

struct attachment *attachments_find(const struct attachments *attachments, const char *domain,
				    uint32_t devid)
{
	for (unsigned int i = 0; i < attachments->nr; i++)
		if (attachments->list[i].spec.devid == devid &&
		    !strcmp(attachments->list[i].domain, domain))
			return &attachments->list[i];
	return NULL;
}

static int make_room(struct attachments *attachments)
{
	unsigned int room = attachments->room ? 2 * attachments->room : 16;
	struct attachment *list;

	if (attachments->nr < attachments->room)
		return 0;
	if (attachments->nr == ATTACHMENTS_MAX)
		return -ENOSPC;
	list = realloc(attachments->list, room * sizeof(*list));
	if (!list)
		return -ENOMEM;
	attachments->list = list;
	attachments->room = room;
	return 0;
}

int attachments_put(struct attachments *attachments, const struct attachment *attachment)
{
	struct attachment *place =
		attachments_find(attachments, attachment->domain, attachment->spec.devid);
	int err;

	if (place) {
		*place = *attachment;
		return 0;
	}
	err = make_room(attachments);
	if (!err)
		attachments->list[attachments->nr++] = *attachment;
	return err;
}

bool attachments_remove(struct attachments *attachments, const char *domain, uint32_t devid)
{
	struct attachment *place = attachments_find(attachments, domain, devid);

	if (!place)
		return false;
	*place = attachments->list[--attachments->nr];
	return true;
}

int attachments_path(char *path, size_t size)
{
	return rundir_path(path, size, "vifs.conf");
}

/* Sections as the configuration file has them. */
static void print(FILE *file, const struct attachment *attachment)
{
	struct vifspec spec = attachment->spec;
	char text[VIFSPEC_TEXT_BYTES];

	spec.has_devid = false; /* the heading says it */
	if (vifspec_print(&spec, '\n', text, sizeof(text)))
		fprintf(file, "[vif %s.%u]\n%s\n", attachment->domain, attachment->spec.devid,
			text);
}

static bool is_kept(const struct attachment *attachment)
{
	return !attachment->configured && !attachment->passing;
}

static bool has_some(const struct attachments *attachments)
{
	for (unsigned int i = 0; i < attachments->nr; i++)
		if (is_kept(&attachments->list[i]))
			return true;
	return false;
}

int attachments_save(const struct attachments *attachments)
{
	char path[RUNDIR_PATH_BYTES];
	int err = attachments_path(path, sizeof(path));
	FILE *file;

	if (err)
		return err;
	if (!has_some(attachments))
		return unlink(path) && errno != ENOENT ? -errno : 0;
	err = fresh_file_open(&file, path);
	if (err)
		return err;
	for (unsigned int i = 0; i < attachments->nr; i++)
		if (is_kept(&attachments->list[i]))
			print(file, &attachments->list[i]);
	return fresh_file_replace(file, path);
}

static void carry_one(struct attachment *attachment, struct state *state)
{
	state_text(state, attachment->domain, sizeof(attachment->domain));
	state_bytes(state, &attachment->spec, sizeof(attachment->spec));
	state_bool(state, &attachment->configured);
	state_u32(state, &attachment->line);
}

void attachments_carry(struct attachments *attachments, struct state *state)
{
	struct attachment one;

	for (unsigned int i = 0; !state->restores && i < attachments->nr; i++) {
		if (attachments->list[i].passing)
			continue;
		state_more(state, true);
		carry_one(&attachments->list[i], state);
	}
	while (state_more(state, false)) {
		memset(&one, 0, sizeof(one)); /* specs are compared as bytes */
		carry_one(&one, state);
		if (!state->fault && attachments_put(attachments, &one))
			state_refuse(state, "out of memory");
	}
}
