#include "support/seeds.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { ORDINARY = 3 };

static uint64_t number_of(const char *text)
{
	char *end;
	uint64_t number = strtoull(text, &end, 0);

	if (end == text || *end) {
		fprintf(stderr, "SEED and SEEDS are numbers, not '%s'\n", text);
		exit(2);
	}
	return number;
}

void seeds_walk(void (*walk)(uint64_t random))
{
	const char *one = getenv("SEED"), *many = getenv("SEEDS");
	uint64_t seed = 1, walks = ORDINARY;

	if (one) {
		seed = number_of(one);
		walks = 1;
	} else if (many) {
		seed = (uint64_t)time(NULL) << 32 | (uint64_t)getpid() << 12;
		walks = number_of(many);
	}
	for (; walks; walks--, seed++) {
		printf("SEED=%llu\n", (unsigned long long)seed);
		fflush(stdout);
		/* neighbours start far from one another */
		walk(seed * 0x9e3779b97f4a7c15ULL | 1);
	}
}
