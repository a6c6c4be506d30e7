/*
 * What an engine's implementation provides; private to src/io.
 *
 * engine.c keeps a list of sources that are to be reported without asking the
 * kernel: those whose event came before they were armed.
 */
#ifndef IO_ENGINE_OPS_H
#define IO_ENGINE_OPS_H

#include "io/engine.h"

struct engine_ops {
	const char *name;
	void (*destroy)(struct engine *engine);
	/* fd and owner are set. 0 or -errno. */
	int (*add)(struct engine *engine, struct engine_source *source);
	void (*remove)(struct engine *engine, struct engine_source *source);
	/* `armed` is set. False: the kernel cannot be asked for a report, or has
	 * given it already; then engine.c reports the source at once. */
	bool (*arm)(struct engine *engine, struct engine_source *source);
	/* As engine_wait(); clears `armed` of what it reports. */
	int (*wait)(struct engine *engine, struct engine_source **ready, unsigned int max,
		    int64_t timeout_ns);
	unsigned int (*read)(struct engine *engine, int fd, struct engine_io *list,
			     unsigned int n);
	unsigned int (*write)(struct engine *engine, int fd, struct engine_io *list,
			      unsigned int n);
};

struct engine {
	const struct engine_ops *ops;
	struct engine_source *due; /* armed, and to be reported by the next wait */
};

/* 0, or -errno with *why naming the step that failed. */
int engine_uring_create(struct engine **engine, const char **why);
int engine_epoll_create(struct engine **engine, const char **why);

#endif
