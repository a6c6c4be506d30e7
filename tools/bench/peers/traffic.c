#include "bench/peers/traffic.h"

#include <errno.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "bench/host.h"

#define MS INT64_C(1000000)

enum { GEN, SINK };
enum {
	LINK_MS = 5000,
	WARMUP_MS = 100,
	LOST_MS = 10, /* after which what is under way counts as lost */
	STALL_MS = 2000,
	POOL_FRAMES = 16384 - 1,
	POOL_CACHE = 256,
};

/* When we last looked at the clock, something arrived, rarer duties were done. */
struct clock {
	int64_t now_ns, moved_ns, looked_ns;
};

static int start_port(struct traffic *traffic, uint16_t port)
{
	static const struct rte_eth_conf conf;
	uint16_t ring = (uint16_t)traffic->config.ring;
	int err = rte_eth_dev_configure(port, 1, 1, &conf);

	if (!err)
		err = rte_eth_dev_adjust_nb_rx_tx_desc(port, &ring, &ring);
	if (!err)
		err = rte_eth_rx_queue_setup(port, 0, ring, SOCKET_ID_ANY, NULL, traffic->pool);
	if (!err)
		err = rte_eth_tx_queue_setup(port, 0, ring, SOCKET_ID_ANY, NULL);
	if (!err)
		err = rte_eth_dev_start(port);
	if (!err)
		rte_eth_promiscuous_enable(port); /* not all have it, nor need it */
	return err;
}

static bool is_linked(uint16_t port)
{
	struct rte_eth_link link = { 0 };

	return !rte_eth_link_get_nowait(port, &link) && link.link_status == RTE_ETH_LINK_UP;
}

static int wait_link(void)
{
	int64_t end = host_now_ns() + LINK_MS * MS;

	while (!is_linked(GEN) || !is_linked(SINK)) {
		if (host_now_ns() > end)
			return -ETIMEDOUT;
		rte_delay_us_sleep(1000);
	}
	return 0;
}

/* A payload that is not written is whatever that buffer held before. */
static void write_frame(const struct traffic *traffic, struct rte_mbuf *mbuf, uint64_t number)
{
	uint8_t *frame = rte_pktmbuf_mtod(mbuf, uint8_t *);

	mbuf->data_len = (uint16_t)traffic->config.size;
	mbuf->pkt_len = traffic->config.size;
	memcpy(frame, traffic->head, RELAY_FRAME_HEAD);
	relay_frame_number(frame, traffic->config.size, number, traffic->config.whole);
}

static unsigned int give(struct traffic *traffic, unsigned int n)
{
	struct rte_mbuf *mbufs[TRAFFIC_BATCH];
	unsigned int taken;

	if (rte_pktmbuf_alloc_bulk(traffic->pool, mbufs, n))
		return 0;
	for (unsigned int i = 0; i < n; i++)
		write_frame(traffic, mbufs[i], traffic->sent + i);
	taken = rte_eth_tx_burst(GEN, 0, mbufs, (uint16_t)n);
	if (taken < n)
		rte_pktmbuf_free_bulk(mbufs + taken, n - taken);
	traffic->sent += taken;
	return taken;
}

/* What is checked is a copy, as with splitvif: none would do here, but the work
 * is to be the same. */
static void take_frame(struct traffic *traffic, const struct rte_mbuf *mbuf)
{
	uint32_t size = traffic->config.size, length = mbuf->pkt_len;
	uint32_t wanted = traffic->config.whole ? size : RELAY_FRAME_HEAD;
	uint64_t number;

	memcpy(traffic->copy, rte_pktmbuf_mtod(mbuf, const uint8_t *),
	       wanted < mbuf->data_len ? wanted : mbuf->data_len);
	switch (relay_frame_check(traffic->copy, length, size, traffic->config.whole, &number)) {
	case RELAY_GOOD:
		sequence_note(&traffic->arrivals, number);
		if (number >= traffic->settled)
			traffic->settled = number + 1;
		return;
	case RELAY_FOREIGN:
		traffic->foreign++;
		return;
	case RELAY_CORRUPT:
		traffic->corrupt++;
		return;
	}
}

static unsigned int take(struct traffic *traffic)
{
	struct rte_mbuf *mbufs[TRAFFIC_BATCH];
	unsigned int n = rte_eth_rx_burst(SINK, 0, mbufs, TRAFFIC_BATCH);

	for (unsigned int i = 0; i < n; i++)
		take_frame(traffic, mbufs[i]);
	if (n)
		rte_pktmbuf_free_bulk(mbufs, n);
	return n;
}

