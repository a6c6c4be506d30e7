/*
 * cpu-distance A,B: how far apart two processors are, in ns; see roundtrip.h.
 * Not installed: tools/compare runs it beside each run.
 */
#include <stdio.h>

#include "bench/host.h"
#include "bench/roundtrip.h"

int main(int argc, char **argv)
{
	int cpus[2], err = argc == 2 ? host_parse_cpus(argv[1], cpus) : -1;

	if (err) {
		fprintf(stderr, "usage: cpu-distance A,B, two processors that we may use\n");
		return 2;
	}
	host_pin(cpus[0]);
	printf("%.0f\n", roundtrip_measure(cpus));
	return 0;
}
