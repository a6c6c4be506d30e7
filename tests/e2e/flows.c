/*
 * flows QUEUES RECEIVER-QUEUES FRAMES: two guests of this process, one sends
 * numbered datagrams of many flows on its queues, each flow on one, the other
 * receives them on its own. Every flow must come on one queue, and in order;
 * both queues must be used. Frames may be lost (nobody paces), and are counted.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "frontend/splitvif.h"

enum { FLOWS = 32, BATCH = 64, FRAME_BYTES = 60, PORT_AT = 34, NUMBER_AT = 44, QUIET_MS = 300 };

struct receiver {
	struct splitvif *vif;
	uint32_t next[FLOWS]; /* the least number that may come */
	int queue[FLOWS];     /* on which it came first; -1: not yet */
	uint64_t got, disordered, strayed, per_queue[SPLITVIF_QUEUES_MAX];
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static struct splitvif *open_guest(const char *name, unsigned int queues)
{
	const struct splitvif_config config = { .name = name, .queues = queues };
	struct splitvif *vif;
	char error[300];

	vif = splitvif_open(&config, error, sizeof(error));
	if (!vif) {
		fprintf(stderr, "flows: %s\n", error);
		exit(1);
	}
	if (splitvif_queues(vif) != queues) {
		fprintf(stderr, "flows: %s has %u queues\n", name, splitvif_queues(vif));
		exit(1);
	}
	return vif;
}

/* An IPv4/UDP datagram; nobody looks at its checksums. */
static void write_frame(uint8_t *frame, const uint8_t *to, const uint8_t *from, unsigned int flow,
			uint32_t number)
{
	static const uint8_t ip[] = { 0x08, 0x00, 0x45, 0,  0, 46, 0, 0,  0, 0, 64,
				      17,   0,	  0,	10, 0, 0,  1, 10, 0, 0, 2 };

	memset(frame, 0, FRAME_BYTES);
	memcpy(frame, to, 6);
	memcpy(frame + 6, from, 6);
	memcpy(frame + 12, ip, sizeof(ip));
	frame[PORT_AT] = 0x40;
	frame[PORT_AT + 1] = (uint8_t)flow;
	memcpy(frame + NUMBER_AT, &number, sizeof(number));
}

static void take_frame(struct receiver *receiver, unsigned int queue, const uint8_t *frame)
{
	unsigned int flow = frame[PORT_AT + 1] % FLOWS;
	uint32_t number;

	if (frame[12] != 0x08 || frame[PORT_AT] != 0x40)
		return; /* somebody else's */
	memcpy(&number, frame + NUMBER_AT, sizeof(number));
	if (receiver->queue[flow] < 0)
		receiver->queue[flow] = (int)queue;
	receiver->strayed += receiver->queue[flow] != (int)queue;
	receiver->disordered += number < receiver->next[flow];
	receiver->next[flow] = number + 1;
	receiver->got++;
	receiver->per_queue[queue]++;
}

/* How many of the sender's there were. */
static uint64_t receive(struct receiver *receiver)
{
	struct splitvif_frame frames[BATCH];
	uint64_t before = receiver->got;

	for (unsigned int q = 0; q < splitvif_queues(receiver->vif); q++) {
		unsigned int n = splitvif_queue_receive(receiver->vif, q, frames, BATCH);

		for (unsigned int i = 0; i < n; i++)
			if (frames[i].length >= FRAME_BYTES)
				take_frame(receiver, q, frames[i].parts[0].iov_base);
		splitvif_queue_release(receiver->vif, q, n);
	}
	splitvif_flush(receiver->vif);
	return receiver->got - before;
}

/* One more frame of every flow, as far as there is room; how many. */
static unsigned int send_round(struct splitvif *vif, const uint8_t *to, const uint8_t *from,
			       uint32_t next[FLOWS])
{
	uint8_t frame[FRAME_BYTES];
	struct iovec iov = { frame, sizeof(frame) };
	unsigned int sent = 0;

	for (unsigned int flow = 0; flow < FLOWS; flow++) {
		write_frame(frame, to, from, flow, next[flow]);
		if (splitvif_queue_transmit(vif, flow % splitvif_queues(vif),
					    &(struct splitvif_output){ &iov, 1 }, 1) != 1)
			continue;
		next[flow]++;
		sent++;
	}
	splitvif_flush(vif);
	return sent;
}

static int verdict(const struct receiver *receiver, uint64_t sent)
{
	bool good = receiver->got > sent / 10 && !receiver->disordered && !receiver->strayed;

	printf("flows: sent %llu, received %llu (", (unsigned long long)sent,
	       (unsigned long long)receiver->got);
	for (unsigned int q = 0; q < splitvif_queues(receiver->vif); q++) {
		printf("%s%llu", q ? ", " : "", (unsigned long long)receiver->per_queue[q]);
		good = good && receiver->per_queue[q];
	}
	printf("), out of order %llu, on another queue %llu\n",
	       (unsigned long long)receiver->disordered, (unsigned long long)receiver->strayed);
	return good ? 0 : 1;
}

int main(int argc, char **argv)
{
	unsigned int queues = argc == 4 ? (unsigned int)atoi(argv[1]) : 1;
	unsigned int receiver_queues = argc == 4 ? (unsigned int)atoi(argv[2]) : 1;
	uint64_t frames = argc == 4 ? strtoull(argv[3], NULL, 10) : 10000, sent = 0;
	struct splitvif *sender = open_guest("flows-from", queues);
	struct receiver receiver = { .vif = open_guest("flows-to", receiver_queues) };
	struct splitvif_status from, to;
	uint32_t next[FLOWS] = { 0 };
	int64_t quiet_since;
	int result;

	memset(receiver.queue, 0xff, sizeof(receiver.queue));
	splitvif_status(sender, &from);
	splitvif_status(receiver.vif, &to);
	while (sent < frames) {
		sent += send_round(sender, to.mac, from.mac, next);
		receive(&receiver);
	}
	for (quiet_since = now_ms(); now_ms() - quiet_since < QUIET_MS;)
		if (receive(&receiver))
			quiet_since = now_ms();
	result = verdict(&receiver, sent);
	splitvif_close(receiver.vif);
	splitvif_close(sender);
	return result;
}
