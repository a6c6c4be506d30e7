#include "bench/relay_daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/host.h"
#include "bench/relay_flows.h"

enum {
	READY_MS = 10000,
	STOP_MS = 5000,
	LOG_LINE_BYTES = 200,
	MACS_SPARE = 64,
	QUEUE_PAGES = 1024, /* at least what a queue shares, and what the daemon grants four */
};

/* Where it lies, as seen from our own directory: installed side by side, in a
 * build tree, installed below sbin. */
static const char *const places[] = { "splitvifd", "../src/backend/splitvifd",
				      "../sbin/splitvifd" };

static bool find_near(char *path, size_t size)
{
	char self[200];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	if (length <= 0)
		return false;
	self[length] = 0;
	slash = strrchr(self, '/');
	if (!slash)
		return false;
	*slash = 0;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		snprintf(path, size, "%s/%s", self, places[i]);
		if (!access(path, X_OK))
			return true;
	}
	return false;
}

static int make_rundir(struct relay_daemon *daemon)
{
	const char *tmp = getenv("TMPDIR");

	if (!tmp || *tmp != '/' || strlen(tmp) > 40)
		tmp = "/tmp";
	snprintf(daemon->rundir, sizeof(daemon->rundir), "%s/splitvif-XXXXXX", tmp);
	if (!mkdtemp(daemon->rundir) || setenv("SPLITVIF_RUNDIR", daemon->rundir, 1))
		return -errno;
	return 0;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *where)
{
	return remove(path);
}

