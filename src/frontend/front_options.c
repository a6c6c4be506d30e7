#include "frontend/front_options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frontend/front_value.h"
#include "frontend/probe.h"
#include "frontend/splitvif.h"

const char front_options_usage[] =
	"usage: splitvif-front [OPTIONS] run [VIF] [--] [CMD [ARG...]]\n"
	"       splitvif-front [OPTIONS] --netns NAME|PATH|PID [VIF]\n"
	"       splitvif-front [OPTIONS] gen [VIF] --dst MAC [--size N] [--count N] [--duration "
	"S]\n"
	"                      [--rate PPS | --window N | --wait | --credit] [--json]\n"
	"       splitvif-front [OPTIONS] sink [VIF] [--credit] [--count N] [--duration S] "
	"[--json]\n"
	"       splitvif-front [OPTIONS] echo [VIF] [--count N] [--duration S] [--json]\n"
	"       splitvif-front [OPTIONS] stream [VIF] [--connect] PATH\n"
	"OPTIONS: --rundir DIR, --engine auto|uring|epoll, -v|--verbose, -V|--version, -h|--help\n"
	"VIF:     --name N, --bridge B, --mac M, --mtu N, --single-channel, and for run and "
	"--netns\n"
	"         --ip CIDR, --gateway IP, --offload on|off, --queues N\n"
	"run starts CMD (default: your shell) as a VM: in namespaces of its own, whose eth0 is\n"
	"the vif. --netns serves a namespace that exists. stream serves whoever connects to\n"
	"the socket PATH, like qemu -netdev stream; --connect connects there instead.\n";

enum option_id {
	OPT_RUNDIR = 256,
	OPT_ENGINE,
	OPT_NETNS,
	OPT_NAME,
	OPT_BRIDGE,
	OPT_IP,
	OPT_GATEWAY,
	OPT_MAC,
	OPT_MTU,
	OPT_QUEUES,
	OPT_OFFLOAD,
	OPT_SINGLE_CHANNEL,
	OPT_DST,
	OPT_SIZE,
	OPT_COUNT,
	OPT_RATE,
	OPT_WINDOW,
	OPT_WAIT,
	OPT_CREDIT,
	OPT_DURATION,
	OPT_JSON,
	OPT_CONNECT,
};

static const struct option long_options[] = {
	{ "rundir", required_argument, NULL, OPT_RUNDIR },
	{ "engine", required_argument, NULL, OPT_ENGINE },
	{ "verbose", no_argument, NULL, 'v' },
	{ "version", no_argument, NULL, 'V' },
	{ "help", no_argument, NULL, 'h' },
	{ "netns", required_argument, NULL, OPT_NETNS },
	{ "name", required_argument, NULL, OPT_NAME },
	{ "bridge", required_argument, NULL, OPT_BRIDGE },
	{ "ip", required_argument, NULL, OPT_IP },
	{ "gateway", required_argument, NULL, OPT_GATEWAY },
	{ "mac", required_argument, NULL, OPT_MAC },
	{ "mtu", required_argument, NULL, OPT_MTU },
	{ "queues", required_argument, NULL, OPT_QUEUES },
	{ "offload", required_argument, NULL, OPT_OFFLOAD },
	{ "single-channel", no_argument, NULL, OPT_SINGLE_CHANNEL },
	{ "dst", required_argument, NULL, OPT_DST },
	{ "size", required_argument, NULL, OPT_SIZE },
	{ "count", required_argument, NULL, OPT_COUNT },
	{ "rate", required_argument, NULL, OPT_RATE },
	{ "window", required_argument, NULL, OPT_WINDOW },
	{ "wait", no_argument, NULL, OPT_WAIT },
	{ "credit", no_argument, NULL, OPT_CREDIT },
	{ "duration", required_argument, NULL, OPT_DURATION },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "connect", no_argument, NULL, OPT_CONNECT },
	{ 0 },
};

/* Which option makes sense where; what is not listed does everywhere. */
enum {
	ON_RUN = 1 << FRONT_RUN,
	ON_NETNS = 1 << FRONT_NETNS,
	ON_GEN = 1 << FRONT_GEN,
	ON_SINK = 1 << FRONT_SINK,
	ON_ECHO = 1 << FRONT_ECHO,
	ON_STREAM = 1 << FRONT_STREAM
};

static const struct {
	enum option_id id;
	unsigned int modes;
} restricted[] = {
	{ OPT_NETNS, ON_NETNS },
	{ OPT_CONNECT, ON_STREAM },
	{ OPT_IP, ON_RUN | ON_NETNS | ON_STREAM },
	{ OPT_GATEWAY, ON_RUN | ON_NETNS },
	{ OPT_QUEUES, ON_RUN | ON_NETNS },
	{ OPT_OFFLOAD, ON_RUN | ON_NETNS },
	{ OPT_DST, ON_GEN },
	{ OPT_SIZE, ON_GEN },
	{ OPT_RATE, ON_GEN },
	{ OPT_WINDOW, ON_GEN },
	{ OPT_WAIT, ON_GEN },
	{ OPT_CREDIT, ON_GEN | ON_SINK },
	{ OPT_COUNT, ON_GEN | ON_SINK | ON_ECHO },
	{ OPT_DURATION, ON_GEN | ON_SINK | ON_ECHO },
	{ OPT_JSON, ON_GEN | ON_SINK | ON_ECHO },
};

