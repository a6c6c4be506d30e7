#include "bench/lab/lab.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bench/lab/lab_report.h"
#include "bench/suite.h"
#include "io/log.h"

static enum lab_size size_of(const struct options *options)
{
	return options->exhaustive ? LAB_EXHAUSTIVE
	       : options->full	   ? LAB_FULL
	       : options->smoke	   ? LAB_SMOKE
				   : LAB_QUICK;
}

static int choose_cpus(struct lab_context *context)
{
	int err = 0;

	memcpy(context->cpus, context->options->cpus, sizeof(context->cpus));
	if (!context->options->cpus_given)
		err = host_choose_cpus(context->cpus);
	if (err)
		log_complain("cannot choose processors: %s; name two with --cpus", strerror(-err));
	return err;
}

/* A directory of our own, before hours are spent on what goes there. */
static int make_directory(const char *path)
{
	if (!mkdir(path, 0777) || errno == EEXIST)
		return 0;
	log_complain("cannot create %s: %s; name another with --out", path, strerror(errno));
	return -errno;
}

static void tell_claim(const struct finding *finding, unsigned int i, struct report *report)
{
	char name[16];

	snprintf(name, sizeof(name), "X%u", finding->experiment->number);
	report_row(report);
	report_string(report, "experiment", "", name);
	report_string(report, "verdict", "verdict",
		      finding->missing ? "not run" : verdict_name(finding->claims[i].verdict));
	report_string(report, "claim", "claim",
		      finding->missing ? finding->missing
				       : finding->experiment->claims[i].statement);
	report_string(report, "measured", NULL,
		      finding->missing ? "" : finding->claims[i].all.text);
}

static void tell(const struct findings *findings, const struct schedule *schedule,
		 const struct surroundings *surroundings, const char *directory,
		 struct report *report)
{
	unsigned int flagged = 0;

	for (unsigned int i = 0; i < schedule->nr_sweeps; i++)
		flagged += schedule->sweeps[i].flagged;
	report_string(report, "command", "command", "lab");
	report_string(report, "host", "host", surroundings->host);
	report_string(report, "version", "version", SPLITVIF_VERSION);
	report_number(report, "seed", "order's seed", schedule->context->options->seed);
	report_number(report, "runs", "runs", schedule->nr_runs);
	report_number(report, "flagged", "of them flagged", flagged);
	report_decimal(report, "seconds", "seconds", schedule->seconds, 0);
	report_string(report, "directory", "report in", directory);
	if (!surroundings->gnuplot[0])
		report_string(report, "figures", "figures",
			      "missing: gnuplot is not installed (Debian: gnuplot-nox)");
	for (unsigned int i = 0; i < findings->nr; i++)
		for (unsigned int j = 0; j == 0 || j < findings->list[i].nr_claims; j++)
			tell_claim(&findings->list[i], j, report);
	report_complete(report);
}

static int conclude(const struct choice *choice, const struct schedule *schedule,
		    const struct surroundings *surroundings, const char *directory,
		    struct report *report)
{
	char error[LAB_ERROR_BYTES];
	struct findings *findings = malloc(sizeof(*findings));
	int err = findings ? findings_init(findings, choice, schedule) : -ENOMEM;

	if (err) {
		log_complain("cannot summarise: %s; free some memory", strerror(-err));
		free(findings);
		return err;
	}
	err = lab_report_write(findings, schedule, surroundings, directory, error);
	if (err)
		log_complain("%s", error);
	else
		tell(findings, schedule, surroundings, directory, report);
	findings_fini(findings);
	free(findings);
	return err;
}

/* Interrupted, what is there is reported nevertheless: every row stands for itself. */
static int run(struct schedule *schedule, const struct choice *choice, const char *directory,
	       struct report *report)
{
	struct surroundings surroundings;
	char error[LAB_ERROR_BYTES];
	int err, concluded;

	surroundings_read(&surroundings, schedule->context);
	fprintf(stderr, "lab: %u runs in random order, seed %llu, about %.0f min; report in %s\n",
		schedule->nr_runs, (unsigned long long)schedule->context->options->seed,
		ceil(schedule->planned_s / 60), directory);
	host_pin(schedule->context->cpus[0]);
	err = schedule_run(schedule, error);
	if (err)
		log_complain("%s", error);
	if (err && err != -EINTR)
		return err == -EHOSTDOWN ? EXIT_NO_DAEMON : EXIT_FAILED;
	concluded = conclude(choice, schedule, &surroundings, directory, report);
	return err || concluded ? EXIT_FAILED : EXIT_DONE;
}

int lab_run(const struct options *options, struct report *report)
{
	struct lab_context context = { .options = options, .gen_sleep_ns = options->gen_ns };
	const char *directory = options->out ? options->out : "lab";
	static struct schedule schedule;
	char error[LAB_ERROR_BYTES];
	struct choice choice;
	int status;

	if (choice_parse(&choice, options->only, size_of(options), error)) {
		log_complain("%s", error);
		return EXIT_USAGE;
	}
	if (choose_cpus(&context))
		return EXIT_FAILED;
	if (schedule_init(&schedule, &choice, &context, size_of(options), error)) {
		log_complain("%s", error);
		return EXIT_FAILED;
	}
	status = make_directory(directory) ? EXIT_FAILED
					   : run(&schedule, &choice, directory, report);
	schedule_fini(&schedule);
	return status;
}
