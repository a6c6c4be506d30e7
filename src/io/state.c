#include "io/state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 64 << 10, FDS_FIRST_ROOM = 64, NO_FD = UINT32_MAX };

struct head {
	char magic[8];
	uint32_t version;
	uint32_t nr_fds;
	uint64_t length; /* with the head */
};

struct record {
	uint32_t type;
	uint32_t pad;
	uint64_t length; /* of what follows */
};

static const char magic[8] = "splitvif";

void state_refuse(struct state *state, const char *why)
{
	if (state->fault)
		return;
	state->fault = why;
	state->fault_at = state->at;
}

/* The array with room for `need`, or NULL. */
static void *grow(void *array, size_t need, size_t first, size_t entry, size_t *room)
{
	size_t more = *room ? *room : first;

	if (need <= *room)
		return array;
	while (more < need)
		more *= 2;
	array = realloc(array, more * entry);
	if (array)
		*room = more;
	return array;
}

static void append(struct state *state, const void *bytes, size_t length)
{
	uint8_t *grown = grow(state->bytes, state->at + length, FIRST_ROOM, 1, &state->end);

	if (!grown)
		state_refuse(state, "out of memory");
	else
		state->bytes = grown;
	if (state->fault)
		return;
	if (length)
		memcpy(state->bytes + state->at, bytes, length);
	state->at += length;
}

/* What stands there, and goes on behind it; NULL beyond the record's end. */
static const uint8_t *take(struct state *state, size_t length)
{
	const uint8_t *from = state->bytes + state->at;

	if (!state->fault && state->end - state->at < length)
		state_refuse(state, "it is cut");
	if (state->fault)
		return NULL;
	state->at += length;
	return from;
}

static void plain(struct state *state, void *value, size_t length)
{
	const uint8_t *from;

	if (!state->restores) {
		append(state, value, length);
		return;
	}
	from = take(state, length);
	if (from && length)
		memcpy(value, from, length);
	else if (!from)
		memset(value, 0, length);
}

void state_save(struct state *state)
{
	struct head head = { .version = STATE_VERSION };

	*state = (struct state){ 0 };
	memcpy(head.magic, magic, sizeof(magic));
	append(state, &head, sizeof(head));
}

int state_seal(struct state *state)
{
	struct head head;

	if (state->fault)
		return -ENOMEM;
	memcpy(&head, state->bytes, sizeof(head));
	head.length = state->at;
	head.nr_fds = state->nr_fds;
	memcpy(state->bytes, &head, sizeof(head));
	return 0;
}

static const char *head_check(const struct head *head, size_t length, uint32_t nr_fds)
{
	if (memcmp(head->magic, magic, sizeof(magic)))
		return "it is no state of splitvifd";
	if (head->version != STATE_VERSION)
		return "it is of another version";
	if (head->length != length)
		return "it is cut, or longer than it says";
	return head->nr_fds != nr_fds ? "descriptors are missing, or too many" : NULL;
}

int state_restore(struct state *state, const void *bytes, size_t length, int *fds, uint32_t nr_fds)
{
	struct head head;
	const char *why;

	*state = (struct state){ .restores = true,
				 .bytes = (uint8_t *)bytes,
				 .end = length,
				 .fds = fds,
				 .nr_fds = nr_fds };
	plain(state, &head, sizeof(head));
	why = state->fault ? state->fault : head_check(&head, length, nr_fds);
	if (why)
		state_refuse(state, why);
	return why ? -EPROTO : 0;
}

void state_fini(struct state *state)
{
	if (!state->restores) {
		free(state->bytes);
		free(state->fds);
	}
	*state = (struct state){ 0 };
}

/* Saving, the mark is where its head stands; restoring, where the outer one ends. */
size_t state_open(struct state *state, uint32_t type)
{
	struct record record = { .type = type };
	size_t mark = state->restores ? state->end : state->at;

	plain(state, &record, sizeof(record));
	if (!state->restores || state->fault)
		return mark;
	if (record.type != type)
		state_refuse(state, "another record stands there");
	else if (record.length > state->end - state->at)
		state_refuse(state, "a record is longer than what holds it");
	else
		state->end = state->at + record.length;
	return mark;
}

void state_close(struct state *state, size_t mark)
{
	struct record record;

	if (state->fault)
		return;
	if (state->restores) {
		if (state->at != state->end)
			state_refuse(state, "a record is longer than what is known of it");
		state->end = mark;
		return;
	}
	memcpy(&record, state->bytes + mark, sizeof(record));
	record.length = state->at - mark - sizeof(record);
	memcpy(state->bytes + mark, &record, sizeof(record));
}

void state_skip(struct state *state, size_t mark)
{
	if (!state->fault)
		state->at = state->end;
	state_close(state, mark);
}

void state_bool(struct state *state, bool *value)
{
	*value = state_number(state, *value, 1);
}

void state_u8(struct state *state, uint8_t *value)
{
	plain(state, value, sizeof(*value));
}

void state_u16(struct state *state, uint16_t *value)
{
	plain(state, value, sizeof(*value));
}

void state_u32(struct state *state, uint32_t *value)
{
	plain(state, value, sizeof(*value));
}

void state_u64(struct state *state, uint64_t *value)
{
	plain(state, value, sizeof(*value));
}

uint64_t state_number(struct state *state, uint64_t value, uint64_t most)
{
	plain(state, &value, sizeof(value));
	if (value <= most)
		return value;
	state_refuse(state, "a number is too large");
	return 0;
}

const void *state_blob(struct state *state, const void *bytes, size_t *length, size_t most)
{
	*length = state_number(state, state->restores ? 0 : *length, most);
	if (!state->restores)
		append(state, bytes, *length);
	else
		bytes = take(state, *length);
	if (!bytes || state->fault)
		*length = 0;
	return bytes;
}

void state_text(struct state *state, char *text, size_t size)
{
	size_t length = state->restores ? 0 : strlen(text);
	const char *from = state_blob(state, text, &length, size - 1);

	if (!state->restores)
		return;
	if (length && memchr(from, '\0', length)) {
		state_refuse(state, "a text has a NUL in it");
		length = 0;
	}
	if (length)
		memcpy(text, from, length);
	text[length] = '\0';
}

void state_bytes(struct state *state, void *bytes, size_t length)
{
	if (state_number(state, length, length) != length)
		state_refuse(state, "bytes are missing");
	plain(state, bytes, length);
}

static void fd_append(struct state *state, int fd)
{
	size_t room = state->fds_room;
	int *grown =
		grow(state->fds, state->nr_fds + 1u, FDS_FIRST_ROOM, sizeof(*state->fds), &room);

	if (!grown) {
		state_refuse(state, "out of memory");
		return;
	}
	state->fds = grown;
	state->fds_room = (uint32_t)room;
	state->fds[state->nr_fds++] = fd;
}

void state_fd(struct state *state, int *fd)
{
	uint32_t index = *fd < 0 ? NO_FD : state->nr_fds;

	if (!state->restores && *fd >= 0)
		fd_append(state, *fd);
	plain(state, &index, sizeof(index));
	if (!state->restores)
		return;
	*fd = -1;
	if (state->fault || index == NO_FD)
		return;
	if (index >= state->nr_fds || state->fds[index] < 0) {
		state_refuse(state, "a descriptor is not there, or there twice");
		return;
	}
	*fd = state->fds[index];
	state->fds[index] = -1;
}

bool state_more(struct state *state, bool more)
{
	state_bool(state, &more);
	return more && !state->fault;
}
