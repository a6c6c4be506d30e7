/*
 * The arena: what the seals promise must hold for whoever receives the
 * descriptors, and what is not sealed as it must be is not accepted.
 */
#include "support/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "ring/page.h"
#include "support/memfd.h"
#include "support/procfs.h"

enum { SHARED_PAGES = MEMFD_SHARED_PAGES, TX_PAGES = MEMFD_TX_PAGES, QUOTA = 4096 };

/* The guest's arena, and the backend's over duplicates of its descriptors. */
struct pair {
	struct arena owner, backend;
};

static void pair_init(struct pair *pair)
{
	const char *why = NULL;

	assert_int_equal(arena_create(&pair->owner, SHARED_PAGES, TX_PAGES), 0);
	assert_int_equal(arena_accept(&pair->backend, dup(pair->owner.shared.fd), SHARED_PAGES,
				      dup(pair->owner.tx.fd), TX_PAGES, QUOTA, &why),
			 0);
}

static void pair_fini(struct pair *pair)
{
	arena_close(&pair->owner);
	arena_close(&pair->backend);
}

static void test_pages_are_shared_and_numbered(void **state)
{
	struct pair pair;

	pair_init(&pair);
	for (uint32_t frame = 0; frame < SHARED_PAGES + TX_PAGES; frame++) {
		arena_page(&pair.owner, frame)[100] = (uint8_t)(frame + 1);
		assert_int_equal(arena_page(&pair.backend, frame)[100], frame + 1);
		assert_int_equal(arena_is_tx(&pair.backend, frame), frame >= SHARED_PAGES);
	}
	arena_page(&pair.backend, 2)[7] = 0x77;
	assert_int_equal(arena_page(&pair.owner, 2)[7], 0x77);
	assert_int_equal(arena_pages(&pair.backend), SHARED_PAGES + TX_PAGES);
	assert_null(arena_page(&pair.backend, SHARED_PAGES + TX_PAGES));
	assert_null(arena_page(&pair.backend, 0xffffffff));
	pair_fini(&pair);
}

/* Kilobytes that the process maps by entries of 2 MiB. */
static unsigned long huge_kib(void)
{
	FILE *smaps = fopen("/proc/self/smaps_rollup", "r");
	unsigned long sum = 0, kib;
	char line[128];

	assert_non_null(smaps);
	while (fgets(line, sizeof(line), smaps))
		if (sscanf(line, "ShmemPmdMapped: %lu", &kib) == 1)
			sum += kib;
	fclose(smaps);
	return sum;
}

static void test_huge_pages_where_they_fit(void **state)
{
	unsigned long before = huge_kib();
	struct arena owner, backend;
	const char *why;

	assert_int_equal(arena_create(&owner, ARENA_HUGE_PAGES, ARENA_HUGE_PAGES), 0);
	assert_int_equal((uintptr_t)owner.shared.base % (2 << 20), 0);
	assert_int_equal((uintptr_t)owner.tx.base % (2 << 20), 0);
	if (huge_kib() - before < 2 * 2048) {
		arena_close(&owner);
		print_message("this kernel gives no huge pages to memfds\n");
		skip();
	}
	assert_int_equal(arena_accept(&backend, dup(owner.shared.fd), ARENA_HUGE_PAGES,
				      dup(owner.tx.fd), ARENA_HUGE_PAGES, QUOTA, &why),
			 0);
	assert_int_equal(huge_kib() - before, 4 * 2048);
	arena_close(&owner);
	arena_close(&backend);
	assert_int_equal(huge_kib(), before);
}

/* Each attack gets the tx descriptor; 0 would mean that it went through. */

static int attack_map_write(int fd)
{
	return mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED ?
		       -errno :
		       0;
}

static int attack_mprotect(int fd)
{
	void *page = mmap(NULL, PAGE_BYTES, PROT_READ, MAP_SHARED, fd, 0);
	int err;

	assert_ptr_not_equal(page, MAP_FAILED);
	err = mprotect(page, PAGE_BYTES, PROT_READ | PROT_WRITE) ? -errno : 0;
	munmap(page, PAGE_BYTES);
	return err;
}

