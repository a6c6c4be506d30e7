#include "backend/daemon.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "backend/config.h"
#include "backend/daemon_parts.h"
#include "backend/manager.h"
#include "io/log.h"
#include "io/rundir.h"

enum { REVIVE_S = 1, PART_S = 10, TAKEOVER_ASK_S = 2, EXIT_PERMISSION = 6 };

static bool uid_is_operator(uid_t uid)
{
	return uid == 0 || uid == geteuid();
}

static bool uid_may_connect(void *arg, uid_t uid)
{
	const struct options *options = ((struct daemon *)arg)->options;

	for (unsigned int i = 0; i < options->nr_uids; i++)
		if (options->uids[i] == uid)
			return true;
	return uid_is_operator(uid);
}

static void accept_domain(void *arg, int fd, uid_t uid, pid_t pid)
{
	struct daemon *daemon = arg;

	domains_accept(daemon->domains, fd, uid, pid);
}

static void accept_store(void *arg, int fd, uid_t uid, pid_t pid)
{
	struct daemon *daemon = arg;

	(void)pid;
	if (uid_is_operator(uid))
		store_sockets_serve(daemon->store_sockets, fd, 0);
	else
		close(fd);
}

static void accept_control(void *arg, int fd, uid_t uid, pid_t pid)
{
	struct daemon *daemon = arg;

	(void)pid;
	if (uid_is_operator(uid))
		control_accept(daemon->control, fd);
	else
		close(fd);
}

static void asked_to_give_way(evutil_socket_t fd, short events, void *arg)
{
	if (events & EV_READ)
		daemon_give_way(arg, fd);
	close(fd);
}

/* Who is heard in a moment, or never. */
static void accept_takeover(void *arg, int fd, uid_t uid, pid_t pid)
{
	const struct timeval longest = { .tv_sec = TAKEOVER_ASK_S };
	struct daemon *daemon = arg;

	(void)pid;
	if (!uid_is_operator(uid) ||
	    event_base_once(daemon->base, fd, EV_READ, asked_to_give_way, daemon, &longest))
		close(fd);
}

static struct foreign_domain *find_domain(void *arg, uint16_t domid, uint32_t devid)
{
	return domains_find(((struct daemon *)arg)->domains, domid, devid);
}

static void domain_introduced(void *arg, const struct domain_info *domain)
{
	toolstack_attach_all(&((struct daemon *)arg)->toolstack, domain);
}

static int vif_create(void *arg, const struct domain_info *domain,
		      const struct hypercall_vif_create *wanted,
		      struct hypercall_vif_created *created)
{
	return toolstack_vif_create(&((struct daemon *)arg)->toolstack, domain, wanted, created);
}

static int vif_join(void *arg, const struct domain_info *domain, uint32_t devid,
		    struct hypercall_vif_created *created)
{
	return toolstack_vif_join(&((struct daemon *)arg)->toolstack, domain, devid, created);
}

static void vif_gone(void *arg, uint16_t domid, uint32_t devid)
{
	devices_forget_vif(((struct daemon *)arg)->devices, domid, devid);
}

static void domain_gone(void *arg, uint16_t domid)
{
	devices_forget_domain(((struct daemon *)arg)->devices, domid);
}

/* From within whatever store call made the event: only noted. */
static void store_event_noted(void *arg)
{
	event_active(((struct daemon *)arg)->store_event, EV_READ, 0);
}

static void on_store_event(evutil_socket_t fd, short events, void *arg)
{
	(void)fd;
	(void)events;
	devices_handle_events(((struct daemon *)arg)->devices);
}

static void revive_uplinks(struct daemon *daemon)
{
	struct timeval again = { .tv_sec = REVIVE_S };

	for (unsigned int i = 0; i < daemon->networks.nr; i++) {
		struct network *network = &daemon->networks.list[i];

		if (!network_lacks_uplink(network))
			continue;
		network_revive(network, daemon->privileged);
		if (network_lacks_uplink(network))
			event_add(daemon->revive, &again);
	}
}

static void on_revive(evutil_socket_t fd, short events, void *arg)
{
	(void)fd;
	(void)events;
	revive_uplinks(arg);
}

static void on_alarm(evutil_socket_t fd, short events, void *arg)
{
	struct daemon *daemon = arg;
	uint64_t count;

	(void)events;
	if (read(fd, &count, sizeof(count)) < 0)
		return;
	devices_handle_alarm(daemon->devices);
	networks_handle_alarm(&daemon->networks);
	revive_uplinks(daemon);
}

static void listeners_close(struct daemon *daemon)
{
	for (unsigned int i = LISTENERS; i--;)
		if (daemon->listeners[i])
			listener_close(daemon->listeners[i]);
	memset(daemon->listeners, 0, sizeof(daemon->listeners));
}

