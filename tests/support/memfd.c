#include "support/memfd.h"

#include <fcntl.h>
#include <linux/memfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ring/netif.h"

enum {
	SHARED_PAGES = MEMFD_SHARED_PAGES,
	TX_PAGES = MEMFD_TX_PAGES,
	SHARED_SEALS = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL,
	TX_SEALS = SHARED_SEALS | F_SEAL_FUTURE_WRITE,
};

static int sealed_memfd(unsigned int flags, off_t size, int seals)
{
	int fd = memfd_create("splitvif-test", MFD_CLOEXEC | MFD_ALLOW_SEALING | flags);

	if (fd < 0)
		return -1;
	if (ftruncate(fd, size) || (seals && fcntl(fd, F_ADD_SEALS, seals))) {
		close(fd);
		return -1;
	}
	return fd;
}

int memfd_good_shared(void)
{
	return sealed_memfd(0, SHARED_PAGES * PAGE_BYTES, SHARED_SEALS);
}

int memfd_good_tx(void)
{
	return sealed_memfd(0, TX_PAGES * PAGE_BYTES, TX_SEALS);
}

int memfd_unsealed(void)
{
	return sealed_memfd(0, SHARED_PAGES * PAGE_BYTES, 0);
}

int memfd_no_shrink_seal(void)
{
	return sealed_memfd(0, SHARED_PAGES * PAGE_BYTES, F_SEAL_GROW | F_SEAL_SEAL);
}

int memfd_no_final_seal(void)
{
	return sealed_memfd(0, SHARED_PAGES * PAGE_BYTES, F_SEAL_SHRINK | F_SEAL_GROW);
}

int memfd_tx_without_write_seal(void)
{
	return sealed_memfd(0, TX_PAGES * PAGE_BYTES, SHARED_SEALS);
}

int memfd_tx_write_sealed(void)
{
	return sealed_memfd(0, TX_PAGES * PAGE_BYTES, SHARED_SEALS | F_SEAL_WRITE);
}

int memfd_shared_with_write_seal(void)
{
	return sealed_memfd(0, SHARED_PAGES * PAGE_BYTES, TX_SEALS);
}

int memfd_hugetlb(void)
{
	return sealed_memfd(MFD_HUGETLB, 2 << 20, SHARED_SEALS);
}

int memfd_empty(void)
{
	return sealed_memfd(0, 0, SHARED_SEALS);
}

int memfd_odd(void)
{
	return sealed_memfd(0, SHARED_PAGES * PAGE_BYTES - 1, SHARED_SEALS);
}

int memfd_page_more(void)
{
	return sealed_memfd(0, (SHARED_PAGES + 1) * PAGE_BYTES, SHARED_SEALS);
}

int memfd_huge(void)
{
	return sealed_memfd(0, (off_t)1 << 44, SHARED_SEALS);
}

static int sized(int fd)
{
	if (fd >= 0 && ftruncate(fd, SHARED_PAGES * PAGE_BYTES)) {
		close(fd);
		return -1;
	}
	return fd;
}

int memfd_file(void)
{
	int fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	return sized(fd);
}

int memfd_tmpfs_file(void)
{
	int fd = open("/dev/shm", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	return sized(fd);
}

int memfd_pipe(void)
{
	int fds[2];

	if (pipe(fds))
		return -1;
	close(fds[1]);
	return fds[0];
}

int memfd_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

int memfd_directory(void)
{
	return open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int memfd_null(void)
{
	return open("/dev/null", O_RDWR | O_CLOEXEC);
}

int memfd_path(void)
{
	return open("/dev/null", O_PATH | O_CLOEXEC);
}

int memfd_none(void)
{
	return -1;
}
