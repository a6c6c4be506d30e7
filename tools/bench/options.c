#include "bench/options.h"

#include <errno.h>
#include <getopt.h>
#include <string.h>

#include "bench/host.h"
#include "bench/option_table.h"

const char *options_command_name(enum bench_command command)
{
	return option_table_command(command)->name;
}

enum report_format options_format(const struct options *options)
{
	return options->json ? REPORT_JSON : options->csv ? REPORT_CSV : REPORT_TEXT;
}

enum { VALUE_BASE = 256 };

/* getopt's value of a flag. */
static int value_of(size_t i)
{
	char letter = option_table_flag(i)->letter;

	return letter ? letter : VALUE_BASE + (int)i;
}

static const struct option_flag *find_flag(int value)
{
	for (size_t i = 0; option_table_flag(i); i++)
		if (value_of(i) == value)
			return option_table_flag(i);
	return NULL;
}

static int refuse_flag(int why, const char *word, char *error)
{
	const struct option_flag *flag = find_flag(optopt);

	if (why == ':')
		return option_value_fail(
			error, "option '%.80s' needs a value; 'splitvif-bench -h' explains", word);
	if (flag)
		return option_value_fail(error, "option '--%s' takes no value", flag->kind.name);
	return option_value_fail(error, "unknown option '%.80s'; 'splitvif-bench -h' lists them",
				 word);
}

static int take_flag(struct options *options, const struct option_flag *flag, char *error)
{
	char *field = (char *)options + flag->at;

	if (flag->letter == 'h' || flag->letter == 'V') {
		options->action = flag->letter == 'h' ? BENCH_HELP : BENCH_VERSION;
		return 0;
	}
	options->cpus_given |= flag->kind.parse == option_value_cpus;
	if (flag->kind.parse)
		return flag->kind.parse(&flag->kind, field, optarg, error);
	*(bool *)field = true;
	return 0;
}

static int parse_command(struct options *options, int argc, char **argv, char *error)
{
	if (optind == argc)
		return option_value_fail(error, "no command given; 'splitvif-bench -h' lists them");
	for (unsigned int i = 1; i < BENCH_COMMANDS; i++)
		if (!strcmp(argv[optind], options_command_name((enum bench_command)i)))
			options->command = (enum bench_command)i;
	if (!options->command)
		return option_value_fail(error,
					 "unknown command '%.80s'; 'splitvif-bench -h' lists them",
					 argv[optind]);
	if (optind + 1 < argc)
		return option_value_fail(error, "unexpected word '%.80s' after '%s'",
					 argv[optind + 1], argv[optind]);
	return 0;
}

static int check_sizes(const struct options *options, const struct option_command *command,
		       char *error)
{
	for (unsigned int i = 0; i < options->sizes.nr; i++)
		if (options->sizes.list[i] > command->size_max)
			return option_value_fail(
				error,
				"bad --size '%u': of %s, a whole number from %d to "
				"%u is meant",
				options->sizes.list[i], command->name, OPTION_SIZE_MIN,
				command->size_max);
	return 0;
}

static int check_words(const struct options *options, char *error)
{
	if (options->json && options->csv)
		return option_value_fail(error, "both --json and --csv: choose one");
	if ((options->rate || options->sink_rate) && options->mode == RELAY_CLOSED)
		return option_value_fail(
			error, "--%s is for --mode open: the receivers' credit sets the pace else",
			options->rate ? "rate" : "sink-rate");
	if (options->smoke + options->quick + options->full + options->exhaustive > 1)
		return option_value_fail(
			error, "--smoke, --quick, --full, --exhaustive: choose one of them");
	if (options->destinations > (options->macs ? options->macs : 1))
		return option_value_fail(error, "more --destinations than --macs: choose fewer");
	if (options->queues > 1 && options->macs > 1 && options->destinations != 1)
		return option_value_fail(
			error, "--queues is for one address: order is kept within a flow; add "
			       "--destinations 1");
	if (options->attached && options->attached < (options->vms ? options->vms : 2))
		return option_value_fail(error, "--attached is less than the busy ones; name more");
	if (options->burst && !options->vms)
		return option_value_fail(error,
					 "--burst is for --vms: there is one destination else");
	return 0;
}

static int check(struct options *options, const struct option_flag *const *given, char *error)
{
	const struct option_command *command = option_table_command(options->command);
	int err;

	for (size_t i = 0; given[i]; i++)
		if (!(given[i]->commands & 1u << options->command))
			return option_value_fail(
				error, "'%s' does not know --%s; 'splitvif-bench -h' explains",
				command->name, given[i]->kind.name);
	err = check_sizes(options, command, error);
	if (!err)
		err = check_words(options, error);
	return err;
}

static void fill_in(struct options *options)
{
	const struct option_command *command = option_table_command(options->command);

	if (!options->repeats && options->command != BENCH_LAB)
		options->repeats = options->count ? 1 : 9;
	if (options->duration_s == 0)
		options->duration_s = command->duration_s;
	if (!options->sizes.nr)
		options->sizes = command->sizes;
	if (!options->rings)
		options->rings = RINGS_XEN;
	if (!options->burst)
		options->burst = 1;
	if (options->command == BENCH_IDLE && !options->attached)
		options->attached = 16;
	if (!options->macs)
		options->macs = 1;
	if (!options->queues)
		options->queues = 1;
	if (!options->destinations)
		options->destinations = options->macs;
	if (!options->seed)
		options->seed = (uint64_t)host_now_ns() / 1000 % 1000000 + 1;
}

int options_parse_command(struct options *options, int argc, char **argv, char error[OPTIONS_ERROR_BYTES])
{
	const struct option_flag *given[OPTION_FLAGS_MAX + 1] = { 0 };
	struct option long_flags[OPTION_FLAGS_MAX + 1] = { 0 };
	unsigned int nr_given = 0;
	int value, err = 0;

	*options = (struct options){ .warmup_s = 0.2, .batch = 64, .tolerance = 5, .gen_ns = -1 };
	for (size_t i = 0; option_table_flag(i); i++) {
		const struct option_kind *kind = &option_table_flag(i)->kind;

		long_flags[i] =
			(struct option){ kind->name, kind->parse != NULL, NULL, value_of(i) };
	}
	opterr = 0;
	optind = 0; /* glibc: start anew */
	while (!err && (value = getopt_long(argc, argv, ":jVh", long_flags, NULL)) != -1) {
		const struct option_flag *flag = find_flag(value);

		if (!flag)
			return refuse_flag(value, argv[optind - 1], error);
		if (nr_given < OPTION_FLAGS_MAX)
			given[nr_given++] = flag;
		err = take_flag(options, flag, error);
	}
	if (err || options->action != BENCH_RUN)
		return err;
	err = parse_command(options, argc, argv, error);
	if (!err)
		err = check(options, given, error);
	if (!err)
		fill_in(options);
	return err;
}
