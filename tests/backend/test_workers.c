/*
 * Two workers with threads of their own, and two guests of two queues each
 * between them: nothing is lost, doubled or out of its flow's order, the books
 * balance at rest, and vifs come and go, or are tuned, under full fire. Under a thread
 * sanitizer it sees the races of the data plane, all in one process.
 */
#include "support/unit.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "backend/guest.h"
#include "support/packet.h"

enum {
	WORKERS = 2,
	GUESTS = 2,
	QUEUES = GUEST_QUEUES_MAX,
	FLOWS = 8,     /* of each queue */
	FRAMES = 4000, /* of each flow */
	FRAMES_TSAN = 400,
	BATCH = 32,
	LIMIT_S = 20,
};

struct rig {
	struct bridge *bridge;
	struct evtchn_table *evtchns;
	struct workers workers;
	int alarm_fd;
	struct guest guests[GUESTS][QUEUES]; /* the first of each is the guest */
};

static unsigned int frames_of_each(void)
{
#ifdef __SANITIZE_THREAD__
	return FRAMES_TSAN;
#else
	return FRAMES;
#endif
}

static struct rig *rig_open(void)
{
	struct fdb_config fdb = { .entries = 64, .ageing_ms = 300000, .secret = { 1, 2 } };
	struct rig *rig = lines_alloc(sizeof(*rig));
	struct world lent;
	char note[160];

	assert_non_null(rig);
	rig->alarm_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	rig->bridge = bridge_create("test", GUEST_MTU, &fdb);
	rig->evtchns = evtchn_table_create();
	assert_int_equal(evtchn_domain_create(rig->evtchns, 0), 0);
	if (workers_create(&rig->workers, WORKERS, ENGINE_AUTO, rig->alarm_fd, note, sizeof(note)))
		fail_msg("%s", note);
	lent = (struct world){ .bridge = rig->bridge, .evtchns = rig->evtchns };
	for (unsigned int i = 0; i < GUESTS; i++) {
		guest_create(&rig->guests[i][0], &lent, (domid_t)(i + 1));
		guest_add_queue(&rig->guests[i][0], &lent, &rig->guests[i][1]);
	}
	return rig;
}

static void attach(struct rig *rig, struct guest *guest)
{
	const char *why = "";

	if (vif_open(&guest->vif, &guest->domain, &guest->config, &why))
		fail_msg("vif_open: %s", why);
	assert_int_equal(vif_attach(guest->vif, &rig->workers, rig->bridge), 0);
}

static void rig_close(struct rig *rig)
{
	for (unsigned int i = 0; i < GUESTS; i++) {
		guest_detach(&rig->guests[i][0]);
		guest_end_queue(&rig->guests[i][1]);
		guest_destroy(&rig->guests[i][0]);
	}
	workers_destroy(&rig->workers);
	bridge_destroy(rig->bridge);
	evtchn_table_destroy(rig->evtchns);
	close(rig->alarm_fd);
	free(rig);
}

static uint8_t mac_of(unsigned int guest)
{
	return (uint8_t)(0x10 + guest);
}

/* A datagram from one guest to the other: flow and number are its payload. */
static uint32_t write_datagram(uint8_t *bytes, unsigned int from, unsigned int flow,
			       uint32_t number)
{
	uint32_t payload[2] = { flow, number };
	struct packet packet = { .version = 4,
				 .udp = true,
				 .ttl = 64,
				 .host = (uint8_t)(1 + from),
				 .port = (uint16_t)(1000 + flow),
				 .payload = (const uint8_t *)payload,
				 .payload_bytes = sizeof(payload) };
	uint32_t length = packet_write(&packet, bytes);

	memset(bytes, 0, 12);
	bytes[0] = bytes[6] = 0x02;
	bytes[5] = mac_of(!from);
	bytes[11] = mac_of(from);
	return length;
}

/* One queue of a guest under the hand of one thread: it sends the flows that
 * are its own, and checks what comes. */
struct hand {
	struct guest *queue;
	unsigned int guest, number;
	uint32_t sent, answered, errors; /* frames */
	uint64_t got, wrong;
	uint32_t next[QUEUES * FLOWS];
};

static void post(struct guest *queue, unsigned int n)
{
	while (n--)
		guest_post_ref(queue, queue->rx_refs[queue->posted % GUEST_RX_PAGES]);
	if (ring_publish(&queue->rx))
		guest_signal(queue, &queue->rx_channel);
}

