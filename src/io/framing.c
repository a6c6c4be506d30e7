#include "io/framing.h"

#include <assert.h>
#include <string.h>

const char *framing_fault_text(enum framing_fault fault)
{
	static const char *const texts[] = {
		[FRAMING_SOUND] = "none",
		[FRAMING_TOO_SHORT] = "a frame of fewer than 14 bytes",
		[FRAMING_TOO_LONG] = "a frame of more than 65535 bytes",
	};

	static_assert(sizeof(texts) / sizeof(texts[0]) == FRAMING_FAULTS, "a text for each");
	return fault < FRAMING_FAULTS ? texts[fault] : "unknown";
}

void framing_put_length(uint8_t header[FRAMING_HEADER_BYTES], uint32_t length)
{
	header[0] = (uint8_t)(length >> 24);
	header[1] = (uint8_t)(length >> 16);
	header[2] = (uint8_t)(length >> 8);
	header[3] = (uint8_t)length;
}

static uint32_t get_length(const uint8_t header[FRAMING_HEADER_BYTES])
{
	return (uint32_t)header[0] << 24 | (uint32_t)header[1] << 16 | (uint32_t)header[2] << 8 |
	       header[3];
}

/* What is left is less than a frame, so little is moved. */
uint8_t *framing_room(struct framing_reader *reader, size_t *room)
{
	size_t left = reader->end - reader->start;

	if (reader->start)
		memmove(reader->bytes, reader->bytes + reader->start, left);
	reader->start = 0;
	reader->end = left;
	*room = reader->room - left;
	return reader->bytes + left;
}

void framing_filled(struct framing_reader *reader, size_t bytes)
{
	assert(bytes <= reader->room - reader->end);
	reader->end += bytes;
}

bool framing_next(struct framing_reader *reader, const uint8_t **frame, uint32_t *length)
{
	const uint8_t *header = reader->bytes + reader->start;
	size_t there = reader->end - reader->start;

	if (reader->fault || there < FRAMING_HEADER_BYTES)
		return false;
	*length = get_length(header);
	if (*length < FRAMING_FRAME_MIN)
		reader->fault = FRAMING_TOO_SHORT;
	if (*length > FRAMING_FRAME_MAX)
		reader->fault = FRAMING_TOO_LONG;
	if (reader->fault || there - FRAMING_HEADER_BYTES < *length)
		return false;
	*frame = header + FRAMING_HEADER_BYTES;
	reader->start += FRAMING_HEADER_BYTES + *length;
	return true;
}

static size_t length_of(const struct iovec *pieces, unsigned int n)
{
	size_t length = 0;

	for (unsigned int i = 0; i < n; i++)
		length += pieces[i].iov_len;
	return length;
}

bool framing_keep(struct framing_writer *writer, const struct iovec *pieces, unsigned int n,
		  size_t sent)
{
	size_t left = writer->end - writer->start, rest = length_of(pieces, n) - sent;
	size_t most = writer->most ? writer->most : writer->room;

	assert(!sent || !left);
	if (rest > most - left)
		return false;
	if (!left)
		writer->start = writer->end = 0;
	if (rest > writer->room - writer->end) {
		memmove(writer->bytes, writer->bytes + writer->start, left);
		writer->start = 0;
		writer->end = left;
	}
	if (sent)
		writer->begun = rest;
	for (unsigned int i = 0; i < n; i++) {
		size_t skipped = sent < pieces[i].iov_len ? sent : pieces[i].iov_len;
		size_t here = pieces[i].iov_len - skipped;

		sent -= skipped;
		memcpy(writer->bytes + writer->end, (const uint8_t *)pieces[i].iov_base + skipped,
		       here);
		writer->end += here;
	}
	return true;
}

/* The frame that begins there, with its length. */
static size_t whole_at(const struct framing_writer *writer, size_t at)
{
	return FRAMING_HEADER_BYTES + get_length(writer->bytes + at);
}

const uint8_t *framing_kept(const struct framing_writer *writer, size_t *length)
{
	size_t end = writer->start + writer->begun;

	if (end == writer->start && end < writer->end)
		end += whole_at(writer, end);
	while (!writer->begun && end < writer->end &&
	       end + whole_at(writer, end) - writer->start <= FRAMING_CHUNK)
		end += whole_at(writer, end);
	*length = end - writer->start;
	return *length ? writer->bytes + writer->start : NULL;
}

void framing_sent(struct framing_writer *writer, size_t bytes)
{
	assert(bytes <= writer->end - writer->start);
	while (bytes) {
		size_t here;

		if (!writer->begun)
			writer->begun = whole_at(writer, writer->start);
		here = bytes < writer->begun ? bytes : writer->begun;
		writer->begun -= here;
		writer->start += here;
		bytes -= here;
	}
}
