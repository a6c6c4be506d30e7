#include "bench/ring_back.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "bench/payload.h"

enum { QUOTA_PAGES = 4096 };

struct ring_back {
	const struct ring_load *load;
	struct foreign_domain domain;
	struct evtchn channel;
	struct signaller signaller;
	struct ring_end end;
	const uint8_t *first_payload; /* of rings without grants: where pages are numbered from */
	uint64_t served;	      /* messages, which numbers the payloads */
	struct ring_message batch[RING_LINK_BATCH_MAX];
	struct grant_borrow borrows[RING_LINK_BATCH_MAX];
	struct grant_copy copies[RING_LINK_BATCH_MAX];
	uint8_t heads[RING_LINK_BATCH_MAX][PAYLOAD_HEAD_BYTES];
	uint8_t sources[RING_LINK_BATCH_MAX][PAGE_BYTES];
};

/* Where a ring's pages lie in our own mapping, if the guest granted them all. */
static uint8_t *map_pages(struct ring_back *back, struct ring_link *link)
{
	union ring_page *first = NULL;
	int16_t status;

	for (unsigned int i = 0; i < RING_KIND_PAGES; i++) {
		union ring_page *page =
			hypervisor_map_ring(&back->domain, link->ring_refs[i], &status);

		if (!page)
			return NULL;
		if (!i)
			first = page;
	}
	return (uint8_t *)first;
}

static int map_domain(struct ring_back *back, struct ring_link *link)
{
	struct arena arena;
	const char *why;
	int err = arena_accept(&arena, fcntl(link->arena.shared.fd, F_DUPFD_CLOEXEC, 0),
			       link->arena.shared.pages,
			       fcntl(link->arena.tx.fd, F_DUPFD_CLOEXEC, 0), link->arena.tx.pages,
			       QUOTA_PAGES, &why);
	uint8_t *pages;

	if (err)
		return err;
	hypervisor_domain_init(&back->domain, RING_LINK_GUEST, &arena, 1, link->evtchns);
	pages = map_pages(back, link);
	if (!pages) {
		hypervisor_domain_fini(&back->domain);
		return -EACCES;
	}
	ring_kind_open(&back->end, back->load->kind, back->load->shape, true, pages);
	back->first_payload = back->load->shape == RING_TX ? back->domain.arena.tx.base
							   : pages + RING_KIND_PAGES * PAGE_BYTES;
	return 0;
}

static int attach(struct ring_back *back, struct ring_link *link)
{
	int err = back->load->wake ? signaller_init(&back->signaller) : 0;

	if (err)
		return err;
	err = map_domain(back, link);
	if (!err)
		err = hypervisor_bind_evtchn(&back->domain, link->front.port, &back->channel);
	return err;
}

/* What stands for a grant check where there are no grants: is it our guest's? */
static const uint8_t *payload_at(const struct ring_back *back, const struct ring_message *message)
{
	if (message->ref >= RING_LINK_SLOTS || message->offset + message->length > PAGE_BYTES)
		return NULL;
	return back->first_payload + message->ref * PAGE_BYTES + message->offset;
}

static void borrow(struct ring_back *back, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		const struct ring_message *message = &back->batch[i];

		back->borrows[i] = (struct grant_borrow){
			.ref = message->ref,
			.offset = message->offset,
			.length = message->length,
		};
		if (!back->load->kind->grants)
			back->borrows[i].data = payload_at(back, message);
	}
	if (back->load->kind->grants)
		hypervisor_borrow(&back->domain, back->borrows, n);
}

static int serve_tx(struct ring_back *back, unsigned int n)
{
	bool intact = true;

	borrow(back, n);
	for (unsigned int i = 0; i < n; i++) {
		const struct grant_borrow *borrow = &back->borrows[i];

		if (!borrow->data || borrow->length != back->load->size)
			return -EBADMSG;
		intact &=
			payload_read(back->heads[i], borrow->data, borrow->length, back->served++);
	}
	if (back->load->kind->grants)
		hypervisor_return(&back->domain, back->borrows, n);
	return intact ? 0 : -EBADMSG;
}

static int copy_by_grants(struct ring_back *back, unsigned int n)
{
	int err = 0;

	for (unsigned int i = 0; i < n; i++)
		back->copies[i] = (struct grant_copy){
			.ref = back->batch[i].ref,
			.offset = back->batch[i].offset,
			.length = (uint16_t)back->load->size,
			.source = back->sources[i],
		};
	hypervisor_copy(&back->domain, back->copies, n);
	for (unsigned int i = 0; i < n; i++)
		if (back->copies[i].status != GNTST_okay)
			err = -EBADMSG;
	return err;
}

static int copy_plainly(struct ring_back *back, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		uint8_t *to = (uint8_t *)payload_at(back, &back->batch[i]);

		if (!to || back->batch[i].length < back->load->size)
			return -EBADMSG;
		memcpy(to, back->sources[i], back->load->size);
	}
	return 0;
}

static int serve_rx(struct ring_back *back, unsigned int n)
{
	int err;

	for (unsigned int i = 0; i < n; i++)
		payload_write(back->sources[i], back->load->size, back->served++);
	err = back->load->kind->grants ? copy_by_grants(back, n) : copy_plainly(back, n);
	for (unsigned int i = 0; i < n; i++) {
		back->batch[i].offset = 0;
		back->batch[i].length = (uint16_t)back->load->size;
	}
	return err;
}

static int serve(struct ring_back *back, unsigned int n)
{
	const struct ring_load *load = back->load;
	int err = load->shape == RING_TX ? serve_tx(back, n) : serve_rx(back, n);

	if (err)
		return err;
	load->kind->answer(&back->end, back->batch, n);
	if (load->kind->publish(&back->end) && load->wake) {
		evtchn_notify(&back->channel, &back->signaller);
		signaller_flush(&back->signaller);
	}
	return 0;
}

/* One batch, or one turn of waiting. 0 or -errno. */
static int turn(struct ring_back *back)
{
	const struct ring_load *load = back->load;
	int n = load->kind->take(&back->end, back->batch, load->batch);

	if (n)
		return n < 0 ? n : serve(back, (unsigned int)n);
	if (!load->wake)
		ring_link_relax(load);
	else if (load->kind->arm(&back->end, 1))
		ring_link_sleep(&back->channel);
	return 0;
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
