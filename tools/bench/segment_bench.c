#include "bench/segment_bench.h"

#include <string.h>

#include "bench/micro.h"
#include "bench/tcp_frame.h"
#include "bridge/csum.h"
#include "bridge/merge.h"
#include "bridge/segment.h"

enum { CSUM_ROUND = 64 };

struct summing {
	const uint8_t *bytes;
	uint32_t length;
};

struct segment_bench {
	uint8_t bytes[TCP_FRAME_BYTES];
	struct fragment rest;
	struct frame big;
	/* What the big one is cut into, and what of it is merged. */
	struct frame segments[BATCH_FRAMES];
	struct fragment fragments[4 * BATCH_FRAMES];
	struct frame
		parts[2]
		     [BATCH_FRAMES]; /* with checksums that are known, and unknown, to be right */
	struct fragment part_fragments[4 * BATCH_FRAMES];
	struct merge merge;
	struct merge_counters counters;
	struct summing sums[3];
	struct micro micro;
};

static uint64_t cut(struct segment_bench *bench, bool complete)
{
	struct segment segment;
	uint64_t n = 0;
	unsigned int part;

	if (segment_init(&segment, &bench->big, complete))
		return 0;
	while ((part = segment_cut(&segment, bench->segments, BATCH_FRAMES, bench->fragments,
				   4 * BATCH_FRAMES)))
		n += part;
	return n;
}

static uint64_t cut_blank(void *arg)
{
	return cut(arg, false);
}

static uint64_t cut_complete(void *arg)
{
	return cut(arg, true);
}

/* Frames that made one big one. */
static uint64_t merge(struct segment_bench *bench, struct frame *parts)
{
	struct frame *list[BATCH_FRAMES];

	for (unsigned int i = 0; i < TCP_FRAME_SEGMENTS; i++)
		list[i] = &parts[i];
	return merge_list(&bench->merge, list, TCP_FRAME_SEGMENTS, MERGE_IPV4, &bench->counters) ==
			       1
		       ? TCP_FRAME_SEGMENTS
		       : 0;
}

static uint64_t merge_valid(void *arg)
{
	return merge(arg, ((struct segment_bench *)arg)->parts[0]);
}

static uint64_t merge_unknown(void *arg)
{
	return merge(arg, ((struct segment_bench *)arg)->parts[1]);
}

static uint64_t sum_up(void *arg)
{
	const struct summing *summing = arg;
	uint64_t sum = 0;

	for (unsigned int i = 0; i < CSUM_ROUND; i++)
		sum = csum_add(sum & 0xffff, summing->bytes, summing->length);
	return sum ? CSUM_ROUND : 0;
}

static void make_frames(struct segment_bench *bench)
{
	struct segment segment;

	tcp_frame_build(&bench->big, TCP_FRAME_SEGMENTS, bench->bytes, &bench->rest);
	if (!segment_init(&segment, &bench->big, true))
		segment_cut(&segment, bench->parts[0], BATCH_FRAMES, bench->part_fragments,
			    4 * BATCH_FRAMES);
	memcpy(bench->parts[1], bench->parts[0], sizeof(bench->parts[1]));
	for (unsigned int i = 0; i < BATCH_FRAMES; i++)
		bench->parts[1][i].csum = CSUM_NONE;
}

static void add_cases(struct segment_bench *bench)
{
	static const uint32_t lengths[] = { 64, 1514, TCP_FRAME_BYTES };
	uint32_t segment = TCP_FRAME_HEADERS + TCP_FRAME_MSS;
	struct micro *micro = &bench->micro;

	micro_add(micro, cut_blank, bench, segment, "cut 64 KB, a segment, checksum left blank");
	micro_add(micro, cut_complete, bench, segment, "cut 64 KB, a segment, with checksum");
	micro_add(micro, merge_valid, bench, segment, "merge to 64 KB, a segment, checksum valid");
	micro_add(micro, merge_unknown, bench, segment,
		  "merge to 64 KB, a segment, checksum unknown");
	for (unsigned int i = 0; i < 3; i++) {
		bench->sums[i] = (struct summing){ bench->bytes, lengths[i] };
		micro_add(micro, sum_up, &bench->sums[i], lengths[i], "checksum of %u B",
			  lengths[i]);
	}
}

int segment_bench_run(const struct options *options, struct report *report)
{
	static struct segment_bench bench;

	micro_init(&bench.micro, options);
	make_frames(&bench);
	add_cases(&bench);
	return micro_run(&bench.micro, report);
}
