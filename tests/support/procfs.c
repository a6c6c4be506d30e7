#include "support/procfs.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int procfs_fds(pid_t pid)
{
	char path[64];
	DIR *dir;
	int n = 0;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	dir = opendir(path);
	if (!dir)
		return -errno;
	for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir))
		n += entry->d_name[0] != '.';
	closedir(dir);
	return pid == getpid() ? n - 1 : n;
}

int procfs_mappings(pid_t pid, const char *word)
{
	char line[4352];
	FILE *maps;
	int n = 0;

	snprintf(line, sizeof(line), "/proc/%d/maps", pid);
	maps = fopen(line, "re");
	if (!maps)
		return -errno;
	while (fgets(line, sizeof(line), maps))
		n += !word || strstr(line, word);
	fclose(maps);
	return n;
}

int procfs_fds_settled(pid_t pid, int wanted)
{
	for (int i = 0; i < 2000 && procfs_fds(pid) != wanted; i++)
		usleep(10000);
	return procfs_fds(pid);
}
