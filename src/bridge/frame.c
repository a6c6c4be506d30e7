#include "bridge/frame.h"

#include <assert.h>
#include <string.h>

static uint32_t smaller(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

void frame_build(struct frame *frame, const struct fragment *fragments, unsigned int nr,
		 struct fragment *rest)
{
	frame_forget(frame, rest);
	for (unsigned int i = 0; i < nr; i++) {
		uint32_t take = smaller(fragments[i].length, FRAME_HEAD_BYTES - frame->head);

		if (take)
			memcpy(frame->bytes + frame->head, fragments[i].data, take);
		frame->head += (uint16_t)take;
		frame->length += fragments[i].length;
		if (fragments[i].length > take)
			rest[frame->nr_frags++] = (struct fragment){
				fragments[i].data + take,
				fragments[i].length - take,
			};
	}
}

void frame_copy_out(const struct frame *frame, uint32_t offset, uint32_t length, uint8_t *to)
{
	uint32_t start = frame->head;

	assert(offset <= frame->length && length <= frame->length - offset);
	if (offset < frame->head) {
		uint32_t take = smaller(length, frame->head - offset);

		memcpy(to, frame->bytes + offset, take);
		to += take;
		offset += take;
		length -= take;
	}
	for (unsigned int i = 0; length && i < frame->nr_frags; i++) {
		const struct fragment *fragment = &frame->frags[i];

		if (offset - start < fragment->length) {
			uint32_t take = smaller(length, start + fragment->length - offset);

			memcpy(to, fragment->data + (offset - start), take);
			to += take;
			offset += take;
			length -= take;
		}
		start += fragment->length;
	}
}
