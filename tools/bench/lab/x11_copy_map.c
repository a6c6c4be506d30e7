#include "bench/lab/experiments.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "bench/bare_guest.h"
#include "bench/host.h"
#include "bench/lab/experiment.h"

/*
 * X11: how a backend gets at what a guest sends. One thread, no ring: a frame's pages
 * are made accessible, and one word of each of its cache lines is read.
 *
 *	copy	   the grants are checked, the bytes copied out, the copy is read
 *	map	   the pages are mapped for this frame alone, read there, and unmapped
 *	persistent the grants are checked; the guest's memory is mapped all the time, as
 *		   splitvif has it, and is read there
 */

enum way { WAY_COPY, WAY_MAP, WAY_PERSISTENT };
static const char *const way_words[] = { "copy", "map", "persistent" };

enum { PAGES_MAX = 16, GUEST = 1, LINE = 64, ROUND = 16 };

struct setup {
	uint32_t way, frame_bytes;
};

struct copying {
	struct bare_guest guest;
	struct foreign_domain domain;
	struct grant_borrow borrows[PAGES_MAX];
	uint8_t copy[PAGES_MAX * PAGE_BYTES];
	uint32_t next; /* page */
	uint64_t sum;  /* of what was read: it must not be left out */
	int cpu;
};

enum column { NS_PER_FRAME, GBYTES_PER_S, FRAMES };

static const struct lab_column columns[] = {
	[NS_PER_FRAME] = { "ns_per_frame", 1 },
	[GBYTES_PER_S] = { "gbytes_per_s", 2 },
	[FRAMES] = { "frames", 0 },
	{ 0 },
};

static int open_rig(const struct lab_context *context, void **rig, char error[LAB_ERROR_BYTES])
{
	struct copying *copying = calloc(1, sizeof(*copying));
	int err = copying ? bare_guest_create(&copying->guest) : -ENOMEM;

	if (!err) {
		err = bare_guest_map(&copying->guest, &copying->domain, GUEST, NULL);
		if (err)
			bare_guest_destroy(&copying->guest);
	}
	if (err) {
		free(copying);
		snprintf(error, LAB_ERROR_BYTES, "no guest's memory: %s", strerror(-err));
		return err;
	}
	copying->cpu = context->cpus[1];
	*rig = copying;
	return 0;
}

static void close_rig(void *rig)
{
	struct copying *copying = rig;

	hypervisor_domain_fini(&copying->domain);
	bare_guest_destroy(&copying->guest);
	free(copying);
}

static uint64_t read_lines(const uint8_t *data, uint32_t length)
{
	uint64_t sum = 0, word;

	for (uint32_t at = 0; at + sizeof(word) <= length; at += LINE) {
		memcpy(&word, data + at, sizeof(word));
		sum += word;
	}
	return sum;
}

/* The next frame's pieces, one a page. */
static unsigned int lay_out(struct copying *copying, uint32_t bytes)
{
	unsigned int n = 0;

	for (uint32_t at = 0; at < bytes; at += PAGE_BYTES)
		copying->borrows[n++] = (struct grant_borrow){
			.ref = copying->guest.tx_refs[copying->next++ % BARE_SLOTS],
			.length = (uint16_t)(bytes - at < PAGE_BYTES ? bytes - at : PAGE_BYTES),
		};
	return n;
}

static bool use_borrowed(struct copying *copying, unsigned int n, bool copies)
{
	uint8_t *to = copying->copy;
	int16_t refused = 0;

	hypervisor_borrow(&copying->domain, copying->borrows, n);
	for (unsigned int i = 0; i < n; i++)
		refused |= copying->borrows[i].status;
	for (unsigned int i = 0; !refused && i < n; i++) {
		const struct grant_borrow *borrow = &copying->borrows[i];

		if (copies)
			memcpy(to, borrow->data, borrow->length);
		copying->sum += read_lines(copies ? to : borrow->data, borrow->length);
		to += borrow->length;
	}
	hypervisor_return(&copying->domain, copying->borrows, n);
	return !refused;
}

/* Pages of a guest lie anywhere: each is mapped by itself. */
static bool use_mapped(struct copying *copying, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		uint32_t page = (copying->next - n + i) % BARE_SLOTS;
		const uint8_t *data = mmap(NULL, PAGE_BYTES, PROT_READ, MAP_SHARED | MAP_POPULATE,
					   copying->guest.arena.tx.fd, page * (off_t)PAGE_BYTES);

		if (data == MAP_FAILED)
			return false;
		copying->sum += read_lines(data, copying->borrows[i].length);
		munmap((void *)data, PAGE_BYTES);
	}
	return true;
}

