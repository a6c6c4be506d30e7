#include "ctl/store.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ctl/exit_status.h"
#include "ctl/store_verbs.h"
#include "io/log.h"
#include "io/rundir.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static const struct verb {
	const char *name, *flags; /* getopt's */
	int least, most;
	enum { LISTING, SNAPSHOT, COMMIT, ALONE } kind; /* LISTING: a snapshot, shown */
	store_verb *run;
	const char *synopsis, *help;
} verbs[] = {
	{ "ls", "+fpR", 0, 1, LISTING, store_ls, "ls [-f] [-p] [-R] [PATH]",
	  "the tree below PATH (-f whole paths, -p permissions)" },
	{ "read", "+pR", 1, INT16_MAX, LISTING, store_read_keys, "read [-p] [-R] KEY...",
	  "values (-p with their keys, -R raw)" },
	{ "write", "+R", 2, INT16_MAX, COMMIT, store_write_keys, "write [-R] KEY VALUE ...",
	  "all of them, or none" },
	{ "rm", "+t", 1, INT16_MAX, COMMIT, store_rm, "rm [-t] KEY...",
	  "with all below (-t and parents that are empty then)" },
	{ "list", "+p", 1, INT16_MAX, LISTING, store_list, "list [-p] KEY...",
	  "children's names (-p after their parent's)" },
	{ "exists", "+", 1, INT16_MAX, SNAPSHOT, store_exists, "exists KEY...",
	  "says it by the exit status: 0 or 1" },
	{ "chmod", "+ru", 2, INT16_MAX, COMMIT, store_chmod, "chmod [-r] [-u] KEY MODE...",
	  "MODE: n, r, w or b and a domid (-r all below, -u parents)" },
	{ "watch", "+n:", 1, INT16_MAX, ALONE, store_watch_keys, "watch [-n N] KEY...",
	  "prints each path that changes (-n: N times)" },
};

/* Why something failed: the status, and the end of the line. */
static const struct {
	int err, status;
	const char *text;
} reasons[] = {
	{ -ENOENT, EXIT_NO_SUCH, "no such node; 'splitvif store ls' shows those there are" },
	{ -EINVAL, EXIT_USAGE,
	  "no path or no permissions; a path has letters, digits, '-', '_', '@' and single '/'" },
	{ -EACCES, EXIT_MAY_NOT, "permission denied; be the daemon's user, or root" },
	{ -EPERM, EXIT_MAY_NOT, "not permitted; be the daemon's user, or root" },
	{ -E2BIG, EXIT_FAILED, "too long; a message holds 4096 bytes of key and value" },
	{ -EAGAIN, EXIT_FAILED, "others kept changing it; try again" },
	{ -ETIMEDOUT, EXIT_TIMED_OUT,
	  "the daemon is stopped or busy; look after it, or wait longer with --timeout" },
	{ -ECONNREFUSED, EXIT_NO_DAEMON, "nobody listens; start it with 'splitvifd -f'" },
	{ -ECONNRESET, EXIT_FAILED, "the daemon hung up; look at its log" },
};

void store_help(FILE *out)
{
	for (size_t i = 0; i < COUNT(verbs); i++)
		fprintf(out, "  store %-29s %s\n", verbs[i].synopsis, verbs[i].help);
}

static int explain(const struct store_command *command, const char *what, const char *object,
		   int err)
{
	const char *text = strerror(-err);
	int status = EXIT_FAILED;

	for (size_t i = 0; i < COUNT(reasons); i++)
		if (reasons[i].err == err) {
			status = reasons[i].status;
			text = reasons[i].text;
		}
	if (!command->quiet)
		log_complain("cannot %s: %s: %s", what, object, text);
	return status;
}

static int usage(const struct store_command *command, const struct verb *verb)
{
	if (!command->quiet)
		log_complain("wrong arguments for 'store %s'; usage: splitvif store %s", verb->name,
			     verb->synopsis);
	return EXIT_USAGE;
}

static const struct verb *find_verb(const struct store_command *command, const char *name)
{
	for (size_t i = 0; i < COUNT(verbs); i++)
		if (!strcmp(verbs[i].name, name))
			return &verbs[i];
	if (!command->quiet)
		log_complain("unknown verb 'store %.40s'; there are ls, read, write, rm, list, "
			     "exists, chmod and watch",
			     name);
	return NULL;
}

/* A count from 1 on; 0: it is none. */
static unsigned int parse_count(const char *text)
{
	char *end;
	unsigned long count = strtoul(text, &end, 10);

	return *text >= '0' && *text <= '9' && !*end && count < 1000000000 ? (unsigned int)count
									   : 0;
}

