#include "backend/daemon.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "backend/config.h"
#include "backend/daemon_parts.h"
#include "io/log.h"
#include "io/rundir.h"

enum { EXIT_PERMISSION = 6 };

static struct foreign_domain *find_domain(void *arg, uint16_t domid, uint32_t devid)
{
	return domains_find(((struct daemon *)arg)->domains, domid, devid);
}

static void domain_introduced(void *arg, const struct domain_info *domain)
{
	toolstack_attach_all(&((struct daemon *)arg)->toolstack, domain);
}

static bool domain_is_here(void *arg, const char *name)
{
	const struct domain_info *domain = domains_named(((struct daemon *)arg)->domains, name);

	return domain && !strcmp(domain->name, name); /* not by its number */
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
	store_client_notify(daemon->store, daemon_note_store_event, daemon);
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
					  .later = daemon_call_later,
					  .arg = daemon };
	struct domains_config domains = { .base = daemon->base,
					  .store_server = daemon->store_server,
					  .store = daemon->store,
					  .store_sockets = daemon->store_sockets,
					  .evtchns = daemon->evtchns,
					  .quota_pages = daemon->options->quota_pages,
					  .may_connect = daemon_may_connect,
					  .vif_create = vif_create,
					  .introduced = domain_introduced,
					  .vif_join = vif_join,
					  .vif_gone = vif_gone,
					  .gone = domain_gone,
					  .arg = daemon };
	struct arrivals_config arrivals = { .base = daemon->base,
					    .toolstack = &daemon->toolstack,
					    .is_here = domain_is_here,
					    .arg = daemon };

	if (daemon->options->scripts.dir[0]) {
		daemon->hotplug = hotplug_create(daemon->base, daemon->privileged,
						 daemon_script_done, daemon);
		devices.hotplug = daemon->hotplug;
		daemon->toolstack.scripts = daemon->options->scripts.dir;
		if (!daemon->hotplug)
			return -ENOMEM;
	}
	daemon->arrivals = arrivals_create(&arrivals);
	daemon->domains = domains_create(&domains);
	daemon->devices = devices_create(&devices);
	if (!daemon->domains || !daemon->devices || !daemon->arrivals)
		return -ENOMEM;
	daemon->toolstack.store = daemon->store;
	daemon->toolstack.networks = &daemon->networks;
	daemon->toolstack.devices = daemon->devices;
	daemon->reporter = (struct reporter){ &daemon->networks,  daemon->devices,
					      daemon->domains,	  &daemon->workers,
					      &daemon->toolstack, daemon->arrivals };
	daemon->control = control_create(daemon->base, &daemon->reporter);
	return daemon->control ? vifs_load(daemon) : -ENOMEM;
}

static void daemon_close(struct daemon *daemon)
{
	service_stop(&daemon->service);
	daemon_close_sockets(daemon);
	if (daemon->hotplug)
		hotplug_destroy(daemon->hotplug);
	if (daemon->control)
		control_destroy(daemon->control);
	if (daemon->domains)
		domains_destroy(daemon->domains);
	if (daemon->arrivals)
		arrivals_destroy(daemon->arrivals);
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
	daemon_close_events(daemon);
}

/* The parts that are the same for whoever begins and whoever goes on. */
static int parts_open(struct daemon *daemon)
{
	int err = daemon_open_events(daemon);

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

/* Whoever fails to go on leaves everything to the one that still serves. The guests
 * are here at once: nothing is waited for. */
static void take_over(struct daemon *daemon, int err)
{
	privileged_end_start(daemon->privileged);
	if (!err)
		err = daemon_take_over(daemon);
	if (err)
		_exit(exit_status(err));
	for (unsigned int i = 0; i < LISTENERS; i++)
		daemon_keep_socket(daemon, i);
	event_active(daemon->revive, EV_TIMEOUT, 0); /* what cannot be taken over */
}

static int daemon_open(struct daemon *daemon)
{
	int err = parts_open(daemon);

	if (daemon->options->takeover) {
		take_over(daemon, err);
		err = 0;
	} else {
		if (!err)
			err = daemon_open_sockets(daemon);
		privileged_end_start(daemon->privileged);
	}
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