static int attack_pwrite(int fd)
{
	return pwrite(fd, "x", 1, 0) < 0 ? -errno : 0;
}

static int attack_truncate(int fd)
{
	return ftruncate(fd, 0) ? -errno : 0;
}

static int attack_grow(int fd)
{
	return ftruncate(fd, (TX_PAGES + 1) * PAGE_BYTES) ? -errno : 0;
}

static int attack_punch(int fd)
{
	return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, PAGE_BYTES) ? -errno :
											  0;
}

static int attack_seal_more(int fd)
{
	return fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE) ? -errno : 0;
}

static int attack_reopen(int fd, int (*attack)(int fd))
{
	char path[64];
	int again, err;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, O_RDWR | O_CLOEXEC);
	assert_true(again >= 0);
	err = attack(again);
	close(again);
	return err;
}

static int attack_reopen_write(int fd)
{
	return attack_reopen(fd, attack_pwrite);
}

static int attack_reopen_map(int fd)
{
	return attack_reopen(fd, attack_map_write);
}

static int attack_reopen_truncate(int fd)
{
	int err;
	char path[64];
	int again;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, O_RDWR | O_TRUNC | O_CLOEXEC);
	err = again < 0 ? -errno : 0;
	if (again >= 0)
		close(again);
	return err;
}

struct attack {
	const char *name;
	int (*run)(int fd);
};

static const struct attack tx_attacks[] = {
	{ "map for writing", attack_map_write },
	{ "mprotect a mapping to writable", attack_mprotect },
	{ "pwrite", attack_pwrite },
	{ "truncate", attack_truncate },
	{ "grow", attack_grow },
	{ "punch a hole", attack_punch },
	{ "add a seal", attack_seal_more },
	{ "re-open and write", attack_reopen_write },
	{ "re-open and map for writing", attack_reopen_map },
	{ "re-open with O_TRUNC", attack_reopen_truncate },
};

static void test_nobody_else_writes_the_tx_region(void **state)
{
	struct pair pair;

	pair_init(&pair);
	memset(pair.owner.tx.base, 0x11, TX_PAGES * PAGE_BYTES);
	for (size_t i = 0; i < COUNT_OF(tx_attacks); i++) {
		int fd = dup(pair.owner.tx.fd);
		int err = tx_attacks[i].run(fd);

		close(fd);
		if (!err)
			fail_msg("%s: went through", tx_attacks[i].name);
		for (uint32_t at = 0; at < TX_PAGES * PAGE_BYTES; at++)
			assert_int_equal(pair.owner.tx.base[at], 0x11);
		/* ... while the owner's older mapping still writes. */
		pair.owner.tx.base[i] = (uint8_t)~i;
		assert_int_equal(pair.backend.tx.base[i], (uint8_t)~i);
		pair.owner.tx.base[i] = 0x11;
	}
	pair_fini(&pair);
}

/* The very mapping that arena_accept() makes, not only one made like it. */
static void test_accepted_tx_mapping_stays_readonly(void **state)
{
	struct pair pair;

	pair_init(&pair);
	assert_int_equal(mprotect(pair.backend.tx.base, PAGE_BYTES, PROT_READ | PROT_WRITE), -1);
	assert_int_equal(errno, EACCES);
	assert_int_equal(madvise(pair.backend.tx.base, PAGE_BYTES, MADV_REMOVE), -1);
	pair_fini(&pair);
}

static void test_shared_region_keeps_its_size(void **state)
{
	struct pair pair;

	pair_init(&pair);
	assert_int_equal(attack_truncate(pair.owner.shared.fd), -EPERM);
	assert_int_equal(attack_seal_more(pair.owner.shared.fd), -EPERM);
	pair.owner.shared.base[0] = 0x22;
	/* A hole is allowed there, and reads as zero: no SIGBUS. */
	assert_int_equal(attack_punch(pair.owner.shared.fd), 0);
	assert_int_equal(pair.backend.shared.base[0], 0);
	pair_fini(&pair);
}

struct memfd_case {
	const char *name;
	int (*shared)(void);
	uint32_t shared_pages;
	int (*tx)(void);
	uint32_t tx_pages;
	uint32_t quota;
	const char *why; /* NULL: accepted */
};