/* "-p" is permissions of ls, and the prefix of others. False: an option that
 * the verb has not. */
static bool take_flag(struct store_call *call, int flag, bool is_ls)
{
	switch (flag) {
	case 'f':
		call->full = true;
		return true;
	case 'p':
		*(is_ls ? &call->permissions : &call->full) = true;
		return true;
	case 'R':
		call->raw = true;
		return true;
	case 't':
		call->tidy = true;
		return true;
	case 'r':
		call->recursive = true;
		return true;
	case 'u':
		call->upto = true;
		return true;
	case 'n':
		call->events = parse_count(optarg);
		return call->events;
	}
	return false;
}

/* argv[0] is the verb. */
static bool parse(struct store_call *call, const struct verb *verb, int argc, char **argv)
{
	int flag;

	opterr = 0;
	optind = 0; /* glibc: start anew */
	while ((flag = getopt(argc, argv, verb->flags)) != -1)
		if (!take_flag(call, flag, verb->run == store_ls))
			return false;
	call->argc = argc - optind;
	call->argv = argv + optind;
	if (call->argc < verb->least || call->argc > verb->most)
		return false;
	return verb->run != store_write_keys || call->argc % 2 == 0;
}

struct attempt {
	struct store_call *call;
	const struct verb *verb;
	enum table_format format;
};

/* The verb's rows, in call->table, as JSON. */
static int attempt_json(const struct attempt *attempt)
{
	struct store_call *call = attempt->call;
	size_t length;
	char *text;
	int rc;

	call->table = table_create();
	if (!call->table)
		return -ENOMEM;
	table_list(call->table, NULL, NULL, TABLE_COLUMNS);
	rc = attempt->verb->run(call);
	table_end(call->table);
	if (!rc)
		rc = table_render(call->table, attempt->format, &text, &length);
	if (!rc) {
		fwrite(text, 1, length, call->out);
		free(text);
	}
	table_destroy(call->table);
	return rc;
}

/* What an earlier one printed is forgotten. */
static int attempt(struct store_client *client, uint32_t transaction, void *arg)
{
	const struct attempt *this = arg;

	(void)client;
	this->call->transaction = transaction;
	rewind(this->call->out);
	if (this->verb->kind == LISTING && this->format != TABLE_TEXT)
		return attempt_json(this);
	return this->verb->run(this->call);
}

static int run_verb(struct attempt *one)
{
	struct store_call *call = one->call;
	char *text = NULL;
	size_t length = 0;
	int rc;

	call->json = one->format != TABLE_TEXT;
	if (one->verb->kind == ALONE) {
		call->out = stdout;
		return one->verb->run(call);
	}
	call->out = open_memstream(&text, &length);
	if (!call->out)
		return -ENOMEM;
	if (one->verb->kind == COMMIT)
		rc = store_transact(call->client, attempt, one);
	else
		rc = store_snapshot(call->client, attempt, one);
	if (fclose(call->out))
		rc = rc ? rc : -ENOMEM;
	if (!rc)
		fwrite(text, 1, length, stdout);
	free(text);
	return rc;
}

static int connect_store(const struct store_command *command, struct store_client **client)
{
	char path[RUNDIR_PATH_BYTES];
	int fd = rundir_connect_in(path, command->rundir, "store.sock", SOCK_STREAM);

	if (fd == -ENOENT || fd == -ENOTDIR) {
		if (!command->quiet)
			log_complain("daemon not running (no socket at %s); start it with "
				     "'splitvifd -f' or set SPLITVIF_RUNDIR",
				     path);
		return EXIT_NO_DAEMON;
	}
	if (fd < 0)
		return explain(command, "connect", path, fd);
	*client = store_client_socket(fd, (int)command->timeout_ms);
	if (*client)
		return EXIT_DONE;
	close(fd);
	return explain(command, "connect", path, -ENOMEM);
}

int store_run(const struct store_command *command, int argc, char **argv)
{
	const struct verb *verb = argc ? find_verb(command, argv[0]) : find_verb(command, "");
	struct store_call call = { 0 };
	int status, rc;

	if (!verb)
		return EXIT_USAGE;
	if (!parse(&call, verb, argc, argv))
		return usage(command, verb);
	status = connect_store(command, &call.client);
	if (status)
		return status;
	rc = run_verb(&(struct attempt){ &call, verb, command->format });
	store_client_close(call.client);
	if (rc == -ENOENT && verb->run == store_exists)
		return EXIT_FAILED;
	return rc ? explain(command, verb->name, call.object[0] ? call.object : "the store", rc)
		  : EXIT_DONE;
}
