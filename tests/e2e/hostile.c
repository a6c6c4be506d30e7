#include "e2e/hostile.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/clock.h"
#include "support/procfs.h"

enum {
	SETTLE_MS = 20000,
	ANSWER_MS = 1000,
	MOMENT_MS = 30,
	QUIET_MS = 4,
	SHOW_BYTES = 1 << 17,
	HOSTILE_TESTS_MAX = 16
};

void hostile_fail(struct stage *stage, const char *format, ...)
{
	va_list args;

	stage->failed = true;
	fprintf(stderr, "%s: ", stage->name);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

static void peer_post_buffers(struct raw_guest *peer)
{
	while (peer->rx.produced - peer->rx.in_cons < RAW_RX_PAGES) {
		unsigned int page = peer->rx.produced % RAW_RX_PAGES;

		raw_guest_post(peer, (uint16_t)page, peer->rx_refs[page]);
	}
	raw_guest_push_buffers(peer);
}

/* What waits for it comes as soon as buffers do. */
void peer_reset(struct stage *stage)
{
	netif_rx_response_t response;

	do {
		peer_post_buffers(&stage->peer);
	} while (raw_guest_receive(&stage->peer, &response, 1, QUIET_MS) == 1);
}

/* Lets the bridge learn where the peer lives: nothing to it is flooded. */
static void peer_announce(struct stage *stage)
{
	netif_tx_request_t slot = raw_guest_slot(&stage->peer, 0, 60, 0);
	netif_tx_response_t response;

	raw_guest_fill_header(&stage->peer, raw_guest_tx_page(&stage->peer, 0),
			      stage->peer.vif.mac);
	ring_produce_tx_request(&stage->peer.tx, &slot);
	raw_guest_push(&stage->peer);
	raw_guest_responses(&stage->peer, &response, 1, RAW_TIMEOUT_MS);
}

int stage_open(struct stage *stage)
{
	char bridge[64];
	const char *const args[] = { "--bridge", bridge, "--log-level", "error", NULL };
	int err;

	*stage = (struct stage){ .name = "stage" };
	raw_guest_init(&stage->attacker);
	raw_guest_init(&stage->peer);
	snprintf(bridge, sizeof(bridge), "xenbr0,uplink=none,mtu=%d", HOSTILE_MTU);
	err = daemon_start(&stage->daemon, args);
	if (err)
		return err;
	err = canary_start(&stage->canary, stage->daemon.rundir);
	if (!err)
		err = raw_guest_open(&stage->peer, stage->daemon.rundir, "peer", RAW_WAITS);
	if (!err)
		peer_announce(stage);
	if (err) {
		if (stage->canary)
			canary_stop(stage->canary);
		daemon_stop(&stage->daemon);
	}
	return err;
}

int stage_close(struct stage *stage)
{
	canary_stop(stage->canary);
	raw_guest_close(&stage->peer);
	raw_guest_close(&stage->attacker);
	return daemon_stop(&stage->daemon);
}

int64_t hostile_until(int ms)
{
	return clock_ms() + (getenv("LONGER") ? 5 : 1) * ms;
}

static int mappings(const struct stage *stage)
{
	return procfs_mappings(stage->daemon.data, "splitvif-");
}

void hostile_begin(struct stage *stage, const char *name)
{
	struct canary_report report;

	raw_guest_close(&stage->attacker); /* of a case that ended early */
	stage->name = name;
	stage->failed = false;
	canary_check(stage->canary, &report); /* a fresh count for this case */
	stage->fds = procfs_fds(stage->daemon.data);
	stage->mappings = mappings(stage);
	peer_reset(stage);
}

void hostile_begin_connected(struct stage *stage, const char *name)
{
	int err;

	hostile_begin(stage, name);
	err = raw_guest_open(&stage->attacker, stage->daemon.rundir, "attacker", RAW_WAITS);
	if (err)
		hostile_fail(stage, "cannot connect: %s", strerror(-err));
}

/* What the daemon counted, for whoever has to find out why. */
static void tell_statistics(const struct stage *stage)
{
	static const char *const words[] = { "--json", "stats" };
	static char text[SHOW_BYTES];

	if (daemon_ask(&stage->daemon, words, 2, text, sizeof(text)) == 0)
		fprintf(stderr, "%s\n", text);
}

static void check_canary(struct stage *stage)
{
	struct canary_report report;

	if (canary_check(stage->canary, &report))
		return;
	tell_statistics(stage);
	hostile_fail(stage,
		     "canary: %llu of %llu frames arrived, %llu lost, %llu disordered, "
		     "%llu corrupt, %llu refused%s",
		     (unsigned long long)report.received, (unsigned long long)report.sent,
		     (unsigned long long)report.lost, (unsigned long long)report.disordered,
		     (unsigned long long)report.corrupt, (unsigned long long)report.refused,
		     report.stuck ? ", stuck" : "");
}

static bool is_as_before(const struct stage *stage)
{
	return procfs_fds(stage->daemon.data) == stage->fds && mappings(stage) == stage->mappings;
}

static void check_leaks(struct stage *stage)
{
	int64_t deadline = clock_ms() + SETTLE_MS;

	while (!is_as_before(stage) && clock_ms() < deadline)
		usleep(1000);
	if (!is_as_before(stage))
		hostile_fail(stage, "the daemon has %d descriptors and %d mappings, had %d and %d",
			     procfs_fds(stage->daemon.data), mappings(stage), stage->fds,
			     stage->mappings);
}

/* One time of three: the machine, too, may stand still. */
static void check_answer(struct stage *stage)
{
	static const char *const words[] = { "--json", "show" };
	static char text[SHOW_BYTES];
	int64_t took = ANSWER_MS + 1;
	int code = 0;

	for (int i = 0; i < 3 && !code && took > ANSWER_MS; i++) {
		took = -clock_ms();
		code = daemon_ask(&stage->daemon, words, 2, text, sizeof(text));
		took += clock_ms();
	}
	if (code || took > ANSWER_MS)
		hostile_fail(stage, "the daemon answers %d after %lld ms", code, (long long)took);
}

static bool figure(const char *json, const char *key, unsigned long long *value)
{
	const char *at = strstr(json, key);

	return at && sscanf(at + strlen(key), "\":%llu", value) == 1;
}

/* Each frame forwarded, delivered or dropped for one reason. A vif that was
 * stopped has no figures any more. */
static void check_conservation(struct stage *stage)
{
	static const char *const words[] = { "--json", "stats", "attacker.0" };
	static char text[SHOW_BYTES];
	unsigned long long from, forwarded, from_dropped, intended, delivered, to_dropped;

	if (daemon_ask(&stage->daemon, words, 3, text, sizeof(text)) ||
	    !figure(text, "from_guest_frames", &from))
		return;
	if (!figure(text, "from_guest_forwarded", &forwarded) ||
	    !figure(text, "from_guest_dropped", &from_dropped) ||
	    !figure(text, "to_guest_intended", &intended) ||
	    !figure(text, "to_guest_frames", &delivered) ||
	    !figure(text, "to_guest_dropped", &to_dropped))
		hostile_fail(stage, "statistics lack a figure");
	else if (from != forwarded + from_dropped)
		hostile_fail(stage, "%llu frames from the guest, %llu forwarded, %llu dropped",
			     from, forwarded, from_dropped);
	else if (intended < delivered + to_dropped) /* the rest waits for buffers */
		hostile_fail(stage, "%llu frames to the guest, %llu delivered, %llu dropped",
			     intended, delivered, to_dropped);
}

bool hostile_end(struct stage *stage)
{
	if (!daemon_is_alive(&stage->daemon)) {
		hostile_fail(stage, "the daemon is gone");
		return false;
	}
	check_canary(stage); /* while the attacker's figures can still be seen */
	if (stage->attacker.domid)
		check_conservation(stage);
	raw_guest_close(&stage->attacker);
	check_leaks(stage);
	check_answer(stage);
	return !stage->failed;
}

void expect_alive(struct stage *stage)
{
	struct raw_guest *attacker = &stage->attacker;
	uint8_t *frame = raw_guest_tx_page(attacker, RAW_TX_PAGES - 1);
	netif_tx_request_t slot = raw_guest_slot(attacker, RAW_TX_PAGES - 1, 60, 0);
	netif_tx_response_t response;

	if (stage->failed)
		return;
	peer_reset(stage);
	memset(frame, 0x5c, 60);
	raw_guest_fill_header(attacker, frame, stage->peer.vif.mac);
	ring_produce_tx_request(&attacker->tx, &slot);
	raw_guest_push(attacker);
	if (raw_guest_responses(attacker, &response, 1, RAW_TIMEOUT_MS) != 1)
		hostile_fail(stage, "a sound frame was not answered: vif in state %d",
			     raw_guest_backend_state(attacker));
	else if (response.status != NETIF_RSP_OKAY || response.id != slot.id)
		hostile_fail(stage, "a sound frame was answered with %d", response.status);
	else if (!peer_got(stage, frame, 60))
		hostile_fail(stage, "a sound frame did not reach the peer");
}

static bool show_has(const struct stage *stage, const char *reason)
{
	static const char *const words[] = { "--json", "show" };
	static char text[SHOW_BYTES];

	return daemon_ask(&stage->daemon, words, 2, text, sizeof(text)) == 0 &&
	       strstr(text, reason);
}

void expect_fault(struct stage *stage, const char *reason)
{
	expect_refused(stage, EPROTO, reason);
}

void expect_refused(struct stage *stage, int err, const char *reason)
{
	struct raw_guest *attacker = &stage->attacker;
	char text[256], expected[256];

	if (stage->failed)
		return;
	if (!raw_guest_wait_state(attacker, XenbusStateClosed, RAW_TIMEOUT_MS)) {
		hostile_fail(stage, "the vif was not stopped, its state is %d",
			     raw_guest_backend_state(attacker));
		return;
	}
	raw_guest_reason(attacker, text, sizeof(text));
	snprintf(expected, sizeof(expected), "%d %s", err, reason);
	if (strcmp(text, expected))
		hostile_fail(stage, "the reason is '%s' instead of '%s'", text, expected);
	if (!show_has(stage, reason))
		hostile_fail(stage, "'show' does not name the reason '%s'", reason);
}

void peer_frame(const struct stage *stage, uint32_t number, uint32_t length, uint8_t *frame)
{
	for (uint32_t i = 14; i < length; i++)
		frame[i] = (uint8_t)(i * 13 + i / 256 + number);
	raw_guest_fill_header(&stage->peer, frame, stage->attacker.vif.mac);
}

/* One frame in as many slots as it has pages. */
static void peer_post(struct stage *stage, uint32_t number, uint32_t length)
{
	static uint8_t frame[HOSTILE_MTU];
	struct raw_guest *peer = &stage->peer;

	peer_frame(stage, number, length, frame);
	for (uint32_t at = 0, i = 0; at < length; at += PAGE_BYTES, i++) {
		uint32_t part = length - at < PAGE_BYTES ? length - at : PAGE_BYTES;
		netif_tx_request_t slot =
			raw_guest_slot(peer, i, (uint16_t)(at ? part : length), 0);

		if (at + part < length)
			slot.flags = NETTXF_more_data;
		memcpy(raw_guest_tx_page(peer, i), frame + at, part);
		ring_produce_tx_request(&peer->tx, &slot);
	}
	raw_guest_push(peer);
}

void peer_send(struct stage *stage, uint32_t first, unsigned int n, uint32_t length)
{
	int slots = (int)((length + PAGE_BYTES - 1) / PAGE_BYTES);
	netif_tx_response_t responses[4];

	for (unsigned int i = 0; i < n && !stage->failed; i++) {
		peer_post(stage, first + i, length);
		if (raw_guest_responses(&stage->peer, responses, (unsigned int)slots,
					RAW_TIMEOUT_MS) != slots ||
		    responses[0].status != NETIF_RSP_OKAY)
			hostile_fail(stage, "the peer's frame %u was not taken", first + i);
	}
}

/* Takes one frame of the attacker's out of its buffers: its length, or 0. */
static uint32_t peer_take(struct stage *stage, uint8_t *frame, uint32_t size, int timeout_ms)
{
	netif_rx_response_t response;
	uint32_t length = 0;

	do {
		if (raw_guest_receive(&stage->peer, &response, 1, timeout_ms) != 1)
			return 0;
		if (response.status < 0 || length + (uint32_t)response.status > size)
			return 0;
		memcpy(frame + length,
		       raw_guest_rx_page(&stage->peer, response.id % RAW_RX_PAGES) +
			       response.offset,
		       (size_t)response.status);
		length += (uint32_t)response.status;
	} while (response.flags & NETRXF_more_data);
	return length;
}

bool peer_got(struct stage *stage, const uint8_t *frame, uint32_t length)
{
	uint8_t got[RAW_RX_PAGES * PAGE_BYTES / 4];

	return peer_take(stage, got, sizeof(got), RAW_TIMEOUT_MS) == length &&
	       !memcmp(got, frame, length);
}

bool peer_got_nothing(struct stage *stage)
{
	uint8_t got[RAW_RX_PAGES * PAGE_BYTES / 4];

	return peer_take(stage, got, sizeof(got), MOMENT_MS) == 0;
}

static struct stage *on_stage;

static int open_stage(void **state)
{
	int err = stage_open(on_stage);

	if (err)
		print_error("no stage: %s\n", strerror(-err));
	return err;
}

static void test_daemon_ends_in_order(void **state)
{
	assert_int_equal(stage_close(on_stage), 0);
}

int hostile_run(struct stage *stage, const struct CMUnitTest *tests, unsigned int n)
{
	struct CMUnitTest all[HOSTILE_TESTS_MAX];

	if (!getenv("SPLITVIFD")) {
		fputs("skipped: SPLITVIFD names no daemon\n", stderr);
		return 77;
	}
	on_stage = stage;
	assert_true(n < HOSTILE_TESTS_MAX);
	memcpy(all, tests, n * sizeof(*tests));
	all[n] = (struct CMUnitTest)cmocka_unit_test(test_daemon_ends_in_order);
	return _cmocka_run_group_tests("hostile", all, n + 1, open_stage, NULL);
}
