#include "store/watch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store/path.h"

enum { FIRST_ROOM = 16 };

struct place {
	struct watch *first, **last;
	char path[]; /* absolute, or special */
};

void watches_fini(struct watches *watches)
{
	free(watches->places);
	free(watches->concerned);
	*watches = (struct watches){ 0 };
}

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

/* What is compared: the root is the empty string, so that every path begins
 * with the one above it and "/". */
static const char *key(const char *path)
{
	return strcmp(path, "/") ? path : "";
}

/* "/" comes before all other characters: what lies below a path follows it at
 * once. */
static int rank(char c)
{
	return c == '/' ? 1 : (unsigned char)c;
}

static int compare(const char *prefix, size_t length, const struct place *place)
{
	const char *other = key(place->path);
	size_t i = 0;

	while (i < length && prefix[i] == other[i])
		i++;
	return (i < length ? rank(prefix[i]) : 0) - rank(other[i]);
}

static bool is_at_or_below(const struct place *place, const char *prefix, size_t length)
{
	const char *other = key(place->path);

	return !strncmp(other, prefix, length) && (other[length] == '\0' || other[length] == '/');
}

/* Places of the array, from `first` up to `end`. */
struct range {
	size_t first, end;
};

/* The first place of the range that does not come before the prefix. */
static size_t range_find(const struct watches *watches, struct range range, const char *prefix,
			 size_t length)
{
	while (range.first < range.end) {
		size_t middle = (range.first + range.end) / 2;

		if (compare(prefix, length, watches->places[middle]) > 0)
			range.first = middle + 1;
		else
			range.end = middle;
	}
	return range.first;
}

/* The places of the range that are at or below the prefix. */
static struct range range_below(const struct watches *watches, struct range range,
				const char *prefix, size_t length)
{
	size_t first = range_find(watches, range, prefix, length);

	range.first = first;
	while (range.first < range.end) {
		size_t middle = (range.first + range.end) / 2;

		if (is_at_or_below(watches->places[middle], prefix, length))
			range.first = middle + 1;
		else
			range.end = middle;
	}
	return (struct range){ first, range.end };
}

/* Where the path stands, or where it would. */
static bool find_place(const struct watches *watches, const char *path, size_t *at)
{
	const struct range all = { 0, watches->nr_places };
	const char *text = key(path);

	*at = range_find(watches, all, text, strlen(text));
	return *at < all.end && !strcmp(watches->places[*at]->path, path);
}

/* The array with room for one more than `nr`, or NULL. */
static void *grow(void *array, size_t *size, size_t nr)
{
	size_t more = *size ? *size * 2 : FIRST_ROOM;

	if (nr < *size)
		return array;
	array = realloc(array, more * sizeof(void *));
	if (array)
		*size = more;
	return array;
}

static struct place *place_create(struct watches *watches, const char *path, size_t at)
{
	size_t length = strlen(path) + 1;
	struct place *place, **places;

	places = grow(watches->places, &watches->places_size, watches->nr_places);
	if (!places)
		return NULL;
	watches->places = places;
	place = malloc(sizeof(*place) + length);
	if (!place)
		return NULL;
	place->first = NULL;
	place->last = &place->first;
	memcpy(place->path, path, length);
	memmove(places + at + 1, places + at, (watches->nr_places - at) * sizeof(*places));
	places[at] = place;
	watches->nr_places++;
	return place;
}

static void place_destroy(struct watches *watches, struct place *place)
{
	size_t at;

	find_place(watches, place->path, &at);
	watches->nr_places--;
	memmove(watches->places + at, watches->places + at + 1,
		(watches->nr_places - at) * sizeof(*watches->places));
	free(place);
}

/* A relative and an absolute name of one path are two watches: they are told
 * different paths. */
static struct watch *find_watch(const struct place *place, const void *owner, size_t home,
				const char *token)
{
	struct watch *watch = place->first;

	while (watch &&
	       (watch->owner != owner || watch->home != home || strcmp(watch->token, token)))
		watch = watch->next;
	return watch;
}

static void link_watch(struct watches *watches, struct place *place, struct watch **list,
		       struct watch *watch)
{
	watch->place = place;
	watch->next = NULL;
	watch->link = place->last;
	*place->last = watch;
	place->last = &watch->next;
	watch->sibling = *list;
	watch->tie = list;
	if (*list)
		(*list)->tie = &watch->sibling;
	*list = watch;
	watch->sequence = ++watches->last_sequence;
	watches->nr++;
}

