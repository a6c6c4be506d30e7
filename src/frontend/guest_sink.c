#include "frontend/guest_sink.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frontend/probe.h"
#include "frontend/sequence.h"

enum { LAST_ROUNDS = 256 }; /* a ring, frame by frame */

struct sender {
	uint8_t mac[6];
	uint32_t run;
	uint64_t granted;
	bool waits; /* for credit; to be told after this batch */
	uint64_t latency_sum_ns, latency_max_ns;
	struct sequence sequence;
};

struct sink {
	struct guest_loop loop;
	const struct front_options *options;
	uint8_t mac[6];
	uint64_t received, bytes, corrupt, foreign;
	int64_t first_ns, last_ns;
	struct sender senders[SINK_SENDERS];
	unsigned int nr_senders;
	uint8_t frame[SPLITVIF_FRAME_BYTES]; /* one that came in several parts */
};

/* A gen that was started again counts as a new sender. */
static struct sender *find_sender(struct sink *sink, const struct probe *probe)
{
	struct sender *sender;

	for (unsigned int i = sink->nr_senders; i-- > 0;) {
		sender = &sink->senders[i];
		if (sender->run == probe->run && memcmp(sender->mac, probe->src, 6) == 0)
			return sender;
	}
	if (sink->nr_senders == SINK_SENDERS)
		return NULL;
	sender = &sink->senders[sink->nr_senders++];
	memcpy(sender->mac, probe->src, 6);
	sender->run = probe->run;
	return sender;
}

static const uint8_t *flatten(struct sink *sink, const struct splitvif_frame *frame)
{
	uint32_t at = 0;

	if (frame->nr_parts == 1)
		return frame->parts[0].iov_base;
	for (unsigned int i = 0; i < frame->nr_parts; i++) {
		memcpy(sink->frame + at, frame->parts[i].iov_base, frame->parts[i].iov_len);
		at += (uint32_t)frame->parts[i].iov_len;
	}
	return sink->frame;
}

static void count_data(struct sink *sink, struct sender *sender, const struct probe *probe,
		       uint32_t length, int64_t now)
{
	uint64_t latency = (uint64_t)now - probe->stamp_ns;

	if (!sink->received++)
		sink->first_ns = now;
	sink->last_ns = now;
	sink->bytes += length;
	sequence_note(&sender->sequence, probe->sequence);
	sender->latency_sum_ns += latency;
	if (latency > sender->latency_max_ns)
		sender->latency_max_ns = latency;
}

static void count_frame(struct sink *sink, const struct splitvif_frame *frame, int64_t now)
{
	struct sender *sender;
	struct probe probe;
	int err = probe_read(&probe, flatten(sink, frame), frame->length);

	if (err == -EBADMSG)
		sink->corrupt++;
	if (err)
		sink->foreign += err == -ENOMSG;
	if (err || memcmp(probe.dst, sink->mac, 6) != 0) /* flooded past its own */
		return;
	sender = find_sender(sink, &probe);
	if (!sender) {
		sink->foreign++;
		return;
	}
	if (probe.kind == PROBE_DATA)
		count_data(sink, sender, &probe, frame->length, now);
	sender->waits |= probe.kind == PROBE_ASK;
}

/* Grants go by the highest number seen, so that lost frames do not use up the
 * window. An answer to an ask is given even if nothing changed. */
static void grant(struct sink *sink, struct sender *sender)
{
	uint64_t granted = sender->sequence.next + SINK_CREDIT_FRAMES;
	uint8_t bytes[60] = { 0 };
	struct iovec iov = { bytes, sizeof(bytes) };
	struct probe probe = { .kind = PROBE_CREDIT, .run = sender->run, .sequence = granted };

	if (!sender->waits && granted < sender->granted + SINK_CREDIT_FRAMES / 4)
		return;
	memcpy(probe.dst, sender->mac, 6);
	memcpy(probe.src, sink->mac, 6);
	probe_write(bytes, &probe, probe_fill(bytes, sizeof(bytes)));
	if (splitvif_transmit(sink->loop.vif, &(struct splitvif_output){ &iov, 1 }, 1)) {
		sender->granted = granted;
		sender->waits = false;
	}
}