#define NOT_A_MEMFD "not a memfd"
#define SHARED_SEALING "shared region not sealed SHRINK|GROW|SEAL"
#define TX_SEALING "tx region not sealed SHRINK|GROW|FUTURE_WRITE|SEAL"
#define SIZE "size is not the announced number of pages"
#define OVER_QUOTA "more pages than the quota of a vif"
#define GOOD_SHARED memfd_good_shared, SHARED_PAGES
#define GOOD_TX memfd_good_tx, TX_PAGES

static const struct memfd_case memfd_cases[] = {
	{ "both good", GOOD_SHARED, GOOD_TX, QUOTA, NULL },
	{ "exactly the quota", GOOD_SHARED, GOOD_TX, SHARED_PAGES + TX_PAGES, NULL },
	{ "over the quota", GOOD_SHARED, GOOD_TX, SHARED_PAGES + TX_PAGES - 1, OVER_QUOTA },
	{ "pages that overflow", memfd_good_shared, 0xffffffff, GOOD_TX, QUOTA, OVER_QUOTA },
	{ "shared unsealed", memfd_unsealed, SHARED_PAGES, GOOD_TX, QUOTA, SHARED_SEALING },
	{ "shared may shrink", memfd_no_shrink_seal, SHARED_PAGES, GOOD_TX, QUOTA, SHARED_SEALING },
	{ "shared may be sealed on", memfd_no_final_seal, SHARED_PAGES, GOOD_TX, QUOTA,
	  SHARED_SEALING },
	{ "shared with a write seal", memfd_shared_with_write_seal, SHARED_PAGES, GOOD_TX, QUOTA,
	  SHARED_SEALING },
	{ "tx sealed like shared", GOOD_SHARED, memfd_tx_without_write_seal, TX_PAGES, QUOTA,
	  TX_SEALING },
	{ "tx sealed against its owner", GOOD_SHARED, memfd_tx_write_sealed, TX_PAGES, QUOTA,
	  TX_SEALING },
	{ "the two swapped", memfd_good_tx, TX_PAGES, GOOD_SHARED, QUOTA, SHARED_SEALING },
	{ "hugetlb", memfd_hugetlb, 512, GOOD_TX, QUOTA, "not on tmpfs" },
	{ "empty, announced empty", memfd_empty, 0, GOOD_TX, QUOTA, SIZE },
	{ "empty, announced full", memfd_empty, SHARED_PAGES, GOOD_TX, QUOTA, SIZE },
	{ "odd size", memfd_odd, SHARED_PAGES, GOOD_TX, QUOTA, SIZE },
	{ "a page more than announced", memfd_page_more, SHARED_PAGES, GOOD_TX, QUOTA, SIZE },
	{ "a page less than announced", memfd_good_shared, SHARED_PAGES + 1, GOOD_TX, QUOTA, SIZE },
	{ "tx a page less than announced", GOOD_SHARED, memfd_good_tx, TX_PAGES + 1, QUOTA, SIZE },
	{ "tx announced empty", GOOD_SHARED, memfd_good_tx, 0, QUOTA, SIZE },
	{ "huge and sparse", memfd_huge, SHARED_PAGES, GOOD_TX, QUOTA, SIZE },
	{ "a file", memfd_file, SHARED_PAGES, GOOD_TX, QUOTA, NOT_A_MEMFD },
	{ "a file on tmpfs", memfd_tmpfs_file, SHARED_PAGES, GOOD_TX, QUOTA, SHARED_SEALING },
	{ "a pipe", memfd_pipe, SHARED_PAGES, GOOD_TX, QUOTA, NOT_A_MEMFD },
	{ "a socket", memfd_socket, SHARED_PAGES, GOOD_TX, QUOTA, NOT_A_MEMFD },
	{ "a directory", memfd_directory, SHARED_PAGES, GOOD_TX, QUOTA, NOT_A_MEMFD },
	{ "a device", memfd_null, SHARED_PAGES, GOOD_TX, QUOTA, NOT_A_MEMFD },
	{ "a path", memfd_path, SHARED_PAGES, GOOD_TX, QUOTA, NOT_A_MEMFD },
	{ "nothing", memfd_none, SHARED_PAGES, GOOD_TX, QUOTA, NOT_A_MEMFD },
	{ "tx a pipe", GOOD_SHARED, memfd_pipe, TX_PAGES, QUOTA, NOT_A_MEMFD },
	{ "tx nothing", GOOD_SHARED, memfd_none, TX_PAGES, QUOTA, NOT_A_MEMFD },
};

