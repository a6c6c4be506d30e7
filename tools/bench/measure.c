#include "bench/measure.h"

#include <stdio.h>
#include <string.h>

#include "io/log.h"

int measure_place(const struct options *options, struct report *report, int cpus[2])
{
	char text[HOST_TEXT_BYTES];
	int err = 0;

	memcpy(cpus, options->cpus, 2 * sizeof(*cpus));
	if (!options->cpus_given)
		err = host_choose_cpus(cpus);
	if (err) {
		log_complain("cannot choose processors: %s; name two with --cpus", strerror(-err));
		return err;
	}
	host_describe(text);
	report_string(report, "host", "host", text);
	report_decimal(report, "load", "load before", host_load(), 2);
	snprintf(text, sizeof(text), "%d,%d", cpus[0], cpus[1]);
	report_string(report, "cpus", "processors", text);
	report_string(report, "version", "version", SPLITVIF_VERSION);
	report_string(report, "waiting", "waiting",
		      options->wake ? "asleep until notified" : "polling");
	return 0;
}

void measure_begin(struct measure *measure)
{
	measure->before = host_time_read();
	measure->before_ns = host_now_ns();
	measure->before_cpu_ns = host_cpu_ns();
	measure->nr = 0;
}

void measure_add(struct measure *measure, uint64_t events, int64_t ns)
{
	if (measure->nr < STATISTICS_SAMPLES_MAX)
		measure->samples[measure->nr++] = ns > 0 ? (double)events * 1e3 / (double)ns : 0;
}

void measure_tell(struct measure *measure, struct report *report, const char *key, const char *head)
{
	double steal = host_steal_percent(measure->before, host_time_read());
	double cpu = (double)(host_cpu_ns() - measure->before_cpu_ns);
	double wall = (double)(host_now_ns() - measure->before_ns);
	struct statistics statistics = { 0 };

	statistics_summarise(&statistics, measure->samples, measure->nr);
	report_decimal(report, key, head, statistics.median, 3);
	report_decimal(report, "q1", "q1", statistics.q1, 3);
	report_decimal(report, "q3", "q3", statistics.q3, 3);
	report_decimal(report, "spread_percent", "spread %", statistics_spread_percent(&statistics),
		       1);
	report_decimal(report, "min", "min", statistics.min, 3);
	report_decimal(report, "max", "max", statistics.max, 3);
	report_number(report, "repeats", "repeats", statistics.samples);
	report_decimal(report, "cpu_percent", "cpu %", wall > 0 ? 100 * cpu / wall : 0, 0);
	report_decimal(report, "steal_percent", "steal %", steal, 1);
}
