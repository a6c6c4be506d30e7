#include "bench/loop_bench.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "backend/vif.h"
#include "bench/bare_guest.h"
#include "bench/host.h"
#include "bench/suite.h"
#include "io/log.h"

/*
 * gen -> vif -> bridge -> vif -> sink in one thread: two bare guests, and between
 * them the daemon's own worker, turned by hand, with both vifs and the bridge. The
 * clock runs during the worker's turns only. Nothing depends on time or on another
 * processor, so that the instructions of a turn can be counted.
 */

enum { BACKLOG_BYTES = 1 << 20, FDB_ENTRIES = 1024, AGEING_MS = 300000, STALL_TURNS = 1000 };

/* A guest and its vif. */
struct side {
	struct bare_guest guest;
	struct foreign_domain domain;
	struct evtchn channel;
	struct vif *vif;
};

struct loop_bench {
	const struct options *options;
	struct workers workers; /* one, without a thread */
	struct bridge *bridge;
	struct evtchn_table *evtchns;
	struct side gen, sink;
	int alarm_fd;
};

static const uint8_t gen_mac[6] = { 2, 0, 0, 0, 0, 1 }, sink_mac[6] = { 2, 0, 0, 0, 0, 2 };

/* No timer, no controller: what is done for a frame is the same at all times. */
static void tune(struct tuning *tuning)
{
	static const struct {
		enum tuning_word word;
		uint32_t value;
	} still[] = {
		{ TUNING_ADAPTIVE_RX, 0 },
		{ TUNING_ADAPTIVE_TX, 0 },
		{ TUNING_TX_USECS, 0 },
		{ TUNING_TX_FRAMES, 1 },
		{ TUNING_GRO_FLUSH_TIMEOUT, 0 },
		{ TUNING_SPIN_USECS, 0 },
		{ TUNING_NAPI_BUDGET_USECS, 1000000 },
	};

	tuning_init(tuning);
	for (unsigned int i = 0; i < sizeof(still) / sizeof(still[0]); i++) {
		tuning->value[still[i].word] = still[i].value;
		tuning->set |= 1u << still[i].word;
	}
}

static int open_side(struct loop_bench *bench, struct side *side, domid_t domid, const char **why)
{
	struct vif_config config = {
		.mtu = RELAY_FRAME_MAX - FRAME_HEADER_BYTES,
		.nr_queues = 1,
		.guest = { .sg = true },
		.offloads = OFFLOADS_ALL,
		.backlog_bytes = BACKLOG_BYTES,
		.rx_notify = true,
	};
	int err = bare_guest_create(&side->guest);

	*why = "no memory to share";
	if (!err)
		err = evtchn_domain_create(bench->evtchns, domid);
	if (!err)
		err = bare_guest_map(&side->guest, &side->domain, domid, bench->evtchns);
	if (!err)
		err = evtchn_alloc_unbound(bench->evtchns, domid, 0, &side->channel);
	if (err)
		return err;
	snprintf(config.name, sizeof(config.name), "vm%u.0", domid);
	tune(&config.tuning);
	config.queues[0] = (struct vif_queue_config){
		.tx_ring_ref = side->guest.tx_ring_ref,
		.rx_ring_ref = side->guest.rx_ring_ref,
		.tx_port = side->channel.port,
		.rx_port = side->channel.port,
	};
	err = vif_open(&side->vif, &side->domain, &config, why);
	return err ? err : vif_attach(side->vif, &bench->workers, bench->bridge);
}

/* Without io_uring: callgrind does not know what the kernel does for it. */
static int open_all(struct loop_bench *bench, const char **why)
{
	static char note[160];
	struct fdb_config fdb = { .entries = FDB_ENTRIES,
				  .ageing_ms = AGEING_MS,
				  .secret = { 1, 2 } };
	int err;

	bench->alarm_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	*why = note;
	err = worker_open(&bench->workers.list[0], ENGINE_EPOLL, bench->alarm_fd, note,
			  sizeof(note));
	if (err)
		return err;
	bench->workers.nr = 1;
	*why = "out of memory";
	bench->bridge = bridge_create("xenbr0", RELAY_FRAME_MAX - FRAME_HEADER_BYTES, &fdb);
	bench->evtchns = evtchn_table_create();
	if (!bench->bridge || !bench->evtchns || evtchn_domain_create(bench->evtchns, 0))
		return -ENOMEM;
	err = open_side(bench, &bench->gen, 1, why);
	if (!err)
		err = open_side(bench, &bench->sink, 2, why);
	if (!err)
		fdb_learn(bridge_fdb(bench->bridge), sink_mac, bench->sink.vif->port.index,
			  bench->workers.list[0]->now_ms);
	return err;
}

