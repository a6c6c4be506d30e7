#include "store/path.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-/_@";

size_t path_home(char home[PATH_HOME_BYTES], uint16_t domid)
{
	return (size_t)snprintf(home, PATH_HOME_BYTES, "/local/domain/%u", domid);
}

bool path_is_special(const char *path)
{
	return path[0] == '@';
}

static bool is_well_formed(const char *path, size_t length)
{
	if (length == 0 || path[strspn(path, allowed)] != '\0')
		return false;
	if (length > 1 && path[length - 1] == '/')
		return false;
	return !strstr(path, "//");
}

bool path_is_valid_special(const char *path)
{
	size_t length = strnlen(path, XENSTORE_REL_PATH_MAX + 1);

	return length <= XENSTORE_REL_PATH_MAX && path_is_special(path) &&
	       is_well_formed(path, length);
}

int path_resolve(char absolute[PATH_BYTES], const char *path, uint16_t domid)
{
	size_t limit = path[0] == '/' ? XENSTORE_ABS_PATH_MAX : XENSTORE_REL_PATH_MAX;
	size_t length = strnlen(path, limit + 1);
	size_t home;

	if (length > limit || path_is_special(path) || !is_well_formed(path, length))
		return -EINVAL;
	if (path[0] == '/') {
		memcpy(absolute, path, length + 1);
		return 0;
	}
	home = path_home(absolute, domid);
	absolute[home] = '/';
	memcpy(absolute + home + 1, path, length + 1);
	return 0;
}

bool path_is_below(const char *path, const char *ancestor)
{
	size_t length = strlen(ancestor);

	if (!strcmp(ancestor, "/"))
		return path[0] == '/';
	return !strncmp(path, ancestor, length) && (path[length] == '\0' || path[length] == '/');
}

void path_parent(char parent[PATH_BYTES], const char *path)
{
	size_t length = (size_t)(strrchr(path, '/') - path);

	if (length == 0)
		length = 1;
	memcpy(parent, path, length);
	parent[length] = '\0';
}

const char *path_next(const char **rest, size_t *length)
{
	const char *start = *rest + (**rest == '/');

	*length = strcspn(start, "/");
	*rest = start + *length;
	return *length ? start : NULL;
}

bool path_is_absolute(const char *path)
{
	char absolute[PATH_BYTES];

	return *path == '/' && strlen(path) < PATH_BYTES && !path_resolve(absolute, path, 0) &&
	       !strcmp(absolute, path);
}
