/*
 * What /proc says that a process holds, to see that nothing leaks.
 */
#ifndef SUPPORT_PROCFS_H
#define SUPPORT_PROCFS_H

#include <sys/types.h>

/* Open descriptors of a process, not counting the one that looks; -errno. */
int procfs_fds(pid_t pid);

/* Waits up to a second until that many are open: some are closed by a thread of
 * their own. How many are. */
int procfs_fds_settled(pid_t pid, int wanted);

/* Lines of its memory map that contain `word` (NULL: all); -errno. */
int procfs_mappings(pid_t pid, const char *word);

#endif
