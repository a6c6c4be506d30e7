#include "ctl/options.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/domain.h"
#include "ctl/store.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static const struct command {
	const char *words[2];
	unsigned int min_args, max_args;
	const char *keyword; /* what the first argument must be, if there is one */
	const char *synopsis, *help;
} commands[] = {
	{ { "show" }, 0, 0, NULL, "show", "bridges with their ports, vifs with their states" },
	{ { "list" }, 0, 1, NULL, "list [DOM]", "VMs, and whether they run or are suspended" },
	{ { "domain-suspend" }, 1, 1, NULL, "domain-suspend DOM", "has a VM let go of its vifs" },
	{ { "domain-resume" }, 1, 1, NULL, "domain-resume DOM", "and connect them again" },
	{ { "domain-migrate" }, 2, 3, NULL, "domain-migrate DOM RUNDIR [bridge=BRIDGE]",
	  "moves it to the daemon there" },
	{ { "network-list" }, 0, 1, NULL, "network-list [DOM]", "vifs as xl network-list prints them" },
	{ { "network-attach" }, 1, 7, NULL, "network-attach DOM [VIFSPEC...]",
	  "attaches a vif: mac=,bridge=,... as xl" },
	{ { "network-detach" }, 2, 2, NULL, "network-detach DOM DEVID|MAC", "takes a vif away" },
	{ { "fdb", "show" }, 0, 2, "br", "fdb show [br BRIDGE]", "which port each address was seen on" },
	{ { "fdb", "stats" }, 0, 2, "br", "fdb stats [br BRIDGE]", "how many, learned, aged, and refused for limits" },
	{ { "ring" }, 1, 2, NULL, "ring VIF [QUEUE]", "rings and grants in use, as Linux' netback prints them" },
	{ { "stats" }, 0, 1, NULL, "stats [VIF]", "frames, bytes and drops, each under its reason" },
	{ { "ethtool", "-S" }, 1, 1, NULL, "ethtool -S VIF", "counters as ethtool prints them" },
	{ { "ethtool", "-k" }, 1, 1, NULL, "ethtool -k VIF", "offloads, as the guest sees its eth0" },
	{ { "ethtool", "-K" }, 3, 13, NULL, "ethtool -K VIF WORD on|off ...",
	  "switches rx, tx, sg, tso, gso, gro" },
	{ { "ethtool", "-c" }, 1, 1, NULL, "ethtool -c VIF", "when its guest is told of frames" },
	{ { "ethtool", "-C" }, 3, OPTIONS_MAX_WORDS - 2, NULL, "ethtool -C VIF WORD VALUE ...",
	  "sets that: rx-usecs, rx-frames, adaptive-rx, ..." },
	{ { "doctor" }, 0, 0, NULL, "doctor", "is this machine fit for splitvif?" },
};

static const char flags[] =
	"  -j, --json         JSON instead of text\n"
	"  -p, --pretty       JSON, indented\n"
	"  -t, --timeout SEC  longest wait for the daemon (default 5)\n"
	"      --rundir DIR   where the daemon's sockets are (default: SPLITVIF_RUNDIR,\n"
	"                     else /run/splitvif, else $XDG_RUNTIME_DIR/splitvif)\n"
	"  -q, --quiet        no complaints, the exit status says it\n"
	"  -v, --verbose      say on stderr whom we ask\n"
	"  -V, --version\n"
	"  -h, --help\n";