static void discard(uint16_t port)
{
	struct rte_mbuf *mbufs[TRAFFIC_BATCH];
	unsigned int n = rte_eth_rx_burst(port, 0, mbufs, TRAFFIC_BATCH);

	if (n)
		rte_pktmbuf_free_bulk(mbufs, n);
}

/* A bridge that learns has to see the sink before it sees frames for it. */
static int teach(struct traffic *traffic)
{
	int64_t end = host_now_ns() + LINK_MS * MS;
	struct rte_mbuf *mbuf;

	while (!rte_eth_rx_burst(GEN, 0, &mbuf, 1)) {
		if (host_now_ns() > end)
			return -ETIMEDOUT;
		mbuf = rte_pktmbuf_alloc(traffic->pool);
		if (!mbuf)
			return -ENOMEM;
		mbuf->data_len = (uint16_t)traffic->config.size;
		mbuf->pkt_len = traffic->config.size;
		relay_frame_init(rte_pktmbuf_mtod(mbuf, uint8_t *), traffic->config.size,
				 traffic->config.from, traffic->config.to);
		if (!rte_eth_tx_burst(SINK, 0, &mbuf, 1))
			rte_pktmbuf_free(mbuf);
		rte_delay_us_sleep(1000);
	}
	rte_pktmbuf_free(mbuf);
	return 0;
}

int traffic_open(struct traffic *traffic, const struct traffic_config *config)
{
	int err;

	*traffic = (struct traffic){ .config = *config };
	relay_frame_init(traffic->head, config->size, config->to, config->from);
	traffic->doing = "two ports";
	if (rte_eth_dev_count_avail() != TRAFFIC_PORTS)
		return -ENODEV;
	traffic->doing = "buffers";
	traffic->pool = rte_pktmbuf_pool_create("frames", POOL_FRAMES, POOL_CACHE, 0,
						RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	if (!traffic->pool)
		return -rte_errno;
	traffic->doing = "starting the ports";
	err = start_port(traffic, GEN);
	if (!err)
		err = start_port(traffic, SINK);
	if (err)
		return err;
	traffic->doing = "waiting for the switch";
	err = wait_link();
	if (err)
		return err;
	traffic->doing = "teaching the switch";
	return teach(traffic);
}

void traffic_close(struct traffic *traffic)
{
	for (uint16_t port = 0; port < TRAFFIC_PORTS; port++) {
		rte_eth_dev_stop(port);
		rte_eth_dev_close(port);
	}
	rte_mempool_free(traffic->pool);
}

static uint64_t under_way(const struct traffic *traffic)
{
	return traffic->sent - traffic->settled;
}

static int look_after(struct traffic *traffic, struct clock *clock)
{
	int64_t still = clock->now_ns - clock->moved_ns;

	clock->looked_ns = clock->now_ns;
	discard(GEN);
	if (still > STALL_MS * MS)
		return -ETIMEDOUT;
	if (still > LOST_MS * MS)
		traffic->settled = traffic->sent;
	return 0;
}

static int run_until(struct traffic *traffic, struct clock *clock, int64_t end)
{
	int err = 0;

	while (!err && (clock->now_ns = host_now_ns()) < end) {
		if (take(traffic))
			clock->moved_ns = clock->now_ns;
		if (under_way(traffic) + TRAFFIC_BATCH <= traffic->config.credit)
			give(traffic, TRAFFIC_BATCH);
		if (clock->now_ns - clock->looked_ns > MS)
			err = look_after(traffic, clock);
	}
	return err;
}

static void drain(struct traffic *traffic)
{
	int64_t moved = host_now_ns(), now = moved;

	while (under_way(traffic) && now - moved < LOST_MS * MS) {
		now = host_now_ns();
		if (take(traffic))
			moved = now;
	}
}

int traffic_run(struct traffic *traffic)
{
	const struct traffic_config *config = &traffic->config;
	struct clock clock = { 0 };
	int64_t start = host_now_ns();
	int err;

	traffic->doing = "frames from port 0 to port 1";
	clock.moved_ns = clock.looked_ns = start;
	err = run_until(traffic, &clock, start + WARMUP_MS * MS);
	if (err)
		return err;
	traffic->counted = traffic->arrivals.received;
	start = host_now_ns();
	err = run_until(traffic, &clock, start + (int64_t)(config->seconds * 1e9));
	traffic->counted = traffic->arrivals.received - traffic->counted;
	traffic->ns = host_now_ns() - start;
	if (err)
		return err;
	drain(traffic);
	if (traffic->arrivals.duplicates || traffic->arrivals.reordered || traffic->corrupt)
		return -EBADMSG;
	return traffic->counted ? 0 : -ETIMEDOUT;
}
