#include "bench/option_table.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "bench/ring_link.h"
#include "bench/statistics.h"
#include "bridge/port.h"
#include "frontend/splitvif.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

enum { FRAME_BYTES = 65535 };

static const struct option_command commands[BENCH_COMMANDS] = {
	[BENCH_RING] = { "ring",
			 "messages between two processes over one shared ring",
			 1514,
			 { 2, { 64, 1514 } },
			 0.5 },
	[BENCH_RELAY] = { "relay",
			  "frames from built-in senders over a daemon's bridge to sinks",
			  FRAME_BYTES,
			  { 2, { 64, 1514 } },
			  0.5 },
	[BENCH_LATENCY] = { "latency",
			    "a frame there and back over a daemon's bridge",
			    1514,
			    { 1, { 64 } },
			    0.5 },
	[BENCH_CEILING] = { "ceiling",
			    "the barest switch over the same rings: what relay could reach",
			    FRAME_BYTES,
			    { 2, { 64, 1514 } },
			    0.5 },
	[BENCH_LOOP] = { "loop",
			 "the daemon's own forwarding, alone on one processor",
			 FRAME_BYTES,
			 { 2, { 64, 1514 } },
			 0.2 },
	[BENCH_WAKE] = { "wake",
			 "ways to notify, and the time until a sleeper runs",
			 0,
			 { 0 },
			 0.1 },
	[BENCH_GRANT] = { "grant",
			  "grants: to check, to copy by, to map",
			  FRAME_BYTES,
			  { 5, { 64, 256, 1514, 4096, FRAME_BYTES } },
			  0.05 },
	[BENCH_FDB] = { "fdb", "look-ups in the forwarding database", 0, { 0 }, 0.02 },
	[BENCH_SEGMENT] = { "segment",
			    "cutting and merging big frames, checksums",
			    0,
			    { 0 },
			    0.05 },
	[BENCH_TAP] = { "tap",
			"reading and writing a TAP device, with either engine",
			0,
			{ 0 },
			0.1 },
	[BENCH_GROWTH] = { "growth",
			   "relay with few addresses and vifs, and with many",
			   1514,
			   { 1, { 64 } },
			   0.3 },
	[BENCH_IDLE] = { "idle", "what connected vifs cost that do nothing", 0, { 0 }, 2 },
	[BENCH_LAB] = { "lab", "the laboratory: experiments, verdicts, a report", 0, { 0 }, 0 },
};

enum {
	OF_RING = 1 << BENCH_RING,
	OF_RELAY = 1 << BENCH_RELAY,
	OF_LATENCY = 1 << BENCH_LATENCY,
	OF_CEILING = 1 << BENCH_CEILING,
	OF_LOOP = 1 << BENCH_LOOP,
	OF_GRANT = 1 << BENCH_GRANT,
	OF_FRAMES = OF_RELAY | OF_CEILING,
	OF_LAB = 1 << BENCH_LAB,
	OF_ENDS = OF_RELAY | OF_LATENCY,
	OF_GROWTH = 1 << BENCH_GROWTH,
	OF_IDLE = 1 << BENCH_IDLE,
	OF_DAEMONS = OF_ENDS | OF_LAB | OF_GROWTH | OF_IDLE,
	OF_ALL = (1 << BENCH_COMMANDS) - 1,
	OF_ROUNDS = OF_ALL & ~OF_LAB, /* what suite.h runs */
};

#define AT(member) offsetof(struct options, member)

