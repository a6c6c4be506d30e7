#include "backend/options.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/config.h"
#include "backend/nearest.h"
#include "backend/options_bridge.h"
#include "backend/options_value.h"
#include "backend/vif.h"
#include "io/log.h"

static const char usage[] =
	"usage: splitvifd [-f] [--rundir DIR] [--engine auto|uring|epoll]\n"
	"                 [--bridge "
	"NAME[,uplink=tap:IF|stream:PATH|none][,ip=ADDRESS/PREFIX][,mtu=N][,macs=N]]...\n"
	"                 [--allow-uid UID]... [--max-pages N] [--queue-kib N] [--queues N]\n"
	"                 [--workers N] [--scripts DIR] [--script-timeout S] [--config FILE]\n"
	"                 [--log-level LEVEL] [--ready-fd N] [-V] [-h]\n"
	"       splitvifd --takeover [OPTION]...\n"
	"       splitvifd --check-config FILE\n"
	"\n"
	"The backend daemon: store, event channels, bridges and their TAPs.\n"
	"Without --bridge: xenbr0,uplink=tap:xentap0,ip=10.77.0.1/24 (no uplink where\n"
	"TAPs may not be made). splitvifd(8) tells more.\n";

/* To the file's reader, who knows the line, or to whoever typed it. */
static int complain(const struct options *options, const char *option, const char *value,
		    const char *wrong)
{
	if (options->error)
		snprintf(options->error, OPTIONS_ERROR_BYTES, "%.30s '%.60s': %.120s",
			 option + strspn(option, "-"), value, wrong);
	else
		log_complain("bad option: %s '%s': %s; see 'splitvifd -h'", option, value, wrong);
	return 2;
}

static int number_option(const struct options *options, const char *option, const char *value,
			 unsigned long min, unsigned long max, unsigned long *number)
{
	char wrong[80];

	if (!options_value_number(value, min, max, number))
		return -1;
	snprintf(wrong, sizeof(wrong), "a number from %lu to %lu is wanted", min, max);
	return complain(options, option, value, wrong);
}

static int uid_option(struct options *options, const char *value)
{
	unsigned long number;
	int status = number_option(options, "--allow-uid", value, 0, UINT32_MAX - 1, &number);

	if (status >= 0)
		return status;
	if (options->nr_uids == OPTIONS_UIDS_MAX)
		return complain(options, "--allow-uid", value, "at most 64 of them");
	options->uids[options->nr_uids++] = (uid_t)number;
	return -1;
}

/* One, or several with commas between them. */
static int uids_option(struct options *options, const char *value)
{
	char copy[OPTIONS_UIDS_MAX * 12], *rest = copy, *word;
	int status = -1;

	if (strlen(value) >= sizeof(copy))
		return complain(options, "--allow-uid", value, "too long");
	strcpy(copy, value);
	while (status < 0 && (word = strsep(&rest, ",")))
		status = uid_option(options, word);
	return status;
}

/* Frames of 64 KB must fit; rounded up to a power of two. */
static int queue_option(struct options *options, const char *value)
{
	unsigned long number;
	int status = number_option(options, "--queue-kib", value, 128, 1 << 20, &number);

	options->backlog_bytes = 128 << 10;
	while (status < 0 && options->backlog_bytes < number << 10)
		options->backlog_bytes *= 2;
	return status;
}

static int ready_option(struct options *options, const char *value)
{
	unsigned long number;
	int status = number_option(options, "--ready-fd", value, 0, 1 << 20, &number);

	if (status >= 0)
		return status;
	if (fcntl((int)number, F_GETFD) < 0)
		return complain(options, "--ready-fd", value, "is not open");
	options->ready_fd = (int)number;
	return -1;
}

/* A path from the root, since the daemon goes there. */
static int scripts_option(struct options *options, const char *value)
{
	size_t length = strlen(value);

	while (length > 1 && value[length - 1] == '/')
		length--;
	if (*value != '/' || length < 2 || length >= sizeof(options->scripts.dir))
		return complain(options, "--scripts", value,
				"the absolute path of a directory is wanted");
	memcpy(options->scripts.dir, value, length);
	options->scripts.dir[length] = '\0';
	return -1;
}

static int check_config(const char *path)
{
	struct options *options = malloc(sizeof(*options));
	unsigned int errors;

	if (!options) {
		log_complain("out of memory");
		return 1;
	}
	errors = options_reload(options, path);
	options_fini(options);
	free(options);
	if (!errors)
		printf("%s: no errors\n", path);
	return errors ? 2 : 0;
}

