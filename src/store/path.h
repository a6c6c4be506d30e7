/*
 * Paths of the store: which are well formed, where relative ones start, and
 * which lies below which. Pure text; knows no nodes.
 *
 * Characters are [A-Za-z0-9-/_@]; no "//", no "/" at the end but for the root,
 * never empty (Xen's docs/misc/xenstore.txt).
 */
#ifndef STORE_PATH_H
#define STORE_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xen/io/xs_wire.h>

enum {
	PATH_BYTES = XENSTORE_ABS_PATH_MAX + 1, /* with its NUL */
	PATH_HOME_BYTES = 32,
};

/* "/local/domain/<domid>", where a domain's relative paths start. Returns its
 * length. */
size_t path_home(char home[PATH_HOME_BYTES], uint16_t domid);

/* The absolute form of what that domain named. 0 or -EINVAL. */
int path_resolve(char absolute[PATH_BYTES], const char *path, uint16_t domid);

/* "@introduceDomain" and its like: watched, but never a node. */
bool path_is_special(const char *path);
/* Whether such a name is well formed. */
bool path_is_valid_special(const char *path);

/* Whether `path` is `ancestor` or lies below it. Both absolute. */
bool path_is_below(const char *path, const char *ancestor);

/* The path without its last component; the root's parent is the root. */
void path_parent(char parent[PATH_BYTES], const char *path);

/* Walks the components of an absolute path: the first call with *rest = path.
 * The component and its length, or NULL at the end. */
const char *path_next(const char **rest, size_t *length);

/* Whether it is an absolute path of a node, as path_resolve() makes them. */
bool path_is_absolute(const char *path);

#endif