/* Scripts that are to run at the end run first, on a store that still serves
 * them; a second signal does not wait. */
static void on_signal(evutil_socket_t number, short events, void *arg)
{
	struct timeval longest = { .tv_sec = PART_S };
	struct daemon *daemon = arg;

	(void)events;
	log_info("daemon", "stopping on signal %d", (int)number);
	service_tell_end(&daemon->service);
	if (daemon->stopping || !devices_part(daemon->devices)) {
		event_base_loopbreak(daemon->base);
		return;
	}
	daemon->stopping = true;
	if (daemon->listeners[LISTEN_DOMAIN])
		listener_close(daemon->listeners[LISTEN_DOMAIN]);
	daemon->listeners[LISTEN_DOMAIN] = NULL;
	event_base_loopexit(daemon->base, &longest);
}

/* Without a file to be read it is the end of its terminal. */
static void on_hangup(evutil_socket_t number, short events, void *arg)
{
	struct daemon *daemon = arg;

	if (daemon->options->config[0])
		reload_run(daemon->reload);
	else
		on_signal(number, events, arg);
}

static void script_done(void *arg, const struct script_request *request,
			const struct script_result *result)
{
	struct daemon *daemon = arg;

	devices_script_done(daemon->devices, request, result);
	if (daemon->stopping && hotplug_is_idle(daemon->hotplug))
		event_base_loopbreak(daemon->base);
}

static void on_later(evutil_socket_t fd, short events, void *arg)
{
	(void)fd;
	(void)events;
	devices_handle_timer(((struct daemon *)arg)->devices);
}

static void call_later(void *arg, unsigned int ms)
{
	struct timeval delay = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 + 1000 };
	struct daemon *daemon = arg;

	if (!event_pending(daemon->later, EV_TIMEOUT, NULL))
		event_add(daemon->later, &delay);
}

static int events_open(struct daemon *daemon)
{
	daemon->base = event_base_new();
	daemon->alarm_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (!daemon->base || daemon->alarm_fd < 0)
		return -ENOMEM;
	daemon->alarm =
		event_new(daemon->base, daemon->alarm_fd, EV_READ | EV_PERSIST, on_alarm, daemon);
	daemon->store_event = event_new(daemon->base, -1, 0, on_store_event, daemon);
	daemon->revive = event_new(daemon->base, -1, 0, on_revive, daemon);
	daemon->later = event_new(daemon->base, -1, 0, on_later, daemon);
	daemon->term = evsignal_new(daemon->base, SIGTERM, on_signal, daemon);
	daemon->interrupt = evsignal_new(daemon->base, SIGINT, on_signal, daemon);
	daemon->hangup = evsignal_new(daemon->base, SIGHUP, on_hangup, daemon);
	if (!daemon->alarm || !daemon->store_event || !daemon->revive || !daemon->term ||
	    !daemon->later || !daemon->interrupt || !daemon->hangup)
		return -ENOMEM;
	event_add(daemon->alarm, NULL);
	event_add(daemon->term, NULL);
	event_add(daemon->interrupt, NULL);
	event_add(daemon->hangup, NULL);
	return 0;
}

static void events_close(struct daemon *daemon)
{
	struct event *events[] = { daemon->alarm, daemon->store_event, daemon->revive,
				   daemon->later, daemon->term,	       daemon->interrupt,
				   daemon->hangup };

	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		if (events[i])
			event_free(events[i]);
	if (daemon->base)
		event_base_free(daemon->base);
	if (daemon->alarm_fd >= 0)
		close(daemon->alarm_fd);
}

/* Of the default bridge's uplink only: where TAPs may not be made, VMs still
 * reach one another. */
static bool may_go_without(const struct daemon *daemon, int err)
{
	return daemon->options->networks_by_default &&
	       (err == -EPERM || err == -EACCES || err == -ENOENT);
}

static int networks_open(struct daemon *daemon)
{
	const struct options *options = daemon->options;
	char error[256] = "", name[NETWORK_UPLINK_BYTES];
	const char *uplink;

	for (unsigned int i = 0; i < options->nr_networks; i++) {
		struct network_config config = options->networks[i];
		struct network *network = &daemon->networks.list[i];
		int err = network_open(network, &config, &daemon->workers, daemon->privileged,
				       error, sizeof(error));

		if (err && may_go_without(daemon, err)) {
			log_notice("bridge", "%s goes without an uplink: %s", config.name, error);
			config.tap[0] = '\0';
			err = network_open(network, &config, &daemon->workers, daemon->privileged,
					   error, sizeof(error));
		}
		if (err) {
			log_complain("%s", error);
			return err;
		}
		daemon->networks.nr++;
		uplink = network_uplink_name(&config, name);
		log_info("bridge", "%s up uplink=%s mtu=%u", config.name, uplink ? uplink : "none",
			 config.mtu);
		if (network_lacks_uplink(network))
			event_active(daemon->revive, EV_TIMEOUT, 0);
	}
	return 0;
}

