/*
 * Frames that wait for a guest's buffers: private copies in a bounded ring of
 * bytes, oldest first. One thread at a time.
 */
#ifndef BACKEND_BACKLOG_H
#define BACKEND_BACKLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bridge/frame.h"

struct backlog {
	uint8_t *bytes;
	size_t size;
	size_t head, tail; /* free-running; position is modulo size */
	uint32_t frames;   /* may be looked at by any thread */
};

/* Address space only: memory comes with use. 0 or -ENOMEM. size: a power of two. */
int backlog_init(struct backlog *backlog, size_t size);
void backlog_fini(struct backlog *backlog);

/* Copies the frame in. False: no room. */
bool backlog_push(struct backlog *backlog, const struct frame *frame, uint64_t now_ms);

/* The oldest frame, laid out in *frame and *rest, and when it came; false if
 * there is none. Valid until it is popped. */
bool backlog_front(const struct backlog *backlog, struct frame *frame, struct fragment *rest,
		   uint64_t *since_ms);
void backlog_pop(struct backlog *backlog);

struct state;

/* Saves what waits, or has it wait in an empty one, in its order. */
void backlog_carry(struct backlog *backlog, struct state *state);

static inline bool backlog_is_empty(const struct backlog *backlog)
{
	return backlog->head == backlog->tail;
}

#endif
