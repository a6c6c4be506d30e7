/*
 * A process' state on its way to the process that goes on in its place: typed
 * records of fixed-size words, every one with its length, and descriptors beside
 * them.
 *
 * One description serves both ways: state_u32(s, &x) writes x where the state is
 * being saved and sets it where it is being restored, so that a noun's layout
 * stands in one place and the two ends cannot differ. What makes objects asks
 * `restores`.
 *
 * Restoring trusts nothing: the first thing that does not fit is the fault, and
 * from then on all that is read is 0, all lists are at their end. So callers look
 * at the fault once, when they are through. Byte order is the machine's: both
 * processes run on one.
 *
 * Pure: memory only; how it travels is the owner's affair. One thread.
 */
#ifndef IO_STATE_H
#define IO_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* To be raised with every change of what is saved: another version is refused. */
enum { STATE_VERSION = 3, STATE_TEXT_MAX = 4096 };

struct state {
	bool restores;
	const char *fault; /* NULL: none yet; when saving only "out of memory" */
	size_t fault_at;
	uint8_t *bytes;
	size_t at, end; /* end: of the record that is being read; room when saving */
	int *fds;	/* of the owner; -1: taken */
	uint32_t nr_fds, fds_room;
};

/* Begins to save. state_fini() gives the memory back, and closes no descriptor. */
void state_save(struct state *state);
/* The length is filled in; nothing may be added any more. 0 or -ENOMEM. */
int state_seal(struct state *state);

/* Begins to restore from these bytes, which must stay; descriptors that are
 * taken are set to -1. 0, or -EPROTO with the fault: of another version, cut, or
 * with more or fewer descriptors. */
int state_restore(struct state *state, const void *bytes, size_t length, int *fds, uint32_t nr_fds);
void state_fini(struct state *state);

/* What does not fit, if nothing was found before. */
void state_refuse(struct state *state, const char *why);

/* A record of that type begins: the mark for its end, where all of it must have
 * been read. The type of what comes next must be this. */
size_t state_open(struct state *state, uint32_t type);
void state_close(struct state *state, size_t mark);

/* Instead: leaves the rest of a record that is being restored. */
void state_skip(struct state *state, size_t mark);

void state_bool(struct state *state, bool *value);
void state_u8(struct state *state, uint8_t *value);
void state_u16(struct state *state, uint16_t *value);
void state_u32(struct state *state, uint32_t *value);
void state_u64(struct state *state, uint64_t *value);
/* For enums and sizes: refused when it is above `most`. The value. */
uint64_t state_number(struct state *state, uint64_t value, uint64_t most);
/* A NUL-terminated text in a buffer of that size. */
void state_text(struct state *state, char *text, size_t size);
/* Exactly so many bytes: counters, addresses. */
void state_bytes(struct state *state, void *bytes, size_t length);
/* Any number of bytes up to `most`; restored they lie within the state. The
 * length when saving is the caller's. */
const void *state_blob(struct state *state, const void *bytes, size_t *length, size_t most);
/* A descriptor; -1 is none. Restored it is the caller's. */
void state_fd(struct state *state, int *fd);

/* Whether the list goes on: as the caller says, or as it was saved. */
bool state_more(struct state *state, bool more);

#endif
