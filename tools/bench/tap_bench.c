#include "bench/tap_bench.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/host.h"
#include "bench/suite.h"
#include "bench/tcp_frame.h"
#include "bridge/lane.h"
#include "bridge/tap.h"
#include "bridge/vnet.h"
#include "io/log.h"

/*
 * A TAP in a network namespace of our own. Writing: the kernel takes each frame in
 * and throws it away, since it is for nobody there. Reading: a packet socket fills
 * the TAP's queue, and the clock runs while it is emptied.
 */

enum { MTU = 65535, FILL = 256 };

struct tap_case {
	enum engine_kind engine;
	bool reads, gso;
};

struct tap_bench {
	const struct options *options;
	const struct suite *suite;
	struct engine *engines[2];
	struct tap taps[2]; /* one descriptor, an engine each */
	struct lane lane;
	int fd, socket;
	struct tap_case cases[SUITE_CASES_MAX];
	uint8_t bytes[2][TCP_FRAME_BYTES]; /* plain, big */
	struct fragment rest[2];
	struct frame frames[2];
	struct virtio_net_hdr headers[2];
};

static int run_write(struct tap_bench *bench, const struct tap_case *one, uint64_t *frames,
		     int64_t *ns)
{
	struct port *port = &bench->taps[one->engine == ENGINE_EPOLL].port;
	struct frame *list[BATCH_FRAMES];
	int64_t start = host_now_ns();

	for (unsigned int i = 0; i < BATCH_FRAMES; i++)
		list[i] = &bench->frames[one->gso];
	*frames += port->ops->transmit(port, &bench->lane, list, BATCH_FRAMES);
	*ns += host_now_ns() - start;
	return *frames ? 0 : -EIO;
}

/* As far as the queue goes. */
static int fill(struct tap_bench *bench, bool gso)
{
	uint32_t length = bench->frames[gso].length;
	struct iovec iov[] = { { &bench->headers[gso], sizeof(bench->headers[gso]) },
			       { bench->bytes[gso], length } };
	struct msghdr message = { .msg_iov = iov, .msg_iovlen = 2 };
	int n = 0;

	while (n < FILL && sendmsg(bench->socket, &message, MSG_DONTWAIT) > 0)
		n++;
	return n ? n : -errno;
}

static int run_read(struct tap_bench *bench, const struct tap_case *one, uint64_t *frames,
		    int64_t *ns)
{
	struct tap *tap = &bench->taps[one->engine == ENGINE_EPOLL];
	static struct frame list[BATCH_FRAMES];
	int filled = fill(bench, one->gso), n = 0;
	int64_t start = host_now_ns();
	uint64_t before = *frames;

	while (filled > 0 && (n = tap_receive(tap, &bench->lane, list, BATCH_FRAMES)) > 0)
		*frames += (uint64_t)n;
	*ns += host_now_ns() - start;
	if (filled < 0 || n < 0)
		return filled < 0 ? filled : n;
	return *frames > before ? 0 : -EIO;
}

static int run_case(void *arg, unsigned int at, double seconds, double *figures)
{
	struct tap_bench *bench = arg;
	const struct tap_case *one = &bench->cases[at];
	int64_t wanted = (int64_t)(seconds * 1e9), ns = 0;
	uint64_t frames = 0;
	int err = 0;

	while (!err && ns < wanted)
		err = one->reads ? run_read(bench, one, &frames, &ns)
				 : run_write(bench, one, &frames, &ns);
	if (!err)
		figures[0] = (double)frames * 1e6 / (double)ns;
	return err;
}

/* Where TAPs may be made: a network namespace, with a user namespace if need be. */
static int enter_namespace(void)
{
	if (!unshare(CLONE_NEWNET) || !unshare(CLONE_NEWUSER | CLONE_NEWNET))
		return 0;
	return -errno;
}

static int bring_up(const char *name)
{
	struct ifreq request = { .ifr_mtu = MTU };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), err = 0;

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%.15s", name);
	ioctl(fd, SIOCSIFMTU, &request); /* or it stays at 1500, which GSO frames do with */
	request.ifr_flags = IFF_UP | IFF_NOARP;
	if (ioctl(fd, SIOCSIFFLAGS, &request))
		err = -errno;
	close(fd);
	return err;
}

