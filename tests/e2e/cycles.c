/*
 * cycles COUNT THREADS [HOT]: that many times a VM comes, sends two frames, hears
 * that they are done, and goes; in several threads at once, each with a name of
 * its own. In a HOTth of the cycles, if that is given, it has a further vif
 * meanwhile: attached by the toolstack, connected, let go, detached. Everything of
 * it, domain, memory, channels and nodes, is made anew each time.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ctl/client.h"
#include "frontend/splitvif.h"

enum { THREADS_MAX = 64, PATIENCE_MS = 20000, FRAME_BYTES = 60, FRAMES = 2 };

struct runner {
	pthread_t thread;
	char name[24];
	unsigned int number, count, hot;
	double worst_ms;
	bool failed;
};

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static bool fail(const struct runner *runner, const char *what, const char *why)
{
	fprintf(stderr, "%s: %s: %s\n", runner->name, what, why);
	return false;
}

/* Nobody has the address: they are flooded, and done. */
static bool send_frames(struct runner *runner, struct splitvif *vif)
{
	uint8_t frame[FRAME_BYTES] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xb5 };
	struct iovec iov = { frame, sizeof(frame) };
	const struct splitvif_output output = { .iov = &iov, .iovcnt = 1 };
	struct pollfd ready = { .fd = splitvif_fd(vif), .events = POLLIN };
	double deadline = now_ms() + PATIENCE_MS;

	for (int i = 0; i < FRAMES; i++)
		if (splitvif_transmit(vif, &output, 1) != 1)
			return fail(runner, "transmit", "no room");
	splitvif_flush(vif);
	while (splitvif_in_flight(vif)) {
		if (now_ms() > deadline)
			return fail(runner, "frames", "not answered");
		if (splitvif_arm_answers(vif, 0))
			poll(&ready, 1, 100);
		splitvif_process(vif);
	}
	return true;
}

static bool ask(const struct runner *runner, const char *verb, const char *words)
{
	const char *argv[] = { verb, runner->name, words };
	struct client_answer answer;
	char path[RUNDIR_PATH_BYTES], why[256];
	int err = client_call(argv, 3, PATIENCE_MS, path, &answer);
	int code;

	if (err)
		return fail(runner, verb, strerror(-err));
	code = answer.reply.code;
	snprintf(why, sizeof(why), "%.*s", (int)answer.reply.length, answer.reply.text);
	free(answer.message);
	return !code || fail(runner, verb, why);
}

static struct splitvif *open_vif(const struct runner *runner, bool further)
{
	const struct splitvif_config config = {
		.name = runner->name, .further = further, .devid = 3, .timeout_ms = PATIENCE_MS
	};
	char error[256];
	struct splitvif *vif = splitvif_open(&config, error, sizeof(error));

	if (!vif)
		fail(runner, "open", error);
	return vif;
}

static bool add_and_remove(struct runner *runner)
{
	struct splitvif *vif;
	bool sent;

	if (!ask(runner, "network-attach", "devid=3"))
		return false;
	vif = open_vif(runner, true);
	if (!vif)
		return false;
	sent = send_frames(runner, vif);
	splitvif_close(vif);
	return ask(runner, "network-detach", "3") && sent;
}

static bool cycle(struct runner *runner, bool hot)
{
	double start = now_ms();
	struct splitvif *vif = open_vif(runner, false);
	bool well = vif && send_frames(runner, vif) && (!hot || add_and_remove(runner));

	if (vif)
		splitvif_close(vif);
	if (now_ms() - start > runner->worst_ms)
		runner->worst_ms = now_ms() - start;
	return well;
}

static void *run(void *arg)
{
	struct runner *runner = arg;

	/* Two names in turns: the daemon need not have done with the last VM. */
	for (unsigned int i = 0; !runner->failed && i < runner->count; i++) {
		snprintf(runner->name, sizeof(runner->name), "c%u.%c", runner->number,
			 i % 2 ? 'b' : 'a');
		runner->failed = !cycle(runner, runner->hot && i % runner->hot == 0);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	unsigned int count = argc > 2 ? (unsigned int)atoi(argv[1]) : 0;
	unsigned int threads = argc > 2 ? (unsigned int)atoi(argv[2]) : 0;
	struct runner runners[THREADS_MAX] = { 0 };
	double start = now_ms(), worst = 0;
	bool failed = false;

	if (!count || !threads || threads > THREADS_MAX) {
		fprintf(stderr, "usage: cycles COUNT THREADS [HOT]\n");
		return 2;
	}
	for (unsigned int i = 0; i < threads; i++) {
		struct runner *runner = &runners[i];

		runner->number = i;
		runner->count = count / threads + (i < count % threads);
		runner->hot = argc > 3 ? (unsigned int)atoi(argv[3]) : 0;
		if (pthread_create(&runner->thread, NULL, run, runner))
			return 1;
	}
	for (unsigned int i = 0; i < threads; i++) {
		pthread_join(runners[i].thread, NULL);
		failed |= runners[i].failed;
		worst = runners[i].worst_ms > worst ? runners[i].worst_ms : worst;
	}
	printf("%u cycles, %u at once: %.2f ms each, the longest %.1f ms\n", count, threads,
	       (now_ms() - start) / count, worst);
	return failed;
}
