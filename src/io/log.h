/*
 * The log: one line a message, to stderr.
 *
 * On a terminal `12:03:04.512 INFO  bridge: port guest1.0 up mtu=1500`,
 * elsewhere with date and UTC, and under systemd (JOURNAL_STREAM names our
 * stderr) with sd-daemon's "<6>" instead of time and level. Every place in the
 * source that logs is limited to LOG_SITE_LINES lines in LOG_SITE_SECONDS; the
 * first line after that says how many similar ones were suppressed. A line is
 * one write(2). Any thread may log; the data path does not.
 *
 * Messages are "what happened key=value ..." without a newline.
 */
#ifndef IO_LOG_H
#define IO_LOG_H

#include <stdint.h>

/* syslog's, and one more for single frames. */
enum log_level {
	LOG_EMERGENCY,
	LOG_ALERTING,
	LOG_CRITICAL,
	LOG_ERROR,
	LOG_WARN,
	LOG_NOTE,
	LOG_INFORM,
	LOG_DEBUGGING,
	LOG_TRACE,
	LOG_LEVELS
};

enum { LOG_SITE_LINES = 10, LOG_SITE_SECONDS = 10 };

struct log_site {
	int64_t since_s; /* 0: never used */
	uint32_t lines;	 /* since then */
	uint32_t suppressed;
};

/* Looks at stderr and at SPLITVIF_LOG ("info,bridge:debug"). The name stands
 * before complaints. Without it everything works with defaults: level info. */
void log_init(const char *program);

/* "LEVEL" or "AREA:LEVEL", several with commas; the rest keeps its level. 0,
 * or -EINVAL and nothing changed. Levels: emerg alert crit err(or) warn(ing)
 * notice info debug trace. */
int log_set_levels(const char *spec);

/* Whether that would do; nothing is changed. */
int log_check_levels(const char *spec);

void log_write(struct log_site *site, enum log_level level, const char *area, const char *format,
	       ...) __attribute__((format(printf, 4, 5)));

/* One line to the person who typed the command: "program: text". No level, no
 * time, no limit: "cannot ...: object: reason; cure". */
void log_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A macro, since each site has its own limit. */
#define LOG_AT(level, area, ...)                                     \
	do {                                                         \
		static struct log_site log_site_here;                \
		log_write(&log_site_here, level, area, __VA_ARGS__); \
	} while (0)

#define log_error(area, ...) LOG_AT(LOG_ERROR, area, __VA_ARGS__)
#define log_warning(area, ...) LOG_AT(LOG_WARN, area, __VA_ARGS__)
#define log_notice(area, ...) LOG_AT(LOG_NOTE, area, __VA_ARGS__)
#define log_info(area, ...) LOG_AT(LOG_INFORM, area, __VA_ARGS__)
#define log_debug(area, ...) LOG_AT(LOG_DEBUGGING, area, __VA_ARGS__)

#endif
