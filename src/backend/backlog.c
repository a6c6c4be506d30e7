#include "backend/backlog.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "io/state.h"
#include "ring/barrier.h"

/* Stands before each frame's bytes. length 0: the rest up to the end of the
 * buffer is unused, the next record stands at its start. */
struct record {
	uint64_t since_ms;
	uint32_t length;
	uint16_t gso_size;
	uint8_t gso_type;
	uint8_t csum;
};

static size_t record_bytes(uint32_t length)
{
	return (sizeof(struct record) + length + 15) & ~(size_t)15;
}

static struct record *record_at(const struct backlog *backlog, size_t position)
{
	return (struct record *)(backlog->bytes + (position & (backlog->size - 1)));
}

int backlog_init(struct backlog *backlog, size_t size)
{
	void *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (bytes == MAP_FAILED)
		return -ENOMEM;
	*backlog = (struct backlog){ .bytes = bytes, .size = size };
	return 0;
}

void backlog_fini(struct backlog *backlog)
{
	if (backlog->bytes)
		munmap(backlog->bytes, backlog->size);
	*backlog = (struct backlog){ 0 };
}

/* Room for a frame of that length at the end; the bytes follow the record. NULL:
 * there is none. */
static struct record *append(struct backlog *backlog, uint32_t length)
{
	size_t need = record_bytes(length);
	size_t to_end = backlog->size - (backlog->tail & (backlog->size - 1));
	size_t skip = need > to_end ? to_end : 0;
	struct record *record;

	if (backlog->tail - backlog->head + skip + need > backlog->size)
		return NULL;
	if (skip)
		*record_at(backlog, backlog->tail) = (struct record){ 0 };
	backlog->tail += skip;
	record = record_at(backlog, backlog->tail);
	backlog->tail += need;
	store_relaxed(&backlog->frames, backlog->frames + 1);
	return record;
}

bool backlog_push(struct backlog *backlog, const struct frame *frame, uint64_t now_ms)
{
	struct record *record = append(backlog, frame->length);

	if (!record)
		return false;
	*record = (struct record){ now_ms, frame->length, frame->gso_size, frame->gso_type,
				   frame->csum };
	frame_copy_out(frame, 0, frame->length, (uint8_t *)(record + 1));
	return true;
}

/* Where the oldest record stands, behind the unused end if there is one. */
static size_t front_position(const struct backlog *backlog)
{
	size_t position = backlog->head;

	if (!record_at(backlog, position)->length)
		position += backlog->size - (position & (backlog->size - 1));
	return position;
}

bool backlog_front(const struct backlog *backlog, struct frame *frame, struct fragment *rest,
		   uint64_t *since_ms)
{
	const struct record *record;

	if (backlog_is_empty(backlog))
		return false;
	record = record_at(backlog, front_position(backlog));
	frame_build_plain(frame, (const uint8_t *)(record + 1), record->length, rest);
	frame->csum = record->csum;
	frame->gso_type = record->gso_type;
	frame->gso_size = record->gso_size;
	*since_ms = record->since_ms;
	return true;
}

void backlog_pop(struct backlog *backlog)
{
	size_t position = front_position(backlog);

	backlog->head = position + record_bytes(record_at(backlog, position)->length);
	store_relaxed(&backlog->frames, backlog->frames - 1);
}

static void carry_record(struct record *record, struct state *state)
{
	state_u64(state, &record->since_ms);
	state_u16(state, &record->gso_size);
	record->gso_type = (uint8_t)state_number(state, record->gso_type, GSO_UDP);
	record->csum = (uint8_t)state_number(state, record->csum, CSUM_BLANK);
}

static void save(struct backlog backlog, struct state *state)
{
	while (!backlog_is_empty(&backlog)) {
		struct record *record = record_at(&backlog, front_position(&backlog));
		size_t length = record->length;

		state_more(state, true);
		state_blob(state, record + 1, &length, UINT32_MAX);
		carry_record(record, state);
		backlog_pop(&backlog); /* of this copy */
	}
	state_more(state, false);
}

static void restore(struct backlog *backlog, struct state *state)
{
	while (state_more(state, false)) {
		size_t length;
		const void *bytes = state_blob(state, NULL, &length, backlog->size);
		struct record *record = length ? append(backlog, (uint32_t)length) : NULL;

		if (!record) {
			state_refuse(state, "there is no room for what waits for a guest");
			return;
		}
		*record = (struct record){ .length = (uint32_t)length };
		memcpy(record + 1, bytes, length);
		carry_record(record, state);
	}
}

void backlog_carry(struct backlog *backlog, struct state *state)
{
	if (state->restores)
		restore(backlog, state);
	else
		save(*backlog, state);
}