void options_help(FILE *out)
{
	fputs("usage: splitvif [FLAG...] COMMAND\n\n", out);
	for (unsigned int i = 0; i < COUNT(commands); i++)
		fprintf(out, "  %-21s %s\n", commands[i].synopsis, commands[i].help);
	store_help(out);
	fprintf(out, "\nA VIF is called NAME (of its VM), NAME.DEVID or vifDOMID.DEVID.\n\n%s", flags);
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

static int parse_timeout(struct options *options, const char *text,
			 char error[OPTIONS_ERROR_BYTES])
{
	char *end;
	double seconds = strtod(text, &end);

	if (end == text || *end || !isfinite(seconds) || seconds < 0.001 || seconds > 3600)
		return fail(error, "bad timeout '%.40s': seconds from 0.001 to 3600 are meant", text);
	options->timeout_ms = (unsigned int)(seconds * 1000 + 0.5);
	return 0;
}

enum { FLAG_RUNDIR = 256 };

static const char short_flags[] = "+:jpt:qvVh";
static const struct option long_flags[] = {
	{ "json", no_argument, NULL, 'j' },	      { "pretty", no_argument, NULL, 'p' },
	{ "timeout", required_argument, NULL, 't' },  { "quiet", no_argument, NULL, 'q' },
	{ "rundir", required_argument, NULL, FLAG_RUNDIR }, { "verbose", no_argument, NULL, 'v' },
	{ "version", no_argument, NULL, 'V' },	      { "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

/* What getopt did not like: it leaves a letter, a long flag's value or nothing
 * in optopt. */
static int refuse_flag(int why, const char *word, char error[OPTIONS_ERROR_BYTES])
{
	char letter[] = { '-', (char)optopt, 0 };
	const char *name = !optopt ? word : optopt == FLAG_RUNDIR ? "--rundir" : letter;

	if (why == ':')
		return fail(error, "option '%s' needs a value; 'splitvif -h' explains", name);
	if (optopt && strchr("jptqvVh", optopt))
		return fail(error, "option '%s' takes no value", name);
	return fail(error, "unknown option '%.80s'; 'splitvif -h' lists them", name);
}

static int parse_rundir(struct options *options, const char *path, char error[OPTIONS_ERROR_BYTES])
{
	if (!*path)
		return fail(error, "empty --rundir; name a directory");
	options->rundir = path;
	return 0;
}

static int parse_flag(struct options *options, int flag, const char *word,
		      char error[OPTIONS_ERROR_BYTES])
{
	switch (flag) {
	case 'p':
		options->pretty = true;
		/* fall through */
	case 'j':
		options->json = true;
		return 0;
	case 't':
		return parse_timeout(options, optarg, error);
	case FLAG_RUNDIR:
		return parse_rundir(options, optarg, error);
	case 'q':
		options->quiet = true;
		return 0;
	case 'v':
		options->verbose = true;
		return 0;
	case 'V':
		options->action = ACTION_VERSION;
		return 0;
	case 'h':
		options->action = ACTION_HELP;
		return 0;
	}
	return refuse_flag(flag, word, error);
}

/* People put --json last, too. True if the word was such a flag. */
static bool take_late_flag(struct options *options, const char *word)
{
	if (!strcmp(word, "--pretty"))
		options->pretty = options->json = true;
	else if (!strcmp(word, "--json") || !strcmp(word, "-j"))
		options->json = true;
	else if (!strcmp(word, "--help") || !strcmp(word, "-h"))
		options->action = ACTION_HELP;
	else
		return false;
	return true;
}

static unsigned int count_words(const struct command *command)
{
	return command->words[1] ? 2 : 1;
}

static bool is_called(const struct command *command, const struct options *options)
{
	for (unsigned int i = 0; i < count_words(command); i++)
		if (i >= options->nr_words || strcmp(options->words[i], command->words[i]))
			return false;
	return true;
}

/* NULL, with the reason in `error`, if no command is called so. */
static const struct command *find_command(const struct options *options,
					  char error[OPTIONS_ERROR_BYTES])
{
	const struct command *near = NULL;

	for (unsigned int i = 0; i < COUNT(commands); i++) {
		if (is_called(&commands[i], options))
			return &commands[i];
		if (!near && options->nr_words &&
		    !strcmp(options->words[0], commands[i].words[0]))
			near = &commands[i];
	}
	if (near)
		fail(error, "'%s' is not complete; usage: splitvif %s", near->words[0],
		     near->synopsis);
	else if (options->nr_words)
		fail(error, "unknown command '%.80s'; 'splitvif -h' lists them", options->words[0]);
	else
		fail(error, "no command given; 'splitvif -h' lists them");
	return NULL;
}

static int check_command(struct options *options, char error[OPTIONS_ERROR_BYTES])
{
	const struct command *command = find_command(options, error);
	unsigned int args, words;

	if (!command)
		return -EINVAL;
	words = count_words(command);
	args = options->nr_words - words;
	if (args < command->min_args || args > command->max_args ||
	    (command->keyword && args &&
	     (args < 2 || strcmp(options->words[words], command->keyword))))
		return fail(error, "wrong arguments for '%s'; usage: splitvif %s",
			    command->words[0], command->synopsis);
	for (unsigned int i = words; i < options->nr_words; i++)
		if (!*options->words[i])
			return fail(error, "empty argument for '%s'; usage: splitvif %s",
				    command->words[0], command->synopsis);
	if (!strcmp(command->words[0], "doctor"))
		options->action = ACTION_DOCTOR;
	if (domain_is_verb(command->words[0]))
		options->action = ACTION_DOMAIN;
	return 0;
}

static int parse_flags(struct options *options, int argc, char **argv,
		       char error[OPTIONS_ERROR_BYTES])
{
	int flag, err;

	*options = (struct options){ .timeout_ms = 5000 };
	opterr = 0;
	optind = 0; /* glibc: start anew */
	while ((flag = getopt_long(argc, argv, short_flags, long_flags, NULL)) != -1) {
		err = parse_flag(options, flag, argv[optind - 1], error);
		if (err)
			return err;
	}
	return 0;
}

static int parse_words(struct options *options, int argc, char **argv,
		       char error[OPTIONS_ERROR_BYTES])
{
	for (; optind < argc; optind++) {
		if (take_late_flag(options, argv[optind]))
			continue;
		if (options->nr_words == OPTIONS_MAX_WORDS)
			return fail(error, "too many words; 'splitvif -h' explains");
		options->words[options->nr_words++] = argv[optind];
	}
	return 0;
}

/* Its verbs have flags of their own. */
static int take_store(struct options *options, int argc, char **argv)
{
	if (options->action == ACTION_HELP || options->action == ACTION_VERSION)
		return 0;
	options->action = ACTION_STORE;
	options->nr_rest = argc;
	options->rest = argv;
	return 0;
}

int options_parse(struct options *options, int argc, char **argv, char error[OPTIONS_ERROR_BYTES])
{
	int err = parse_flags(options, argc, argv, error);

	if (!err && optind < argc && !strcmp(argv[optind], "store"))
		return take_store(options, argc - optind - 1, argv + optind + 1);
	if (!err)
		err = parse_words(options, argc, argv, error);
	if (err)
		return err;
	if (options->action == ACTION_HELP || options->action == ACTION_VERSION)
		return 0;
	return check_command(options, error);
}