static int option_take(struct options *options, int option, const char *value)
{
	const char *wrong;
	unsigned long number;
	int status;

	switch (option) {
	case 'f':
		return -1;
	case 'r':
		return setenv("SPLITVIF_RUNDIR", value, 1)
			       ? complain(options, "--rundir", value, strerror(errno))
			       : -1;
	case 'e':
		return engine_kind_parse(value, &options->engine)
			       ? complain(options, "--engine", value,
					  "auto, uring or epoll is wanted")
			       : -1;
	case 'b':
		wrong = options_parse_bridge(options, value);
		return wrong ? complain(options, "--bridge", value, wrong) : -1;
	case 'u':
		return uids_option(options, value);
	case 'p':
		status = number_option(options, "--max-pages", value, 8, 1 << 20, &number);
		options->quota_pages = (uint32_t)number;
		return status;
	case 'q':
		return queue_option(options, value);
	case 'Q':
		status = number_option(options, "--queues", value, 1, VIF_QUEUES_MAX, &number);
		options->queues = (unsigned int)number;
		return status;
	case 'w':
		status = number_option(options, "--workers", value, 1, LANES_MAX, &number);
		options->workers = (unsigned int)number;
		return status;
	case 'l':
		return (options->is_read_again ? log_check_levels(value) : log_set_levels(value))
			       ? complain(options, "--log-level", value,
					  "error, warning, info, debug, ... or AREA:LEVEL")
			       : -1;
	case 'R':
		return ready_option(options, value);
	case 's':
		return scripts_option(options, value);
	case 't':
		status = number_option(options, "--script-timeout", value, 1, 3600, &number);
		options->scripts.timeout_s = (unsigned int)number;
		return status;
	case 'T':
		options->takeover = true;
		return -1;
	case 'c': /* read before all others */
		return -1;
	case 'k':
		return check_config(value);
	case 'V':
		puts("splitvifd " SPLITVIF_VERSION);
		return 0;
	case 'h':
		fputs(usage, stdout);
		return 0;
	default: /* getopt has said it */
		return 2;
	}
}

static int environment_take(struct options *options)
{
	const char *engine = getenv("SPLITVIF_ENGINE");

	if (engine && engine_kind_parse(engine, &options->engine))
		return complain(options, "SPLITVIF_ENGINE", engine,
				"auto, uring or epoll is wanted");
	return -1;
}

static void defaults_take(struct options *options)
{
	options->networks_by_default = true;
	options_parse_bridge(options, "xenbr0,uplink=tap:xentap0,ip=10.77.0.1/24");
}

static const struct option options_long[] = {
	{ "foreground", no_argument, NULL, 'f' },
	{ "rundir", required_argument, NULL, 'r' },
	{ "engine", required_argument, NULL, 'e' },
	{ "bridge", required_argument, NULL, 'b' },
	{ "allow-uid", required_argument, NULL, 'u' },
	{ "max-pages", required_argument, NULL, 'p' },
	{ "queue-kib", required_argument, NULL, 'q' },
	{ "workers", required_argument, NULL, 'w' },
	{ "queues", required_argument, NULL, 'Q' },
	{ "log-level", required_argument, NULL, 'l' },
	{ "scripts", required_argument, NULL, 's' },
	{ "script-timeout", required_argument, NULL, 't' },
	{ "config", required_argument, NULL, 'c' },
	{ "check-config", required_argument, NULL, 'k' },
	{ "ready-fd", required_argument, NULL, 'R' },
	{ "takeover", no_argument, NULL, 'T' },
	{ "version", no_argument, NULL, 'V' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

/* Those that make sense in a file which is read anew while the daemon runs. */
static bool is_for_files(const struct option *option)
{
	return option->has_arg == required_argument && !strchr("rbckR", option->val);
}

void options_set(struct options *options, const char *key, const char *value,
		 char error[OPTIONS_ERROR_BYTES])
{
	const char *keys[sizeof(options_long) / sizeof(options_long[0])];
	char hint[64];
	size_t nr = 0;

	for (const struct option *option = options_long; option->name; option++) {
		if (!is_for_files(option))
			continue;
		keys[nr++] = option->name;
		if (strcmp(option->name, key))
			continue;
		options->error = error;
		option_take(options, option->val, value);
		options->error = NULL;
		return;
	}
	snprintf(error, OPTIONS_ERROR_BYTES, "unknown key '%.40s'%s", key,
		 nearest_hint(key, keys, nr, hint, sizeof(hint)));
}

static void options_init(struct options *options)
{
	*options = (struct options){ .quota_pages = OPTIONS_PAGES_DEFAULT,
				     .backlog_bytes = VIF_BACKLOG_BYTES,
				     .workers = 1,
				     .queues = OPTIONS_QUEUES_DEFAULT,
				     .ready_fd = -1,
				     .scripts.timeout_s = SCRIPT_TIMEOUT_S };
}

unsigned int options_reload(struct options *options, const char *config)
{
	options_init(options);
	options->is_read_again = true;
	return config_load(config, CONFIG_OPERATORS, options, &options->vifs);
}

void options_fini(struct options *options)
{
	attachments_fini(&options->vifs);
}

/* The file that the command line names, or the usual one. */
static int config_take(struct options *options, int argc, char **argv)
{
	const char *named = NULL;
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "fVh", options_long, NULL)) >= 0)
		if (option == 'c')
			named = optarg;
		else if (option == 'k' || option == 'h' || option == 'V' || option == '?')
			return -1; /* nothing will be started */
	opterr = 1;
	if (named && strlen(named) >= sizeof(options->config))
		return complain(options, "--config", named, "path too long");
	if (named)
		strcpy(options->config, named);
	else if (!config_path_default(options->config, sizeof(options->config)))
		options->config[0] = '\0';
	if (!options->config[0])
		return -1;
	return config_load(options->config, CONFIG_OPERATORS, options, &options->vifs) ? 2 : -1;
}

int options_parse(struct options *options, int argc, char **argv)
{
	int option, status;

	options_init(options);
	status = config_take(options, argc, argv);
	opterr = 1;
	optind = 0; /* glibc: start anew */
	if (status < 0)
		status = environment_take(options);
	while (status < 0 && (option = getopt_long(argc, argv, "fVh", options_long, NULL)) >= 0)
		status = option_take(options, option, optarg);
	if (status >= 0)
		return status;
	if (optind < argc)
		return complain(options, "argument", argv[optind], "none is wanted");
	if (!options->nr_networks)
		defaults_take(options);
	return -1;
}