struct parser {
	struct front_options *options;
	uint64_t seen; /* bits of option_id - 256 */
	char *error;
	size_t error_size;
};

static int bad(struct parser *parser, const char *option, const char *value, const char *wanted)
{
	snprintf(parser->error, parser->error_size,
		 "bad --%s '%.80s': not %s; see 'splitvif-front --help'", option, value, wanted);
	return -EINVAL;
}

static int take_vif(struct parser *p, int id, const char *value)
{
	struct front_options *o = p->options;
	uint64_t number = 0;

	switch (id) {
	case OPT_NAME:
		o->name = value;
		if (!*value || strlen(value) > 63 ||
		    value[strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
					"0123456789._-")])
			return bad(p, "name", value, "1 to 63 of A-Z a-z 0-9 . _ -");
		return 0;
	case OPT_BRIDGE:
		o->bridge = value;
		return *value && strlen(value) < 16 ? 0
						    : bad(p, "bridge", value, "1 to 15 characters");
	case OPT_IP:
		return front_value_cidr(value, &o->ip, &o->prefix)
			       ? bad(p, "ip", value, "an IPv4 address like 10.77.0.5/24")
			       : 0;
	case OPT_GATEWAY:
		return front_value_ip(value, &o->gateway)
			       ? bad(p, "gateway", value, "an IPv4 address")
			       : 0;
	case OPT_MAC:
		return front_value_mac(value, o->mac)
			       ? bad(p, "mac", value, "a unicast MAC like 00:16:3e:00:00:01")
			       : 0;
	case OPT_QUEUES:
		if (front_value_number(value, 1, SPLITVIF_QUEUES_MAX, &number))
			return bad(p, "queues", value, "a number from 1 to 16");
		o->queues = (unsigned int)number;
		return 0;
	}
	if (front_value_number(value, 68, SPLITVIF_FRAME_BYTES - SPLITVIF_FRAME_MIN, &number))
		return bad(p, "mtu", value, "a number from 68 to 65521");
	o->mtu = (uint16_t)number;
	return 0;
}

static int take_load(struct parser *p, int id, const char *value)
{
	struct front_options *o = p->options;
	uint64_t number = 0;

	switch (id) {
	case OPT_DST:
		return front_value_mac(value, o->dst)
			       ? bad(p, "dst", value, "a unicast MAC like 00:16:3e:00:00:01")
			       : 0;
	case OPT_SIZE:
		if (front_value_number(value, PROBE_FRAME_MIN, SPLITVIF_FRAME_BYTES, &number))
			return bad(p, "size", value, "a number of bytes from 42 to 65535");
		o->size = (uint32_t)number;
		return 0;
	case OPT_COUNT:
		return front_value_number(value, 1, UINT64_MAX / 2, &o->count)
			       ? bad(p, "count", value, "a number of frames from 1")
			       : 0;
	case OPT_RATE:
		return front_value_number(value, 1, 1000000000, &o->rate)
			       ? bad(p, "rate", value, "frames a second from 1 to 1000000000")
			       : 0;
	case OPT_WINDOW:
		if (front_value_number(value, 1, SPLITVIF_SLOTS, &number))
			return bad(p, "window", value, "a number of frames from 1 to 256");
		o->window = (unsigned int)number;
		return 0;
	}
	return front_value_duration(value, &o->duration)
		       ? bad(p, "duration", value, "seconds above 0, like 2.5")
		       : 0;
}

static int take_option(struct parser *p, int id, const char *value)
{
	struct front_options *o = p->options;

	switch (id) {
	case 'v':
		o->verbose = true;
		return 0;
	case 'V':
		o->mode = FRONT_VERSION;
		return 0;
	case 'h':
		o->mode = FRONT_HELP;
		return 0;
	case OPT_RUNDIR:
		o->rundir = value;
		return *value ? 0 : bad(p, "rundir", value, "a directory");
	case OPT_ENGINE:
		o->engine = value;
		if (strcmp(value, "auto") && strcmp(value, "uring") && strcmp(value, "epoll"))
			return bad(p, "engine", value, "auto, uring or epoll");
		return 0;
	case OPT_NETNS:
		o->netns = value;
		return *value ? 0 : bad(p, "netns", value, "a name, a path or a process id");
	case OPT_OFFLOAD:
		o->no_offload = strcmp(value, "off") == 0;
		return o->no_offload || strcmp(value, "on") == 0
			       ? 0
			       : bad(p, "offload", value, "on or off");
	case OPT_SINGLE_CHANNEL:
		o->single_channel = true;
		return 0;
	case OPT_WAIT:
		o->window = 64;
		return 0;
	case OPT_CREDIT:
		o->credit = true;
		return 0;
	case OPT_JSON:
		o->json = true;
		return 0;
	case OPT_CONNECT:
		o->connect = true;
		return 0;
	}
	return id >= OPT_DST ? take_load(p, id, value) : take_vif(p, id, value);
}

