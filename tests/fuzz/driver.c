/*
 * Runs a LLVMFuzzerTestOneInput() without libFuzzer, as a test that gcc and a
 * sanitizer can build: for the given number of seconds on random inputs and on
 * mutations of earlier ones. A run is repeated by its seed.
 *
 *     fuzz_x SECONDS [SEED]
 *
 * A target may offer well-formed inputs to start from (fuzz_seed).
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "support/random.h"

enum { INPUT_BYTES = 16384, POOL = 64, MUTATIONS = 8, INPUTS_PER_LOOK = 256 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Writes the i-th well-formed input, at most `room` bytes, and returns its
 * size; 0 beyond the last. */
size_t fuzz_seed(unsigned int i, uint8_t *bytes, size_t room) __attribute__((weak));

struct input {
	size_t size;
	uint8_t bytes[INPUT_BYTES];
};

static struct input pool[POOL];
static unsigned int nr_seeds;
static uint64_t random_state;

static uint32_t draw(uint32_t below)
{
	return random_below(&random_state, below);
}

static void fill_random(struct input *input)
{
	input->size = draw(4) ? draw(200) : draw(INPUT_BYTES + 1);
	for (size_t i = 0; i < input->size; i++)
		input->bytes[i] = (uint8_t)draw(256);
}

static void fill_pool(void)
{
	while (fuzz_seed && nr_seeds < POOL / 2) {
		struct input *input = &pool[nr_seeds];

		input->size = fuzz_seed(nr_seeds, input->bytes, INPUT_BYTES);
		if (!input->size)
			break;
		nr_seeds++;
	}
	for (unsigned int i = nr_seeds; i < POOL; i++)
		fill_random(&pool[i]);
}

static void mutate_byte(struct input *input)
{
	static const uint8_t borders[] = { 0, 1, 0x7f, 0x80, 0xfe, 0xff };
	uint8_t *byte = &input->bytes[draw((uint32_t)input->size)];

	switch (draw(4)) {
	case 0:
		*byte ^= (uint8_t)(1 << draw(8));
		break;
	case 1:
		*byte = borders[draw(sizeof(borders))];
		break;
	case 2:
		*byte += (uint8_t)(draw(2) ? 1 : -1);
		break;
	default:
		*byte = (uint8_t)draw(256);
	}
}

/* Copies a stretch of itself or of another input over a part of this one. */
static void splice(struct input *input, const struct input *from)
{
	uint32_t length, to;

	if (!from->size)
		return;
	length = 1 + draw((uint32_t)from->size);
	to = draw((uint32_t)input->size);
	if (length > input->size - to)
		length = (uint32_t)input->size - to;
	memmove(input->bytes + to, from->bytes + draw((uint32_t)from->size - length + 1), length);
}

static void mutate(struct input *input)
{
	uint32_t what = draw(10);

	if (!input->size)
		fill_random(input);
	else if (what == 0)
		input->size = draw((uint32_t)input->size + 1);
	else if (what == 1 && input->size < INPUT_BYTES)
		input->bytes[input->size++] = (uint8_t)draw(256);
	else if (what == 2)
		splice(input, &pool[draw(POOL)]);
	else
		mutate_byte(input);
}

/* From memory of exactly that size, so that a sanitizer sees every byte too far. */
static void run(const struct input *input)
{
	uint8_t *exact = malloc(input->size ? input->size : 1);

	if (!exact)
		abort();
	memcpy(exact, input->bytes, input->size);
	LLVMFuzzerTestOneInput(exact, input->size);
	free(exact);
}

static void run_one(void)
{
	static struct input input;
	unsigned int from = draw(POOL);

	input = pool[from];
	for (uint32_t n = draw(MUTATIONS + 1); n; n--)
		mutate(&input);
	run(&input);
	/* The well-formed ones stay; the others wander off. */
	if (from >= nr_seeds)
		pool[from] = draw(50) ? input : pool[draw(POOL)];
}

static double seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static bool parse(const char *text, uint64_t *value)
{
	char *end;

	*value = strtoull(text, &end, 0);
	return *text && !*end;
}

int main(int argc, char **argv)
{
	uint64_t seconds, seed = (uint64_t)time(NULL) << 16 ^ (uint64_t)getpid();
	unsigned long runs = 0;
	double end;

	if (argc < 2 || argc > 3 || !parse(argv[1], &seconds) ||
	    (argc == 3 && !parse(argv[2], &seed))) {
		fprintf(stderr, "usage: %s SECONDS [SEED]\n", argv[0]);
		return 2;
	}
	printf("seed %llu\n", (unsigned long long)seed);
	fflush(stdout);
	random_state = seed * 0x9e3779b97f4a7c15 | 1;
	fill_pool();
	for (unsigned int i = 0; i < POOL; i++)
		run(&pool[i]);
	for (end = seconds_now() + (double)seconds; seconds_now() < end;)
		for (unsigned int i = 0; i < INPUTS_PER_LOOK; i++, runs++)
			run_one();
	printf("%lu inputs\n", runs);
	return 0;
}
