#include "ring/page.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "io/state.h"
#include "ring/foreign_fd.h"

#ifndef F_SEAL_EXEC
#define F_SEAL_EXEC 0x0020 /* Linux 6.3; some systems add it to every memfd */
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

static const int region_seals[] = {
	[REGION_SHARED] = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL,
	[REGION_TX] = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL,
};

enum { HUGE_BYTES = ARENA_HUGE_PAGES * PAGE_BYTES };

static size_t region_bytes(uint32_t pages)
{
	return (size_t)pages * PAGE_BYTES;
}

/* At a boundary of huge pages. NULL with errno. */
static uint8_t *region_map(int fd, size_t bytes, int protection)
{
	size_t room = bytes + HUGE_BYTES;
	uint8_t *start = mmap(NULL, room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint8_t *base = start + (-(uintptr_t)start & (HUGE_BYTES - 1));

	if (start == MAP_FAILED)
		return NULL;
	if (mmap(base, bytes, protection, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED) {
		munmap(start, room);
		return NULL;
	}
	if (base > start)
		munmap(start, (size_t)(base - start));
	munmap(base + bytes, (size_t)(start + room - base) - bytes);
	return base;
}

/* Each side for its own mapping: one entry of the processor's address cache
 * then stands for 512 pages. Where the kernel cannot (before Linux 6.1, no such
 * page free) or the region is smaller, nothing changes but the time it takes. */
static void region_collapse(const struct region *region)
{
	madvise(region->base, region_bytes(region->pages), MADV_COLLAPSE);
}

static void region_close(struct region *region)
{
	if (region->base)
		munmap(region->base, region_bytes(region->pages));
	if (region->fd >= 0)
		close(region->fd);
	*region = (struct region){ .fd = -1 };
}

/* The writable mapping comes first: the seal forbids every later one. */
static int region_create(struct region *region, enum region_kind kind, uint32_t pages)
{
	int err;

	*region = (struct region){ .fd = memfd_create(kind == REGION_TX ? "splitvif-tx"
									: "splitvif-shared",
						      MFD_CLOEXEC | MFD_ALLOW_SEALING) };
	if (region->fd < 0)
		return -errno;
	if (ftruncate(region->fd, (off_t)region_bytes(pages)))
		goto fail;
	region->base = region_map(region->fd, region_bytes(pages), PROT_READ | PROT_WRITE);
	if (!region->base)
		goto fail;
	region->pages = pages;
	*region->base = 0; /* an empty file is not collapsed */
	region_collapse(region);
	if (fcntl(region->fd, F_ADD_SEALS, region_seals[kind]))
		goto fail;
	return 0;

fail:
	err = -errno;
	region_close(region);
	return err;
}

/* Everything about a stranger's descriptor that must hold before it is mapped.
 * The size is read after the seals: only then does it stay. */
static int region_check(int fd, enum region_kind kind, uint32_t pages, const char **why)
{
	int seals = fcntl(fd, F_GET_SEALS);
	struct statfs fs;
	struct stat st;

	*why = "not a memfd";
	if (seals < 0)
		return -EINVAL;
	*why = kind == REGION_TX ? "tx region not sealed SHRINK|GROW|FUTURE_WRITE|SEAL"
				 : "shared region not sealed SHRINK|GROW|SEAL";
	if ((seals & ~F_SEAL_EXEC) != region_seals[kind])
		return -EPERM;
	*why = "not on tmpfs"; /* a hugetlb memfd raises SIGBUS despite its seals */
	if (fstatfs(fd, &fs) || fs.f_type != TMPFS_MAGIC)
		return -EINVAL;
	*why = "size is not the announced number of pages";
	if (fstat(fd, &st) || !pages || (uint64_t)st.st_size != region_bytes(pages))
		return -EINVAL;
	return 0;
}

static int region_accept(struct region *region, int fd, enum region_kind kind, uint32_t pages,
			 const char **why)
{
	int protection = kind == REGION_TX ? PROT_READ : PROT_READ | PROT_WRITE;
	int err = region_check(fd, kind, pages, why);
	uint8_t *base;

	if (err)
		return err;
	base = region_map(fd, region_bytes(pages), protection);
	*why = "cannot be mapped";
	if (!base)
		return -errno;
	*region = (struct region){ .fd = fd, .base = base, .pages = pages };
	region_collapse(region);
	return 0;
}

int arena_create(struct arena *arena, uint32_t shared_pages, uint32_t tx_pages)
{
	int err = region_create(&arena->shared, REGION_SHARED, shared_pages);

	if (err)
		return err;
	err = region_create(&arena->tx, REGION_TX, tx_pages);
	if (err)
		region_close(&arena->shared);
	return err;
}

int arena_accept(struct arena *arena, int shared_fd, uint32_t shared_pages, int tx_fd,
		 uint32_t tx_pages, uint32_t quota_pages, const char **why)
{
	int err = -EDQUOT;

	*arena = (struct arena){ .shared.fd = -1, .tx.fd = -1 };
	*why = "more pages than the quota of a vif";
	if ((uint64_t)shared_pages + tx_pages > quota_pages)
		goto close_both;
	err = region_accept(&arena->shared, shared_fd, REGION_SHARED, shared_pages, why);
	if (err)
		goto close_both;
	err = region_accept(&arena->tx, tx_fd, REGION_TX, tx_pages, why);
	if (!err)
		return 0;
	region_close(&arena->shared);
	foreign_fd_close(tx_fd);
	return err;

close_both:
	foreign_fd_close(shared_fd);
	foreign_fd_close(tx_fd);
	return err;
}

void arena_close(struct arena *arena)
{
	region_close(&arena->shared);
	region_close(&arena->tx);
}

void arena_carry(struct arena *arena, struct state *state)
{
	uint32_t shared = arena->shared.pages, tx = arena->tx.pages;
	int shared_fd = arena->shared.fd, tx_fd = arena->tx.fd;
	const char *why;

	state_fd(state, &shared_fd);
	state_u32(state, &shared);
	state_fd(state, &tx_fd);
	state_u32(state, &tx);
	if (state->restores && arena_accept(arena, shared_fd, shared, tx_fd, tx, UINT32_MAX, &why))
		state_refuse(state, "the memory of a domain cannot be mapped");
}