static void remove_rundir(struct relay_daemon *daemon)
{
	nftw(daemon->rundir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

/* What it is told, in words that are kept in `text`. */
struct command_line {
	const char *words[24];
	unsigned int nr;
	char ready[16], bridge[64], workers[16], queues[16], pages[16];
};

static void add_pair(struct command_line *line, const char *flag, const char *value)
{
	line->words[line->nr++] = flag;
	line->words[line->nr++] = value;
}

/* Each queue has rings and buffers of its own. */
static void add_queues(struct command_line *line, unsigned int queues)
{
	snprintf(line->queues, sizeof(line->queues), "%u", queues);
	add_pair(line, "--queues", line->queues);
	snprintf(line->pages, sizeof(line->pages), "%u", queues * QUEUE_PAGES);
	if (queues > 4)
		add_pair(line, "--max-pages", line->pages);
}

static void make_command(struct command_line *line, const struct relay_daemon *daemon,
			 const struct options *options, unsigned int mtu, int ready)
{
	line->nr = 0;
	line->words[line->nr++] = "splitvifd";
	snprintf(line->ready, sizeof(line->ready), "%d", ready);
	snprintf(line->workers, sizeof(line->workers), "%u", options->workers);
	snprintf(line->bridge, sizeof(line->bridge), "xenbr0,uplink=none,mtu=%u,macs=%u", mtu,
		 options->macs + relay_flows_count(options->queues) + MACS_SPARE);
	add_pair(line, "--rundir", daemon->rundir);
	add_pair(line, "--ready-fd", line->ready);
	add_pair(line, "--bridge", line->bridge);
	if (options->engine)
		add_pair(line, "--engine", options->engine);
	if (options->workers)
		add_pair(line, "--workers", line->workers);
	if (options->queues > 1)
		add_queues(line, options->queues);
	line->words[line->nr] = NULL;
}

/* Several workers have all processors to choose from. Its log goes to a file, of
 * which the last line is shown if something fails. */
static _Noreturn void be_daemon(const struct relay_daemon *daemon, const struct options *options,
				unsigned int mtu, int cpu, int ready, pid_t parent)
{
	struct command_line line;
	char log[80];
	int fd;

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(1);
	setpgid(0, 0); /* the terminal's signals are for us */
	if (options->workers < 2)
		host_pin(cpu);
	else
		host_unpin();
	make_command(&line, daemon, options, mtu, ready);
	snprintf(log, sizeof(log), "%s/log", daemon->rundir);
	unsetenv("SPLITVIF_LOG"); /* read_log() wants to find the engine there */
	fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (fd >= 0 && dup2(fd, STDERR_FILENO) >= 0)
		execvp(daemon->program, (char *const *)line.words);
	dprintf(STDERR_FILENO, "cannot execute %s: %s\n", daemon->program, strerror(errno));
	_exit(127);
}

/* The log's last line, or the rest of the first one that contains `word`. */
static void read_log(const struct relay_daemon *daemon, const char *word, char *line, size_t size)
{
	char path[80], text[LOG_LINE_BYTES];
	const char *found = NULL;
	FILE *file;

	snprintf(path, sizeof(path), "%s/log", daemon->rundir);
	file = fopen(path, "re");
	snprintf(line, size, "%s", word ? "unknown" : "it said nothing");
	while (file && !found && fgets(text, sizeof(text), file)) {
		text[strcspn(text, "\n")] = 0;
		found = word ? strstr(text, word) : NULL;
		if (!word || found)
			snprintf(line, size, "%s", found ? found + strlen(word) : text);
	}
	if (file)
		fclose(file);
}

static int wait_ready(int fd)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	int64_t deadline = host_now_ns() + READY_MS * INT64_C(1000000);
	char byte;
	int n;

	do {
		n = poll(&ready, 1, READY_MS);
	} while (n < 0 && errno == EINTR && host_now_ns() < deadline);
	if (n <= 0)
		return -ETIMEDOUT;
	return read(fd, &byte, 1) == 1 ? 0 : -ECHILD;
}

static int spawn(struct relay_daemon *daemon, const struct options *options, unsigned int mtu,
		 int cpu)
{
	pid_t parent = getpid();
	int ready[2], err;

	if (pipe2(ready, O_CLOEXEC))
		return -errno;
	daemon->pid = fork();
	if (!daemon->pid) {
		fcntl(ready[1], F_SETFD, 0);
		be_daemon(daemon, options, mtu, cpu, ready[1], parent);
	}
	close(ready[1]);
	err = daemon->pid < 0 ? -errno : wait_ready(ready[0]);
	close(ready[0]);
	return err;
}

static int find_program(struct relay_daemon *daemon, const char *program)
{
	size_t size = sizeof(daemon->program);

	if (program && strlen(program) >= size)
		return -ENAMETOOLONG;
	if (program)
		strcpy(daemon->program, program);
	else if (!find_near(daemon->program, size))
		strcpy(daemon->program, "splitvifd"); /* execlp looks in PATH */
	return 0;
}

/* -1 and no status if it had to be killed. */
static int end(struct relay_daemon *daemon, int *status)
{
	int64_t deadline = host_now_ns() + STOP_MS * INT64_C(1000000);

	kill(daemon->pid, SIGTERM);
	while (waitpid(daemon->pid, status, WNOHANG) != daemon->pid) {
		if (host_now_ns() > deadline) {
			kill(daemon->pid, SIGKILL);
			waitpid(daemon->pid, status, 0);
			return -1;
		}
		usleep(1000);
	}
	return 0;
}

int relay_daemon_start(struct relay_daemon *daemon, const struct options *options, unsigned int mtu,
		       int cpu, char error[RELAY_ERROR_BYTES])
{
	char said[LOG_LINE_BYTES];
	int err, status;

	*daemon = (struct relay_daemon){ 0 };
	err = find_program(daemon, options->splitvifd);
	if (!err)
		err = make_rundir(daemon);
	if (err) {
		snprintf(error, RELAY_ERROR_BYTES,
			 "cannot start splitvifd: %s: %s; see TMPDIR and --splitvifd",
			 daemon->rundir[0] ? daemon->rundir : options->splitvifd, strerror(-err));
		return err;
	}
	err = spawn(daemon, options, mtu, cpu);
	if (!err) {
		read_log(daemon, "engine: ", daemon->engine, sizeof(daemon->engine));
		return 0;
	}
	if (daemon->pid > 0)
		end(daemon, &status);
	read_log(daemon, NULL, said, sizeof(said));
	snprintf(error, RELAY_ERROR_BYTES,
		 "cannot start splitvifd: %s: %s; name it with --splitvifd", daemon->program, said);
	remove_rundir(daemon);
	return err;
}

int relay_daemon_stop(struct relay_daemon *daemon, char error[RELAY_ERROR_BYTES])
{
	char said[LOG_LINE_BYTES];
	int status = 0, killed = end(daemon, &status);
	bool well = !killed && WIFEXITED(status) && !WEXITSTATUS(status);

	if (!well) {
		read_log(daemon, NULL, said, sizeof(said));
		snprintf(error, RELAY_ERROR_BYTES,
			 "splitvifd did not end well: %s; its log ends with: %s",
			 killed ? "killed after 5 s" : "failed", said);
	}
	remove_rundir(daemon);
	return well ? 0 : -ECHILD;
}
