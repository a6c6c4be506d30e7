#include "bench/lab/thread_usage.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "ring/barrier.h"

void thread_usage_begin(struct thread_usage *usage)
{
	*usage = (struct thread_usage){ .tid = gettid() };
	pthread_getcpuclockid(pthread_self(), &usage->clock);
}

static uint64_t clock_read(clockid_t clock)
{
	struct timespec time = { 0 };

	clock_gettime(clock, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

void thread_usage_end(struct thread_usage *usage)
{
	struct rusage own;

	getrusage(RUSAGE_THREAD, &own);
	usage->last = (struct thread_used){ .cpu_ns = clock_read(CLOCK_THREAD_CPUTIME_ID),
					    .voluntary = (uint64_t)own.ru_nvcsw,
					    .involuntary = (uint64_t)own.ru_nivcsw };
	store_release(&usage->ended, 1);
}

/* The kernel tells another thread's switches in no other way. */
static void switches_read(pid_t tid, struct thread_used *used)
{
	char path[64], line[128];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/status", (int)tid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file)) {
		sscanf(line, "voluntary_ctxt_switches: %" SCNu64, &used->voluntary);
		sscanf(line, "nonvoluntary_ctxt_switches: %" SCNu64, &used->involuntary);
	}
	if (file)
		fclose(file);
}

/* A thread that ends meanwhile has said what is to be known by then. */
void thread_usage_read(const struct thread_usage *usage, struct thread_used *used)
{
	*used = (struct thread_used){ 0 };
	if (!load_acquire(&usage->ended)) {
		used->cpu_ns = clock_read(usage->clock);
		switches_read(usage->tid, used);
	}
	if (load_acquire(&usage->ended))
		*used = usage->last;
}
