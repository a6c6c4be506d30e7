#include "backend/successor.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/manager.h"
#include "io/log.h"

/* As it was started: while it runs another program may come to have its name. */
const char *successor_program(void)
{
	static char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	path[n < 0 ? 0 : n] = '\0';
	return path;
}

/* As getopt_long() took it: cut, too. */
static bool is_option(const char *word, const char *option)
{
	size_t length = strcspn(word, "=");

	return length > strlen("--") && !strncmp(word, option, length);
}

/* --ready-fd was for the first. */
static bool is_ready_option(const char *word, bool *with_value)
{
	*with_value = !strchr(word, '=');
	return is_option(word, "--ready-fd");
}

/* As the manager told us; the rest of its words still stands in the environment. */
static void pass_watchdog(const struct manager *manager)
{
	char usecs[24];

	snprintf(usecs, sizeof(usecs), "%llu", (unsigned long long)manager->watchdog_usecs);
	if (manager->watchdog_usecs)
		setenv("WATCHDOG_USEC", usecs, 1);
}

_Noreturn static void become_successor(const char *program, char *const *argv,
				       const struct manager *manager)
{
	char *words[256];
	unsigned int n = 0;
	sigset_t none;
	bool with_value;

	for (char *const *word = argv; *word && n < 254; word++) {
		if (is_ready_option(*word, &with_value))
			word += with_value && word[1];
		else if (!is_option(*word, "--takeover"))
			words[n++] = *word;
	}
	words[n++] = "--takeover";
	words[n] = NULL;
	pass_watchdog(manager);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execv(program, words);
	log_error("daemon", "cannot start %s for a take-over: %s; going on", program,
		  strerror(errno));
	_exit(1);
}

void successor_start(const char *program, char *const *argv, const struct manager *manager)
{
	pid_t pid = fork();

	if (pid == 0)
		become_successor(program, argv, manager);
	if (pid < 0)
		log_error("daemon", "cannot fork for a take-over: %s; going on", strerror(errno));
}
