/*
 * tapfwd TAP TAP: a bare userspace forwarder, for comparison.
 *
 * Makes the two TAPs with vnet headers and every offload that the kernel has,
 * prints one line when both are there (whoever started it may then move them to
 * other network namespaces), and from then on writes each frame that it reads
 * from one to the other: what a userspace switch costs that has no rings, no
 * grants and no look-up. Ends when it is killed, or with 1 if a TAP goes away.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* A frame of 64 KB with its Ethernet and vnet headers, rounded up. */
enum { FRAME_BYTES = 65536 + 64, BATCH = 64 };

static const unsigned int offloads[] = {
	TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN,
	TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6,
	TUN_F_CSUM,
};

static int tap_offload(int fd)
{
	for (size_t i = 0; i < sizeof(offloads) / sizeof(offloads[0]); i++)
		if (ioctl(fd, TUNSETOFFLOAD, offloads[i]) == 0)
			return 0;
	return -errno;
}

static int tap_make(const char *name)
{
	struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
	int err, fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	err = ioctl(fd, TUNSETIFF, &request) ? -errno : tap_offload(fd);
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

/* Up to BATCH frames. A full destination loses the frame, as a switch would;
 * one that is down (EIO) as well. False if the source is gone. */
static bool forward(int from, int to)
{
	static uint8_t frame[FRAME_BYTES];

	for (int i = 0; i < BATCH; i++) {
		ssize_t bytes = read(from, frame, sizeof(frame));

		if (bytes < 0)
			return errno == EAGAIN || errno == EINTR;
		if (write(to, frame, (size_t)bytes) < 0 && errno == EBADFD)
			return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	struct pollfd taps[2];

	if (argc != 3) {
		fprintf(stderr, "usage: tapfwd TAP TAP\n");
		return 2;
	}
	for (int i = 0; i < 2; i++) {
		int fd = tap_make(argv[i + 1]);

		if (fd < 0) {
			fprintf(stderr, "tapfwd: tap %s: %s\n", argv[i + 1], strerror(-fd));
			return 1;
		}
		taps[i] = (struct pollfd){ .fd = fd, .events = POLLIN };
	}
	printf("ready\n");
	fflush(stdout);
	while (poll(taps, 2, -1) > 0 || errno == EINTR) {
		if (!forward(taps[0].fd, taps[1].fd) || !forward(taps[1].fd, taps[0].fd))
			break;
	}
	fprintf(stderr, "tapfwd: a tap is gone\n");
	return 1;
}
