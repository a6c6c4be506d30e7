#include "backend/reload.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "backend/config.h"
#include "io/log.h"
#include "io/state.h"

enum { AGAIN_MS = 20 };

struct reload {
	struct reload_config config;
	struct attachments configured; /* as the file last had them */
	struct attachments due;	       /* to be attached once their predecessors are gone */
	struct event *again;
};

static struct device *find_device(const struct reload *reload, const struct domain_info *domain,
				  uint32_t devid)
{
	char name[32];

	snprintf(name, sizeof(name), "vif%u.%u", domain->domid, devid);
	return devices_find(reload->config.toolstack->devices, name);
}

/* True when nothing is left to do for it. */
static bool attach_due(struct reload *reload, const struct attachment *vif)
{
	const struct domain_info *domain = domains_named(reload->config.domains, vif->domain);
	char error[VIFSPEC_ERROR_BYTES];
	struct vifspec spec = vif->spec;

	if (!domain) /* its introduction does it */
		return true;
	if (find_device(reload, domain, spec.devid))
		return false;
	if (toolstack_attach(reload->config.toolstack, domain, &spec, error))
		log_warning("config", "%s", error);
	return true;
}

static void on_again(evutil_socket_t fd, short events, void *arg)
{
	struct timeval pause = { .tv_usec = AGAIN_MS * 1000 };
	struct reload *reload = arg;

	(void)fd;
	(void)events;
	for (unsigned int i = reload->due.nr; i--;) {
		struct attachment vif = reload->due.list[i];

		if (attach_due(reload, &vif))
			attachments_remove(&reload->due, vif.domain, vif.spec.devid);
	}
	if (reload->due.nr)
		event_add(reload->again, &pause);
}

/* From the name, and from the domain if it is there. */
static void detach(struct reload *reload, const struct attachment *vif)
{
	struct toolstack *toolstack = reload->config.toolstack;
	const struct domain_info *domain = domains_named(reload->config.domains, vif->domain);
	struct device *device = domain ? find_device(reload, domain, vif->spec.devid) : NULL;

	attachments_remove(&toolstack->attachments, vif->domain, vif->spec.devid);
	attachments_remove(&reload->due, vif->domain, vif->spec.devid);
	if (device && !device->leaving)
		toolstack_detach(toolstack, domain, device);
}

static bool is_same(const struct attachments *attachments, const struct attachment *vif)
{
	const struct attachment *other =
		attachments_find(attachments, vif->domain, vif->spec.devid);

	return other && !memcmp(&other->spec, &vif->spec, sizeof(vif->spec));
}

static void change_vifs(struct reload *reload, const struct attachments *fresh)
{
	unsigned int changed = 0;

	for (unsigned int i = 0; i < reload->configured.nr; i++) {
		const struct attachment *vif = &reload->configured.list[i];

		if (attachments_find(fresh, vif->domain, vif->spec.devid))
			continue;
		detach(reload, vif);
		changed++;
	}
	for (unsigned int i = 0; i < fresh->nr; i++) {
		const struct attachment *vif = &fresh->list[i];

		if (is_same(&reload->configured, vif))
			continue;
		detach(reload, vif);
		if (attachments_put(&reload->config.toolstack->attachments, vif) ||
		    attachments_put(&reload->due, vif))
			log_warning("config", "%s.%u: no room for it", vif->domain,
				    vif->spec.devid);
		changed++;
	}
	log_info("config", "%s read again: %u vifs changed, %u as they were",
		 reload->config.options->config, changed, fresh->nr);
}

static void add_bridge(struct reload *reload, const struct network_config *config)
{
	struct networks *networks = reload->config.networks;
	char error[256] = "out of memory", name[NETWORK_UPLINK_BYTES];
	const char *uplink = network_uplink_name(config, name);

	if (networks->nr == NETWORKS_MAX)
		log_warning("config", "cannot add bridge %s: %d are the most", config->name,
			    NETWORKS_MAX);
	else if (network_open(&networks->list[networks->nr], config, reload->config.workers,
			      reload->config.privileged, error, sizeof(error)))
		log_warning("config", "cannot add bridge %s: %s", config->name, error);
	else
		log_info("bridge", "%s up uplink=%s mtu=%u",
			 networks->list[networks->nr++].config.name, uplink ? uplink : "none",
			 config->mtu);
}

/* Vifs point to those that there are. */
static void change_bridges(struct reload *reload, const struct options *fresh)
{
	for (unsigned int i = 0; i < fresh->nr_networks; i++) {
		const struct network_config *config = &fresh->networks[i];
		const struct network *network = network_find(reload->config.networks, config->name);

		if (!network)
			add_bridge(reload, config);
		else if (network->config.mtu != config->mtu || network->config.ip != config->ip ||
			 network->config.macs != config->macs ||
			 strcmp(network->config.tap, config->tap) ||
			 strcmp(network->config.stream, config->stream))
			log_notice("config", "bridge %s changes at the next start only",
				   config->name);
	}
}

void reload_run(struct reload *reload)
{
	const char *path = reload->config.options->config;
	struct options *fresh = malloc(sizeof(*fresh));
	unsigned int errors = fresh ? options_reload(fresh, path) : 1;

	if (errors) {
		log_error("config", "%s is not taken over: %u errors; all stays as it is", path,
			  errors);
		if (fresh)
			options_fini(fresh);
		free(fresh);
		return;
	}
	change_bridges(reload, fresh);
	change_vifs(reload, &fresh->vifs);
	attachments_fini(&reload->configured);
	reload->configured = fresh->vifs;
	free(fresh);
	on_again(-1, 0, reload);
}

/* The file stands above what was attached by command. */
static int put_configured(struct reload *reload)
{
	const struct attachments *vifs = &reload->config.options->vifs;
	int err = 0;

	for (unsigned int i = 0; !err && i < vifs->nr; i++) {
		err = attachments_put(&reload->configured, &vifs->list[i]);
		if (!err)
			err = attachments_put(&reload->config.toolstack->attachments,
					      &vifs->list[i]);
	}
	return err;
}

struct reload *reload_create(const struct reload_config *config)
{
	struct reload *reload = calloc(1, sizeof(*reload));

	if (!reload)
		return NULL;
	reload->config = *config;
	reload->again = event_new(config->base, -1, 0, on_again, reload);
	if (reload->again && (config->takes_over || !put_configured(reload)))
		return reload;
	reload_destroy(reload);
	return NULL;
}

void reload_destroy(struct reload *reload)
{
	if (reload->again)
		event_free(reload->again);
	attachments_fini(&reload->configured);
	attachments_fini(&reload->due);
	free(reload);
}

void reload_carry(struct reload *reload, struct state *state)
{
	if (state->restores)
		attachments_fini(&reload->configured);
	attachments_carry(&reload->configured, state);
	attachments_carry(&reload->due, state);
}

void reload_adopt(struct reload *reload)
{
	const struct attachments *vifs = &reload->config.options->vifs;
	struct attachments fresh = { 0 };
	int err = 0;

	for (unsigned int i = 0; !err && i < vifs->nr; i++)
		err = attachments_put(&fresh, &vifs->list[i]);
	if (err) {
		log_error("config", "out of memory; the vifs stay as they were");
		attachments_fini(&fresh);
		return;
	}
	change_bridges(reload, reload->config.options);
	if (fresh.nr || reload->configured.nr)
		change_vifs(reload, &fresh);
	attachments_fini(&reload->configured);
	reload->configured = fresh;
	on_again(-1, 0, reload);
}
