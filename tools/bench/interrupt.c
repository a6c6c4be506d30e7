#include "bench/interrupt.h"

#include <signal.h>
#include <stddef.h>

/* The one thing that a signal handler can reach. */
static volatile sig_atomic_t seen;

static void remember(int number)
{
	seen = number;
}

void interrupt_catch(void)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction action = { .sa_handler = remember };

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		sigaction(numbers[i], &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

bool interrupt_seen(void)
{
	return seen;
}