static void memfd_case_run(const struct memfd_case *c)
{
	int shared = c->shared(), tx = c->tx();
	const char *why = "no reason given";
	struct arena arena;
	int err;

	if ((shared < 0 && c->shared != memfd_none) || (tx < 0 && c->tx != memfd_none)) {
		print_message("%s: this machine cannot make one\n", c->name);
		if (shared >= 0)
			close(shared);
		if (tx >= 0)
			close(tx);
		return;
	}
	err = arena_accept(&arena, shared, c->shared_pages, tx, c->tx_pages, c->quota, &why);
	if (!c->why) {
		if (err)
			fail_msg("%s: refused: %s", c->name, why);
		arena_close(&arena);
		return;
	}
	if (!err)
		fail_msg("%s: accepted", c->name);
	if (strcmp(why, c->why))
		fail_msg("%s: refused as '%s' instead of '%s'", c->name, why, c->why);
}

static void test_wrong_memfds(void **state)
{
	for (size_t i = 0; i < COUNT_OF(memfd_cases); i++) {
		int fds = procfs_fds(getpid());
		int maps = procfs_mappings(getpid(), "splitvif-");

		memfd_case_run(&memfd_cases[i]);
		if (procfs_fds_settled(getpid(), fds) != fds)
			fail_msg("%s: leaks descriptors", memfd_cases[i].name);
		if (procfs_mappings(getpid(), "splitvif-") != maps)
			fail_msg("%s: leaks mappings", memfd_cases[i].name);
	}
}

/* A TCP connection with unsent data that lingers: its close() takes as long as
 * its sender says, unless it is disarmed. */
static int make_lingering(int *peer)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct linger linger = { .l_onoff = 1, .l_linger = 5 };
	socklen_t length = sizeof(address);
	static char bytes[1 << 16];
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &length), 0);
	if (connect(fd, (struct sockaddr *)&address, length)) { /* no loopback here */
		close(listener);
		close(fd);
		return -1;
	}
	*peer = accept(listener, NULL, NULL);
	close(listener);
	while (send(fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		;
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)), 0);
	return fd;
}

static void test_refused_socket_does_not_linger(void **state)
{
	struct timespec before, after;
	struct arena arena;
	const char *why;
	int peer = -1;
	int fd = make_lingering(&peer);

	if (fd < 0)
		skip();
	clock_gettime(CLOCK_MONOTONIC, &before);
	assert_int_equal(arena_accept(&arena, fd, SHARED_PAGES, memfd_good_tx(), TX_PAGES, QUOTA,
				      &why),
			 -EINVAL);
	clock_gettime(CLOCK_MONOTONIC, &after);
	assert_true(after.tv_sec - before.tv_sec < 3);
	close(peer);
}

static void test_create_leaves_nothing_behind(void **state)
{
	int fds = procfs_fds(getpid());
	struct arena arena;

	assert_true(arena_create(&arena, 0, TX_PAGES) < 0);
	assert_true(arena_create(&arena, SHARED_PAGES, 0) < 0);
	assert_int_equal(procfs_fds(getpid()), fds);
	assert_int_equal(arena_create(&arena, SHARED_PAGES, TX_PAGES), 0);
	arena_close(&arena);
	assert_int_equal(procfs_fds(getpid()), fds);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pages_are_shared_and_numbered),
		cmocka_unit_test(test_huge_pages_where_they_fit),
		cmocka_unit_test(test_nobody_else_writes_the_tx_region),
		cmocka_unit_test(test_accepted_tx_mapping_stays_readonly),
		cmocka_unit_test(test_shared_region_keeps_its_size),
		cmocka_unit_test(test_wrong_memfds),
		cmocka_unit_test(test_refused_socket_does_not_linger),
		cmocka_unit_test(test_create_leaves_nothing_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
