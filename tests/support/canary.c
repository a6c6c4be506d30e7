#include "support/canary.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/clock.h"
#include "support/raw_guest.h"

enum { HEADER = 14, FRAME_MIN = 60, FRAME_MAX = 1514, BURST = 4, PACE_US = 700, SETTLE_MS = 20000 };

/* What follows the Ethernet header; then bytes that follow from the number. */
struct stamp {
	uint32_t number, length, crc;
};

/* One honest guest, and the flow from its peer to it. */
struct bird {
	struct raw_guest guest;
	uint32_t sent, expected;
	uint64_t busy; /* a bit for each TX page: not answered yet */
	uint64_t lost, disordered, corrupt, refused, received;
	int64_t last_ms, longest_gap_ms;
};

struct canary {
	struct bird birds[2];
	pthread_t thread;
	pthread_mutex_t lock; /* held by whoever moves frames or looks at the figures */
	bool stop;
	uint64_t sent_before;
};

static uint32_t crc_table[256];

static void crc_init(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t crc = i;

		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
		crc_table[i] = crc;
	}
}

static uint32_t crc_of(const uint8_t *bytes, size_t length)
{
	uint32_t crc = 0xffffffffu;

	while (length--)
		crc = crc >> 8 ^ crc_table[(crc ^ *bytes++) & 0xff];
	return ~crc;
}

static uint32_t frame_make(const struct bird *from, const struct bird *to, uint8_t *frame)
{
	struct stamp stamp = { .number = from->sent };
	uint32_t at = HEADER + sizeof(stamp);

	stamp.length = FRAME_MIN + from->sent * 37 % (FRAME_MAX - FRAME_MIN + 1);
	for (uint32_t i = at; i < stamp.length; i++)
		frame[i] = (uint8_t)(i * 7 + stamp.number);
	stamp.crc = crc_of(frame + at, stamp.length - at);
	memcpy(frame + HEADER, &stamp, sizeof(stamp));
	raw_guest_fill_header(&from->guest, frame, to->guest.vif.mac);
	return stamp.length;
}

static int page_take(struct bird *bird)
{
	if (!~bird->busy)
		return -1;
	for (int page = 0;; page++)
		if (!(bird->busy >> page & 1)) {
			bird->busy |= 1ull << page;
			return page;
		}
}

/* One part of a frame in a page of its own, at an offset that varies. */
static void part_post(struct bird *from, int page, const uint8_t *bytes, uint16_t length,
		      uint16_t total, uint16_t flags)
{
	netif_tx_request_t slot = raw_guest_slot(&from->guest, (unsigned int)page, total, flags);

	slot.offset = (uint16_t)(page * 40);
	memcpy(raw_guest_tx_page(&from->guest, (unsigned int)page) + slot.offset, bytes, length);
	ring_produce_tx_request(&from->guest.tx, &slot);
}

/* Every third frame in two slots. False: no page is free. */
static bool frame_send(struct bird *from, const struct bird *to)
{
	uint8_t frame[FRAME_MAX];
	uint16_t length = (uint16_t)frame_make(from, to, frame);
	uint16_t first = from->sent % 3 ? length : length / 2;
	int page = page_take(from), second = -1;

	if (page >= 0 && first < length) {
		second = page_take(from);
		if (second < 0)
			from->busy &= ~(1ull << page);
	}
	if (page < 0 || (first < length && second < 0))
		return false;
	part_post(from, page, frame, first, length, second < 0 ? 0 : NETTXF_more_data);
	if (second >= 0)
		part_post(from, second, frame + first, length - first, length - first, 0);
	from->sent++;
	return true;
}

static void responses_take(struct bird *bird)
{
	netif_tx_response_t responses[TX_RING_ENTRIES];
	int n = raw_guest_responses(&bird->guest, responses, TX_RING_ENTRIES, 0);

	if (n < 0)
		bird->refused++;
	for (int i = 0; i < n; i++) {
		bird->refused += responses[i].status != NETIF_RSP_OKAY;
		bird->busy &= ~(1ull << responses[i].id % 64);
	}
}

static bool frame_is_sound(const uint8_t *frame, uint32_t length, const struct stamp *stamp)
{
	uint32_t at = HEADER + sizeof(*stamp);

	return stamp->length == length && stamp->crc == crc_of(frame + at, length - at);
}

static void frame_judge(struct bird *to, const struct bird *from, const uint8_t *frame,
			uint32_t length)
{
	int64_t now = clock_ms();
	struct stamp stamp;

	if (length < FRAME_MIN || memcmp(frame + 6, from->guest.vif.mac, 6))
		return; /* somebody else's */
	memcpy(&stamp, frame + HEADER, sizeof(stamp));
	to->received++;
	if (!frame_is_sound(frame, length, &stamp)) {
		to->corrupt++;
	} else if (stamp.number < to->expected) {
		to->disordered++;
	} else {
		to->lost += stamp.number - to->expected;
		to->expected = stamp.number + 1;
	}
	if (to->last_ms && now - to->last_ms > to->longest_gap_ms)
		to->longest_gap_ms = now - to->last_ms;
	to->last_ms = now;
}