static int data_plane_open(struct daemon *daemon)
{
	char note[160];
	const struct options *options = daemon->options;
	int err = workers_create(&daemon->workers, options->workers, options->engine,
				 daemon->alarm_fd, note, sizeof(note));

	if (err)
		log_complain("cannot start the data plane: %s", note);
	else
		log_info("engine", "%s workers=%u", note, options->workers);
	return err;
}

static int store_open(struct daemon *daemon)
{

	daemon->store_server = store_server_create();
	if (!daemon->store_server)
		return -ENOMEM;
	daemon->store = store_client_local(daemon->store_server, 0);
	daemon->store_sockets = store_sockets_create(daemon->base, daemon->store_server);
	daemon->evtchns = evtchn_table_create();
	if (!daemon->store || !daemon->store_sockets || !daemon->evtchns)
		return -ENOMEM;
	store_client_notify(daemon->store, store_event_noted, daemon);
	store_printf(daemon->store, STORE_NO_TRANSACTION, "/local/domain/0/name", "Domain-0");
	store_printf(daemon->store, STORE_NO_TRANSACTION, "/local/domain/0/domid", "0");
	return evtchn_domain_create(daemon->evtchns, 0);
}

/* What was attached by command before this daemon came, and by the file. */
static int vifs_load(struct daemon *daemon)
{
	struct reload_config config = { .base = daemon->base,
					.options = daemon->options,
					.toolstack = &daemon->toolstack,
					.domains = daemon->domains,
					.networks = &daemon->networks,
					.workers = &daemon->workers,
					.privileged = daemon->privileged,
					.takes_over = daemon->options->takeover };
	struct options *none = calloc(1, sizeof(*none));
	char path[RUNDIR_PATH_BYTES];

	if (none && !config.takes_over && !attachments_path(path, sizeof(path)) &&
	    !access(path, F_OK) &&
	    config_load(path, CONFIG_KEPT, none, &daemon->toolstack.attachments))
		log_warning("toolstack", "%s: not all vifs in it come back", path);
	free(none);
	daemon->reload = reload_create(&config);
	return daemon->reload ? 0 : -ENOMEM;
}

static int guests_open(struct daemon *daemon)
{
	struct devices_config devices = { .store = daemon->store,
					  .networks = &daemon->networks,
					  .workers = &daemon->workers,
					  .privileged = daemon->privileged,
					  .backlog_bytes = daemon->options->backlog_bytes,
					  .max_queues = daemon->options->queues,
					  .find_domain = find_domain,
					  .later = call_later,
					  .arg = daemon };
	struct domains_config domains = { .base = daemon->base,
					  .store_server = daemon->store_server,
					  .store = daemon->store,
					  .store_sockets = daemon->store_sockets,
					  .evtchns = daemon->evtchns,
					  .quota_pages = daemon->options->quota_pages,
					  .may_connect = uid_may_connect,
					  .vif_create = vif_create,
					  .introduced = domain_introduced,
					  .vif_join = vif_join,
					  .vif_gone = vif_gone,
					  .gone = domain_gone,
					  .arg = daemon };

	if (daemon->options->scripts.dir[0]) {
		daemon->hotplug =
			hotplug_create(daemon->base, daemon->privileged, script_done, daemon);
		devices.hotplug = daemon->hotplug;
		daemon->toolstack.scripts = daemon->options->scripts.dir;
		if (!daemon->hotplug)
			return -ENOMEM;
	}
	daemon->domains = domains_create(&domains);
	daemon->devices = devices_create(&devices);
	if (!daemon->domains || !daemon->devices)
		return -ENOMEM;
	daemon->toolstack.store = daemon->store;
	daemon->toolstack.networks = &daemon->networks;
	daemon->toolstack.devices = daemon->devices;
	daemon->reporter = (struct reporter){ &daemon->networks, daemon->devices, daemon->domains,
					      &daemon->workers, &daemon->toolstack };
	daemon->control = control_create(daemon->base, &daemon->reporter);
	return daemon->control ? vifs_load(daemon) : -ENOMEM;
}

const struct daemon_socket *daemon_socket(unsigned int listener)
{
	static const struct daemon_socket sockets[LISTENERS] = {
		[LISTEN_STORE] = { "store.sock", SOCK_STREAM, 0660, accept_store },
		[LISTEN_CONTROL] = { "ctl.sock", SOCK_STREAM, 0660, accept_control },
		[LISTEN_DOMAIN] = { "domain.sock", SOCK_SEQPACKET, 0660, accept_domain },
		[LISTEN_TAKEOVER] = { "takeover.sock", SOCK_SEQPACKET, 0600, accept_takeover },
	};

	return &sockets[listener];
}