static const struct option_flag flags[] = {
	{ { "json" }, 'j', OF_ALL, AT(json), NULL, "JSON instead of a table" },
	{ { "csv" }, 0, OF_ALL, AT(csv), NULL, "one line a case, with a line of heads" },
	{ { "repeats", option_value_u32, 1, STATISTICS_SAMPLES_MAX },
	  0,
	  OF_ALL,
	  AT(repeats),
	  "N",
	  "rounds, in which each case runs once (default 9; 1 with --count)" },
	{ { "duration", option_value_decimal, 1, 3600 },
	  0,
	  OF_ALL,
	  AT(duration_s),
	  "S",
	  "seconds of one run (default: the command's own)" },
	{ { "warmup", option_value_decimal, 0, 3600 },
	  0,
	  OF_ROUNDS,
	  AT(warmup_s),
	  "S",
	  "seconds that a case runs before the first round (default 0.2)" },
	{ { "cpus", option_value_cpus },
	  0,
	  OF_ALL,
	  AT(cpus),
	  "A,B",
	  "a processor for each side (default: the first two allowed)" },
	{ { "seed", option_value_u64, 1, UINT64_MAX },
	  0,
	  OF_ALL,
	  AT(seed),
	  "N",
	  "of the order within rounds (default: the time)" },
	{ { "compare", option_value_text },
	  0,
	  OF_ROUNDS,
	  AT(compare),
	  "FILE",
	  "compare with an earlier --json; 1 if something became worse" },
	{ { "tolerance", option_value_decimal, 0, 1000 },
	  0,
	  OF_ROUNDS,
	  AT(tolerance),
	  "PERCENT",
	  "of that: smaller changes are none (default 5)" },
	{ { "size", option_value_sizes, OPTION_SIZE_MIN, FRAME_BYTES },
	  0,
	  OF_RING | OF_ENDS | OF_CEILING | OF_LOOP | OF_GRANT | OF_GROWTH,
	  AT(sizes),
	  "N,...",
	  "bytes of a payload or frame, 64 or more (default 64,1514)" },
	{ { "wake" },
	  0,
	  OF_RING | OF_ENDS,
	  AT(wake),
	  NULL,
	  "who finds nothing to do sleeps until he is notified" },
	{ { "sleep" }, 0, OF_RING | OF_ENDS, AT(wake), NULL, "the same" },
	{ { "ring", option_value_words, .words = "xen|spsc|split|packed" },
	  0,
	  OF_RING,
	  AT(rings),
	  "KIND,...",
	  "of xen, spsc, split, packed (default xen)" },
	{ { "shape", option_value_word, .words = "both|tx|rx" },
	  0,
	  OF_RING,
	  AT(shapes),
	  "tx|rx|both",
	  "which way payloads go, as the guest says (default both)" },
	{ { "batch", option_value_u32, 1, RING_LINK_BATCH_MAX },
	  0,
	  OF_RING,
	  AT(batch),
	  "N",
	  "messages a publication, 1 to 64 (default 64)" },
	{ { "mode", option_value_word, .words = "closed|open" },
	  0,
	  OF_RELAY,
	  AT(mode),
	  "closed|open",
	  "send what receivers have room for, or regardless of it\n(default closed)" },
	{ { "rate", option_value_u64, 1, 1000000000 },
	  0,
	  OF_RELAY,
	  AT(rate),
	  "PPS",
	  "frames a second of each sender in open mode (default:\nas many as fit)" },
	{ { "sink-rate", option_value_u64, 1, 1000000000 },
	  0,
	  OF_RELAY,
	  AT(sink_rate),
	  "PPS",
	  "frames a second that a receiver takes in open mode, so\nthat more have to be dropped" },
	{ { "count", option_value_u64, 1, UINT64_C(1000000000000) },
	  0,
	  OF_RELAY | OF_LOOP,
	  AT(count),
	  "N",
	  "a run is N frames; of relay: of each sender, and each frame\nhas a checksum that is "
	  "verified" },
	{ { "payload", option_value_word, .words = "header|whole" },
	  0,
	  OF_FRAMES,
	  AT(payload),
	  "header|whole",
	  "what of a frame its ends write and read (default header)" },
	{ { "vms", option_value_u32, 2, 64 },
	  0,
	  OF_RELAY,
	  AT(vms),
	  "N",
	  "so many VMs, each of which sends to all others (default:\none sends to one other)" },
	{ { "burst", option_value_u32, 1, 64 },
	  0,
	  OF_RELAY,
	  AT(burst),
	  "N",
	  "of these, frames in a row to one other (default 1)" },
	{ { "macs", option_value_u32, 1, 65000 },
	  0,
	  OF_RELAY,
	  AT(macs),
	  "N",
	  "so many addresses at each receiver, in no order (default 1)" },
	{ { "destinations", option_value_u32, 1, 65000 },
	  0,
	  OF_RELAY,
	  AT(destinations),
	  "N",
	  "of these, frames go to so many (default: to all)" },
	{ { "attached", option_value_u32, 2, 256 },
	  0,
	  OF_RELAY | OF_IDLE,
	  AT(attached),
	  "N",
	  "vifs in all; those beyond the busy ones are idle (default of\nidle: 16, all idle)" },
	{ { "queues", option_value_u32, 1, SPLITVIF_QUEUES_MAX },
	  0,
	  OF_RELAY,
	  AT(queues),
	  "N",
	  "pairs of rings of each vif, used by 8 flows each (default 1)" },
	{ { "workers", option_value_u32, 1, LANES_MAX },
	  0,
	  OF_ENDS | OF_GROWTH | OF_IDLE,
	  AT(workers),
	  "N",
	  "the daemon's threads (default: its own choice)" },
	{ { "flood" }, 0, OF_RELAY, AT(flood), NULL, "each frame goes to all others" },
	{ { "separate" },
	  0,
	  OF_RELAY,
	  AT(separate),
	  NULL,
	  "each VM is a process of its own, on the same processor" },
	{ { "ceiling" },
	  0,
	  OF_RELAY,
	  AT(ceiling),
	  NULL,
	  "the bare switch in turn with it, and the ratio to that" },
	{ { "engine", option_value_engine },
	  0,
	  OF_DAEMONS,
	  AT(engine),
	  "auto|uring|epoll",
	  "how the daemon waits (default: SPLITVIF_ENGINE, else auto)" },
	{ { "splitvifd", option_value_text },
	  0,
	  OF_DAEMONS,
	  AT(splitvifd),
	  "PATH",
	  "the daemon (default: beside this program, in its build\ntree, or in PATH)" },
	{ { "quick" }, 0, OF_LAB, AT(quick), NULL, "what fits into 5 minutes (the default)" },
	{ { "full" }, 0, OF_LAB, AT(full), NULL, "all experiments, within the hour" },
	{ { "exhaustive" }, 0, OF_LAB, AT(exhaustive), NULL, "the whole grids; takes hours" },
	{ { "smoke" },
	  0,
	  OF_LAB,
	  AT(smoke),
	  NULL,
	  "an instant of each, to see that everything works" },
	{ { "only", option_value_text },
	  0,
	  OF_LAB,
	  AT(only),
	  "X1,...",
	  "these experiments (default: all of that size)" },
	{ { "out", option_value_text },
	  0,
	  OF_LAB,
	  AT(out),
	  "DIR",
	  "where rows, figures and report go (default lab)" },
	{ { "gen", option_value_gen },
	  0,
	  OF_LAB,
	  AT(gen_ns),
	  "spin|sleep:US",
	  "what the generator does between batches (default: each\nexperiment's own)" },
	{ { "version" }, 'V', OF_ALL, 0, NULL, "say it, and exit" },
	{ { "help" }, 'h', OF_ALL, 0, NULL, "this" },
};

