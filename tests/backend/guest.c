#include "support/unit.h"

#include "backend/guest.h"

#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "backend/notifier.h"

uint64_t world_now_ms = 1000000;

static uint64_t hand_clock(void)
{
	return world_now_ms * 1000000;
}

void world_open(struct world *world, enum engine_kind engine)
{
	struct fdb_config fdb = { .entries = 64, .ageing_ms = 300000, .secret = { 1, 2 } };
	char note[160];

	memset(world, 0, sizeof(*world));
	world->alarm_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	assert_true(world->alarm_fd >= 0);
	assert_int_equal(worker_open(&world->worker, engine, world->alarm_fd, note, sizeof(note)),
			 0);
	world->worker->polls.clock_ns = hand_clock;
	world->worker->polls.now_ns = hand_clock();
	world->worker->now_ms = world_now_ms;
	world->workers = (struct workers){ .nr = 1, .list = { world->worker } };
	world->bridge = bridge_create("test", GUEST_MTU, &fdb);
	assert_non_null(world->bridge);
	world->memory = aligned_alloc(64, (sizeof(*world->memory) + 63) & ~(size_t)63);
	assert_non_null(world->memory);
	memory_port_init(world->memory, "memory", GUEST_MTU);
	assert_int_equal(bridge_attach(world->bridge, &world->memory->port), 0);
	world->evtchns = evtchn_table_create();
	assert_non_null(world->evtchns);
	assert_int_equal(evtchn_domain_create(world->evtchns, 0), 0);
}

void world_close(struct world *world)
{
	if (world->threaded)
		worker_destroy(world->worker);
	else
		worker_close(world->worker);
	bridge_detach(world->bridge, &world->memory->port);
	bridge_destroy(world->bridge);
	evtchn_table_destroy(world->evtchns);
	close(world->alarm_fd);
	free(world->memory);
}

void world_start_thread(struct world *world)
{
	char note[160];

	worker_close(world->worker);
	world->threaded = true;
	assert_int_equal(
		worker_create(&world->worker, ENGINE_AUTO, world->alarm_fd, note, sizeof(note)), 0);
	world->workers.list[0] = world->worker;
}

void world_turn(struct world *world)
{
	for (int i = 0; i < 4; i++)
		worker_turn(world->worker);
}

void world_pass(struct world *world, uint64_t ms, uint64_t step)
{
	for (uint64_t end = world_now_ms + ms; world_now_ms < end;) {
		world_now_ms += step;
		worker_turn(world->worker);
	}
	world_turn(world);
}

bool world_alarmed(struct world *world)
{
	uint64_t count;

	return read(world->alarm_fd, &count, sizeof(count)) == sizeof(count);
}

void frame_fill(uint8_t *bytes, uint32_t mark, uint32_t length)
{
	static const uint8_t head[14] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02,
					  0x00, 0x00, 0x00, 0x00, 0x01, 0x88, 0xb5 };

	for (uint32_t i = 0; i < length; i++)
		bytes[i] = i < sizeof(head) ? head[i] : (uint8_t)(mark * 73 + i * 7 + (i >> 8));
}

void world_forward(struct world *world, struct frame *frames, unsigned int n)
{
	bridge_forward(world->bridge, &world->worker->lane, &world->memory->port, frames, n,
		       world_now_ms);
	notifiers_show(world->worker);
	notifiers_decide(world->worker);
}

void world_send(struct world *world, uint32_t mark, uint32_t length)
{
	static uint8_t bytes[GUEST_FRAME_MAX];
	struct fragment parts[2] = { { bytes, length / 2 }, { bytes + length / 2, 0 } };
	struct fragment rest[3];
	static struct frame frame;

	parts[1].length = length - parts[0].length;
	frame_fill(bytes, mark, length);
	bytes[11] = 0xee; /* the recording port's own source address */
	frame_build(&frame, parts, 2, rest);
	world_forward(world, &frame, 1);
}

uint8_t *guest_tx_page(struct guest *guest, uint32_t page)
{
	return guest->arena.tx.base + ((size_t)guest->number * GUEST_TX_PAGES + page) * PAGE_BYTES;
}

uint8_t *guest_rx_page(struct guest *guest, uint32_t page)
{
	uint32_t rings = GUEST_TABLE_PAGES + guest->number * GUEST_SHARED_PAGES;

	return guest->arena.shared.base + (size_t)(rings + 2 + page) * PAGE_BYTES;
}

static void queue_create(struct guest *guest, struct gnttab *gnttab)
{
	uint32_t rings = GUEST_TABLE_PAGES + guest->number * GUEST_SHARED_PAGES, rx = rings + 2;
	uint32_t tx = guest->arena.shared.pages + guest->number * GUEST_TX_PAGES;

	guest->tx_ring_ref = gnttab_grant(gnttab, 0, rings, false);
	guest->rx_ring_ref = gnttab_grant(gnttab, 0, rings + 1, false);
	for (uint32_t i = 0; i < GUEST_RX_PAGES; i++)
		guest->rx_refs[i] = gnttab_grant(gnttab, 0, rx + i, false);
	for (uint32_t i = 0; i < GUEST_TX_PAGES; i++)
		guest->tx_refs[i] = gnttab_grant(gnttab, 0, tx + i, true);
	assert_int_not_equal(guest->tx_refs[GUEST_TX_PAGES - 1], 0);
	ring_init_front(&guest->tx, (union ring_page *)arena_page(&guest->arena, rings),
			TX_RING_ENTRIES);
	ring_init_front(&guest->rx, (union ring_page *)arena_page(&guest->arena, rings + 1),
			RX_RING_ENTRIES);
	assert_int_equal(signaller_init(&guest->signaller), 0);
}

