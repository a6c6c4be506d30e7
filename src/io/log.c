#include "io/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { LINE_BYTES = 1024, AREAS = 16, AREA_BYTES = 16 };

enum style { STYLE_FILE, STYLE_TERMINAL, STYLE_JOURNAL };

struct area_level {
	char area[AREA_BYTES];
	enum log_level level;
};

/* One per process, as stderr is. Written by log_init() and log_set_levels(). */
struct log_state {
	const char *program;
	enum style style;
	enum log_level level;
	struct area_level areas[AREAS];
	unsigned int nr_areas;
};

static struct log_state state = { .program = "splitvif", .level = LOG_INFORM };

static const char *const level_names[LOG_LEVELS] = {
	"EMERG", "ALERT", "CRIT", "ERROR", "WARN", "NOTICE", "INFO", "DEBUG", "TRACE",
};

static const struct {
	const char *name;
	enum log_level level;
} level_words[] = {
	{ "emerg", LOG_EMERGENCY }, { "alert", LOG_ALERTING }, { "crit", LOG_CRITICAL },
	{ "err", LOG_ERROR },	    { "error", LOG_ERROR },    { "warn", LOG_WARN },
	{ "warning", LOG_WARN },    { "notice", LOG_NOTE },    { "info", LOG_INFORM },
	{ "debug", LOG_DEBUGGING }, { "trace", LOG_TRACE },
};

static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat info;

	return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
	       fstat(STDERR_FILENO, &info) == 0 && info.st_dev == device && info.st_ino == inode;
}

void log_init(const char *program)
{
	const char *spec = getenv("SPLITVIF_LOG");

	state.program = program;
	state.style = stderr_is_journal()     ? STYLE_JOURNAL
		      : isatty(STDERR_FILENO) ? STYLE_TERMINAL
					      : STYLE_FILE;
	if (spec && *spec && log_set_levels(spec) != 0)
		log_complain("SPLITVIF_LOG ignored: '%s': not LEVEL or AREA:LEVEL; levels are "
			     "emerg alert crit error warn notice info debug trace",
			     spec);
}

static int parse_level(const char *word, size_t length, enum log_level *level)
{
	for (size_t i = 0; i < sizeof(level_words) / sizeof(level_words[0]); i++) {
		if (strlen(level_words[i].name) == length &&
		    strncmp(level_words[i].name, word, length) == 0) {
			*level = level_words[i].level;
			return 0;
		}
	}
	return -EINVAL;
}

static struct area_level *find_area(struct log_state *in, const char *area, size_t length)
{
	for (unsigned int i = 0; i < in->nr_areas; i++)
		if (strncmp(in->areas[i].area, area, length) == 0 && !in->areas[i].area[length])
			return &in->areas[i];
	return NULL;
}

static int set_area(struct log_state *in, const char *area, size_t length, enum log_level level)
{
	struct area_level *entry;

	if (!length || length >= AREA_BYTES)
		return -EINVAL;
	entry = find_area(in, area, length);
	if (!entry) {
		if (in->nr_areas == AREAS)
			return -EINVAL;
		entry = &in->areas[in->nr_areas++];
		memcpy(entry->area, area, length);
		entry->area[length] = '\0';
	}
	entry->level = level;
	return 0;
}

static int parse_levels(const char *spec, struct log_state *changed)
{
	for (;;) {
		size_t length = strcspn(spec, ",");
		const char *colon = memchr(spec, ':', length);
		const char *word = colon ? colon + 1 : spec;
		enum log_level level;

		if (parse_level(word, (size_t)(spec + length - word), &level) != 0)
			return -EINVAL;
		if (!colon)
			changed->level = level;
		else if (set_area(changed, spec, (size_t)(colon - spec), level) != 0)
			return -EINVAL;
		if (!spec[length])
			return 0;
		spec += length + 1;
	}
}

int log_check_levels(const char *spec)
{
	struct log_state changed = state;

	return parse_levels(spec, &changed);
}