static void send_some(struct hand *hand)
{
	struct guest *queue = hand->queue;
	uint32_t total = FLOWS * frames_of_each();

	for (unsigned int i = 0; i < BATCH && hand->sent < total; i++, hand->sent++) {
		uint32_t page = queue->tx_page % GUEST_TX_PAGES;
		unsigned int flow = hand->number * FLOWS + hand->sent % FLOWS;

		if (hand->sent - hand->answered >= GUEST_TX_PAGES - 8)
			break;
		guest_put_request(queue, queue->tx_refs[page], 0,
				  (uint16_t)write_datagram(guest_tx_page(queue, page), hand->guest,
							   flow, hand->sent / FLOWS),
				  0, (uint16_t)queue->tx_page++);
	}
	guest_kick_tx(queue);
}

static void take_answers(struct hand *hand)
{
	struct guest *queue = hand->queue;
	int pending = ring_pending(&queue->tx);
	netif_tx_response_t response;

	for (int i = 0; i < pending; i++) {
		ring_copy_tx_response(&queue->tx, queue->tx.in_cons, &response);
		ring_consume(&queue->tx, 1);
		hand->answered++;
		hand->errors += response.status != NETIF_RSP_OKAY;
	}
}

/* Losses are allowed (a queue to a guest is bounded), disorder is not. */
static void take_frames(struct hand *hand)
{
	struct guest *queue = hand->queue;
	int pending = ring_pending(&queue->rx);
	netif_rx_response_t response;
	uint32_t payload[2];

	for (int i = 0; i < pending; i++) {
		ring_copy_rx_response(&queue->rx, queue->rx.in_cons, &response);
		ring_consume(&queue->rx, 1);
		if (guest_rx_page(queue, response.id)[12] == 0x88) /* one of frame_fill()'s */
			continue;
		memcpy(payload, guest_rx_page(queue, response.id) + 42, sizeof(payload));
		if (response.status <= 0 || payload[0] >= QUEUES * FLOWS ||
		    payload[1] < hand->next[payload[0]])
			hand->wrong++;
		else
			hand->next[payload[0]] = payload[1] + 1;
		hand->got++;
	}
	post(queue, (unsigned int)pending);
}

static void *drive(void *arg)
{
	struct hand *hand = arg;
	uint32_t total = FLOWS * frames_of_each();
	time_t end = time(NULL) + LIMIT_S;

	post(hand->queue, GUEST_RX_PAGES - 8);
	while (hand->answered < total && time(NULL) < end) {
		send_some(hand);
		take_answers(hand);
		take_frames(hand);
		ring_arm(&hand->queue->rx, 1); /* asks for events, and yet looks by itself */
		sched_yield();
	}
	return NULL;
}

static void check_hands(struct rig *rig, struct hand hands[GUESTS][QUEUES])
{
	uint64_t got[GUESTS] = { 0 }, sent[GUESTS] = { 0 };

	for (unsigned int g = 0; g < GUESTS; g++) {
		struct vif *vif = rig->guests[g][0].vif;
		struct port_counters c;

		for (unsigned int q = 0; q < QUEUES; q++) {
			take_frames(&hands[g][q]);
			assert_int_equal(hands[g][q].wrong, 0);
			assert_int_equal(hands[g][q].errors, 0);
			assert_int_equal(hands[g][q].answered, FLOWS * frames_of_each());
			assert_true(vif->queues[q].stats.tx_requests > 0);
			got[g] += hands[g][q].got;
			sent[g] += hands[g][q].sent;
		}
		port_total(&vif->port, &c);
		assert_int_equal(c.from.frames, sent[g]);
		assert_int_equal(c.from.forwarded, sent[g]);
		assert_int_equal(c.to.frames, got[g]);
		assert_true(got[g] > 0);
	}
}

/* All that was sent to a guest has come, or was dropped. */
static bool is_settled(struct rig *rig, unsigned int guest, struct hand hands[QUEUES])
{
	struct port_counters c;
	uint64_t got = 0;

	for (unsigned int q = 0; q < QUEUES; q++) {
		take_frames(&hands[q]);
		got += hands[q].got;
	}
	port_total(&rig->guests[guest][0].vif->port, &c);
	return c.to.frames == got && c.to.intended == got + counters_dropped_to(&c);
}

/* Frames that still wait find their buffers. */
static void settle(struct rig *rig, struct hand hands[GUESTS][QUEUES])
{
	struct timespec pause = { .tv_nsec = 2000000 };
	unsigned int settled = 0;

	workers_pass(&rig->workers);
	for (int i = 0; i < 10000 && settled < GUESTS; i++) {
		settled = 0;
		for (unsigned int g = 0; g < GUESTS; g++)
			settled += is_settled(rig, g, hands[g]);
		nanosleep(&pause, NULL);
	}
	workers_pass(&rig->workers);
}