static int open_socket(struct tap_bench *bench, const char *name)
{
	struct sockaddr_ll address = { .sll_family = AF_PACKET,
				       .sll_ifindex = (int)if_nametoindex(name) };
	int one = 1;

	bench->socket = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0); /* receives nothing */
	if (bench->socket < 0 ||
	    setsockopt(bench->socket, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof(one)) ||
	    bind(bench->socket, (struct sockaddr *)&address, sizeof(address)))
		return -errno;
	return 0;
}

static int make_frames(struct tap_bench *bench)
{
	for (unsigned int gso = 0; gso < 2; gso++) {
		struct frame *frame = &bench->frames[gso];

		tcp_frame_build(frame, gso ? TCP_FRAME_SEGMENTS : 1, bench->bytes[gso],
				&bench->rest[gso]);
		if (vnet_write(frame, &bench->headers[gso]))
			return -EINVAL;
		memcpy(bench->bytes[gso], frame->bytes, frame->head);
	}
	return 0;
}

static int open_engines(struct tap_bench *bench)
{
	static const enum engine_kind kinds[] = { ENGINE_URING, ENGINE_EPOLL };
	char note[160];

	for (unsigned int i = 0; i < 2; i++) {
		int err = engine_create(&bench->engines[i], kinds[i], note, sizeof(note));

		if (err && kinds[i] == ENGINE_URING)
			log_complain("no io_uring here: its cases are left out");
		else if (err)
			return err;
		else if ((err = tap_init(&bench->taps[i], "bench", bench->fd, MTU,
					 bench->engines[i])))
			return err;
	}
	return 0;
}

static int open_all(struct tap_bench *bench)
{
	char name[16] = "bench0";
	int err = enter_namespace();

	if (err)
		return err;
	bench->fd = tap_open(name, false);
	if (bench->fd < 0)
		return bench->fd;
	err = bring_up(name);
	if (!err)
		err = open_socket(bench, name);
	if (!err)
		err = make_frames(bench);
	return err ? err : open_engines(bench);
}

static void close_all(struct tap_bench *bench)
{
	for (unsigned int i = 0; i < 2; i++) {
		if (!bench->engines[i])
			continue;
		bench->taps[i].lanes[0].fd = -1; /* both have the same */
		tap_fini(&bench->taps[i]);
		engine_destroy(bench->engines[i]);
	}
	close(bench->socket);
	close(bench->fd);
}

static void tell_case(void *arg, unsigned int at, struct report *report)
{
	const struct tap_bench *bench = arg;
	uint32_t bytes = bench->frames[bench->cases[at].gso].length;

	report_number(report, "size", NULL, bytes);
	report_decimal(report, "gbit_per_s", "Gbit/s",
		       bench->suite->medians[0] * 8e-6 * (double)bytes, 2);
}

static void add_cases(struct suite *suite, struct tap_bench *bench)
{
	for (unsigned int i = 0; i < 8; i++) {
		struct tap_case one = { i & 4 ? ENGINE_EPOLL : ENGINE_URING, i & 2, i & 1 };

		if (bench->engines[one.engine == ENGINE_EPOLL])
			bench->cases[suite_add(
				suite, "%s, %s, %s", one.engine == ENGINE_EPOLL ? "epoll" : "uring",
				one.reads ? "read" : "write", one.gso ? "64 KB GSO" : "1514 B")] =
				one;
	}
}

int tap_bench_run(const struct options *options, struct report *report)
{
	static const struct report_name names[] = {
		{ "kpps", "kpps_low", "kpps_high", "1000 frames/s", .places = 1 },
	};
	static struct tap_bench bench;
	static struct suite suite;
	int err;

	bench.options = options;
	bench.suite = &suite;
	suite = (struct suite){ .options = options,
				.names = names,
				.nr_figures = 1,
				.alone = true,
				.arg = &bench,
				.run = run_case,
				.tell = tell_case };
	if (suite_place(&suite, report))
		return EXIT_FAILED;
	err = open_all(&bench);
	if (err) {
		log_complain("cannot measure: tap: %s; 'splitvif doctor' says what TAPs need",
			     strerror(-err));
		return EXIT_FAILED;
	}
	add_cases(&suite, &bench);
	err = suite_run(&suite, report);
	close_all(&bench);
	return err ? EXIT_FAILED : EXIT_DONE;
}
