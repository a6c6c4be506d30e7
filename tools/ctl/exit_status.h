/*
 * What `splitvif` ends with; splitvif(8) lists them.
 */
#ifndef CTL_EXIT_STATUS_H
#define CTL_EXIT_STATUS_H

enum exit_status {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_NO_DAEMON = 3,
	EXIT_NO_SUCH = 4,
	EXIT_TIMED_OUT = 5,
	EXIT_MAY_NOT = 6,
};

#endif