static const char *option_name(int id)
{
	for (const struct option *option = long_options; option->name; option++)
		if (option->val == id)
			return option->name;
	return "?";
}

static int complain_option(struct parser *p, int code, char **argv)
{
	const char *word = argv[optind - 1];

	if (code == ':')
		snprintf(p->error, p->error_size,
			 "option '%.80s' wants a value; see 'splitvif-front --help'", word);
	else
		snprintf(p->error, p->error_size,
			 "unknown option '%.80s'; see 'splitvif-front --help'", word);
	return -EINVAL;
}

/* Options up to the first word that is none. */
static int parse_options(struct parser *p, int argc, char **argv)
{
	int id;

	while ((id = getopt_long(argc, argv, "+:vVh", long_options, NULL)) != -1) {
		if (id == '?' || id == ':')
			return complain_option(p, id, argv);
		if (id >= 256 && p->seen & 1ull << (id - 256)) {
			snprintf(p->error, p->error_size, "option '--%s' given twice; give it once",
				 option_name(id));
			return -EINVAL;
		}
		if (id >= 256)
			p->seen |= 1ull << (id - 256);
		if (take_option(p, id, optarg))
			return -EINVAL;
	}
	return 0;
}

static int parse_mode(struct parser *p, const char *word)
{
	static const char *const names[] = { [FRONT_RUN] = "run",
					     [FRONT_GEN] = "gen",
					     [FRONT_SINK] = "sink",
					     [FRONT_ECHO] = "echo",
					     [FRONT_STREAM] = "stream" };

	for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (names[i] && strcmp(names[i], word) == 0) {
			p->options->mode = (enum front_mode)i;
			return 0;
		}
	}
	snprintf(p->error, p->error_size,
		 "unknown command '%.80s'; it is run, gen, sink, echo, stream, or --netns", word);
	return -EINVAL;
}

static int check_modes(struct parser *p)
{
	struct front_options *o = p->options;

	for (size_t i = 0; i < sizeof(restricted) / sizeof(restricted[0]); i++) {
		if (!(p->seen & 1ull << (restricted[i].id - 256)) ||
		    restricted[i].modes & 1u << o->mode)
			continue;
		snprintf(p->error, p->error_size,
			 "option '--%s' does not go with this command; see 'splitvif-front --help'",
			 option_name(restricted[i].id));
		return -EINVAL;
	}
	if (o->mode == FRONT_GEN && !(p->seen & 1ull << (OPT_DST - 256))) {
		snprintf(p->error, p->error_size,
			 "gen wants --dst MAC: whom to send to; see 'splitvif-front --help'");
		return -EINVAL;
	}
	if ((o->rate != 0) + (o->window != 0) + (o->mode == FRONT_GEN && o->credit) > 1) {
		snprintf(p->error, p->error_size,
			 "only one of --rate, --window, --wait and --credit paces gen; choose one");
		return -EINVAL;
	}
	return 0;
}

/* Its word may stand before other options, too. */
static int parse_path(struct parser *p, int argc, char **argv)
{
	if (optind == argc || !*argv[optind]) {
		snprintf(p->error, p->error_size,
			 "stream wants PATH: its socket; see 'splitvif-front --help'");
		return -EINVAL;
	}
	p->options->path = argv[optind++];
	return parse_options(p, argc, argv);
}

static int parse_rest(struct parser *p, int argc, char **argv)
{
	struct front_options *o = p->options;

	if (o->mode == FRONT_RUN) {
		o->command = argv + optind;
		return 0;
	}
	if (optind == argc)
		return 0;
	snprintf(p->error, p->error_size, "unexpected '%.80s'; see 'splitvif-front --help'",
		 argv[optind]);
	return -EINVAL;
}

int front_options_parse(struct front_options *options, int argc, char **argv, char *error,
			size_t error_size)
{
	struct parser p = { options, 0, error, error_size };

	*options = (struct front_options){ .mode = FRONT_NETNS, .size = 64 };
	optind = 0;
	opterr = 0;
	if (parse_options(&p, argc, argv))
		return -EINVAL;
	if (options->mode == FRONT_HELP || options->mode == FRONT_VERSION)
		return 0;
	if (!options->netns) {
		if (optind == argc) {
			snprintf(error, error_size,
				 "no command: run, gen, sink, echo, stream, or --netns; see "
				 "'splitvif-front --help'");
			return -EINVAL;
		}
		if (parse_mode(&p, argv[optind++]))
			return -EINVAL;
		argc -= optind - 1;
		argv += optind - 1;
		optind = 0;
		if (parse_options(&p, argc, argv))
			return -EINVAL;
		if (options->mode == FRONT_STREAM && parse_path(&p, argc, argv))
			return -EINVAL;
		if (options->mode == FRONT_HELP || options->mode == FRONT_VERSION)
			return 0;
	}
	return check_modes(&p) ? -EINVAL : parse_rest(&p, argc, argv);
}
