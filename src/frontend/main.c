/* splitvif-front: a VM's network driver. */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "frontend/front_options.h"
#include "frontend/guest.h"
#include "frontend/guest_echo.h"
#include "frontend/guest_facts.h"
#include "frontend/guest_gen.h"
#include "frontend/guest_sink.h"
#include "frontend/guest_stream.h"
#include "frontend/guest_tap.h"
#include "frontend/guest_vifs.h"
#include "io/log.h"
#include "io/rundir.h"

enum {
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_NO_DAEMON = 3,
	EXIT_NOT_THERE = 4,
	EXIT_TIMED_OUT = 5,
	EXIT_PERMISSION = 6,
	EXIT_RUN_FAILED = 125, /* as env(1) and podman-run(1) do */
	OFFLOADS_ALL = SPLITVIF_OFFLOAD_CSUM_IPV4 | SPLITVIF_OFFLOAD_CSUM_IPV6 |
		       SPLITVIF_OFFLOAD_GSO_TCPV4 | SPLITVIF_OFFLOAD_GSO_TCPV6,
};

/* What an error number means to whoever started us. */
static int exit_status(const struct front_options *options, int err)
{
	if (options->mode == FRONT_RUN)
		return EXIT_RUN_FAILED;
	switch (err) {
	case ENOENT:
	case ECONNREFUSED:
	case ECONNRESET:
	case ENAMETOOLONG:
		return EXIT_NO_DAEMON;
	case ENODEV:
		return EXIT_NOT_THERE;
	case ETIMEDOUT:
		return EXIT_TIMED_OUT;
	case EACCES:
	case EPERM:
		return EXIT_PERMISSION;
	case EINVAL:
		return EXIT_USAGE;
	}
	return EXIT_FAILED;
}

static void tell(void *arg, enum splitvif_severity severity, const char *text)
{
	switch (severity) {
	case SPLITVIF_ERROR:
		log_error("front", "%s", text);
		break;
	case SPLITVIF_WARNING:
		log_warning("front", "%s", text);
		break;
	case SPLITVIF_NOTICE:
		log_notice("front", "%s", text);
		break;
	case SPLITVIF_DEBUG:
		log_debug("front", "%s", text);
		break;
	}
}

/* Whether the guest has a kernel's network stack. */
static bool is_tap(const struct front_options *options)
{
	return options->mode == FRONT_RUN || options->mode == FRONT_NETNS;
}

static struct splitvif_config make_config(const struct front_options *options, const char *name)
{
	return (struct splitvif_config){
		.name = name,
		.bridge = options->bridge,
		.mac = { options->mac[0], options->mac[1], options->mac[2], options->mac[3],
			 options->mac[4], options->mac[5] },
		.mtu = options->mtu,
		.ip = options->ip,
		.queues = options->queues,
		.single_channel = options->single_channel,
		.takes = is_tap(options) && !options->no_offload ? OFFLOADS_ALL : 0,
		.reads_whole = is_tap(options),
		.message = tell,
	};
}

static struct splitvif *open_vif(const struct front_options *options, const char *name)
{
	const struct splitvif_config config = make_config(options, name);
	struct splitvif *vif;
	char error[300];

	vif = splitvif_open(&config, error, sizeof(error));
	if (!vif)
		log_complain("%s", error);
	return vif;
}

/* The vif's facts and the options' wishes, for eth0. */
static struct guest_setup make_setup(const struct front_options *options,
				     const struct splitvif_status *status)
{
	struct guest_setup setup = guest_facts_setup(status, "eth0");

	setup.queues = (uint8_t)options->queues;
	if (options->gateway)
		setup.gateway = options->gateway;
	if (options->prefix)
		setup.prefix = options->prefix;
	return setup;
}

static int block_signals(void)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static const char *engine_name_wanted(const struct front_options *options)
{
	const char *name = options->engine ? options->engine : getenv("SPLITVIF_ENGINE");

	return name && *name ? name : "auto";
}

static void vifs_changed(void *arg)
{
	guest_vifs_update(arg);
}

/* The VM's further vifs come and go beside its first one. */
static struct guest_vifs *follow_vifs(const struct front_options *options, struct guest_tap *tap,
				      enum engine_kind engine)
{
	struct guest_vifs_config config = { .guest = tap->guest,
					    .first = tap->vif,
					    .engine = engine,
					    .offload = !options->no_offload };
	struct splitvif_status status;
	struct guest_vifs *vifs;

	splitvif_status(tap->vif, &status);
	config.vif = (struct splitvif_config){ .queues = options->queues,
					       .single_channel = options->single_channel,
					       .takes = make_config(options, NULL).takes,
					       .reads_whole = true,
					       .message = tell };
	snprintf(config.name, sizeof(config.name), "%s", status.name);
	vifs = guest_vifs_create(&config);
	tap->vifs_changed = vifs ? vifs_changed : NULL;
	tap->arg = vifs;
	if (!vifs)
		log_warning("front", "cannot follow further vifs: out of memory or threads");
	return vifs;
}

static int move_frames(const struct front_options *options, struct splitvif *vif,
		       struct guest *guest, int signal_fd)
{
	const char *name = engine_name_wanted(options);
	enum engine_kind kind;
	struct engine *engine;
	struct guest_vifs *vifs;
	struct guest_tap tap;
	char note[128];
	int status, err;