static int run(void *rig, const void *arg, const struct lab_window *window,
	       struct lab_result *result, char error[LAB_ERROR_BYTES])
{
	const struct setup *setup = arg;
	struct copying *copying = rig;
	int64_t start = host_now_ns(), now = start;
	uint64_t frames = 0;
	bool well = !host_pin(copying->cpu);

	while (well && now - start < window->measure_ns) {
		for (unsigned int i = 0; well && i < ROUND; i++) {
			unsigned int n = lay_out(copying, setup->frame_bytes);

			well = setup->way == WAY_MAP
				       ? use_mapped(copying, n)
				       : use_borrowed(copying, n, setup->way == WAY_COPY);
		}
		frames += ROUND;
		now = host_now_ns();
	}
	if (!well) {
		snprintf(error, LAB_ERROR_BYTES, "a page of a guest is refused");
		return -EIO;
	}
	result->values[NS_PER_FRAME] = (double)(now - start) / (double)frames;
	result->values[GBYTES_PER_S] = (double)frames * setup->frame_bytes / (double)(now - start);
	result->values[FRAMES] = (double)frames;
	return 0;
}

static const struct lab_rig rig = {
	.name = "copy or map",
	.setup_bytes = sizeof(struct setup),
	.columns = columns,
	.open = open_rig,
	.run = run,
	.close = close_rig,
};

static const struct setup setup = { .frame_bytes = 64 };
static const unsigned int sizes[] = { 64, 256, 1514, 4096, 16384, 65536 };

static const struct lab_sweep sweep = {
	.name = "X11",
	.rig = &rig,
	.setup = &setup,
	.factors = { { "way", offsetof(struct setup, way), way_words },
		     { "frame_bytes", offsetof(struct setup, frame_bytes), NULL } },
	.grids = { { LAB_IN_BIG | 1 << LAB_SMOKE,
		     { { 3, { WAY_COPY, WAY_PERSISTENT, WAY_MAP } },
		       { 6, { 64, 256, 1514, 4096, 16384, 65536 } } } } },
	.measure_ms = 50,
};

static struct interval ratio(const struct summaries *summaries, enum way way, unsigned int size)
{
	return interval_ratio(judge_at(summaries, "ns_per_frame",
				       WHERE({ "way", way }, { "frame_bytes", size })),
			      judge_at(summaries, "ns_per_frame",
				       WHERE({ "way", WAY_COPY }, { "frame_bytes", size })));
}

/* Where mapping begins to pay, if it does. */
static void remark_crossover(struct judge *judge, const struct summaries *summaries)
{
	for (unsigned int i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct interval to_copy = ratio(summaries, WAY_MAP, sizes[i]);

		if (!to_copy.known || to_copy.mid >= 1)
			continue;
		judge_remark(judge, "mapping costs less from %u bytes on: %.3g [%.3g, %.3g]",
			     sizes[i], to_copy.mid, to_copy.low, to_copy.high);
		return;
	}
	judge_remark(judge, "mapping costs more at each size up to 64 KiB");
}

static void judge_map(struct judge *judge, const struct summaries *summaries)
{
	judge_below(judge, ratio(summaries, WAY_MAP, 1514), 1,
		    "time for a frame of 1514 bytes, mapped to copied");
	remark_crossover(judge, summaries);
}

static void judge_persistent(struct judge *judge, const struct summaries *summaries)
{
	judge_below(judge, ratio(summaries, WAY_PERSISTENT, 1514), 1,
		    "time for a frame of 1514 bytes, mapped for good to copied");
	judge_below(judge, ratio(summaries, WAY_PERSISTENT, 65536), 1, "of 64 KiB");
}

const struct lab_experiment x11_copy_map = {
	.number = 11,
	.title = "Copying a frame, or mapping its pages",
	.hypothesis = "Mapping costs the same for every frame, so it pays for big ones only; "
		      "mapping once for all pays always.",
	.sizes = LAB_IN_BIG | 1 << LAB_SMOKE,
	.sweep = &sweep,
	.columns = { "ns_per_frame", "gbytes_per_s" },
	.claims = {
		{ "slides: canal de E/S; Kuroda 2013, Virtualização da Rede no Xen",
		  "The I/O channel saves a copy of each packet, by mapping the guest's pages.",
		  "a frame of 1514 bytes takes less time mapped for itself than copied", judge_map },
		{ "slides: canal de E/S",
		  "Pages that stay mapped save the copy without its price.",
		  "frames of 1514 bytes and of 64 KiB take less time than copied",
		  judge_persistent },
	},
	.figures = {
		{ .name = "cost",
		  .title = "Time for one frame",
		  .x = "frame_bytes",
		  .y = "ns_per_frame",
		  .xlabel = "bytes",
		  .ylabel = "ns",
		  .series = "way",
		  .log_x = true,
		  .log_y = true },
	},
};
