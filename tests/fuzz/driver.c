/*
 * Runs a fuzz target without libFuzzer, for a number of seconds: on inputs of
 * random bytes, and on mutations of inputs kept from before.
 *
 *     fuzz_x [SECONDS [SEED]]
 *
 * The seed is printed first, so that a failure can be run again: the inputs
 * follow from it alone, the time only says where they end.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { INPUT_BYTES = 16384, KEPT = 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	size_t size;
	uint8_t bytes[INPUT_BYTES];
};

/* xorshift64*: good enough, and the same everywhere. */
static uint64_t next_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dULL;
}

static size_t below(uint64_t *state, size_t bound)
{
	return bound ? (next_random(state) >> 16) % bound : 0;
}

static void make_random(struct input *input, uint64_t *state)
{
	input->size = below(state, below(state, 4) ? 512 : INPUT_BYTES);
	for (size_t i = 0; i < input->size; i++)
		input->bytes[i] = (uint8_t)(next_random(state) >> 32);
}

/* One change: a bit, a byte, a telling value, a cut, a copy within. */
static void mutate_once(struct input *input, uint64_t *state)
{
	static const uint32_t telling[] = { 0,	    1,		0x7f,	    0x80,
					    0xff,   0xfff,	0x1000,	    0x1001,
					    0xffff, 0x7fffffff, 0x80000000, 0xffffffff };
	size_t at = below(state, input->size), from = below(state, input->size);
	size_t length = below(state, 64);
	uint32_t value = telling[below(state, sizeof(telling) / sizeof(telling[0]))];

	if (input->size < 64 + sizeof(value) || at + 64 > input->size || from + 64 > input->size) {
		input->bytes[input->size++] = (uint8_t)next_random(state);
		return;
	}
	switch (below(state, 5)) {
	case 0:
		input->bytes[at] ^= (uint8_t)(1u << below(state, 8));
		break;
	case 1:
		input->bytes[at] = (uint8_t)(next_random(state) >> 32);
		break;
	case 2:
		memcpy(input->bytes + at, &value, sizeof(value));
		break;
	case 3:
		memmove(input->bytes + at, input->bytes + at + length, input->size - at - length);
		input->size -= length;
		break;
	default:
		memmove(input->bytes + at, input->bytes + from, length);
		break;
	}
}

static void make_mutation(struct input *input, const struct input *kept, uint64_t *state)
{
	*input = kept[below(state, KEPT)];
	for (size_t i = 1 + below(state, 16); i > 0 && input->size < INPUT_BYTES; i--)
		mutate_once(input, state);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	static struct input kept[KEPT], input;
	double end = now() + (argc > 1 ? atof(argv[1]) : 2);
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : (uint64_t)time(NULL);
	uint64_t state = seed * 2 + 1;
	unsigned long runs = 0;

	printf("seed %llu\n", (unsigned long long)seed);
	fflush(stdout);
	for (; now() < end; runs++) {
		if (below(&state, 3))
			make_mutation(&input, kept, &state);
		else
			make_random(&input, &state);
		LLVMFuzzerTestOneInput(input.bytes, input.size);
		if (!below(&state, 8))
			kept[below(&state, KEPT)] = input;
	}
	printf("%lu inputs\n", runs);
	return 0;
}
