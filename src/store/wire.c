#include "store/wire.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "io/state.h"

_Static_assert(WIRE_HEADER_BYTES == 16, "xs_wire.h: the header");

enum {
	BUFFER_STEP_BYTES = 4096,
	BUFFER_KEEP_BYTES = 65536, /* an empty buffer above this is given back */
};

static uint32_t reader_payload(const struct wire_reader *reader)
{
	struct xsd_sockmsg header;

	memcpy(&header, reader->bytes, sizeof(header));
	return le32toh(header.len);
}

/* Copies until `want` bytes are there. */
static bool reader_fill(struct wire_reader *reader, uint32_t want, const char **bytes,
			size_t *length)
{
	size_t part = want - reader->have;

	if (part > *length)
		part = *length;
	if (part)
		memcpy(reader->bytes + reader->have, *bytes, part);
	reader->have += part;
	*bytes += part;
	*length -= part;
	return reader->have == want;
}

static void reader_message(struct wire_reader *reader, struct wire_message *message)
{
	struct xsd_sockmsg header;

	memcpy(&header, reader->bytes, sizeof(header));
	message->type = le32toh(header.type);
	message->req_id = le32toh(header.req_id);
	message->tx_id = le32toh(header.tx_id);
	message->length = le32toh(header.len);
	message->payload = reader->bytes + WIRE_HEADER_BYTES;
	reader->bytes[reader->have] = '\0';
	reader->complete = true;
}

int wire_read(struct wire_reader *reader, const char **bytes, size_t *length,
	      struct wire_message *message)
{
	if (reader->complete) {
		reader->complete = false;
		reader->have = 0;
	}
	if (reader->have < WIRE_HEADER_BYTES &&
	    !reader_fill(reader, WIRE_HEADER_BYTES, bytes, length))
		return 0;
	if (reader_payload(reader) > WIRE_PAYLOAD_BYTES)
		return -EPROTO;
	if (!reader_fill(reader, WIRE_HEADER_BYTES + reader_payload(reader), bytes, length))
		return 0;
	reader_message(reader, message);
	return 1;
}

void wire_buffer_fini(struct wire_buffer *buffer)
{
	free(buffer->bytes);
	memset(buffer, 0, sizeof(*buffer));
}

size_t wire_buffer_length(const struct wire_buffer *buffer)
{
	return buffer->end - buffer->start;
}

/* Makes room for `more` bytes at the end. */
static int buffer_reserve(struct wire_buffer *buffer, size_t more)
{
	size_t length = wire_buffer_length(buffer);
	size_t size = buffer->size ? buffer->size : BUFFER_STEP_BYTES;
	char *bytes;

	if (buffer->size - buffer->end >= more)
		return 0;
	if (buffer->start) {
		memmove(buffer->bytes, buffer->bytes + buffer->start, length);
		buffer->start = 0;
		buffer->end = length;
	}
	while (size - length < more)
		size *= 2;
	if (size == buffer->size)
		return 0;
	bytes = realloc(buffer->bytes, size);
	if (!bytes)
		return -ENOMEM;
	buffer->bytes = bytes;
	buffer->size = size;
	return 0;
}

int wire_append(struct wire_buffer *buffer, const struct wire_message *message)
{
	struct xsd_sockmsg header = {
		.type = htole32(message->type),
		.req_id = htole32(message->req_id),
		.tx_id = htole32(message->tx_id),
		.len = htole32(message->length),
	};
	int rc = buffer_reserve(buffer, sizeof(header) + message->length);

	if (rc)
		return rc;
	memcpy(buffer->bytes + buffer->end, &header, sizeof(header));
	buffer->end += sizeof(header);
	if (message->length)
		memcpy(buffer->bytes + buffer->end, message->payload, message->length);
	buffer->end += message->length;
	return 0;
}

void wire_sent(struct wire_buffer *buffer, size_t length)
{
	size_t waiting = wire_buffer_length(buffer);

	buffer->start += length < waiting ? length : waiting;
	if (buffer->start < buffer->end)
		return;
	buffer->start = 0;
	buffer->end = 0;
	if (buffer->size > BUFFER_KEEP_BYTES)
		wire_buffer_fini(buffer);
}

/* A message that is complete was run; what it had is never looked at again. */
void wire_reader_carry(struct wire_reader *reader, struct state *state)
{
	size_t have = reader->complete ? 0 : reader->have;
	const void *bytes = state_blob(state, reader->bytes, &have, sizeof(reader->bytes) - 1);

	if (!state->restores)
		return;
	if (have)
		memcpy(reader->bytes, bytes, have);
	reader->have = (uint32_t)have;
	/* One that announces too much fails as soon as it goes on, as it would have. */
	if (have > WIRE_HEADER_BYTES && have - WIRE_HEADER_BYTES > reader_payload(reader)) {
		state_refuse(state, "a message to the store is longer than it says");
		reader->have = 0;
	}
}

void wire_buffer_carry(struct wire_buffer *buffer, struct state *state)
{
	size_t length = wire_buffer_length(buffer);
	const void *bytes = state_blob(state, buffer->bytes + buffer->start, &length, UINT32_MAX);

	if (!state->restores || !length)
		return;
	if (buffer_reserve(buffer, length)) {
		state_refuse(state, "out of memory");
		return;
	}
	memcpy(buffer->bytes + buffer->end, bytes, length);
	buffer->end += length;
}

const char *wire_error_name(int error)
{
	for (size_t i = 0; i < sizeof(xsd_errors) / sizeof(xsd_errors[0]); i++)
		if (xsd_errors[i].errnum == error)
			return xsd_errors[i].errstring;
	return "EIO";
}

int wire_error_number(const char *name)
{
	for (size_t i = 0; i < sizeof(xsd_errors) / sizeof(xsd_errors[0]); i++)
		if (!strcmp(xsd_errors[i].errstring, name))
			return xsd_errors[i].errnum;
	return EIO;
}
