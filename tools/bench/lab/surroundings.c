#include "bench/lab/surroundings.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* The first line of what a command says, or "". */
static void first_line(const char *command, char text[SURROUNDINGS_TEXT_BYTES])
{
	FILE *pipe = popen(command, "re");

	text[0] = '\0';
	if (!pipe)
		return;
	if (fgets(text, SURROUNDINGS_TEXT_BYTES, pipe))
		text[strcspn(text, "\n")] = '\0';
	pclose(pipe);
}

static void or_unknown(char text[SURROUNDINGS_TEXT_BYTES])
{
	if (!text[0])
		strcpy(text, "unknown");
}

void surroundings_read(struct surroundings *surroundings, const struct lab_context *context)
{
	time_t now = time(NULL);
	struct tm utc;

	host_describe(surroundings->host);
	first_line("cat /sys/devices/system/cpu/cpu0/cpufreq/scaling_governor 2>/dev/null",
		   surroundings->governor);
	first_line("systemd-detect-virt 2>/dev/null", surroundings->hypervisor);
	first_line("git rev-parse --short HEAD 2>/dev/null", surroundings->revision);
	first_line("gnuplot --version 2>/dev/null", surroundings->gnuplot);
	or_unknown(surroundings->governor);
	or_unknown(surroundings->hypervisor);
	or_unknown(surroundings->revision);
	gmtime_r(&now, &utc);
	strftime(surroundings->date, SURROUNDINGS_TEXT_BYTES, "%Y-%m-%d %H:%M UTC", &utc);
	snprintf(surroundings->placement, SURROUNDINGS_TEXT_BYTES,
		 "generator and backend on processor %d, guest on %d; its application on %d "
		 "(shared) or %d (apart)",
		 context->cpus[0], context->cpus[1], context->cpus[1], context->cpus[0]);
	surroundings->load = host_load();
}

int surroundings_write(const struct surroundings *surroundings, const struct lab_context *context,
		       const char *size, const char *directory)
{
	json_t *json = json_pack("{ss ss ss ss ss ss ss sf ss sI s[ii] ss}", "version",
				 SPLITVIF_VERSION, "revision", surroundings->revision, "date",
				 surroundings->date, "host", surroundings->host, "governor",
				 surroundings->governor, "hypervisor", surroundings->hypervisor,
				 "placement", surroundings->placement, "load_before",
				 surroundings->load, "size", size, "seed",
				 (json_int_t)context->options->seed, "cpus", context->cpus[0],
				 context->cpus[1], "gnuplot", surroundings->gnuplot);
	char path[600];
	int err;

	if (!json)
		return -ENOMEM;
	snprintf(path, sizeof(path), "%s/env.json", directory);
	err = json_dump_file(json, path, JSON_INDENT(2)) ? -errno : 0;
	json_decref(json);
	return err;
}
