#include "bench/relay_frame.h"

enum { FROM_AT = 11, TYPE_AT = 12, LENGTH_AT = 14, NUMBER_AT = 16, CHECKSUM_AT = 24, WORD = 8 };

void relay_stream_init(struct relay_stream *stream, uint32_t size, const uint8_t to[6],
		       const uint8_t from[6], uint16_t type)
{
	uint16_t length = (uint16_t)size;
	uint8_t bytes[16];

	memcpy(bytes, to, 6);
	memcpy(bytes + 6, from, 6);
	bytes[TYPE_AT] = (uint8_t)(type >> 8);
	bytes[TYPE_AT + 1] = (uint8_t)type;
	memcpy(bytes + LENGTH_AT, &length, sizeof(length));
	memcpy(stream->words, bytes, sizeof(stream->words));
	stream->size = size;
}

/* A sum over words with no word more than once in a place of its own: for whole
 * frames, whose pattern is known. The last word is filled up with zeroes. */
struct wide {
	uint64_t lanes[8];
};

static void wide_add(struct wide *wide, const uint8_t *bytes, uint32_t length)
{
	uint32_t at = 0;

	for (; at + sizeof(*wide) <= length; at += sizeof(*wide)) {
		uint64_t words[8];

		memcpy(words, bytes + at, sizeof(words));
		for (unsigned int i = 0; i < 8; i++)
			wide->lanes[i] += words[i];
	}
	for (unsigned int i = 0; at < length; at += WORD, i++) {
		uint64_t word = 0;

		memcpy(&word, bytes + at, length - at < WORD ? length - at : WORD);
		wide->lanes[i] += word;
	}
}

static uint64_t wide_fold(const struct wide *wide)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < 8; i++)
		sum += wide->lanes[i];
	return sum;
}

/* What the payload of every whole frame is a prefix of. */
static const uint8_t *pattern(void)
{
	static uint8_t bytes[RELAY_FRAME_MAX + 1];

	for (uint32_t at = 0; !bytes[0] && at < sizeof(bytes); at++)
		bytes[sizeof(bytes) - 1 - at] = (uint8_t)((at * 2654435761u >> 24) | 1);
	return bytes;
}

static uint64_t pattern_sum(uint32_t length)
{
	static uint32_t known_length;
	static uint64_t known;
	struct wide wide = { 0 };

	if (length != known_length) {
		wide_add(&wide, pattern(), length);
		known = wide_fold(&wide);
		known_length = length;
	}
	return known;
}

/* What a number makes of its payload: words that no other number has there. */
static void fill(uint8_t *bytes, uint32_t length, uint64_t number)
{
	for (uint32_t at = 0; at < length; at += WORD) {
		uint64_t word = (number + at) * UINT64_C(0x9e3779b97f4a7c15);

		memcpy(bytes + at, &word, length - at < WORD ? length - at : WORD);
	}
}

/* Fletcher again, over everything but the checksum. */
static uint64_t whole_sum(const uint8_t *frame, uint32_t length)
{
	uint64_t sum = 1, sums = 0;

	for (uint32_t at = 0; at < length; at += WORD) {
		uint64_t word = 0;

		if (at == CHECKSUM_AT)
			continue;
		memcpy(&word, frame + at, length - at < WORD ? length - at : WORD);
		sum += word;
		sums += sum;
	}
	return sum ^ (sums << 32 | sums >> 32);
}

/* Copies bytes [at, at + length) of a frame into its parts, or out of them. */
static void move(const struct iovec *parts, uint32_t at, uint8_t *bytes, uint32_t length, bool out)
{
	for (; length; parts++) {
		uint32_t here = (uint32_t)parts->iov_len;

		if (at >= here) {
			at -= here;
			continue;
		}
		here = here - at < length ? here - at : length;
		if (out)
			memcpy(bytes, (uint8_t *)parts->iov_base + at, here);
		else
			memcpy((uint8_t *)parts->iov_base + at, bytes, here);
		bytes += here;
		length -= here;
		at = 0;
	}
}

