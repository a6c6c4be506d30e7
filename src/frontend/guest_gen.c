#include "frontend/guest_gen.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "frontend/probe.h"

enum { ASK_AGAIN_NS = 10000000, ANSWER_SECONDS = 2 };

struct gen {
	struct guest_loop loop;
	const struct front_options *options;
	struct probe probe; /* of the next frame */
	uint64_t granted;   /* sequence numbers below this may go */
	int64_t asked_ns;
	bool full; /* more was allowed than the ring took, in the last turn */
	uint32_t filler_crc;
	uint8_t frame[SPLITVIF_FRAME_BYTES];
};

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* How many frames the pace lets go now. */
static uint64_t allowance(struct gen *gen)
{
	const struct front_options *o = gen->options;
	uint64_t sent = gen->probe.sequence, flight, due;

	if (o->credit)
		return gen->granted > sent ? gen->granted - sent : 0;
	if (o->window) {
		flight = splitvif_in_flight(gen->loop.vif);
		return flight < o->window ? o->window - flight : 0;
	}
	if (!o->rate)
		return GUEST_BATCH;
	due = (uint64_t)((double)(guest_now_ns() - gen->loop.start_ns) * (double)o->rate / 1e9);
	return due > sent ? due - sent : 0;
}

static void write_frame(struct gen *gen, struct splitvif_frame *frame)
{
	uint32_t size = gen->options->size, at = 0;

	gen->probe.stamp_ns = (uint64_t)guest_now_ns();
	probe_write(gen->frame, &gen->probe, gen->filler_crc);
	gen->probe.sequence++;
	for (unsigned int i = 0; at < size; i++) {
		size_t room = frame->parts[i].iov_len;
		size_t here = size - at < room ? size - at : room;

		memcpy(frame->parts[i].iov_base, gen->frame + at, here);
		at += (uint32_t)here;
	}
	frame->length = size;
}

/* What the pace, the count and the ring allow. How many. */
static unsigned int send_batch(struct gen *gen, uint64_t allowed)
{
	struct splitvif_frame frames[GUEST_BATCH];
	unsigned int n = (unsigned int)least(GUEST_BATCH, allowed);

	if (gen->options->count)
		n = (unsigned int)least(n, gen->options->count - gen->probe.sequence);
	if (!n)
		return 0;
	n = splitvif_reserve(gen->loop.vif, frames, n, gen->options->size);
	for (unsigned int i = 0; i < n; i++)
		write_frame(gen, &frames[i]);
	splitvif_commit(gen->loop.vif, frames, n);
	return n;
}

/* "My next number is this; may I?" Sent again until the answer comes. */
static void ask_for_credit(struct gen *gen)
{
	uint8_t bytes[60] = { 0 };
	struct iovec iov = { bytes, sizeof(bytes) };
	struct probe ask = gen->probe;
	int64_t now = guest_now_ns();

	if (now - gen->asked_ns < ASK_AGAIN_NS)
		return;
	gen->asked_ns = now;
	ask.kind = PROBE_ASK;
	probe_write(bytes, &ask, probe_fill(bytes, sizeof(bytes)));
	splitvif_transmit(gen->loop.vif, &(struct splitvif_output){ &iov, 1 }, 1);
}

static void take_credit(struct gen *gen, const struct splitvif_frame *frame)
{
	struct probe probe;

	if (frame->nr_parts == 1 &&
	    probe_read(&probe, frame->parts[0].iov_base, frame->length) == 0 &&
	    probe.kind == PROBE_CREDIT && probe.run == gen->probe.run &&
	    probe.sequence > gen->granted)
		gen->granted = probe.sequence;
}

static unsigned int receive_batch(struct gen *gen, unsigned int weight)
{
	struct splitvif_frame frames[SPLITVIF_SLOTS];
	unsigned int n = splitvif_receive(gen->loop.vif, frames, weight);

	for (unsigned int i = 0; i < n; i++)
		take_credit(gen, &frames[i]);
	splitvif_release(gen->loop.vif, n);
	return n;
}