static void frames_take(struct bird *to, const struct bird *from)
{
	netif_rx_response_t responses[RX_RING_ENTRIES];
	int n = raw_guest_receive(&to->guest, responses, RX_RING_ENTRIES, 0);

	if (n < 0)
		to->corrupt++;
	for (int i = 0; i < n; i++) {
		unsigned int page = responses[i].id % RAW_RX_PAGES;

		if (responses[i].status > 0)
			frame_judge(to, from,
				    raw_guest_rx_page(&to->guest, page) + responses[i].offset,
				    (uint32_t)responses[i].status);
		raw_guest_post(&to->guest, (uint16_t)page, to->guest.rx_refs[page]);
	}
	if (n > 0)
		raw_guest_push_buffers(&to->guest);
}

static void move(struct canary *canary, unsigned int burst)
{
	for (int i = 0; i < 2; i++) {
		struct bird *from = &canary->birds[i], *to = &canary->birds[!i];
		unsigned int n = 0;

		responses_take(from);
		while (n < burst && frame_send(from, to))
			n++;
		if (n)
			raw_guest_push(&from->guest);
		frames_take(to, from);
	}
}

static void *run(void *arg)
{
	struct canary *canary = arg;

	for (bool stop = false; !stop; usleep(PACE_US)) {
		pthread_mutex_lock(&canary->lock);
		move(canary, BURST);
		stop = canary->stop;
		pthread_mutex_unlock(&canary->lock);
	}
	return NULL;
}

static bool is_settled(const struct canary *canary)
{
	return canary->birds[0].sent == canary->birds[1].expected &&
	       canary->birds[1].sent == canary->birds[0].expected;
}

static bool settle(struct canary *canary)
{
	int64_t deadline = clock_ms() + SETTLE_MS;

	while (!is_settled(canary)) {
		if (clock_ms() > deadline)
			return false;
		move(canary, 0);
		usleep(PACE_US);
	}
	return true;
}

/* A frame each way, so that both addresses are learned and nothing floods. */
static bool introduce_each_other(struct canary *canary)
{
	for (int i = 0; i < 2; i++) {
		struct bird *bird = &canary->birds[i];

		for (unsigned int page = 0; page < RAW_RX_PAGES; page++)
			raw_guest_post(&bird->guest, (uint16_t)page, bird->guest.rx_refs[page]);
		raw_guest_push_buffers(&bird->guest);
	}
	move(canary, 1);
	return settle(canary);
}

int canary_start(struct canary **out, const char *rundir)
{
	struct canary *canary = calloc(1, sizeof(*canary));
	int err;

	if (!canary)
		return -ENOMEM;
	crc_init();
	raw_guest_init(&canary->birds[1].guest);
	err = raw_guest_open(&canary->birds[0].guest, rundir, "canary-a", RAW_WAITS);
	if (!err)
		err = raw_guest_open(&canary->birds[1].guest, rundir, "canary-b",
				     RAW_ALL_AT_ONCE);
	if (!err && !introduce_each_other(canary))
		err = -ETIMEDOUT;
	if (err)
		goto fail;
	pthread_mutex_init(&canary->lock, NULL);
	err = -pthread_create(&canary->thread, NULL, run, canary);
	if (err)
		goto fail;
	*out = canary;
	return 0;

fail:
	raw_guest_close(&canary->birds[0].guest);
	raw_guest_close(&canary->birds[1].guest);
	free(canary);
	return err;
}

void canary_stop(struct canary *canary)
{
	pthread_mutex_lock(&canary->lock);
	canary->stop = true;
	pthread_mutex_unlock(&canary->lock);
	pthread_join(canary->thread, NULL);
	pthread_mutex_destroy(&canary->lock);
	raw_guest_close(&canary->birds[0].guest);
	raw_guest_close(&canary->birds[1].guest);
	free(canary);
}

/* Moves a bird's figures into the report and starts them anew. */
static void report_take(struct canary_report *report, struct bird *bird)
{
	report->received += bird->received;
	report->lost += bird->lost;
	report->disordered += bird->disordered;
	report->corrupt += bird->corrupt;
	report->refused += bird->refused;
	if ((uint64_t)bird->longest_gap_ms > report->longest_gap_ms)
		report->longest_gap_ms = (uint64_t)bird->longest_gap_ms;
	bird->received = bird->lost = bird->disordered = bird->corrupt = bird->refused = 0;
	bird->longest_gap_ms = bird->last_ms = 0;
}

bool canary_check(struct canary *canary, struct canary_report *report)
{
	uint64_t sent;

	*report = (struct canary_report){ 0 };
	pthread_mutex_lock(&canary->lock);
	move(canary, BURST); /* however short the case was, something went after it */
	report->stuck = !settle(canary);
	sent = (uint64_t)canary->birds[0].sent + canary->birds[1].sent;
	report->sent = sent - canary->sent_before;
	canary->sent_before = sent;
	for (int i = 0; i < 2; i++) {
		report_take(report, &canary->birds[i]);
		canary->birds[i].expected = canary->birds[!i].sent; /* told once, not for ever */
	}
	pthread_mutex_unlock(&canary->lock);
	return report->sent && !report->stuck && report->received == report->sent &&
	       !report->lost && !report->disordered && !report->corrupt && !report->refused;
}
