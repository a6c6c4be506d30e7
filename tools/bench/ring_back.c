#include "bench/ring_back.h"

#include <errno.h>
#include <fcntl.h>

#include "bench/payload.h"

enum { QUOTA_PAGES = 4096 };

struct ring_back {
	const struct ring_load *load;
	struct foreign_domain domain;
	struct evtchn channel;
	struct signaller signaller;
	struct ring ring;
	uint64_t served; /* messages, which numbers the payloads */
	struct grant_borrow borrows[RING_LINK_BATCH_MAX];
	struct grant_copy copies[RING_LINK_BATCH_MAX];
	uint16_t ids[RING_LINK_BATCH_MAX];
	uint8_t heads[RING_LINK_BATCH_MAX][PAYLOAD_HEAD_BYTES];
	uint8_t sources[RING_LINK_BATCH_MAX][PAGE_BYTES];
};

static int map_domain(struct ring_back *back, struct ring_link *link)
{
	struct arena arena;
	const char *why;
	int16_t status;
	int err = arena_accept(&arena, fcntl(link->arena.shared.fd, F_DUPFD_CLOEXEC, 0),
			       link->arena.shared.pages,
			       fcntl(link->arena.tx.fd, F_DUPFD_CLOEXEC, 0), link->arena.tx.pages,
			       QUOTA_PAGES, &why);
	union ring_page *page;

	if (err)
		return err;
	hypervisor_domain_init(&back->domain, RING_LINK_GUEST, &arena, 1, link->evtchns);
	page = hypervisor_map_ring(&back->domain, link->ring_ref, &status);
	if (page) {
		ring_attach_back(&back->ring, page, RING_LINK_SLOTS);
		return 0;
	}
	hypervisor_domain_fini(&back->domain);
	return -EACCES;
}

static int attach(struct ring_back *back, struct ring_link *link)
{
	int err = signaller_init(&back->signaller);

	if (err)
		return err;
	err = map_domain(back, link);
	if (!err)
		err = hypervisor_bind_evtchn(&back->domain, link->front.port, &back->channel);
	return err;
}

static void gather_tx(struct ring_back *back, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		netif_tx_request_t request;

		ring_copy_tx_request(&back->ring, back->ring.in_cons + i, &request);
		back->ids[i] = request.id;
		back->borrows[i] = (struct grant_borrow){
			.ref = request.gref,
			.offset = request.offset,
			.length = request.size,
		};
	}
	ring_consume(&back->ring, n);
	hypervisor_borrow(&back->domain, back->borrows, n);
}

static int serve_tx(struct ring_back *back, unsigned int n)
{
	bool intact = true;

	gather_tx(back, n);
	for (unsigned int i = 0; i < n; i++) {
		const struct grant_borrow *borrow = &back->borrows[i];
		netif_tx_response_t response = { .id = back->ids[i], .status = NETIF_RSP_OKAY };

		if (borrow->status != GNTST_okay || borrow->length != back->load->size)
			return -EBADMSG;
		intact &=
			payload_read(back->heads[i], borrow->data, borrow->length, back->served++);
		ring_produce_tx_response(&back->ring, &response);
	}
	hypervisor_return(&back->domain, back->borrows, n);
	return intact ? 0 : -EBADMSG;
}

static void gather_rx(struct ring_back *back, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		netif_rx_request_t request;

		ring_copy_rx_request(&back->ring, back->ring.in_cons + i, &request);
		back->ids[i] = request.id;
		payload_write(back->sources[i], back->load->size, back->served++);
		back->copies[i] = (struct grant_copy){
			.ref = request.gref,
			.length = (uint16_t)back->load->size,
			.source = back->sources[i],
		};
	}
	ring_consume(&back->ring, n);
	hypervisor_copy(&back->domain, back->copies, n);
}

static int serve_rx(struct ring_back *back, unsigned int n)
{
	gather_rx(back, n);
	for (unsigned int i = 0; i < n; i++) {
		netif_rx_response_t response = { .id = back->ids[i],
						 .status = (int16_t)back->load->size };

		if (back->copies[i].status != GNTST_okay)
			return -EBADMSG;
		ring_produce_rx_response(&back->ring, &response);
	}
	return 0;
}

static void publish(struct ring_back *back)
{
	if (!ring_publish(&back->ring) || !back->load->wake)
		return;
	evtchn_notify(&back->channel, &back->signaller);
	signaller_flush(&back->signaller);
}

/* One batch, or one turn of waiting. 0 or -errno. */
static int turn(struct ring_back *back)
{
	int pending = ring_pending(&back->ring), err;
	unsigned int n;

	if (!pending && back->load->wake) {
		pending = ring_arm(&back->ring, 1);
		if (!pending)
			ring_link_sleep(&back->channel);
	} else if (!pending) {
		ring_link_relax(back->load);
	}
	if (pending <= 0)
		return pending;
	n = (unsigned int)pending < back->load->batch ? (unsigned int)pending : back->load->batch;
	err = back->load->shape == RING_TX ? serve_tx(back, n) : serve_rx(back, n);
	if (!err)
		publish(back);
	return err;
}

int ring_back_serve(struct ring_link *link, const struct ring_load *load)
{
	static struct ring_back back; /* a process has one, and it is large */
	int err;

	back.load = load;
	err = attach(&back, link);
	if (err)
		return err;
	while (!err && !load_acquire(&link->control->stop)) {
		err = turn(&back);
		store_relaxed(&link->control->sent, (uint32_t)back.channel.sent);
	}
	return err;
}