	err = engine_kind_parse(name, &kind);
	if (!err)
		err = engine_create(&engine, kind, note, sizeof(note));
	else
		snprintf(note, sizeof(note), "no such engine");
	if (err) {
		log_complain("cannot make engine %.40s: %s; use --engine auto", name, note);
		return exit_status(options, -err);
	}
	log_debug("front", "%s", note);
	err = guest_tap_init(&tap, vif, guest, engine, signal_fd, !options->no_offload);
	if (!err)
		err = guest->pid > 0 && options->mode == FRONT_RUN ? guest_start(guest) : 0;
	if (err) {
		log_complain("cannot start the VM: %s; see 'splitvif doctor'", strerror(-err));
		engine_destroy(engine);
		return exit_status(options, -err);
	}
	vifs = follow_vifs(options, &tap, kind);
	status = guest_tap_run(&tap);
	if (vifs)
		guest_vifs_destroy(vifs);
	guest_tap_report(&tap);
	guest_tap_fini(&tap);
	engine_destroy(engine);
	return status;
}

/* The VM's namespaces come first, while this process has no memory and no
 * connection that a child could inherit. */
static int serve_guest(const struct front_options *options, const char *name, struct guest *guest,
		       int signal_fd)
{
	struct splitvif *vif = open_vif(options, name);
	struct splitvif_status status;
	struct guest_setup setup;
	char error[GUEST_ERROR_BYTES];
	int result;

	if (!vif)
		return exit_status(options, errno);
	splitvif_status(vif, &status);
	setup = make_setup(options, &status);
	result = guest_configure(guest, &setup, error);
	if (result) {
		log_complain("%s", error);
		result = exit_status(options, -result);
	} else {
		if (options->mode == FRONT_NETNS)
			guest->pid = 0; /* the helper is done; init it was not */
		guest_facts_say(&status, "eth0", setup.prefix);
		result = move_frames(options, vif, guest, signal_fd);
	}
	splitvif_close(vif);
	return result;
}

/* Whether there is a daemon at all, before anything is made for its VM. */
static int find_rundir(const struct front_options *options, char *dir)
{
	char path[RUNDIR_PATH_BYTES];
	int err = rundir_path(path, sizeof(path), "domain.sock");

	if (err)
		log_complain("cannot reach the daemon: %.40s...: socket path longer than %d bytes; "
			     "set SPLITVIF_RUNDIR to a shorter directory",
			     path, RUNDIR_PATH_BYTES - 1);
	if (err)
		return exit_status(options, ENAMETOOLONG);
	rundir_path(path, sizeof(path), NULL);
	if (realpath(path, dir))
		return 0;
	log_complain("daemon not running (no directory %s); start it with 'splitvifd -f' or set "
		     "SPLITVIF_RUNDIR",
		     path);
	return exit_status(options, ENOENT);
}

static int run_guest(const struct front_options *options, const char *name)
{
	static char dir[PATH_MAX];
	struct guest guest = GUEST_NONE;
	char error[GUEST_ERROR_BYTES];
	int signal_fd, err, result = find_rundir(options, dir);

	if (result)
		return result;
	err = options->mode == FRONT_RUN ? guest_spawn(&guest, name, dir, options->command, error)
					 : guest_enter(&guest, options->netns, error);
	if (err) {
		log_complain("%s", error);
		return options->mode == FRONT_NETNS && err == -ENOENT ? EXIT_NOT_THERE
								      : exit_status(options, -err);
	}
	prctl(PR_SET_DUMPABLE, 0); /* maps are written: from now on nobody looks in */
	signal_fd = block_signals();
	result = serve_guest(options, name, &guest, signal_fd);
	guest_end(&guest);
	close(signal_fd);
	return result;
}

static const char *builtin_name(enum front_mode mode)
{
	switch (mode) {
	case FRONT_GEN:
		return "gen";
	case FRONT_SINK:
		return "sink";
	case FRONT_STREAM:
		return "stream";
	default:
		return "echo";
	}
}

static int run_builtin(const struct front_options *options, const char *name)
{
	int signal_fd = block_signals(), result = EXIT_FAILED;
	struct splitvif_status status;
	struct splitvif *vif;

	prctl(PR_SET_DUMPABLE, 0);
	vif = open_vif(options, name);
	if (!vif)
		return exit_status(options, errno);
	splitvif_status(vif, &status);
	guest_facts_say(&status, builtin_name(options->mode), status.prefix);
	if (options->mode == FRONT_GEN)
		result = guest_gen_run(vif, signal_fd, options);
	else if (options->mode == FRONT_SINK)
		result = guest_sink_run(vif, signal_fd, options);
	else if (options->mode == FRONT_STREAM)
		result = guest_stream_run(vif, signal_fd, options);
	else
		result = guest_echo_run(vif, signal_fd, options);
	fflush(stdout);
	splitvif_close(vif);
	close(signal_fd);
	return result;
}

int main(int argc, char **argv)
{
	struct front_options options;
	char error[256], name[32];

	log_init("splitvif-front");
	if (front_options_parse(&options, argc, argv, error, sizeof(error))) {
		log_complain("%s", error);
		return EXIT_USAGE;
	}
	if (options.mode == FRONT_HELP)
		return fputs(front_options_usage, stdout) < 0;
	if (options.mode == FRONT_VERSION)
		return puts("splitvif-front " SPLITVIF_VERSION) < 0;
	if (options.verbose)
		log_set_levels("debug");
	if (options.rundir)
		setenv("SPLITVIF_RUNDIR", options.rundir, 1);
	snprintf(name, sizeof(name), "vm%d", (int)getpid());
	if (!options.name)
		options.name = name;
	return is_tap(&options) ? run_guest(&options, options.name)
				: run_builtin(&options, options.name);
}
