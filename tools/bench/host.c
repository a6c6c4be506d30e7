#include "bench/host.h"

#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

static int64_t read_clock(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

int64_t host_now_ns(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

int64_t host_cpu_ns(void)
{
	return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

int host_parse_cpus(const char *text, int cpus[2])
{
	cpu_set_t allowed;
	int length = 0;

	if (sscanf(text, "%4d,%4d%n", &cpus[0], &cpus[1], &length) != 2 || text[length])
		return -EINVAL;
	if (sched_getaffinity(0, sizeof(allowed), &allowed))
		return -errno;
	for (int i = 0; i < 2; i++)
		if (cpus[i] < 0 || cpus[i] >= CPU_SETSIZE || !CPU_ISSET(cpus[i], &allowed))
			return -ENOENT;
	return 0;
}

int host_choose_cpus(int cpus[2])
{
	cpu_set_t allowed;
	int found = 0;

	if (sched_getaffinity(0, sizeof(allowed), &allowed))
		return -errno;
	for (int cpu = 0; cpu < CPU_SETSIZE && found < 2; cpu++)
		if (CPU_ISSET(cpu, &allowed))
			cpus[found++] = cpu;
	if (found == 1)
		cpus[1] = cpus[0];
	return found ? 0 : -ENOENT;
}

int host_pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set) ? -errno : 0;
}

void host_unpin(void)
{
	cpu_set_t set;

	memset(&set, 0xff, sizeof(set)); /* the kernel leaves out what is not ours */
	sched_setaffinity(0, sizeof(set), &set);
}

static void read_model(char model[80])
{
	FILE *file = fopen("/proc/cpuinfo", "re");
	char line[256];

	strcpy(model, "unknown processor");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "model name : %79[^\n]", model) == 1)
			break;
	if (file)
		fclose(file);
}

void host_describe(char text[HOST_TEXT_BYTES])
{
	long online = sysconf(_SC_NPROCESSORS_ONLN);
	struct utsname system;
	cpu_set_t allowed;
	char model[80];

	CPU_ZERO(&allowed);
	sched_getaffinity(0, sizeof(allowed), &allowed);
	uname(&system);
	read_model(model);
	snprintf(text, HOST_TEXT_BYTES, "%s, %d of %ld processors, %s %.40s", model,
		 CPU_COUNT(&allowed), online, system.sysname, system.release);
}

struct host_time host_time_read(void)
{
	uint64_t part[8] = { 0 }; /* user nice system idle iowait irq softirq steal */
	FILE *file = fopen("/proc/stat", "re");
	struct host_time time = { 0 };

	if (!file)
		return time;
	if (fscanf(file,
		   "cpu %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
		   " %" SCNu64 " %" SCNu64,
		   &part[0], &part[1], &part[2], &part[3], &part[4], &part[5], &part[6],
		   &part[7]) == 8)
		time.steal = part[7];
	fclose(file);
	for (int i = 0; i < 8; i++)
		time.total += part[i];
	return time;
}

double host_steal_percent(struct host_time before, struct host_time after)
{
	if (after.total <= before.total)
		return 0;
	return 100.0 * (double)(after.steal - before.steal) / (double)(after.total - before.total);
}

double host_load(void)
{
	double load;

	return getloadavg(&load, 1) == 1 ? load : -1;
}
