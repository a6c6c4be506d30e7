#include "bench/lab/cpu_time.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static uint64_t thread_ns(int pid, const char *tid)
{
	char path[64];
	uint64_t ns = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/task/%.16s/schedstat", pid, tid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (fscanf(file, "%" SCNu64, &ns) != 1)
		ns = 0;
	fclose(file);
	return ns;
}

static uint64_t threads_ns(int pid)
{
	char path[64];
	uint64_t sum = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	if (!dir)
		return 0;
	for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir))
		if (entry->d_name[0] != '.')
			sum += thread_ns(pid, entry->d_name);
	closedir(dir);
	return sum;
}

static uint64_t resident(int pid)
{
	uint64_t size, pages = 0;
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/statm", pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (fscanf(file, "%" SCNu64 " %" SCNu64, &size, &pages) != 2)
		pages = 0;
	fclose(file);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Of the process and all below it. */
static uint64_t sum_up(int pid, uint64_t (*figure)(int pid))
{
	uint64_t sum = figure(pid);
	char path[64];
	FILE *file;
	int child;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, pid);
	file = fopen(path, "re");
	if (!file)
		return sum;
	while (fscanf(file, "%d", &child) == 1)
		sum += sum_up(child, figure);
	fclose(file);
	return sum;
}

uint64_t cpu_time_of(int pid)
{
	return pid ? sum_up(pid, threads_ns) : 0;
}

uint64_t cpu_time_rss(int pid)
{
	return pid ? sum_up(pid, resident) : 0;
}

uint64_t cpu_time_self(void)
{
	struct timespec time;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}
