#include "backend/options.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/vif.h"
#include "io/log.h"

static const char usage[] =
	"usage: splitvifd [-f] [--rundir DIR] [--engine auto|uring|epoll]\n"
	"                 [--bridge NAME[,uplink=tap:IF|none][,ip=ADDRESS/PREFIX][,mtu=N]]...\n"
	"                 [--allow-uid UID]... [--max-pages N] [--queue-kib N] [--queues N] "
	"[--workers N]\n"
	"                 [--log-level LEVEL] [--ready-fd N] [-V] [-h]\n"
	"\n"
	"The backend daemon: store, event channels, bridges and their TAPs.\n"
	"Without --bridge: xenbr0,uplink=tap:xentap0,ip=10.77.0.1/24 (no uplink where\n"
	"TAPs may not be made). splitvifd(8) tells more.\n";

static int number_parse(const char *text, unsigned long min, unsigned long max,
			unsigned long *number)
{
	char *end;

	errno = 0;
	*number = strtoul(text, &end, 10);
	if (errno || end == text || *end || *text == '-' || *number < min || *number > max)
		return -EINVAL;
	return 0;
}

static int cidr_parse(char *text, struct network_config *network)
{
	char *slash = strchr(text, '/');
	unsigned long prefix;

	if (!slash || number_parse(slash + 1, 8, 30, &prefix))
		return -EINVAL;
	*slash = '\0';
	if (inet_pton(AF_INET, text, &network->ip) != 1)
		return -EINVAL;
	network->prefix = (uint8_t)prefix;
	return 0;
}

/* An interface or bridge name as the kernel takes them. */
static int name_parse(const char *text, char name[16])
{
	size_t length = strlen(text);

	if (!length || length > 15 || strpbrk(text, "/ \t\n:%") || !strcmp(text, ".") ||
	    !strcmp(text, ".."))
		return -EINVAL;
	memcpy(name, text, length + 1);
	return 0;
}

static const char *word_parse(char *word, struct network_config *network)
{
	unsigned long mtu;

	if (!strcmp(word, "uplink=none"))
		network->tap[0] = '\0';
	else if (!strncmp(word, "uplink=tap:", 11))
		return name_parse(word + 11, network->tap) ? "the tap's name has 1 to 15 characters"
							   : NULL;
	else if (!strncmp(word, "uplink=", 7))
		return "uplink is tap:IF or none";
	else if (!strncmp(word, "ip=", 3))
		return cidr_parse(word + 3, network) ? "ip is ADDRESS/PREFIX, prefix 8 to 30"
						     : NULL;
	else if (strncmp(word, "mtu=", 4))
		return "words are uplink=, ip=, mtu=";
	else if (number_parse(word + 4, 68, 65521, &mtu))
		return "mtu is a number from 68 to 65521";
	else
		network->mtu = (uint32_t)mtu;
	return NULL;
}

/* What is wrong with it, or NULL. */
static const char *bridge_parse(struct options *options, const char *text)
{
	struct network_config network = { .mtu = 1500 };
	const char *wrong = NULL;
	char copy[256], *rest = copy, *word;

	if (options->nr_networks == NETWORKS_MAX)
		return "at most 16 bridges";
	if (strlen(text) >= sizeof(copy))
		return "too long";
	strcpy(copy, text);
	word = strsep(&rest, ",");
	if (name_parse(word, network.name))
		return "the bridge's name has 1 to 15 characters";
	for (unsigned int i = 0; i < options->nr_networks; i++)
		if (!strcmp(options->networks[i].name, network.name))
			return "the bridge was named before";
	while (!wrong && (word = strsep(&rest, ",")))
		wrong = word_parse(word, &network);
	options->networks[options->nr_networks++] = network;
	return wrong;
}

static int complain(const char *option, const char *value, const char *wrong)
{
	log_complain("bad option: %s '%s': %s; see 'splitvifd -h'", option, value, wrong);
	return 2;
}

static int number_option(const char *option, const char *value, unsigned long min,
			 unsigned long max, unsigned long *number)
{
	char wrong[80];

	if (!number_parse(value, min, max, number))
		return -1;
	snprintf(wrong, sizeof(wrong), "a number from %lu to %lu is wanted", min, max);
	return complain(option, value, wrong);
}

static int uid_option(struct options *options, const char *value)
{
	unsigned long number;
	int status = number_option("--allow-uid", value, 0, UINT32_MAX - 1, &number);

	if (status >= 0)
		return status;
	if (options->nr_uids == OPTIONS_UIDS_MAX)
		return complain("--allow-uid", value, "at most 64 of them");
	options->uids[options->nr_uids++] = (uid_t)number;
	return -1;
}

/* Frames of 64 KB must fit; rounded up to a power of two. */
static int queue_option(struct options *options, const char *value)
{
	unsigned long number;
	int status = number_option("--queue-kib", value, 128, 1 << 20, &number);

	options->backlog_bytes = 128 << 10;
	while (status < 0 && options->backlog_bytes < number << 10)
		options->backlog_bytes *= 2;
	return status;
}

static int ready_option(struct options *options, const char *value)
{
	unsigned long number;
	int status = number_option("--ready-fd", value, 0, 1 << 20, &number);

	if (status >= 0)
		return status;
	if (fcntl((int)number, F_GETFD) < 0)
		return complain("--ready-fd", value, "is not open");
	options->ready_fd = (int)number;
	return -1;
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
			       ? complain("--rundir", value, strerror(errno))
			       : -1;
	case 'e':
		return engine_kind_parse(value, &options->engine)
			       ? complain("--engine", value, "auto, uring or epoll is wanted")
			       : -1;
	case 'b':
		wrong = bridge_parse(options, value);
		return wrong ? complain("--bridge", value, wrong) : -1;
	case 'u':
		return uid_option(options, value);
	case 'p':
		status = number_option("--max-pages", value, 8, 1 << 20, &number);
		options->quota_pages = (uint32_t)number;
		return status;
	case 'q':
		return queue_option(options, value);
	case 'Q':
		status = number_option("--queues", value, 1, VIF_QUEUES_MAX, &number);
		options->queues = (unsigned int)number;
		return status;
	case 'w':
		status = number_option("--workers", value, 1, LANES_MAX, &number);
		options->workers = (unsigned int)number;
		return status;
	case 'l':
		return log_set_levels(value)
			       ? complain("--log-level", value,
					  "error, warning, info, debug, ... or AREA:LEVEL")
			       : -1;
	case 'R':
		return ready_option(options, value);
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
		return complain("SPLITVIF_ENGINE", engine, "auto, uring or epoll is wanted");
	return -1;
}

static void defaults_take(struct options *options)
{
	options->networks_by_default = true;
	bridge_parse(options, "xenbr0,uplink=tap:xentap0,ip=10.77.0.1/24");
}

int options_parse(struct options *options, int argc, char **argv)
{
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
		{ "ready-fd", required_argument, NULL, 'R' },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int option, status;

	*options = (struct options){ .quota_pages = OPTIONS_PAGES_DEFAULT,
				     .backlog_bytes = VIF_BACKLOG_BYTES,
				     .workers = 1,
				     .queues = OPTIONS_QUEUES_DEFAULT,
				     .ready_fd = -1 };
	status = environment_take(options);
	while (status < 0 && (option = getopt_long(argc, argv, "fVh", options_long, NULL)) >= 0)
		status = option_take(options, option, optarg);
	if (status >= 0)
		return status;
	if (optind < argc)
		return complain("argument", argv[optind], "none is wanted");
	if (!options->nr_networks)
		defaults_take(options);
	return -1;
}