static void write_checked(const struct relay_stream *stream, uint64_t number,
			  const struct iovec *parts)
{
	static uint8_t frame[RELAY_FRAME_MAX + WORD];
	uint64_t sum;

	memcpy(frame, stream->words, sizeof(stream->words));
	memcpy(frame + NUMBER_AT, &number, sizeof(number));
	fill(frame + RELAY_FRAME_HEAD, stream->size - RELAY_FRAME_HEAD, number);
	sum = whole_sum(frame, stream->size);
	memcpy(frame + CHECKSUM_AT, &sum, sizeof(sum));
	move(parts, 0, frame, stream->size, false);
}

void relay_frame_write(const struct relay_stream *stream, uint64_t number, enum relay_depth depth,
		       const struct iovec *parts)
{
	if (depth == RELAY_CHECKED) {
		write_checked(stream, number, parts);
		return;
	}
	relay_frame_write_head(stream, number, parts->iov_base);
	if (depth == RELAY_WHOLE)
		move(parts, RELAY_FRAME_HEAD, (uint8_t *)pattern(), stream->size - RELAY_FRAME_HEAD,
		     false);
}

static enum relay_verdict read_checked(const struct iovec *parts, uint32_t length)
{
	static uint8_t frame[RELAY_FRAME_MAX + WORD];
	uint64_t sum;

	move(parts, 0, frame, length, true);
	memcpy(&sum, frame + CHECKSUM_AT, sizeof(sum));
	return sum == whole_sum(frame, length) ? RELAY_GOOD : RELAY_CORRUPT;
}

/* Each part but the last holds whole pages, so words do not straddle. */
static enum relay_verdict read_payload(const struct iovec *parts, uint32_t length)
{
	uint32_t at = RELAY_FRAME_HEAD, left = length - RELAY_FRAME_HEAD;
	struct wide wide = { 0 };

	for (; left; parts++, at = 0) {
		uint32_t here = (uint32_t)parts->iov_len - at;

		here = here < left ? here : left;
		wide_add(&wide, (uint8_t *)parts->iov_base + at, here);
		left -= here;
	}
	return wide_fold(&wide) == pattern_sum(length - RELAY_FRAME_HEAD) ? RELAY_GOOD
									  : RELAY_CORRUPT;
}

enum relay_verdict relay_frame_read(const struct iovec *parts, uint32_t length, uint32_t size,
				    enum relay_depth depth, uint64_t *number, uint8_t *from)
{
	uint8_t head[RELAY_FRAME_HEAD];
	uint64_t words[4];
	uint16_t announced;

	if (length < RELAY_FRAME_HEAD || parts->iov_len < RELAY_FRAME_HEAD)
		return RELAY_FOREIGN;
	memcpy(head, parts->iov_base, sizeof(head));
	if (head[TYPE_AT] != RELAY_ETHERTYPE >> 8)
		return RELAY_FOREIGN;
	*from = head[FROM_AT];
	if (head[TYPE_AT + 1] == (RELAY_ETHERTYPE_HERE & 0xff))
		return RELAY_HERE;
	if (head[TYPE_AT + 1] != (RELAY_ETHERTYPE & 0xff))
		return RELAY_FOREIGN;
	memcpy(words, head, sizeof(words));
	memcpy(&announced, head + LENGTH_AT, sizeof(announced));
	*number = words[2];
	if (length != size || announced != (uint16_t)size)
		return RELAY_CORRUPT;
	if (depth == RELAY_CHECKED)
		return read_checked(parts, length);
	if (words[3] != relay_head_sum(words[0], words[1], words[2]))
		return RELAY_CORRUPT;
	return depth == RELAY_WHOLE ? read_payload(parts, length) : RELAY_GOOD;
}