static unsigned int turn(void *guest, unsigned int weight)
{
	struct sink *sink = guest;
	struct splitvif_frame frames[SPLITVIF_SLOTS];
	unsigned int n = splitvif_receive(sink->loop.vif, frames, weight);
	int64_t now = n ? guest_now_ns() : 0;

	for (unsigned int i = 0; i < n; i++)
		count_frame(sink, &frames[i], now);
	splitvif_release(sink->loop.vif, n);
	for (unsigned int i = 0; n && sink->options->credit && i < sink->nr_senders; i++)
		grant(sink, &sink->senders[i]);
	splitvif_flush(sink->loop.vif);
	if (sink->options->count && sink->received >= sink->options->count)
		sink->loop.stopped = true;
	return n;
}

static void summarise_sender(const struct sink *sink, const struct sender *s, bool last)
{
	const struct sequence *q = &s->sequence;
	double average = q->received ? (double)s->latency_sum_ns / (double)q->received / 1e3 : 0;
	const char *format = "sink: from %02x:%02x:%02x:%02x:%02x:%02x: received %" PRIu64
			     ", missing %" PRIu64 ", duplicates %" PRIu64 ", reordered %" PRIu64
			     ", latency %.1f us (max %.1f)%s\n";

	if (sink->options->json)
		format = "{\"mac\": \"%02x:%02x:%02x:%02x:%02x:%02x\", \"received\": %" PRIu64
			 ", \"missing\": %" PRIu64 ", \"duplicates\": %" PRIu64
			 ", \"reordered\": %" PRIu64
			 ", \"latency_us\": %.1f, \"latency_max_us\": %.1f}%s";
	printf(format, s->mac[0], s->mac[1], s->mac[2], s->mac[3], s->mac[4], s->mac[5],
	       q->received, q->missing, q->duplicates, q->reordered, average,
	       (double)s->latency_max_ns / 1e3, last || !sink->options->json ? "" : ", ");
}

static void sum_up(const struct sink *sink, struct sequence *all)
{
	for (unsigned int i = 0; i < sink->nr_senders; i++) {
		all->missing += sink->senders[i].sequence.missing;
		all->duplicates += sink->senders[i].sequence.duplicates;
		all->reordered += sink->senders[i].sequence.reordered;
	}
}

/* The rate is that between the first and the last frame. */
static void summarise(const struct sink *sink)
{
	struct sequence all = { 0 };
	double seconds = (double)(sink->last_ns - sink->first_ns) / 1e9;
	const char *format = "sink: received %" PRIu64 " (%" PRIu64 " bytes), missing %" PRIu64
			     ", duplicates %" PRIu64 ", reordered %" PRIu64 ", corrupt %" PRIu64
			     ", foreign %" PRIu64 ", in %.3f s (%.0f frames/s)\n";

	sum_up(sink, &all);
	if (sink->options->json)
		format = "{\"received\": %" PRIu64 ", \"bytes\": %" PRIu64 ", \"missing\": %" PRIu64
			 ", \"duplicates\": %" PRIu64 ", \"reordered\": %" PRIu64
			 ", \"corrupt\": %" PRIu64 ", \"foreign\": %" PRIu64
			 ", \"seconds\": %.3f, \"frames_per_second\": %.0f, \"senders\": [";
	else
		for (unsigned int i = 0; sink->nr_senders > 1 && i < sink->nr_senders; i++)
			summarise_sender(sink, &sink->senders[i], false);
	printf(format, sink->received, sink->bytes, all.missing, all.duplicates, all.reordered,
	       sink->corrupt, sink->foreign, seconds,
	       seconds > 0 ? (double)(sink->received - 1) / seconds : 0);
	if (!sink->options->json)
		return;
	for (unsigned int i = 0; i < sink->nr_senders; i++)
		summarise_sender(sink, &sink->senders[i], i == sink->nr_senders - 1);
	printf("]}\n");
}

int guest_sink_run(struct splitvif *vif, int signal_fd, const struct front_options *options)
{
	static const struct guest_loop_ops ops = { .turn = turn };
	struct sink *sink = calloc(1, sizeof(*sink));
	struct splitvif_status status;
	int result;

	if (!sink)
		return 1;
	guest_loop_init(&sink->loop, vif, &ops, sink, 0);
	guest_loop_listen(&sink->loop, signal_fd, options->duration);
	splitvif_status(vif, &status);
	memcpy(sink->mac, status.mac, 6);
	sink->options = options;
	guest_loop_run(&sink->loop);
	/* What has come before the signal counts, also where both were found at once. */
	for (int i = 0; i < LAST_ROUNDS && (!options->count || sink->received < options->count);
	     i++)
		if (!turn(sink, splitvif_weight(vif)))
			break;
	summarise(sink);
	result = sink->corrupt != 0;
	free(sink);
	return result;
}
