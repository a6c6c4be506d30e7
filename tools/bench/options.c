#include "bench/options.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "bench/host.h"
#include "bench/ring_link.h"
#include "bench/statistics.h"
#include "io/engine.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

enum { SIZE_MIN = 64, SIZE_MAX_BYTES = 1514 };

static const struct command {
	enum bench_command command;
	const char *name, *help;
} commands[] = {
	{ BENCH_RING, "ring", "messages between two processes over one shared ring" },
	{ BENCH_RELAY, "relay", "frames from a built-in sender over a daemon's bridge to a sink" },
};

/* Values above any letter. */
enum flag {
	FLAG_CSV = 256,
	FLAG_REPEATS,
	FLAG_DURATION,
	FLAG_WARMUP,
	FLAG_CPUS,
	FLAG_SIZE,
	FLAG_WAKE,
	FLAG_SHAPE,
	FLAG_BATCH,
	FLAG_MODE,
	FLAG_RATE,
	FLAG_SINK_RATE,
	FLAG_COUNT,
	FLAG_ENGINE,
	FLAG_SPLITVIFD,
};

static const struct option flags[] = {
	{ "json", no_argument, NULL, 'j' },
	{ "csv", no_argument, NULL, FLAG_CSV },
	{ "repeats", required_argument, NULL, FLAG_REPEATS },
	{ "duration", required_argument, NULL, FLAG_DURATION },
	{ "warmup", required_argument, NULL, FLAG_WARMUP },
	{ "cpus", required_argument, NULL, FLAG_CPUS },
	{ "size", required_argument, NULL, FLAG_SIZE },
	{ "wake", no_argument, NULL, FLAG_WAKE },
	{ "shape", required_argument, NULL, FLAG_SHAPE },
	{ "batch", required_argument, NULL, FLAG_BATCH },
	{ "mode", required_argument, NULL, FLAG_MODE },
	{ "rate", required_argument, NULL, FLAG_RATE },
	{ "sink-rate", required_argument, NULL, FLAG_SINK_RATE },
	{ "count", required_argument, NULL, FLAG_COUNT },
	{ "engine", required_argument, NULL, FLAG_ENGINE },
	{ "splitvifd", required_argument, NULL, FLAG_SPLITVIFD },
	{ "version", no_argument, NULL, 'V' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static const char help[] =
	"\n"
	"  -j, --json        JSON instead of a table\n"
	"      --csv         one line a measurement, with a line of heads\n"
	"      --repeats N   short runs a figure is taken from (default 9; 1 with --count)\n"
	"      --duration S  seconds of one of them (default 0.5)\n"
	"      --warmup S    seconds before the first one (default 0.2)\n"
	"      --cpus A,B    one processor for each side (default: the first two allowed)\n"
	"      --size N      bytes of a payload or frame, 64 to 1514 (default: both of them)\n"
	"      --wake        sides that find nothing to do sleep until they are notified\n"
	"  -V, --version\n"
	"  -h, --help\n"
	"\n"
	"ring only:\n"
	"      --shape tx|rx|both  which way payloads go, as the guest says (default both)\n"
	"      --batch N           messages a publication, 1 to 64 (default 64)\n"
	"\n"
	"relay only:\n"
	"      --mode closed|open  send what the sink has room for, or regardless of it\n"
	"                          (default closed)\n"
	"      --rate PPS          frames a second in open mode (default: as many as fit)\n"
	"      --sink-rate PPS     frames a second that the sink takes in open mode, so that\n"
	"                          more have to be dropped (default: as many as come)\n"
	"      --count N           a run is N frames, each with a checksum that is verified\n"
	"      --engine auto|uring|epoll\n"
	"                          how the daemon waits (default: SPLITVIF_ENGINE, else auto)\n"
	"      --splitvifd PATH    the daemon (default: beside this program, in its build\n"
	"                          tree, or in PATH)\n";

void options_help(FILE *out)
{
	fputs("usage: splitvif-bench COMMAND [OPTION...]\n\n", out);
	for (size_t i = 0; i < COUNT(commands); i++)
		fprintf(out, "  %-7s %s\n", commands[i].name, commands[i].help);
	fputs(help, out);
}

static int fail(char error[OPTIONS_ERROR_BYTES], const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static int fail(char error[OPTIONS_ERROR_BYTES], const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error, OPTIONS_ERROR_BYTES, format, args);
	va_end(args);
	return -EINVAL;
}

static const char *flag_name(int flag)
{
	for (size_t i = 0; flags[i].name; i++)
		if (flags[i].val == flag)
			return flags[i].name;
	return "?";
}

static int parse_number(int flag, uint64_t min, uint64_t max, uint64_t *number,
			char error[OPTIONS_ERROR_BYTES])
{
	char *end;

	errno = 0;
	*number = strtoull(optarg, &end, 10);
	if (errno || end == optarg || *end || *optarg == '-' || *number < min || *number > max)
		return fail(error, "bad --%s '%.40s': a whole number from %llu to %llu is meant",
			    flag_name(flag), optarg, (unsigned long long)min,
			    (unsigned long long)max);
	return 0;
}

static int parse_small(int flag, uint32_t min, uint32_t max, uint32_t *number,
		       char error[OPTIONS_ERROR_BYTES])
{
	uint64_t wide;
	int err = parse_number(flag, min, max, &wide, error);

	if (!err)
		*number = (uint32_t)wide;
	return err;
}

static int parse_seconds(int flag, double min, double *seconds, char error[OPTIONS_ERROR_BYTES])
{
	char *end;

	*seconds = strtod(optarg, &end);
	if (end == optarg || *end || !isfinite(*seconds) || *seconds < min || *seconds > 3600)
		return fail(error, "bad --%s '%.40s': seconds from %g to 3600 are meant",
			    flag_name(flag), optarg, min);
	return 0;
}

/* One of a few words; its index goes to *choice. */
static int parse_word(int flag, const char *const *words, unsigned int n, unsigned int *choice,
		      char error[OPTIONS_ERROR_BYTES])
{
	for (*choice = 0; *choice < n; (*choice)++)
		if (!strcmp(optarg, words[*choice]))
			return 0;
	return fail(error, "bad --%s '%.40s'; 'splitvif-bench -h' says what is meant",
		    flag_name(flag), optarg);
}

static int parse_cpus(struct options *options, char error[OPTIONS_ERROR_BYTES])
{
	int err = host_parse_cpus(optarg, options->cpus);

	options->cpus_given = true;
	if (err == -EINVAL)
		return fail(error, "bad --cpus '%.40s': two numbers are meant, like 0,1", optarg);
	if (err)
		return fail(error, "bad --cpus '%.40s': %s; 'taskset -cp $$' shows those allowed",
			    optarg, err == -ENOENT ? "not ours to use" : strerror(-err));
	return 0;
}

static int parse_path(struct options *options, char error[OPTIONS_ERROR_BYTES])
{
	if (!*optarg)
		return fail(error, "empty --splitvifd; name the daemon's program");
	options->splitvifd = optarg;
	return 0;
}

static int parse_engine(struct options *options, char error[OPTIONS_ERROR_BYTES])
{
	enum engine_kind kind;

	if (engine_kind_parse(optarg, &kind))
		return fail(error, "bad --engine '%.40s': auto, uring or epoll is meant", optarg);
	options->engine = optarg;
	return 0;
}

static int parse_ring_flag(struct options *options, int flag, char error[OPTIONS_ERROR_BYTES])
{
	static const char *const shapes[] = { "both", "tx", "rx" };
	unsigned int choice;
	int err;

	if (flag == FLAG_BATCH)
		return parse_small(flag, 1, RING_LINK_BATCH_MAX, &options->batch, error);
	err = parse_word(flag, shapes, COUNT(shapes), &choice, error);
	options->shapes = (enum bench_shapes)choice;
	return err;
}

static int parse_relay_flag(struct options *options, int flag, char error[OPTIONS_ERROR_BYTES])
{
	static const char *const modes[] = { "closed", "open" };
	unsigned int choice;
	int err;

	switch (flag) {
	case FLAG_RATE:
		return parse_number(flag, 1, 1000000000, &options->rate, error);
	case FLAG_SINK_RATE:
		return parse_number(flag, 1, 1000000000, &options->sink_rate, error);
	case FLAG_COUNT:
		return parse_number(flag, 1, UINT64_C(1000000000000), &options->count, error);
	case FLAG_ENGINE:
		return parse_engine(options, error);
	case FLAG_SPLITVIFD:
		return parse_path(options, error);
	}
	err = parse_word(flag, modes, COUNT(modes), &choice, error);
	options->mode = (enum relay_mode)choice;
	return err;
}

static int parse_common_flag(struct options *options, int flag, char error[OPTIONS_ERROR_BYTES])
{
	switch (flag) {
	case FLAG_REPEATS:
		return parse_small(flag, 1, STATISTICS_SAMPLES_MAX, &options->repeats, error);
	case FLAG_DURATION:
		return parse_seconds(flag, 0.001, &options->duration_s, error);
	case FLAG_WARMUP:
		return parse_seconds(flag, 0, &options->warmup_s, error);
	case FLAG_CPUS:
		return parse_cpus(options, error);
	case FLAG_SIZE:
		return parse_small(flag, SIZE_MIN, SIZE_MAX_BYTES, &options->size, error);
	case FLAG_WAKE:
		options->wake = true;
		return 0;
	}
	if (options->format != REPORT_TEXT &&
	    options->format != (flag == 'j' ? REPORT_JSON : REPORT_CSV))
		return fail(error, "both --json and --csv: choose one");
	options->format = flag == 'j' ? REPORT_JSON : REPORT_CSV;
	return 0;
}

static enum bench_command flag_command(int flag)
{
	if (flag == FLAG_SHAPE || flag == FLAG_BATCH)
		return BENCH_RING;
	return flag >= FLAG_MODE ? BENCH_RELAY : BENCH_NONE;
}

static int refuse_flag(int why, const char *word, char error[OPTIONS_ERROR_BYTES])
{
	if (why == ':')
		return fail(error, "option '%.80s' needs a value; 'splitvif-bench -h' explains",
			    word);
	if (optopt >= FLAG_CSV || (optopt && strchr("jVh", optopt)))
		return fail(error, "option '--%s' takes no value", flag_name(optopt));
	return fail(error, "unknown option '%.80s'; 'splitvif-bench -h' lists them", word);
}

static int parse_flag(struct options *options, int flag, const char *word,
		      char error[OPTIONS_ERROR_BYTES])
{
	if (flag == '?' || flag == ':')
		return refuse_flag(flag, word, error);
	if (flag == 'h' || flag == 'V') {
		options->action = flag == 'h' ? BENCH_HELP : BENCH_VERSION;
		return 0;
	}
	switch (flag_command(flag)) {
	case BENCH_RING:
		return parse_ring_flag(options, flag, error);
	case BENCH_RELAY:
		return parse_relay_flag(options, flag, error);
	default:
		return parse_common_flag(options, flag, error);
	}
}

static int parse_command(struct options *options, int argc, char **argv,
			 char error[OPTIONS_ERROR_BYTES])
{
	if (optind == argc)
		return fail(error, "no command given; 'splitvif-bench -h' lists them");
	for (size_t i = 0; i < COUNT(commands); i++)
		if (!strcmp(argv[optind], commands[i].name))
			options->command = commands[i].command;
	if (!options->command)
		return fail(error, "unknown command '%.80s'; 'splitvif-bench -h' lists them",
			    argv[optind]);
	if (optind + 1 < argc)
		return fail(error, "unexpected word '%.80s' after '%s'", argv[optind + 1],
			    argv[optind]);
	return 0;
}

/* `others`: a flag that only another command than this one knows, or 0. */
static int check(struct options *options, const int others[3], char error[OPTIONS_ERROR_BYTES])
{
	int other = others[options->command == BENCH_RING ? BENCH_RELAY : BENCH_RING];

	if (other)
		return fail(error, "'%s' does not know --%s; 'splitvif-bench -h' explains",
			    options->command == BENCH_RING ? "ring" : "relay", flag_name(other));
	if ((options->rate || options->sink_rate) && options->mode == RELAY_CLOSED)
		return fail(error, "--%s is for --mode open: the sink's credit sets the pace else",
			    options->rate ? "rate" : "sink-rate");
	if (!options->repeats)
		options->repeats = options->count ? 1 : 9;
	return 0;
}

int options_parse(struct options *options, int argc, char **argv, char error[OPTIONS_ERROR_BYTES])
{
	int flag, err, others[3] = { 0 };

	*options = (struct options){ .duration_s = 0.5, .warmup_s = 0.2, .batch = 64 };
	opterr = 0;
	optind = 0; /* glibc: start anew */
	while ((flag = getopt_long(argc, argv, ":jVh", flags, NULL)) != -1) {
		err = parse_flag(options, flag, argv[optind - 1], error);
		if (err)
			return err;
		others[flag_command(flag)] = flag;
	}
	if (options->action != BENCH_RUN)
		return 0;
	err = parse_command(options, argc, argv, error);
	return err ? err : check(options, others, error);
}