int watch_add(struct watches *watches, struct watch **list, void *owner, uint16_t domid,
	      const char *path, const char *token, struct watch **added)
{
	char absolute[PATH_BYTES];
	size_t home, at, length = strlen(token) + 1;
	struct place *place = NULL;
	struct watch *watch, **concerned;
	int rc = resolve(absolute, path, domid, &home);

	if (rc)
		return rc;
	if (find_place(watches, absolute, &at))
		place = watches->places[at];
	if (place && find_watch(place, owner, home, token))
		return -EEXIST;
	concerned = grow(watches->concerned, &watches->concerned_size, watches->nr);
	if (!concerned)
		return -ENOMEM;
	watches->concerned = concerned;
	watch = malloc(sizeof(*watch) + length);
	if (!watch)
		return -ENOMEM;
	if (!place)
		place = place_create(watches, absolute, at);
	if (!place) {
		free(watch);
		return -ENOMEM;
	}
	watch->owner = owner;
	watch->home = (uint16_t)home;
	memcpy(watch->token, token, length);
	link_watch(watches, place, list, watch);
	*added = watch;
	return 0;
}

void watch_drop(struct watches *watches, struct watch *watch)
{
	struct place *place = watch->place;

	*watch->link = watch->next;
	if (watch->next)
		watch->next->link = watch->link;
	else
		place->last = watch->link;
	*watch->tie = watch->sibling;
	if (watch->sibling)
		watch->sibling->tie = watch->tie;
	free(watch);
	watches->nr--;
	if (!place->first)
		place_destroy(watches, place);
}

int watch_remove(struct watches *watches, void *owner, uint16_t domid, const char *path,
		 const char *token)
{
	char absolute[PATH_BYTES];
	size_t home, at;
	struct watch *watch;
	int rc = resolve(absolute, path, domid, &home);

	if (rc)
		return rc;
	if (!find_place(watches, absolute, &at))
		return -ENOENT;
	watch = find_watch(watches->places[at], owner, home, token);
	if (!watch)
		return -ENOENT;
	watch_drop(watches, watch);
	return 0;
}

unsigned int watch_clear(struct watches *watches, struct watch **list)
{
	unsigned int nr = 0;

	for (; *list; nr++)
		watch_drop(watches, *list);
	return nr;
}

const char *watch_path(const struct watch *watch)
{
	return watch->place->path;
}

const char *watch_own_path(const struct watch *watch)
{
	return watch->place->path + watch->home;
}

static size_t take_place(struct watches *watches, size_t nr, const struct place *place)
{
	for (struct watch *watch = place->first; watch; watch = watch->next)
		watches->concerned[nr++] = watch;
	return nr;
}

/* Takes what stands at the path's prefixes and, if all below went, what stands
 * below it. How many. */
static size_t take_concerned(struct watches *watches, const char *path, bool removed)
{
	struct range range = { 0, watches->nr_places };
	const char *text = key(path);
	size_t length = path_is_special(path) ? strlen(path) : 0, nr = 0;

	for (;;) {
		range = range_below(watches, range, text, length);
		if (range.first == range.end)
			return nr;
		if (key(watches->places[range.first]->path)[length] == '\0')
			nr = take_place(watches, nr, watches->places[range.first++]);
		if (text[length] == '\0')
			break;
		length += 1 + strcspn(text + length + 1, "/");
	}
	for (size_t at = range.first; removed && at < range.end; at++)
		nr = take_place(watches, nr, watches->places[at]);
	return nr;
}

static int compare_sequence(const void *a, const void *b)
{
	const struct watch *one = *(struct watch *const *)a, *other = *(struct watch *const *)b;

	return one->sequence < other->sequence ? -1 : one->sequence > other->sequence;
}

void watch_concerned(struct watches *watches, const char *path, bool removed,
		     void (*tell)(void *arg, const struct watch *watch, const char *path),
		     void *arg)
{
	size_t nr = take_concerned(watches, path, removed), length = strlen(path);

	if (nr > 1)
		qsort(watches->concerned, nr, sizeof(*watches->concerned), compare_sequence);
	for (size_t i = 0; i < nr; i++) {
		const struct watch *watch = watches->concerned[i];
		bool below = strlen(watch->place->path) > length;

		tell(arg, watch, below ? watch->place->path : path);
	}
}