int log_set_levels(const char *spec)
{
	struct log_state changed = state;
	int err = parse_levels(spec, &changed);

	if (!err)
		state = changed;
	return err;
}

static bool is_wanted(enum log_level level, const char *area)
{
	size_t length = strlen(area);
	struct area_level *entry = length < AREA_BYTES ? find_area(&state, area, length) : NULL;

	return level <= (entry ? entry->level : state.level);
}

/* Whether this line passes; *suppressed is what it has to own up to. Two
 * threads at one site may miscount by a line, and no more. */
static bool site_admit(struct log_site *site, int64_t now_s, uint32_t *suppressed)
{
	*suppressed = 0;
	if (!__atomic_load_n(&site->since_s, __ATOMIC_RELAXED) ||
	    now_s - __atomic_load_n(&site->since_s, __ATOMIC_RELAXED) >= LOG_SITE_SECONDS) {
		__atomic_store_n(&site->since_s, now_s, __ATOMIC_RELAXED);
		__atomic_store_n(&site->lines, 0, __ATOMIC_RELAXED);
		*suppressed = __atomic_exchange_n(&site->suppressed, 0, __ATOMIC_RELAXED);
	}
	if (__atomic_fetch_add(&site->lines, 1, __ATOMIC_RELAXED) < LOG_SITE_LINES)
		return true;
	__atomic_fetch_add(&site->suppressed, 1, __ATOMIC_RELAXED);
	return false;
}

static int print_prefix(char *line, size_t size, enum log_level level)
{
	struct timespec now;
	struct tm parts;
	char stamp[32];

	if (state.style == STYLE_JOURNAL)
		return snprintf(line, size, "<%d>", level < LOG_TRACE ? level : LOG_DEBUGGING);
	clock_gettime(CLOCK_REALTIME, &now);
	if (state.style == STYLE_TERMINAL) {
		strftime(stamp, sizeof(stamp), "%H:%M:%S", localtime_r(&now.tv_sec, &parts));
		return snprintf(line, size, "%s.%03ld %-6s ", stamp, now.tv_nsec / 1000000,
				level_names[level]);
	}
	strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", gmtime_r(&now.tv_sec, &parts));
	return snprintf(line, size, "%s.%03ldZ %s ", stamp, now.tv_nsec / 1000000,
			level_names[level]);
}

/* Text may come from peers: a line stays one line, and no terminal obeys it. */
static void emit(char *line, size_t length)
{
	ssize_t written;

	if (length > LINE_BYTES - 2)
		length = LINE_BYTES - 2;
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == 127)
			line[i] = '?';
	line[length++] = '\n';
	written = write(STDERR_FILENO, line, length);
	(void)written; /* nobody is left to be told */
}

void log_write(struct log_site *site, enum log_level level, const char *area, const char *format,
	       ...)
{
	char line[LINE_BYTES];
	uint32_t suppressed;
	struct timespec now;
	size_t length;
	va_list args;

	if (!is_wanted(level, area))
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (!site_admit(site, now.tv_sec + 1, &suppressed))
		return;
	length = (size_t)print_prefix(line, sizeof(line), level);
	length += (size_t)snprintf(line + length, sizeof(line) - length, "%s: ", area);
	va_start(args, format);
	length += (size_t)vsnprintf(line + length, sizeof(line) - length, format, args);
	va_end(args);
	if (suppressed && length < sizeof(line))
		length += (size_t)snprintf(line + length, sizeof(line) - length,
					   " (%u similar suppressed in %d s)", suppressed,
					   LOG_SITE_SECONDS);
	emit(line, length);
}

void log_complain(const char *format, ...)
{
	char line[LINE_BYTES];
	va_list args;
	size_t length = (size_t)snprintf(line, sizeof(line) / 2, "%s: ", state.program);

	va_start(args, format);
	length += (size_t)vsnprintf(line + length, sizeof(line) - length, format, args);
	va_end(args);
	emit(line, length);
}
