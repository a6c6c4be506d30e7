#include "bench/grant_bench.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "bench/bare_guest.h"
#include "bench/micro.h"
#include "io/log.h"

enum { ROUND = 64, GUEST = 1, PIECES_MAX = 16 };

/* One size of copies. */
struct copying {
	struct grant_bench *bench;
	uint32_t size;
};

struct grant_bench {
	struct bare_guest guest;
	struct foreign_domain domain;
	struct grant_borrow borrows[ROUND];
	struct grant_copy copies[ROUND * PIECES_MAX];
	uint8_t source[RELAY_FRAME_MAX + 1];
	struct copying sizes[OPTIONS_SIZES_MAX];
	uint32_t next; /* page */
	struct micro micro;
};

static uint32_t next_page(struct grant_bench *bench)
{
	return bench->next++ % BARE_SLOTS;
}

static uint64_t check(void *arg)
{
	struct grant_bench *bench = arg;
	int16_t refused = 0;

	for (unsigned int i = 0; i < ROUND; i++)
		bench->borrows[i] = (struct grant_borrow){
			.ref = bench->guest.tx_refs[next_page(bench)],
			.length = 1514,
		};
	hypervisor_borrow(&bench->domain, bench->borrows, ROUND);
	for (unsigned int i = 0; i < ROUND; i++)
		refused |= bench->borrows[i].status;
	hypervisor_return(&bench->domain, bench->borrows, ROUND);
	return refused ? 0 : ROUND;
}

/* A unit of more than a page takes several copies. */
static unsigned int gather(struct grant_bench *bench, uint32_t size)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < ROUND; i++)
		for (uint32_t at = 0; at < size; at += PAGE_BYTES)
			bench->copies[n++] = (struct grant_copy){
				.ref = bench->guest.rx_refs[next_page(bench)],
				.length =
					(uint16_t)(size - at < PAGE_BYTES ? size - at : PAGE_BYTES),
				.source = bench->source + at,
			};
	return n;
}

static uint64_t copy(void *arg)
{
	const struct copying *copying = arg;
	struct grant_bench *bench = copying->bench;
	unsigned int n = gather(bench, copying->size);
	int16_t refused = 0;

	hypervisor_copy(&bench->domain, bench->copies, n);
	for (unsigned int i = 0; i < n; i++)
		refused |= bench->copies[i].status;
	return refused ? 0 : ROUND;
}

/* The same bytes to the same pages, and nobody is asked. */
static uint64_t copy_plainly(void *arg)
{
	const struct copying *copying = arg;
	struct grant_bench *bench = copying->bench;
	unsigned int n = gather(bench, copying->size);
	uint8_t *pages = arena_page(&bench->guest.arena, 0) +
			 (bench->guest.arena.shared.pages - BARE_SLOTS) * (size_t)PAGE_BYTES;

	for (unsigned int i = 0; i < n; i++) {
		const struct grant_copy *one = &bench->copies[i];

		memcpy(pages + (bench->next + i) % BARE_SLOTS * (size_t)PAGE_BYTES, one->source,
		       one->length);
	}
	return ROUND;
}

static uint64_t map(void *arg)
{
	struct grant_bench *bench = arg;
	int16_t status;

	for (unsigned int i = 0; i < ROUND; i++) {
		grant_ref_t ref = bench->guest.rx_refs[next_page(bench)];

		if (!hypervisor_map_ring(&bench->domain, ref, &status))
			return 0;
		hypervisor_unmap_ring(&bench->domain, ref);
	}
	return ROUND;
}

/* What it would cost if the arena were not mapped as a whole. */
static uint64_t map_by_kernel(void *arg)
{
	struct grant_bench *bench = arg;
	int fd = bench->guest.arena.tx.fd;

	for (unsigned int i = 0; i < ROUND; i++) {
		void *page = mmap(NULL, PAGE_BYTES, PROT_READ, MAP_SHARED | MAP_POPULATE, fd,
				  next_page(bench) * (off_t)PAGE_BYTES);

		if (page == MAP_FAILED || munmap(page, PAGE_BYTES))
			return 0;
	}
	return ROUND;
}

static void add_cases(struct grant_bench *bench, const struct options *options)
{
	struct micro *micro = &bench->micro;

	micro_add(micro, check, bench, 0, "check");
	for (unsigned int i = 0; i < options->sizes.nr; i++) {
		uint32_t size = options->sizes.list[i];

		bench->sizes[i] = (struct copying){ bench, size };
		micro_add(micro, copy, &bench->sizes[i], size, "copy %u B", size);
		micro_add(micro, copy_plainly, &bench->sizes[i], size, "copy %u B, no grant", size);
	}
	micro_add(micro, map, bench, 0, "map and unmap");
	micro_add(micro, map_by_kernel, bench, 0, "map and unmap, by the kernel");
}

int grant_bench_run(const struct options *options, struct report *report)
{
	static struct grant_bench bench;
	int status, err = bare_guest_create(&bench.guest);

	if (!err) {
		err = bare_guest_map(&bench.guest, &bench.domain, GUEST, NULL);
		if (err)
			bare_guest_destroy(&bench.guest);
	}
	if (err) {
		log_complain("cannot measure: grant: %s; free some memory", strerror(-err));
		return EXIT_FAILED;
	}
	micro_init(&bench.micro, options);
	add_cases(&bench, options);
	status = micro_run(&bench.micro, report);
	hypervisor_domain_fini(&bench.domain);
	bare_guest_destroy(&bench.guest);
	return status;
}
