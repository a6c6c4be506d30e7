#include "store/special.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "io/state.h"

static const char *const names[SPECIALS] = {
	[SPECIAL_INTRODUCE] = "@introduceDomain",
	[SPECIAL_RELEASE] = "@releaseDomain",
};

int special_init(struct special_event *event)
{
	event->permissions = calloc(1, sizeof(*event->permissions)); /* "n0" */
	event->nr_permissions = 1;
	return event->permissions ? 0 : -ENOMEM;
}

void special_fini(struct special_event *event)
{
	free(event->permissions);
}

const char *special_name(enum special special)
{
	return names[special];
}

struct special_event *special_find(struct special_event *events, const char *name)
{
	for (unsigned int i = 0; i < SPECIALS; i++)
		if (!strcmp(name, names[i]))
			return &events[i];
	return NULL;
}

void special_set(struct special_event *event, struct permission *permissions, unsigned int nr)
{
	free(event->permissions);
	event->permissions = permissions;
	event->nr_permissions = nr;
}

void special_carry(struct special_event *event, struct state *state)
{
	size_t bytes = event->nr_permissions * sizeof(*event->permissions);
	const void *list = state_blob(state, event->permissions, &bytes, STATE_TEXT_MAX * 64);
	struct permission *copy;

	if (!state->restores || state->fault)
		return;
	copy = bytes >= sizeof(*copy) ? malloc(bytes) : NULL;
	if (!copy) {
		state_refuse(state, "a special event has no owner");
		return;
	}
	memcpy(copy, list, bytes);
	special_set(event, copy, (unsigned int)(bytes / sizeof(*copy)));
}

void special_forget(struct special_event *event, uint16_t domid)
{
	unsigned int kept = 1;

	if (event->permissions[0].domid == domid)
		event->permissions[0] = (struct permission){ .domid = 0 };
	for (unsigned int i = 1; i < event->nr_permissions; i++)
		if (event->permissions[i].domid != domid)
			event->permissions[kept++] = event->permissions[i];
	event->nr_permissions = kept;
}

unsigned int special_access(const struct special_event *event, struct subject who)
{
	return permission_access(event->permissions, event->nr_permissions, who);
}