/* One that a service manager kept for us, or -1; its path. */
static int kept_socket(struct daemon *daemon, char path[RUNDIR_PATH_BYTES], const char *file,
		       int type)
{
	rundir_path(path, RUNDIR_PATH_BYTES, file);
	return manager_take_socket(daemon->privileged->manager, path, type);
}

/* Nobody is to be asked for what he has when there is no daemon. */
static void keep_socket(struct daemon *daemon, unsigned int listener)
{
	if (daemon->privileged->manager->there && listener != LISTEN_TAKEOVER)
		privileged_keep(daemon->privileged, daemon_socket(listener)->file,
				listener_share(daemon->listeners[listener]));
}

/* Last: whoever finds the sockets finds everything behind them. */
static int listeners_open(struct daemon *daemon)
{
	char path[RUNDIR_PATH_BYTES];

	for (unsigned int i = 0; i < LISTENERS; i++) {
		const struct daemon_socket *socket = daemon_socket(i);
		bool open_to_all = i == LISTEN_DOMAIN && daemon->options->nr_uids;
		int kept = kept_socket(daemon, path, socket->file, socket->type);
		int err = listener_open(&daemon->listeners[i], daemon->base, kept, socket->file,
					socket->type, open_to_all ? 0666 : socket->mode,
					socket->accepted, daemon);

		if (!err) {
			keep_socket(daemon, i);
			continue;
		}
		log_complain("cannot listen: %s: %s; name another directory with --rundir", path,
			     strerror(-err));
		return err;
	}
	return 0;
}

static void daemon_close(struct daemon *daemon)
{
	service_stop(&daemon->service);
	listeners_close(daemon);
	if (daemon->hotplug)
		hotplug_destroy(daemon->hotplug);
	if (daemon->control)
		control_destroy(daemon->control);
	if (daemon->domains)
		domains_destroy(daemon->domains);
	if (daemon->reload)
		reload_destroy(daemon->reload);
	attachments_fini(&daemon->toolstack.attachments);
	if (daemon->devices)
		devices_destroy(daemon->devices);
	while (daemon->networks.nr)
		network_close(&daemon->networks.list[--daemon->networks.nr]);
	if (daemon->store_sockets)
		store_sockets_destroy(daemon->store_sockets);
	if (daemon->evtchns)
		evtchn_table_destroy(daemon->evtchns);
	if (daemon->store)
		store_client_close(daemon->store);
	if (daemon->store_server)
		store_server_destroy(daemon->store_server);
	workers_destroy(&daemon->workers);
	events_close(daemon);
}

/* The parts that are the same for whoever begins and whoever goes on. */
static int parts_open(struct daemon *daemon)
{
	int err = events_open(daemon);

	if (!err)
		err = data_plane_open(daemon);
	if (!err && !daemon->options->takeover)
		err = networks_open(daemon);
	if (!err)
		err = store_open(daemon);
	if (!err)
		err = guests_open(daemon);
	if (err == -ENOMEM)
		log_complain("out of memory");
	return err;
}

static void tell_ready(int fd)
{
	if (fd < 0)
		return;
	if (write(fd, "1\n", 2) < 0)
		log_warning("daemon", "ready-fd: %s", strerror(errno));
	close(fd);
}

static int exit_status(int err)
{
	if (err == -EPERM || err == -EACCES)
		return EXIT_PERMISSION;
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* Whoever fails to go on leaves everything to the one that still serves. */
static void take_over(struct daemon *daemon, int err)
{
	if (!err)
		err = daemon_take_over(daemon);
	if (err)
		_exit(exit_status(err));
	for (unsigned int i = 0; i < LISTENERS; i++)
		keep_socket(daemon, i);
	event_active(daemon->revive, EV_TIMEOUT, 0); /* what cannot be taken over */
}

static int daemon_open(struct daemon *daemon)
{
	int err = parts_open(daemon);

	if (daemon->options->takeover) {
		take_over(daemon, err);
		err = 0;
	} else if (!err) {
		err = listeners_open(daemon);
	}
	privileged_end_start(daemon->privileged);
	daemon->service = (struct service){ .privileged = daemon->privileged,
					    .workers = &daemon->workers,
					    .devices = daemon->devices };
	return err ? err : service_start(&daemon->service, daemon->base);
}

int daemon_run(const struct options *options, struct privileged *privileged)
{
	struct daemon daemon = { .options = options, .privileged = privileged, .alarm_fd = -1 };
	int err;

	privileged_drop();
	err = daemon_open(&daemon);
	if (!err) {
		tell_ready(options->ready_fd);
		log_info("daemon", "ready");
		event_base_dispatch(daemon.base);
	}
	daemon_close(&daemon);
	return exit_status(err);
}
