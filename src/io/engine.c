#include "io/engine.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "io/engine_ops.h"

int engine_kind_parse(const char *name, enum engine_kind *kind)
{
	static const struct {
		const char *name;
		enum engine_kind kind;
	} kinds[] = {
		{ "auto", ENGINE_AUTO },
		{ "uring", ENGINE_URING },
		{ "epoll", ENGINE_EPOLL },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(name, kinds[i].name) == 0) {
			*kind = kinds[i].kind;
			return 0;
		}
	}
	return -EINVAL;
}

static int create_epoll(struct engine **engine, char *note, size_t note_size, const char *reason)
{
	const char *why = NULL;
	int err = engine_epoll_create(engine, &why);

	if (err)
		snprintf(note, note_size, "epoll: %s: %s", why, strerror(-err));
	else
		snprintf(note, note_size, "epoll (%s)", reason);
	return err;
}

int engine_create(struct engine **engine, enum engine_kind kind, char *note, size_t note_size)
{
	const char *forced = kind == ENGINE_AUTO ? "probe passed" : "forced";
	const char *why = NULL;
	char reason[128];
	int err;

	if (kind == ENGINE_EPOLL)
		return create_epoll(engine, note, note_size, forced);
	err = engine_uring_create(engine, &why);
	if (!err) {
		snprintf(note, note_size, "uring (%s)", forced);
		return 0;
	}
	snprintf(reason, sizeof(reason), "io_uring not available: %s: %s", why, strerror(-err));
	if (kind == ENGINE_AUTO)
		return create_epoll(engine, note, note_size, reason);
	snprintf(note, note_size, "%s", reason);
	return -ENOSYS;
}

void engine_destroy(struct engine *engine)
{
	engine->ops->destroy(engine);
}

const char *engine_name(const struct engine *engine)
{
	return engine->ops->name;
}

int engine_add(struct engine *engine, struct engine_source *source, int fd, void *owner)
{
	int err;

	*source = (struct engine_source){ .fd = fd, .owner = owner };
	err = engine->ops->add(engine, source);
	source->added = !err;
	return err;
}

static void forget_due(struct engine *engine, const struct engine_source *source)
{
	struct engine_source **link = &engine->due;

	while (*link && *link != source)
		link = &(*link)->next_due;
	if (*link)
		*link = source->next_due;
}

void engine_remove(struct engine *engine, struct engine_source *source)
{
	if (!source->added)
		return;
	forget_due(engine, source);
	engine->ops->remove(engine, source);
	source->added = false;
	source->armed = false;
	source->ready = false;
}

void engine_arm(struct engine *engine, struct engine_source *source)
{
	if (source->armed || !source->added)
		return;
	source->armed = true;
	if (engine->ops->arm(engine, source))
		return;
	source->next_due = engine->due;
	engine->due = source;
}

static unsigned int take_due(struct engine *engine, struct engine_source **ready,
			     unsigned int max)
{
	unsigned int n = 0;

	while (n < max && engine->due) {
		struct engine_source *source = engine->due;

		engine->due = source->next_due;
		source->armed = false;
		ready[n++] = source;
	}
	return n;
}

int engine_wait(struct engine *engine, struct engine_source **ready, unsigned int max,
		int64_t timeout_ns)
{
	unsigned int due = take_due(engine, ready, max);
	int n;

	if (due == max)
		return (int)due;
	n = engine->ops->wait(engine, ready + due, max - due, due ? 0 : timeout_ns);
	if (n == -EINTR)
		n = 0;
	return due && n < 0 ? (int)due : (int)due + n;
}

unsigned int engine_read(struct engine *engine, int fd, struct engine_io *list, unsigned int n)
{
	return engine->ops->read(engine, fd, list, n);
}

unsigned int engine_write(struct engine *engine, int fd, struct engine_io *list, unsigned int n)
{
	return engine->ops->write(engine, fd, list, n);
}