static void close_side(struct side *side)
{
	vif_detach(side->vif);
	vif_close(side->vif);
	hypervisor_domain_fini(&side->domain);
	bare_guest_destroy(&side->guest);
	evtchn_fini(&side->channel);
}

static void close_all(struct loop_bench *bench)
{
	close_side(&bench->gen);
	close_side(&bench->sink);
	worker_close(bench->workers.list[0]);
	bridge_destroy(bench->bridge);
	evtchn_table_destroy(bench->evtchns);
	close(bench->alarm_fd);
}

/* As many frames as the sink has buffers for, there and answered; the time that
 * the worker took. */
static int pass(struct loop_bench *bench, const struct relay_stream *stream, enum relay_depth depth,
		unsigned int n, int64_t *ns)
{
	uint64_t target = bench->sink.guest.received + n;
	int64_t start;

	/* As if an event had come; it would cost system calls, and is no part of this. */
	if (bare_guest_send(&bench->gen.guest, stream, depth, n))
		poll_event(&bench->workers.list[0]->polls, &bench->gen.vif->queues[0].item);
	for (unsigned int i = 0; bench->sink.guest.received < target; i++) {
		start = host_now_ns();
		worker_turn(bench->workers.list[0]);
		*ns += host_now_ns() - start;
		if (bare_guest_receive(&bench->sink.guest, stream->size, depth, n) < 0)
			return -EBADMSG;
		if (i == STALL_TURNS)
			return -ETIMEDOUT;
	}
	return bare_guest_room(&bench->gen.guest) == BARE_SLOTS ? 0 : -EBADMSG;
}

/* For so many seconds, or that many frames. */
static int run_case(void *arg, unsigned int at, double seconds, double *figures)
{
	struct loop_bench *bench = arg;
	uint32_t size = bench->options->sizes.list[at];
	unsigned int n = BARE_CREDIT / bare_guest_slots(size);
	int64_t end = host_now_ns() + (int64_t)(seconds * 1e9), ns = 0;
	uint64_t left = bench->options->count ? bench->options->count : UINT64_MAX, done = 0;
	struct relay_stream stream;
	int err = 0;

	relay_stream_init(&stream, size, sink_mac, gen_mac, RELAY_ETHERTYPE);
	while (!err && done < left && (bench->options->count || host_now_ns() < end || !done)) {
		unsigned int now = left - done < n ? (unsigned int)(left - done) : n;

		err = pass(bench, &stream, RELAY_HEAD, now, &ns);
		done += now;
	}
	figures[0] = done && ns ? (double)done * 1e3 / (double)ns : NAN;
	figures[1] = done ? (double)ns / (double)done : NAN;
	return err;
}

static void tell_case(void *arg, unsigned int at, struct report *report)
{
	report_number(report, "size", NULL, ((struct loop_bench *)arg)->options->sizes.list[at]);
}

static const char *explain(int err)
{
	return err == -EBADMSG	   ? "a frame is not the one that was sent"
	       : err == -ETIMEDOUT ? "no frame moves any more"
				   : NULL;
}

int loop_bench_run(const struct options *options, struct report *report)
{
	static const struct report_name names[] = {
		{ "mpps", "mpps_low", "mpps_high", "Mpps", .places = 3 },
		{ "ns", "ns_low", "ns_high", "ns", .cost = true, .places = 1 },
	};
	static struct loop_bench bench;
	static struct suite suite;
	const char *why;
	int err;

	bench.options = options;
	suite = (struct suite){ .options = options,
				.names = names,
				.nr_figures = 2,
				.alone = true,
				.arg = &bench,
				.run = run_case,
				.tell = tell_case,
				.explain = explain };
	if (suite_place(&suite, report))
		return EXIT_FAILED;
	err = open_all(&bench, &why);
	if (err) {
		log_complain("cannot measure: loop: %s (%s); see 'splitvif doctor'", why,
			     strerror(-err));
		return EXIT_FAILED;
	}
	for (unsigned int i = 0; i < options->sizes.nr; i++)
		suite_add(&suite, "%u B", options->sizes.list[i]);
	err = suite_run(&suite, report);
	close_all(&bench);
	return err ? EXIT_FAILED : EXIT_DONE;
}
