/*
 * How far apart two processors are: the time in which one cache line goes from
 * the one to the other and back. On a virtual machine this changes within
 * minutes by a factor of three, and every figure of two processors with it; so
 * it is measured beside each run.
 */
#ifndef BENCH_ROUNDTRIP_H
#define BENCH_ROUNDTRIP_H

/* The caller is on cpus[0]; a thread on cpus[1] answers. Takes about 2 ms. The
 * median of several spells in ns; 0 if both are one processor, or if there is no
 * thread to be had. */
double roundtrip_measure(const int cpus[2]);

#endif
