/*
 * Messages of the store's wire protocol (xen/io/xs_wire.h): a header of 16
 * bytes in little endian, then up to 4096 bytes of payload.
 *
 * The reader takes bytes cut anywhere and gives whole messages; the buffer
 * holds what waits to be sent. Neither knows what a message means. Server and
 * client use the same two.
 */
#ifndef STORE_WIRE_H
#define STORE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>

#include <xen/io/xs_wire.h>

enum {
	WIRE_HEADER_BYTES = sizeof(struct xsd_sockmsg),
	WIRE_PAYLOAD_BYTES = XENSTORE_PAYLOAD_MAX,
};

struct wire_message {
	uint32_t type; /* enum xsd_sockmsg_type */
	uint32_t req_id;
	uint32_t tx_id;
	uint32_t length;
	const char *payload;
};

/* The bytes of one message, as far as they have come; all zero at first. */
struct wire_reader {
	uint32_t have;
	bool complete;
	char bytes[WIRE_HEADER_BYTES + WIRE_PAYLOAD_BYTES + 1];
};

/* Takes bytes off the front of [*bytes, *bytes + *length). 1: *message is
 * whole, its payload followed by a NUL, valid until the next call; call again.
 * 0: all bytes are taken. -EPROTO: a payload longer than the protocol allows. */
int wire_read(struct wire_reader *reader, const char **bytes, size_t *length,
	      struct wire_message *message);

/* Bytes that wait to be sent; all zero at first. */
struct wire_buffer {
	char *bytes;
	size_t start; /* sent so far */
	size_t end;
	size_t size;
};

void wire_buffer_fini(struct wire_buffer *buffer);
size_t wire_buffer_length(const struct wire_buffer *buffer);
/* Appends a message of at most WIRE_PAYLOAD_BYTES. 0 or -ENOMEM. */
int wire_append(struct wire_buffer *buffer, const struct wire_message *message);
/* Takes bytes off the front, at most what is there. */
void wire_sent(struct wire_buffer *buffer, size_t length);

struct state;

/* Saves what came in part, what waits to be sent, or has it restored in place of
 * nothing. */
void wire_reader_carry(struct wire_reader *reader, struct state *state);
void wire_buffer_carry(struct wire_buffer *buffer, struct state *state);

/* Errors travel by name. A number without a name is "EIO", a name without a
 * number EIO. The number is positive. */
const char *wire_error_name(int error);
int wire_error_number(const char *name);

#endif
