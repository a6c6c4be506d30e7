#include "bench/roundtrip.h"

#include <pthread.h>
#include <stdint.h>

#include "bench/host.h"
#include "bench/statistics.h"
#include "ring/barrier.h"

enum { SPELLS = 15, TRIPS = 200 };

/* Odd numbers are questions, the next even ones the answers. */
struct line {
	_Alignas(128) uint32_t number;
	int cpu;
	_Alignas(128) char apart;
};

static void *answer(void *arg)
{
	struct line *line = arg;

	host_pin(line->cpu);
	store_release(&line->number, 0); /* here */
	for (uint32_t question = 1; question < 2 * SPELLS * TRIPS; question += 2) {
		while (load_acquire(&line->number) != question)
			;
		store_release(&line->number, question + 1);
	}
	return NULL;
}

static double spell(struct line *line, uint32_t *question)
{
	int64_t start = host_now_ns();

	for (unsigned int i = 0; i < TRIPS; i++, *question += 2) {
		store_release(&line->number, *question);
		while (load_acquire(&line->number) != *question + 1)
			;
	}
	return (double)(host_now_ns() - start) / TRIPS;
}

double roundtrip_measure(const int cpus[2])
{
	struct line line = { .number = 1, .cpu = cpus[1] };
	double spells[SPELLS];
	struct statistics statistics;
	uint32_t question = 1;
	pthread_t thread;

	if (cpus[0] == cpus[1] || pthread_create(&thread, NULL, answer, &line))
		return 0;
	while (load_acquire(&line.number))
		;
	for (unsigned int i = 0; i < SPELLS; i++)
		spells[i] = spell(&line, &question);
	pthread_join(thread, NULL);
	return statistics_summarise(&statistics, spells, SPELLS) ? 0 : statistics.median;
}
