/*
 * peer-relay: the sender and the sink of `splitvif-bench relay`, as two ports of
 * DPDK in one thread, for a switch that is somebody else's.
 *
 * Not installed, and built only where libdpdk is: tools/compare runs it.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ether.h>
#include <rte_version.h>

#include "bench/peers/traffic.h"

enum exit_status { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

static const char usage[] =
	"usage: peer-relay EAL-OPTION... -- [--size BYTES] [--whole] [--seconds S] [--credit N]\n"
	"                                   [--ring N] [--to MAC] [--from MAC]\n"
	"Port 0 sends, port 1 receives. Prints one line of JSON.\n";

static double number(const char *text, double least, double most)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end || !(value >= least && value <= most)) {
		fprintf(stderr, "peer-relay: '%s': a number from %g to %g\n", text, least, most);
		exit(EXIT_USAGE);
	}
	return value;
}

static void address(const char *text, uint8_t mac[6])
{
	struct rte_ether_addr parsed;

	if (rte_ether_unformat_addr(text, &parsed)) {
		fprintf(stderr, "peer-relay: '%s': no MAC address\n", text);
		exit(EXIT_USAGE);
	}
	memcpy(mac, parsed.addr_bytes, 6);
}

static void parse(struct traffic_config *config, int argc, char **argv)
{
	static const struct option options[] = {
		{ "size", required_argument, NULL, 's' },
		{ "whole", no_argument, NULL, 'w' },
		{ "seconds", required_argument, NULL, 'd' },
		{ "credit", required_argument, NULL, 'c' },
		{ "ring", required_argument, NULL, 'r' },
		{ "to", required_argument, NULL, 't' },
		{ "from", required_argument, NULL, 'f' },
		{ 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		switch (option) {
		case 's':
			config->size = (uint32_t)number(optarg, 60, RELAY_FRAME_MAX);
			break;
		case 'w':
			config->whole = true;
			break;
		case 'd':
			config->seconds = number(optarg, 0.01, 3600);
			break;
		case 'c':
			config->credit = (unsigned int)number(optarg, TRAFFIC_BATCH, 4096);
			break;
		case 'r':
			config->ring = (unsigned int)number(optarg, TRAFFIC_BATCH, 4096);
			break;
		case 't':
			address(optarg, config->to);
			break;
		case 'f':
			address(optarg, config->from);
			break;
		default:
			fputs(usage, stderr);
			exit(EXIT_USAGE);
		}
	}
}

static void tell(const struct traffic *traffic)
{
	const struct sequence *arrivals = &traffic->arrivals;

	printf("{\"mpps\": %.4f, \"sent\": %" PRIu64 ", \"received\": %" PRIu64
	       ", \"missing\": %" PRIu64 ", \"duplicates\": %" PRIu64 ", \"reordered\": %" PRIu64
	       ", \"corrupt\": %" PRIu64 ", \"foreign\": %" PRIu64 "}\n",
	       traffic->ns ? (double)traffic->counted * 1e3 / (double)traffic->ns : 0,
	       traffic->sent, arrivals->received, traffic_missing(traffic), arrivals->duplicates,
	       arrivals->reordered, traffic->corrupt, traffic->foreign);
}

int main(int argc, char **argv)
{
	static struct traffic traffic; /* large */
	struct traffic_config config = {
		.size = 64,
		.seconds = 1,
		.credit = 192,
		.ring = 256,
		.to = { 2, 0, 0, 0, 0, 2 },
		.from = { 2, 0, 0, 0, 0, 1 },
	};
	int taken, err;

	if (argc == 2 && !strcmp(argv[1], "--version")) {
		puts(rte_version());
		return EXIT_DONE;
	}
	taken = rte_eal_init(argc, argv);
	if (taken < 0) {
		fprintf(stderr, "peer-relay: DPDK does not start: %s\n", strerror(rte_errno));
		return EXIT_FAILED;
	}
	parse(&config, argc - taken, argv + taken);
	err = traffic_open(&traffic, &config);
	if (!err)
		err = traffic_run(&traffic);
	if (err)
		fprintf(stderr, "peer-relay: %s: %s\n", traffic.doing, strerror(-err));
	else
		tell(&traffic);
	traffic_close(&traffic);
	rte_eal_cleanup();
	return err ? EXIT_FAILED : EXIT_DONE;
}