static void channels_create(struct guest *guest, struct world *world, domid_t domid)
{
	assert_int_equal(evtchn_alloc_unbound(world->evtchns, domid, 0, &guest->tx_channel), 0);
	assert_int_equal(evtchn_alloc_unbound(world->evtchns, domid, 0, &guest->rx_channel), 0);
}

static struct vif_queue_config queue_config(const struct guest *guest)
{
	return (struct vif_queue_config){
		.tx_ring_ref = guest->tx_ring_ref,
		.rx_ring_ref = guest->rx_ring_ref,
		.tx_port = guest->tx_channel.port,
		.rx_port = guest->rx_channel.port,
	};
}

static void memory_hand_over(struct guest *guest, struct world *world, domid_t domid)
{
	struct arena view;
	const char *why;

	assert_int_equal(arena_accept(&view, dup(guest->arena.shared.fd), guest->arena.shared.pages,
				      dup(guest->arena.tx.fd), guest->arena.tx.pages, 2048, &why),
			 0);
	assert_int_equal(evtchn_domain_create(world->evtchns, domid), 0);
	hypervisor_domain_init(&guest->domain, domid, &view, GUEST_TABLE_PAGES, world->evtchns);
}

void guest_create(struct guest *guest, struct world *world, domid_t domid)
{
	uint32_t shared = GUEST_TABLE_PAGES + GUEST_QUEUES_MAX * GUEST_SHARED_PAGES;

	memset(guest, 0, sizeof(*guest));
	assert_int_equal(arena_create(&guest->arena, shared, GUEST_QUEUES_MAX * GUEST_TX_PAGES), 0);
	assert_int_equal(gnttab_init(&guest->gnttab, &guest->arena, GUEST_TABLE_PAGES), 0);
	queue_create(guest, &guest->gnttab);
	memory_hand_over(guest, world, domid);
	channels_create(guest, world, domid);
	guest->config = (struct vif_config){
		.name = "guest.0",
		.mtu = GUEST_MTU,
		.nr_queues = 1,
		.queues[0] = queue_config(guest),
		.guest = { .sg = true, .no_csum = true },
		.offloads = OFFLOADS_ALL,
		.backlog_bytes = 1 << 20,
		.rx_notify = true,
	};
	tuning_init(&guest->config.tuning);
}

void guest_add_queue(struct guest *guest, struct world *world, struct guest *more)
{
	memset(more, 0, sizeof(*more));
	more->number = guest->config.nr_queues;
	more->arena = guest->arena;
	queue_create(more, &guest->gnttab);
	channels_create(more, world, guest->domain.domid);
	guest->config.queues[guest->config.nr_queues++] = queue_config(more);
}

void guest_end_queue(struct guest *more)
{
	evtchn_fini(&more->tx_channel);
	evtchn_fini(&more->rx_channel);
	signaller_fini(&more->signaller);
}

void guest_destroy(struct guest *guest)
{
	guest_detach(guest);
	evtchn_fini(&guest->tx_channel);
	evtchn_fini(&guest->rx_channel);
	evtchn_domain_destroy(guest->domain.evtchns, guest->domain.domid);
	hypervisor_domain_fini(&guest->domain);
	signaller_fini(&guest->signaller);
	gnttab_fini(&guest->gnttab);
	arena_close(&guest->arena);
}

void guest_attach(struct guest *guest, struct world *world)
{
	const char *why = "";

	if (vif_open(&guest->vif, &guest->domain, &guest->config, &why))
		fail_msg("vif_open: %s", why);
	assert_int_equal(vif_attach(guest->vif, &world->workers, world->bridge), 0);
	world_turn(world);
}

void guest_detach(struct guest *guest)
{
	uint32_t granted, in_use;

	if (!guest->vif)
		return;
	vif_detach(guest->vif);
	guest_check_books(guest);
	vif_close(guest->vif);
	guest->vif = NULL;
	grant_census(&guest->domain.grants, &granted, &in_use);
	assert_int_equal(in_use, 0);
}

void guest_put_request(struct guest *guest, grant_ref_t ref, uint16_t offset, uint16_t size,
		       uint16_t flags, uint16_t id)
{
	netif_tx_request_t request = { ref, offset, flags, id, size };

	ring_produce_tx_request(&guest->tx, &request);
}