static void hands_start(struct rig *rig, struct hand hands[GUESTS][QUEUES],
			pthread_t threads[GUESTS][QUEUES])
{
	for (unsigned int g = 0; g < GUESTS; g++)
		for (unsigned int q = 0; q < QUEUES; q++) {
			hands[g][q] = (struct hand){ .queue = &rig->guests[g][q],
						     .guest = g,
						     .number = q };
			assert_int_equal(pthread_create(&threads[g][q], NULL, drive, &hands[g][q]),
					 0);
		}
}

static void test_flows_between_workers(void **state)
{
	struct rig *rig = rig_open();
	static struct hand hands[GUESTS][QUEUES];
	pthread_t threads[GUESTS][QUEUES];

	for (unsigned int g = 0; g < GUESTS; g++)
		attach(rig, &rig->guests[g][0]);
	for (unsigned int w = 0; w < WORKERS; w++)
		assert_int_equal(rig->workers.load[w], GUESTS * QUEUES / WORKERS);
	hands_start(rig, hands, threads);
	for (unsigned int k = 0; k < GUESTS * QUEUES; k++)
		pthread_join(threads[k / QUEUES][k % QUEUES], NULL);
	settle(rig, hands);
	check_hands(rig, hands);
	rig_close(rig); /* the books of both */
}

/* A fixed time, or the defaults. */
static void tuning_choose(struct tuning *tuning, const char *rx_usecs)
{
	tuning_init(tuning);
	if (!rx_usecs)
		return;
	assert_int_equal(tuning_set(tuning, TUNING_RX_USECS, rx_usecs), 0);
	tuning_settle(tuning, 1u << TUNING_RX_USECS);
}

/* Timers and settings of the owners, while others publish. */
static void test_tuned_under_fire(void **state)
{
	static const char *const usecs[] = { "50", "0", "1000", NULL };
	struct timespec pause = { .tv_nsec = 1000000 };
	struct rig *rig = rig_open();
	static struct hand hands[GUESTS][QUEUES];
	pthread_t threads[GUESTS][QUEUES];
	struct vif_totals totals[GUESTS];

	for (unsigned int g = 0; g < GUESTS; g++) {
		tuning_choose(&rig->guests[g][0].config.tuning, "1000");
		attach(rig, &rig->guests[g][0]);
	}
	hands_start(rig, hands, threads);
	for (unsigned int turn = 0; turn < 60; turn++) {
		struct tuning tuning;

		nanosleep(&pause, NULL);
		tuning_choose(&tuning, usecs[turn / GUESTS % 4]);
		vif_set_tuning(rig->guests[turn % GUESTS][0].vif, &tuning);
	}
	for (unsigned int k = 0; k < GUESTS * QUEUES; k++)
		pthread_join(threads[k / QUEUES][k % QUEUES], NULL);
	settle(rig, hands);
	check_hands(rig, hands);
	for (unsigned int g = 0; g < GUESTS; g++)
		vif_totals(rig->guests[g][0].vif, &totals[g]);
	assert_true(totals[0].delayed + totals[1].delayed > 0);
	rig_close(rig);
}

/* One goes and comes while the other's frames fly at it. */
static void test_a_vif_goes_under_fire(void **state)
{
	struct rig *rig = rig_open();
	struct guest *restless = &rig->guests[1][0];
	static struct hand hands[QUEUES];
	pthread_t threads[QUEUES];
	unsigned int turns = 0;

	attach(rig, &rig->guests[0][0]);
	for (unsigned int q = 0; q < QUEUES; q++) {
		hands[q] = (struct hand){ .queue = &rig->guests[0][q], .number = q };
		assert_int_equal(pthread_create(&threads[q], NULL, drive, &hands[q]), 0);
	}
	for (; turns < 50; turns++) {
		attach(rig, restless);
		guest_put_frame(&rig->guests[1][turns % QUEUES], turns, 60, 1);
		guest_kick_tx(&rig->guests[1][turns % QUEUES]);
		sched_yield();
		guest_detach(restless);
	}
	for (unsigned int q = 0; q < QUEUES; q++) {
		pthread_join(threads[q], NULL);
		assert_int_equal(hands[q].answered, FLOWS * frames_of_each());
		assert_int_equal(hands[q].wrong + hands[q].errors, 0);
	}
	assert_int_equal(rig->workers.load[0] + rig->workers.load[1], QUEUES);
	workers_pass(&rig->workers);
	rig_close(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flows_between_workers),
		cmocka_unit_test(test_tuned_under_fire),
		cmocka_unit_test(test_a_vif_goes_under_fire),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