static unsigned int turn(void *guest, unsigned int weight)
{
	struct gen *gen = guest;
	uint64_t allowed = allowance(gen);
	unsigned int sent = send_batch(gen, allowed);
	unsigned int moved = sent + receive_batch(gen, weight);

	splitvif_flush(gen->loop.vif);
	gen->full = sent < allowed;
	if (gen->options->count && gen->probe.sequence >= gen->options->count)
		gen->loop.stopped = true;
	return moved;
}

/* Nothing may go: until when to sleep, and on what. */
static bool arm(void *guest)
{
	struct gen *gen = guest;
	const struct front_options *o = gen->options;

	if (gen->full)
		return splitvif_arm(gen->loop.vif, o->size);
	if (o->window)
		return splitvif_arm_answers(gen->loop.vif, o->window - 1);
	if (o->credit) {
		ask_for_credit(gen);
		guest_loop_sleep_until(&gen->loop, gen->asked_ns + ASK_AGAIN_NS);
	}
	if (o->rate)
		guest_loop_sleep_until(&gen->loop,
				       gen->loop.start_ns +
					       (int64_t)((double)(gen->probe.sequence + 1) * 1e9 /
							 (double)o->rate));
	return splitvif_arm(gen->loop.vif, 0);
}

static unsigned int turn_at_end(void *guest, unsigned int weight)
{
	struct gen *gen = guest;

	receive_batch(gen, weight);
	gen->loop.stopped |= !splitvif_in_flight(gen->loop.vif);
	return 0;
}

static bool arm_at_end(void *guest)
{
	struct gen *gen = guest;

	return splitvif_arm_answers(gen->loop.vif, 0);
}

/* What went out is answered by and by. */
static void await_answers(struct gen *gen, int signal_fd)
{
	static const struct guest_loop_ops ops = { .turn = turn_at_end, .arm = arm_at_end };

	guest_loop_init(&gen->loop, gen->loop.vif, &ops, gen, 0);
	guest_loop_listen(&gen->loop, signal_fd, ANSWER_SECONDS);
	guest_loop_run(&gen->loop);
}

static void summarise(struct gen *gen, int64_t elapsed_ns)
{
	struct splitvif_stats stats;
	double seconds = (double)elapsed_ns / 1e9;
	uint64_t sent = gen->probe.sequence;
	const char *format = "gen: sent %" PRIu64 " frames of %u bytes in %.3f s (%.0f frames/s), "
			     "errors %" PRIu64 ", lost %" PRIu64 ", ring full %" PRIu64 "\n";

	splitvif_stats(gen->loop.vif, &stats);
	if (gen->options->json)
		format = "{\"sent\": %" PRIu64 ", \"size\": %u, \"seconds\": %.3f, "
			 "\"frames_per_second\": %.0f, \"errors\": %" PRIu64 ", \"lost\": %" PRIu64
			 ", \"ring_full\": %" PRIu64 "}\n";
	printf(format, sent, gen->options->size, seconds, seconds > 0 ? (double)sent / seconds : 0,
	       stats.tx_errors, stats.tx_lost, stats.tx_full);
}

int guest_gen_run(struct splitvif *vif, int signal_fd, const struct front_options *options)
{
	static const struct guest_loop_ops ops = { .turn = turn, .arm = arm };
	struct gen *gen = calloc(1, sizeof(*gen));
	struct splitvif_status status;
	int64_t elapsed_ns;

	if (!gen)
		return 1;
	guest_loop_init(&gen->loop, vif, &ops, gen, 0);
	guest_loop_listen(&gen->loop, signal_fd, options->duration);
	splitvif_status(vif, &status);
	gen->options = options;
	gen->filler_crc = probe_fill(gen->frame, options->size);
	gen->probe.kind = PROBE_DATA;
	gen->probe.run = (uint32_t)gen->loop.start_ns ^ (uint32_t)getpid() << 16;
	memcpy(gen->probe.dst, options->dst, 6);
	memcpy(gen->probe.src, status.mac, 6);
	guest_loop_run(&gen->loop);
	elapsed_ns = guest_now_ns() - gen->loop.start_ns;
	await_answers(gen, signal_fd);
	summarise(gen, elapsed_ns);
	free(gen);
	return 0;
}
