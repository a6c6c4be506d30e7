/*
 * splitvif: the control tool. It checks the shape of a command, hands the words
 * to the daemon and prints what comes back; `doctor`, `store` and
 * the domain's verbs are done here.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/client.h"
#include "ctl/doctor.h"
#include "ctl/domain.h"
#include "ctl/exit_status.h"
#include "ctl/options.h"
#include "ctl/store.h"
#include "io/log.h"

/* One line for what went wrong on the way: "%s" is the socket's path. */
static const struct explanation {
	int err;
	enum exit_status status;
	const char *text;
} explanations[] = {
	{ -ENOENT, EXIT_NO_DAEMON,
	  "daemon not running (no socket at %s); start it with 'splitvifd -f' or set SPLITVIF_RUNDIR" },
	{ -ENOTDIR, EXIT_NO_DAEMON,
	  "daemon not running (no socket at %s); start it with 'splitvifd -f' or set SPLITVIF_RUNDIR" },
	{ -ECONNREFUSED, EXIT_NO_DAEMON,
	  "daemon not running (nobody listens at %s); start it with 'splitvifd -f' or set "
	  "SPLITVIF_RUNDIR" },
	{ -EACCES, EXIT_MAY_NOT,
	  "cannot connect: %s: permission denied; be the daemon's user, root, or in the socket's "
	  "group" },
	{ -EPERM, EXIT_MAY_NOT,
	  "cannot connect: %s: not permitted; be the daemon's user, root, or in the socket's group" },
	{ -ETIMEDOUT, EXIT_TIMED_OUT,
	  "no answer: %s: the daemon is stopped or busy; look after it, or wait longer with "
	  "--timeout" },
	{ -ENAMETOOLONG, EXIT_USAGE,
	  "bad run directory: %s: longer than the 107 bytes of a socket's path; set SPLITVIF_RUNDIR "
	  "to a shorter one" },
	{ -E2BIG, EXIT_USAGE, "command too long: %s: the daemon takes 64 KiB; shorten it" },
	{ -EMSGSIZE, EXIT_FAILED, "answer too long: %s: more than 16 MiB; ask for less of it" },
	{ -ECONNRESET, EXIT_FAILED, "answer cut: %s: the daemon hung up; look at its log" },
};

/* Words that are too long fail before there is a path. */
static int explain(int err, const char *path, const struct options *options)
{
	const char *object = *path ? path : options->words[0];

	for (unsigned int i = 0; i < sizeof(explanations) / sizeof(explanations[0]); i++) {
		const struct explanation *known = &explanations[i];
		char line[512];

		if (known->err != err)
			continue;
		snprintf(line, sizeof(line), known->text, object);
		if (!options->quiet)
			log_complain("%s", line);
		return known->status;
	}
	if (!options->quiet)
		log_complain("cannot ask the daemon: %s: %s; look at its log", object,
			     strerror(-err));
	return EXIT_FAILED;
}

/* The daemon's options come first, then the words as they were typed. */
static unsigned int compose(const struct options *options, const char **argv)
{
	unsigned int argc = 0;

	if (options->json)
		argv[argc++] = "--json";
	if (options->pretty)
		argv[argc++] = "--pretty";
	for (unsigned int i = 0; i < options->nr_words; i++)
		argv[argc++] = options->words[i];
	return argc;
}

static int show_answer(const struct ctl_reply *reply, const struct options *options)
{
	if (!reply->code) {
		fwrite(reply->text, 1, reply->length, stdout);
		return EXIT_DONE;
	}
	if (!options->quiet)
		log_complain("%.*s", (int)reply->length, reply->text);
	return reply->code > 0 && reply->code < 126 ? reply->code : EXIT_FAILED;
}

static int ask(const struct options *options)
{
	const char *argv[OPTIONS_MAX_WORDS + 2];
	char path[RUNDIR_PATH_BYTES];
	struct client_answer answer;
	int err = client_call(argv, compose(options, argv), options->timeout_ms, path, &answer);
	int status;

	if (options->verbose)
		log_complain("asked the daemon at %s, waiting at most %g s", path,
			     options->timeout_ms / 1000.0);
	if (err)
		return explain(err, path, options);
	status = show_answer(&answer.reply, options);
	free(answer.message);
	return status;
}

static enum table_format format_of(const struct options *options)
{
	return options->pretty ? TABLE_PRETTY : options->json ? TABLE_JSON : TABLE_TEXT;
}

static int examine(const struct options *options)
{
	int failed = doctor_run(stdout, format_of(options));

	if (failed < 0)
		log_complain("cannot examine: this machine: %s; free some memory",
			     strerror(-failed));
	return failed ? EXIT_FAILED : EXIT_DONE;
}

/* What was asked for and cannot be written has not been done. */
static int finish(int status)
{
	if (fflush(stdout) || ferror(stdout)) {
		log_complain("cannot write: standard output: %s; the answer is not complete",
			     strerror(errno));
		return EXIT_FAILED;
	}
	return status;
}

int main(int argc, char **argv)
{
	char error[OPTIONS_ERROR_BYTES];
	struct options options;

	log_init("splitvif");
	if (options_parse(&options, argc, argv, error)) {
		log_complain("%s", error);
		return EXIT_USAGE;
	}
	if (options.rundir && setenv("SPLITVIF_RUNDIR", options.rundir, 1)) {
		log_complain("cannot set the run directory: %s: %s; shorten it", options.rundir,
			     strerror(errno));
		return EXIT_FAILED;
	}
	switch (options.action) {
	case ACTION_VERSION:
		puts("splitvif " SPLITVIF_VERSION);
		return finish(EXIT_DONE);
	case ACTION_HELP:
		options_help(stdout);
		return finish(EXIT_DONE);
	case ACTION_DOCTOR:
		return finish(examine(&options));
	case ACTION_STORE:
		return finish(store_run(
			&(struct store_command){ options.rundir, options.timeout_ms, options.quiet,
						 format_of(&options) },
			options.nr_rest, options.rest));
	case ACTION_DOMAIN:
		return finish(domain_run(&(struct domain_command){
			options.timeout_ms, options.quiet, options.nr_words, options.words }));
	case ACTION_ASK:
		break;
	}
	return finish(ask(&options));
}
