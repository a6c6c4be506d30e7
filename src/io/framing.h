/*
 * Ethernet frames in a stream of bytes, as QEMU's "-netdev stream" and passt
 * have them: a length of four bytes, big endian, then the frame.
 *
 * Pure: knows bytes and how they are cut, no descriptors. A reader finds frames
 * in what came, however it came; a writer keeps what could not be sent yet, in
 * order and bounded. io/stream_socket.h moves the bytes.
 */
#ifndef IO_FRAMING_H
#define IO_FRAMING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

enum {
	FRAMING_HEADER_BYTES = 4,
	FRAMING_FRAME_MIN = 14,
	FRAMING_FRAME_MAX = 65535,
	FRAMING_WHOLE_MAX = FRAMING_HEADER_BYTES + FRAMING_FRAME_MAX,
	/* A unix socket takes so much in one call or none of it. Calls of whole frames
	 * spare the other side cut ones: passt of 2023 loses its place at a length
	 * that comes in two pieces. */
	FRAMING_CHUNK = 32 << 10,
};

/* What a length says that cannot be. After it nobody knows where the next frame
 * begins: the stream is at its end. */
enum framing_fault { FRAMING_SOUND, FRAMING_TOO_SHORT, FRAMING_TOO_LONG, FRAMING_FAULTS };

const char *framing_fault_text(enum framing_fault fault);

void framing_put_length(uint8_t header[FRAMING_HEADER_BYTES], uint32_t length);

/* Memory of the caller's, FRAMING_WHOLE_MAX bytes at least. */
struct framing_reader {
	uint8_t *bytes;
	size_t room;
	size_t start, end; /* of what has not been taken yet */
	enum framing_fault fault;
};

/* Where the next bytes go, and how many there is room for: at least one, once
 * framing_next() said false. Frames that were taken end here. */
uint8_t *framing_room(struct framing_reader *reader, size_t *room);
void framing_filled(struct framing_reader *reader, size_t bytes);

/* Takes a frame, in place. False: none is complete, or a fault. */
bool framing_next(struct framing_reader *reader, const uint8_t **frame, uint32_t *length);

/* Memory of the caller's, FRAMING_WHOLE_MAX bytes at least. */
struct framing_writer {
	uint8_t *bytes;
	size_t room;
	size_t most; /* to be kept; 0: as much as there is room for. Half of it: what is
		      * kept is moved once at most */
	size_t start, end;
	size_t begun; /* what is left of a frame that was cut, at the start */
};

/* Keeps all pieces of a frame but their first `sent` bytes, of which there are
 * none but where nothing is kept yet. False: no room, and nothing is kept; never
 * for the first one. */
bool framing_keep(struct framing_writer *writer, const struct iovec *pieces, unsigned int n,
		  size_t sent);

/* What is to be sent next, in one call: the rest of a frame that was begun, or
 * whole frames, together FRAMING_CHUNK bytes at most or one. NULL: nothing is. */
const uint8_t *framing_kept(const struct framing_writer *writer, size_t *length);
void framing_sent(struct framing_writer *writer, size_t bytes);

#endif