uint16_t guest_put_frame(struct guest *guest, uint32_t mark, uint32_t length, unsigned int parts)
{
	static uint8_t bytes[GUEST_FRAME_MAX];
	uint16_t first = (uint16_t)guest->tx_page;
	uint32_t at = 0;

	frame_fill(bytes, mark, length);
	for (unsigned int i = 0; i < parts; i++) {
		uint32_t page = guest->tx_page % GUEST_TX_PAGES;
		uint32_t end = (uint32_t)((uint64_t)length * (i + 1) / parts);
		uint32_t offset = (end - at) % 7 * 8 % (PAGE_BYTES - (end - at) + 1);

		memcpy(guest_tx_page(guest, page) + offset, bytes + at, end - at);
		guest_put_request(guest, guest->tx_refs[page], (uint16_t)offset,
				  (uint16_t)(i ? end - at : length),
				  i + 1 < parts ? NETTXF_more_data : 0, (uint16_t)guest->tx_page++);
		at = end;
	}
	return first;
}

void guest_signal(struct guest *guest, struct evtchn *channel)
{
	evtchn_notify(channel, &guest->signaller);
	signaller_flush(&guest->signaller);
}

void guest_kick_tx(struct guest *guest)
{
	if (ring_publish(&guest->tx))
		guest_signal(guest, &guest->tx_channel);
}

void guest_take_answers(struct guest *guest, struct guest_answers *answers)
{
	int pending = ring_pending(&guest->tx);
	netif_tx_response_t response;

	assert_true(pending >= 0);
	memset(answers, 0, sizeof(*answers));
	for (int i = 0; i < pending; i++) {
		ring_copy_tx_response(&guest->tx, guest->tx.in_cons, &response);
		ring_consume(&guest->tx, 1);
		answers->okay += response.status == NETIF_RSP_OKAY;
		answers->error += response.status == NETIF_RSP_ERROR;
		answers->null += response.status == NETIF_RSP_NULL;
		answers->other += response.status < -1 || response.status > 1;
		if (response.status != NETIF_RSP_NULL)
			answers->of_id[response.id]++;
	}
}

void guest_post_ref(struct guest *guest, grant_ref_t ref)
{
	netif_rx_request_t request = { .id = (uint16_t)(guest->posted++ % GUEST_RX_PAGES),
				       .gref = ref };

	ring_produce_rx_request(&guest->rx, &request);
}

void guest_post(struct guest *guest, unsigned int n)
{
	while (n--)
		guest_post_ref(guest, guest->rx_refs[guest->posted % GUEST_RX_PAGES]);
	if (ring_publish(&guest->rx))
		guest_signal(guest, &guest->rx_channel);
}

/* It stands in a slot whose buffer nothing was written to. */
static void take_extra(struct guest *guest)
{
	ring_copy_rx_extra(&guest->rx, guest->rx.in_cons, &guest->extra);
	ring_consume(&guest->rx, 1);
	assert_int_not_equal(guest->extra.type, 0);
}

int guest_take_frame(struct guest *guest, uint8_t *bytes, unsigned int *slots, uint16_t *flags)
{
	int length = 0, status = 0, pending = ring_pending(&guest->rx);
	netif_rx_response_t response;
	bool more = false;

	assert_true(pending >= 0);
	*slots = 0;
	guest->extra.type = 0;
	while (pending) {
		if (*slots == 1 && *flags & NETRXF_extra_info && !guest->extra.type) {
			take_extra(guest);
			++*slots;
			if (!more)
				break;
			assert_true(--pending > 0);
			continue;
		}
		ring_copy_rx_response(&guest->rx, guest->rx.in_cons, &response);
		/* Response i stands in the slot of request i, and names it. */
		assert_int_equal(response.id, guest->rx.in_cons % GUEST_RX_PAGES);
		ring_consume(&guest->rx, 1);
		if (!(*slots)++)
			*flags = response.flags;
		if (response.status < 0) {
			status = response.status;
		} else {
			assert_in_range(response.offset + response.status, 1, PAGE_BYTES);
			memcpy(bytes + length, guest_rx_page(guest, response.id) + response.offset,
			       (size_t)response.status);
			length += response.status;
		}
		more = response.flags & NETRXF_more_data;
		if (!more && !(*slots == 1 && *flags & NETRXF_extra_info))
			break;
		assert_true(--pending > 0); /* never in part */
	}
	return status ? status : length;
}

void guest_check_books(const struct guest *guest)
{
	const struct vif *vif = guest->vif;
	struct vif_totals totals;
	struct port_counters c;

	port_total(&vif->port, &c);
	vif_totals(vif, &totals);
	assert_int_equal(c.from.frames, c.from.forwarded + counters_dropped_from(&c));
	assert_int_equal(c.to.intended, c.to.frames + counters_dropped_to(&c) + totals.queued);
	for (unsigned int i = 0; i < vif->nr_queues; i++) {
		const struct vif_queue *queue = &vif->queues[i];

		assert_int_equal(queue->stats.tx_requests, queue->stats.tx_responses);
		assert_int_equal(queue->stats.rx_requests, queue->stats.rx_responses);
		assert_int_equal(queue->tx.in_cons, queue->tx.published);
		assert_int_equal(queue->rx.in_cons, queue->rx.published);
	}
}
