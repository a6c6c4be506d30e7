#include "ctl/domain.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "ctl/exit_status.h"
#include "ctl/luggage.h"
#include "io/log.h"
#include "io/rundir.h"
#include "store/client.h"
#include "store/xenbus.h"

enum { LOOK_US = 2000, NAMES_BYTES = 32768, PATH_BYTES = 160, LINE_BYTES = 512 };

/* A VM at a daemon. */
struct site {
	struct store_client *store;
	char path[RUNDIR_PATH_BYTES]; /* of the store's socket */
	unsigned int domid;	      /* 0: it is not there */
	char name[64];
};

struct job {
	const struct domain_command *command;
	const char *task; /* "suspend", as it stands in complaints */
	struct site here, there;
	char rundir[PATH_MAX]; /* of the other daemon */
	const char *bridge;    /* there; "": as here */
	const char *word;      /* for control/shutdown */
	bool withdrawn;	       /* the word was not taken, and will not be */
	int64_t deadline;
};

static const char *const verbs[] = { "domain-suspend", "domain-resume", "domain-migrate" };

bool domain_is_verb(const char *word)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (!strcmp(verbs[i], word))
			return true;
	return false;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* A VM writes some of what is quoted. */
static void make_printable(char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}

static int refuse(const struct job *job, int status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* "cannot suspend a: why; cure" */
static int refuse(const struct job *job, int status, const char *format, ...)
{
	char line[LINE_BYTES];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	make_printable(line);
	if (!job->command->quiet)
		log_complain("cannot %s %.80s: %s", job->task, job->command->words[1], line);
	return status;
}

static void domain_path(const struct site *site, const char *key, char path[PATH_BYTES])
{
	snprintf(path, PATH_BYTES, "/local/domain/%u/%s", site->domid, key);
}

/* Its length, or -errno and an empty text. */
static int read_key(const struct site *site, const char *key, char *value, size_t size)
{
	char path[PATH_BYTES];
	int length;

	domain_path(site, key, path);
	length = store_read(site->store, STORE_NO_TRANSACTION, path, value, size);
	if (length < 0)
		value[0] = '\0';
	return length;
}

static bool key_is(const struct site *site, const char *key, const char *wanted)
{
	char value[32];

	read_key(site, key, value, sizeof(value));
	return !strcmp(value, wanted);
}

/* Looks for the VM by name or number: 0, -ENOENT, or what the store says. */
static int find(struct site *site, const char *dom)
{
	static char names[NAMES_BYTES];
	const char *id = names;
	char name[64];
	int n = store_directory(site->store, STORE_NO_TRANSACTION, "/local/domain", names,
				sizeof(names));

	site->domid = 0;
	for (int i = 0; i < n; i++, id += strlen(id) + 1) {
		struct site other = { .store = site->store,
				      .domid = (unsigned int)strtoul(id, NULL, 10) };

		if (!other.domid)
			continue;
		read_key(&other, "name", name, sizeof(name));
		if (strcmp(name, dom) != 0 && strcmp(id, dom) != 0)
			continue;
		site->domid = other.domid;
		memcpy(site->name, name, sizeof(name));
		if (!strcmp(name, dom))
			break; /* a name stands above a number */
	}
	return site->domid ? 0 : n < 0 ? n : -ENOENT;
}

/* dir: NULL for the daemon that was named to all commands. */
static int site_open(struct site *site, const char *dir, unsigned int timeout_ms)
{
	int fd = rundir_connect_in(site->path, dir, "store.sock", SOCK_STREAM);

	if (fd < 0)
		return fd;
	site->store = store_client_socket(fd, (int)timeout_ms);
	if (site->store)
		return 0;
	close(fd);
	return -ENOMEM;
}

static void site_close(struct site *site)
{
	if (site->store)
		store_client_close(site->store);
}

static int refuse_site(const struct job *job, const struct site *site, int err)
{
	if (err == -EACCES || err == -EPERM)
		return refuse(job, EXIT_MAY_NOT, "%s: permission denied; be the daemon's user",
			      site->path);
	return refuse(job, EXIT_NO_DAEMON, "no daemon at %s: %s; start it with 'splitvifd -f'",
		      site->path, strerror(-err));
}

/* How many of its vifs there are, and how many of them are in that state, on
 * both sides where `both` is set. */
static int count_vifs(const struct site *site, enum xenbus_state state, bool both, int *in_state)
{
	char path[PATH_BYTES], vif[XENBUS_PATH_BYTES], names[512];
	const char *name = names;
	int n;

	domain_path(site, "device/vif", path);
	n = store_directory(site->store, STORE_NO_TRANSACTION, path, names, sizeof(names));
	*in_state = 0;
	for (int i = 0; i < n; i++, name += strlen(name) + 1) {
		uint32_t devid = (uint32_t)strtoul(name, NULL, 10);
		uint64_t own = 0, other = state;

		xenbus_frontend_path(vif, (uint16_t)site->domid, devid);
		store_read_number(site->store, STORE_NO_TRANSACTION, vif, XENBUS_KEY_STATE, 8,
				  &own);
		xenbus_backend_path(vif, (uint16_t)site->domid, devid);
		if (both)
			store_read_number(site->store, STORE_NO_TRANSACTION, vif, XENBUS_KEY_STATE,
					  8, &other);
		*in_state += own == state && other == state;
	}
	return n > 0 ? n : 0;
}

static int write_order(struct store_client *store, uint32_t transaction, void *arg)
{
	const struct job *job = arg;
	const struct {
		const char *key, *value;
	} keys[] = {
		{ XENBUS_CONTROL_ERROR, "" },
		{ XENBUS_CONTROL_MIGRATE_TO, job->rundir },
		{ XENBUS_CONTROL_MIGRATE_BRIDGE, job->bridge },
		{ XENBUS_CONTROL_SHUTDOWN, job->word },
	};
	char path[PATH_BYTES];
	int err;

	domain_path(&job->here, XENBUS_CONTROL_DOWNTIME, path);
	err = store_remove(store, transaction, path);
	if (err == -ENOENT)
		err = 0;
	for (size_t i = 0; !err && i < sizeof(keys) / sizeof(keys[0]); i++) {
		domain_path(&job->here, keys[i].key, path);
		err = store_write(store, transaction, path, keys[i].value, strlen(keys[i].value));
	}
	return err;
}

static int order(struct job *job)
{
	int err = store_transact(job->here.store, write_order, job);

	return err ? refuse(job, EXIT_FAILED, "its daemon's store: %s; see its log", strerror(-err))
		   : 0;
}

/* -ENOENT: the word was taken. */
static int write_withdrawal(struct store_client *store, uint32_t transaction, void *arg)
{
	struct job none = *(const struct job *)arg;
	char path[PATH_BYTES], word[32];

	domain_path(&none.here, XENBUS_CONTROL_SHUTDOWN, path);
	if (store_read(store, transaction, path, word, sizeof(word)) < 0 ||
	    strcmp(word, none.word) != 0)
		return -ENOENT;
	none.word = none.bridge = "";
	none.rundir[0] = '\0';
	return write_order(store, transaction, &none);
}

/* Where nobody took the word it shall not be taken later. */
static int withdraw(struct job *job)
{
	job->withdrawn = !find(&job->here, job->here.name) &&
			 !store_transact(job->here.store, write_withdrawal, job);
	if (job->withdrawn)
		return refuse(job, EXIT_TIMED_OUT,
			      "its frontend does not answer; it stays as it is");
	return refuse(job, EXIT_TIMED_OUT,
		      "not done in %g s; 'splitvif list' shows how it is, --timeout waits longer",
		      job->command->timeout_ms / 1000.0);
}

static bool time_is_up(const struct job *job)
{
	usleep(LOOK_US);
	return now_ms() >= job->deadline;
}

static double downtime_ms(const struct site *site)
{
	char value[24];

	return read_key(site, XENBUS_CONTROL_DOWNTIME, value, sizeof(value)) > 0
		       ? strtod(value, NULL) / 1000
		       : -1;
}

static int wait_suspended(struct job *job)
{
	int closed, n;

	do {
		if (find(&job->here, job->here.name))
			return refuse(job, EXIT_FAILED, "it ended meanwhile; nothing to be done");
		n = count_vifs(&job->here, XenbusStateClosed, false, &closed);
		if (n == closed && key_is(&job->here, XENBUS_CONTROL_SUSPENDED, "1")) {
			printf("%s: suspended\n", job->here.name);
			return EXIT_DONE;
		}
	} while (!time_is_up(job));
	return withdraw(job);
}

static int wait_resumed(struct job *job)
{
	int up, n;
	double ms;

	do {
		if (find(&job->here, job->here.name))
			return refuse(job, EXIT_FAILED, "it ended meanwhile; nothing to be done");
		n = count_vifs(&job->here, XenbusStateConnected, true, &up);
		ms = downtime_ms(&job->here);
		if (n == up && (!n || ms >= 0) &&
		    key_is(&job->here, XENBUS_CONTROL_SUSPENDED, "0")) {
			printf("%s: resumed, down for %.1f ms\n", job->here.name, ms < 0 ? 0 : ms);
			return EXIT_DONE;
		}
	} while (!time_is_up(job));
	return withdraw(job);
}

/* Where it is not to be seen for a moment it is on its way, or on its way back. */
static int wait_migrated(struct job *job)
{
	char why[LINE_BYTES];
	double ms;

	do {
		if (!find(&job->there, job->here.name) && (ms = downtime_ms(&job->there)) >= 0) {
			printf("%s: migrated to %s, down for %.1f ms\n", job->here.name,
			       job->rundir, ms);
			return EXIT_DONE;
		}
		if (!find(&job->here, job->here.name) &&
		    read_key(&job->here, XENBUS_CONTROL_ERROR, why, sizeof(why)) > 0) {
			make_printable(why);
			if (!job->command->quiet)
				log_complain("%s", why);
			return EXIT_FAILED;
		}
	} while (!time_is_up(job));
	return withdraw(job);
}

static int run_suspend(struct job *job)
{
	int status;

	if (key_is(&job->here, XENBUS_CONTROL_SUSPENDED, "1"))
		return refuse(job, EXIT_FAILED,
			      "it is suspended; 'splitvif domain-resume %s' is "
			      "the way back",
			      job->here.name);
	job->word = "suspend";
	status = order(job);
	return status ? status : wait_suspended(job);
}

static int run_resume(struct job *job)
{
	int status;

	if (!key_is(&job->here, XENBUS_CONTROL_SUSPENDED, "1"))
		return refuse(job, EXIT_FAILED, "it is not suspended; nothing to be done");
	job->word = "resume";
	status = order(job);
	return status ? status : wait_resumed(job);
}

static int find_target(struct job *job, const char *rundir)
{
	char here[PATH_MAX] = "", dir[RUNDIR_PATH_BYTES];
	int err;

	if (!realpath(rundir, job->rundir))
		return refuse(job, EXIT_NO_DAEMON,
			      "no run directory %.200s: %s; name that of a running splitvifd",
			      rundir, strerror(errno));
	if (!rundir_path(dir, sizeof(dir), NULL) && realpath(dir, here) &&
	    !strcmp(here, job->rundir))
		return refuse(job, EXIT_USAGE, "it is at %s already; name another run directory",
			      here);
	err = site_open(&job->there, job->rundir, job->command->timeout_ms);
	if (err == -ENAMETOOLONG)
		return refuse(job, EXIT_USAGE,
			      "%.80s...: longer than a socket's path may be; name a shorter one",
			      job->rundir);
	return err ? refuse_site(job, &job->there, err) : 0;
}

/* It is here no longer, which this daemon may not have seen yet. */
static void forget_here(struct job *job)
{
	char why[LINE_BYTES];
	int err;

	do
		err = luggage_forget(job->here.name, job->command->timeout_ms, why, sizeof(why));
	while (err == -EBUSY && !time_is_up(job));
	if (err && !job->command->quiet)
		log_complain("%.80s has migrated, and the daemon that it left still knows its "
			     "vifs: %s; detach them there with 'splitvif network-detach'",
			     job->here.name, why);
}

/* Has the VM go there: what is known of it goes ahead, and is in one place in the
 * end. It stays there where the VM may still be on its way. */
static int migrate(struct job *job)
{
	unsigned int timeout_ms = job->command->timeout_ms;
	char why[LINE_BYTES];
	int status = luggage_send(job->here.name, job->rundir, job->bridge, timeout_ms, why,
				  sizeof(why));

	if (status)
		return refuse(job, status, "%s", why);
	status = order(job);
	if (status)
		return status;
	status = wait_migrated(job);
	if (!status) {
		luggage_settle(job->here.name, job->rundir, timeout_ms);
		forget_here(job);
	} else if (status == EXIT_FAILED || job->withdrawn) {
		luggage_take_back(job->here.name, job->rundir, timeout_ms);
	}
	return status;
}

static int run_migrate(struct job *job)
{
	const struct domain_command *command = job->command;
	int err, status = find_target(job, command->words[2]);

	if (status)
		return status;
	if (command->nr_words > 3 &&
	    (strncmp(command->words[3], "bridge=", 7) || strlen(command->words[3]) > 7 + 15))
		return refuse(job, EXIT_USAGE, "'%.40s' is not bridge=BRIDGE; leave it out",
			      command->words[3]);
	job->bridge = command->nr_words > 3 ? command->words[3] + 7 : "";
	if (key_is(&job->here, XENBUS_CONTROL_SUSPENDED, "1"))
		return refuse(job, EXIT_FAILED, "it is suspended; resume it first");
	err = find(&job->there, job->here.name);
	if (!err)
		return refuse(job, EXIT_FAILED, "a VM of that name is there; stop one of them");
	if (err != -ENOENT)
		return refuse(job, EXIT_TIMED_OUT, "the daemon at %s does not answer: %s; it stays",
			      job->rundir, strerror(-err));
	job->word = "suspend";
	return migrate(job);
}

static int run(struct job *job)
{
	const char *dom = job->command->words[1];
	int err = site_open(&job->here, NULL, job->command->timeout_ms);

	if (err)
		return refuse_site(job, &job->here, err);
	err = find(&job->here, dom);
	if (err)
		return refuse(job, EXIT_NO_SUCH,
			      "no such domain; 'splitvif list' shows those "
			      "there are");
	if (!key_is(&job->here, XENBUS_CONTROL_FEATURE_SUSPEND, "1"))
		return refuse(job, EXIT_FAILED,
			      "its frontend knows of no suspension; detach its vifs instead");
	switch (job->task[0]) {
	case 's':
		return run_suspend(job);
	case 'r':
		return run_resume(job);
	}
	return run_migrate(job);
}

int domain_run(const struct domain_command *command)
{
	struct job job = { .command = command,
			   .task = command->words[0] + strlen("domain-"),
			   .bridge = "",
			   .deadline = now_ms() + command->timeout_ms };
	int status = run(&job);

	site_close(&job.there);
	site_close(&job.here);
	return status;
}