static_assert(COUNT(flags) <= OPTION_FLAGS_MAX, "option_table.h");

const struct option_command *option_table_command(enum bench_command command)
{
	return &commands[command];
}

const struct option_flag *option_table_flag(size_t i)
{
	return i < COUNT(flags) ? &flags[i] : NULL;
}

/* ": ring, relay" */
static void print_knowers(const struct option_flag *flag, FILE *out)
{
	const char *mark = "  [";

	for (unsigned int i = 1; i < BENCH_COMMANDS; i++) {
		if (!(flag->commands & 1u << i) || flag->commands == OF_ALL ||
		    flag->commands == OF_ROUNDS)
			continue;
		fprintf(out, "%s%s", mark, commands[i].name);
		mark = ", ";
	}
	fputs(flag->commands == OF_ALL || flag->commands == OF_ROUNDS ? "\n" : "]\n", out);
}

static void print_flag(const struct option_flag *flag, FILE *out)
{
	const char *line = flag->help;
	char left[64];

	snprintf(left, sizeof(left), "%s%c%s --%s%s%s", flag->letter ? "-" : " ",
		 flag->letter ? flag->letter : ' ', flag->letter ? "," : " ", flag->kind.name,
		 flag->argument ? " " : "", flag->argument ? flag->argument : "");
	while (line) {
		const char *end = strchrnul(line, '\n');

		fprintf(out, "  %-24s %.*s%s", left, (int)(end - line), line, *end ? "\n" : "");
		line = *end ? end + 1 : NULL;
		left[0] = '\0';
	}
	print_knowers(flag, out);
}

void options_help(FILE *out)
{
	fputs("usage: splitvif-bench COMMAND [OPTION...]\n\n", out);
	for (size_t i = 1; i < COUNT(commands); i++)
		fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].help);
	fputs("\n", out);
	for (size_t i = 0; i < COUNT(flags); i++)
		print_flag(&flags[i], out);
}
