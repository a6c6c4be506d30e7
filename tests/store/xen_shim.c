/*
 * Test support: what Xen's store daemon asks of a hypervisor, answered by files,
 * so that it runs where there is none (LD_PRELOAD). In the directory XEN_SHIM_DIR
 * a file "ring-DOMID" is the page that a guest shares with it, and a fifo "kick"
 * brings it the guest's events. Every domain that is asked for exists.
 */
#undef _FILE_OFFSET_BITS /* the open() below is the one that it calls */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <xenctrl.h>
#include <xenevtchn.h>
#include <xengnttab.h>

enum { PAGE_BYTES = 4096, PORT_OF_VIRQ = 3, PORT_OF_DOMAIN = 100 };

static int handle; /* its address stands for every handle */
static int kick_fd = -1;

static int open_in_dir(const char *name, unsigned int number)
{
	const char *dir = getenv("XEN_SHIM_DIR");
	char path[256];

	snprintf(path, sizeof(path), name, dir ? dir : "/nonexistent", number);
	return (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_NONBLOCK);
}

xc_interface *xc_interface_open(xentoollog_logger *logger, xentoollog_logger *dombuild_logger,
				unsigned open_flags)
{
	(void)logger;
	(void)dombuild_logger;
	(void)open_flags;
	return (void *)&handle;
}

int xc_interface_close(xc_interface *xch)
{
	(void)xch;
	return 0;
}

int xc_domain_getinfo(xc_interface *xch, uint32_t first_domid, unsigned int max_doms,
		      xc_dominfo_t *info)
{
	(void)xch;
	(void)max_doms;
	memset(info, 0, sizeof(*info));
	info->domid = first_domid;
	return 1;
}

xenevtchn_handle *xenevtchn_open(xentoollog_logger *logger, unsigned int flags)
{
	(void)logger;
	(void)flags;
	kick_fd = open_in_dir("%s/kick", 0);
	return kick_fd < 0 ? NULL : (void *)&handle;
}

int xenevtchn_fd(xenevtchn_handle *xce)
{
	(void)xce;
	return kick_fd;
}

xenevtchn_port_or_error_t xenevtchn_bind_interdomain(xenevtchn_handle *xce, uint32_t domid,
						     evtchn_port_t remote_port)
{
	(void)xce;
	(void)remote_port;
	return (int)(PORT_OF_DOMAIN + domid);
}

xenevtchn_port_or_error_t xenevtchn_bind_virq(xenevtchn_handle *xce, unsigned int virq)
{
	(void)xce;
	(void)virq;
	return PORT_OF_VIRQ;
}

int xenevtchn_notify(xenevtchn_handle *xce, evtchn_port_t port)
{
	(void)xce;
	(void)port;
	return 0;
}

xenevtchn_port_or_error_t xenevtchn_pending(xenevtchn_handle *xce)
{
	uint32_t port;

	(void)xce;
	return read(kick_fd, &port, sizeof(port)) == sizeof(port) ? (int)port : -1;
}

int xenevtchn_unbind(xenevtchn_handle *xce, evtchn_port_t port)
{
	(void)xce;
	(void)port;
	return 0;
}

int xenevtchn_unmask(xenevtchn_handle *xce, evtchn_port_t port)
{
	(void)xce;
	(void)port;
	return 0;
}

xengnttab_handle *xengnttab_open(xentoollog_logger *logger, unsigned open_flags)
{
	(void)logger;
	(void)open_flags;
	return (void *)&handle;
}

int xengnttab_close(xengnttab_handle *xgt)
{
	(void)xgt;
	return 0;
}

int xengnttab_set_max_grants(xengnttab_handle *xgt, uint32_t nr_grants)
{
	(void)xgt;
	(void)nr_grants;
	return 0;
}

void *xengnttab_map_grant_ref(xengnttab_handle *xgt, uint32_t domid, uint32_t ref, int prot)
{
	int fd = open_in_dir("%s/ring-%u", domid);
	void *page;

	(void)xgt;
	(void)ref;
	if (fd < 0)
		return NULL;
	page = mmap(NULL, PAGE_BYTES, prot, MAP_SHARED, fd, 0);
	close(fd);
	return page == MAP_FAILED ? NULL : page;
}

int xengnttab_unmap(xengnttab_handle *xgt, void *start_address, uint32_t count)
{
	(void)xgt;
	return munmap(start_address, (size_t)count * PAGE_BYTES);
}

/* The kernel's two files about domain 0's own ring. */
static int fake_file(const char *path)
{
	int fd;

	if (strcmp(path, "/proc/xen/xsd_port") && strcmp(path, "/proc/xen/xsd_kva"))
		return -1;
	fd = memfd_create("xen_shim", MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, PAGE_BYTES) || pwrite(fd, "9\n", 2, 0) != 2)
		return -1;
	return fd;
}

int open(const char *path, int flags, ...)
{
	int fd = fake_file(path);
	va_list arguments;
	mode_t mode;

	if (fd >= 0)
		return fd;
	va_start(arguments, flags);
	mode = flags & O_CREAT ? va_arg(arguments, mode_t) : 0;
	va_end(arguments);
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}
