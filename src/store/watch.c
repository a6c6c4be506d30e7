#include "store/watch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store/path.h"

/* The path as it is kept, and how much of it the client did not say. */
static int resolve(char absolute[PATH_BYTES], const char *path, uint16_t domid, size_t *home)
{
	char text[PATH_HOME_BYTES];

	*home = 0;
	if (path_is_special(path)) {
		if (!path_is_valid_special(path))
			return -EINVAL;
		strcpy(absolute, path);
		return 0;
	}
	if (path[0] != '/')
		*home = path_home(text, domid) + 1;
	return path_resolve(absolute, path, domid);
}

/* Where the watch hangs, or where the list ends. A relative and an absolute
 * name of one path are two watches: they are told different paths. */
static struct watch **find(struct watch **list, const char *absolute, size_t home,
			   const char *token)
{
	while (*list && ((*list)->home != home || strcmp((*list)->path, absolute) ||
			 strcmp((*list)->token, token)))
		list = &(*list)->next;
	return list;
}

int watch_add(struct watch **list, uint16_t domid, const char *path, const char *token,
	      struct watch **added)
{
	char absolute[PATH_BYTES];
	size_t home, length, token_length = strlen(token);
	struct watch **end, *watch;
	int rc = resolve(absolute, path, domid, &home);

	if (rc)
		return rc;
	end = find(list, absolute, home, token);
	if (*end)
		return -EEXIST;
	length = strlen(absolute);
	watch = malloc(sizeof(*watch) + length + 1 + token_length + 1);
	if (!watch)
		return -ENOMEM;
	watch->next = NULL;
	watch->domid = domid;
	watch->home = (uint16_t)home;
	memcpy(watch->path, absolute, length + 1);
	watch->token = memcpy(watch->path + length + 1, token, token_length + 1);
	*end = watch;
	*added = watch;
	return 0;
}

int watch_remove(struct watch **list, uint16_t domid, const char *path, const char *token)
{
	char absolute[PATH_BYTES];
	size_t home;
	struct watch **at, *watch;
	int rc = resolve(absolute, path, domid, &home);

	if (rc)
		return rc;
	at = find(list, absolute, home, token);
	watch = *at;
	if (!watch)
		return -ENOENT;
	*at = watch->next;
	free(watch);
	return 0;
}

unsigned int watch_clear(struct watch **list)
{
	unsigned int nr = 0;
	struct watch *watch;

	while ((watch = *list)) {
		*list = watch->next;
		free(watch);
		nr++;
	}
	return nr;
}

const char *watch_own_path(const struct watch *watch)
{
	return watch->path + watch->home;
}

static bool can_read(const struct node *node, uint16_t domid)
{
	return node && (node_access(node, domid) & PERMISSION_READ);
}

const char *watch_concerns(const struct watch *watch, const struct change *change,
			   struct node *before, struct node *after)
{
	const char *path;

	if (path_is_special(watch->path))
		return NULL;
	if (path_is_below(change->path, watch->path))
		path = change->path;
	else if (change->removed && path_is_below(watch->path, change->path))
		path = watch->path;
	else
		return NULL;
	if (!can_read(tree_find(before, path), watch->domid) &&
	    !can_read(tree_find(after, path), watch->domid))
		return NULL;
	return path + watch->home;
}
