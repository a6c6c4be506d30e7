#include "frontend/front_move.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frontend/front_entry.h"
#include "frontend/front_sources.h"
#include "frontend/front_voice.h"

static void place_close(struct front_place *place)
{
	front_device_close(&place->device);
	front_domain_close(&place->domain);
}

static struct front_place place_of(const struct front_connect *c)
{
	return (struct front_place){ c->domain, c->device, c->status };
}

static void place_take(struct front_connect *c, const struct front_place *place)
{
	c->domain = place->domain;
	c->device = place->device;
	c->status = place->status;
}

/* Its operator may have named an address for the VM, which has one. */
static int check_mac(struct front_connect *c, const uint8_t mac[6])
{
	if (!memcmp(c->status.mac, mac, sizeof(c->status.mac)))
		return 0;
	return front_voice_fail(c, -EADDRNOTAVAIL,
				"it would get another MAC there; see that daemon's configuration");
}

/* All vifs would have to move at one moment. */
static int check_vifs(struct front_connect *c)
{
	uint32_t devids[2];
	int n = front_device_list_vifs(&c->device, c->domain.domid, devids, 2);

	if (n > 1)
		return front_voice_fail(c, -EOPNOTSUPP,
					"it has several vifs; detach all but its first");
	return n < 0 ? n : 0;
}

/* With c->domain and c->device empty. */
static int enter(struct front_connect *c, const struct front_destination *to, const uint8_t mac[6])
{
	int err;

	c->config.rundir = to->rundir;
	if (to->bridge[0])
		memcpy(c->status.bridge, to->bridge, sizeof(to->bridge));
	err = front_entry_make(c);
	if (!err && c->away)
		err = front_voice_fail(c, -ESHUTDOWN, "its vif was detached there; attach it");
	c->away = false;
	c->status.up = false;
	return err ? err : check_mac(c, mac);
}

int front_move_prepare(struct front_connect *c, const struct front_destination *to, char *line,
		       size_t size)
{
	struct front_place here = place_of(c);
	char *rundir = strdup(to->rundir);
	int err = rundir ? 0 : -ENOMEM;

	static_assert(sizeof(to->bridge) == sizeof(c->status.bridge), "front_control.h");
	c->moving = true;
	c->reason[0] = '\0';
	if (!err)
		err = check_vifs(c);
	if (!err) {
		c->domain = (struct front_domain){ .fd = -1 };
		c->device = (struct front_device){ 0 };
		err = enter(c, to, here.status.mac);
		c->next = place_of(c);
		place_take(c, &here);
		c->config.rundir = c->rundir;
	}
	if (!err) {
		c->next_rundir = rundir;
		return 0;
	}
	snprintf(line, size, "cannot migrate %.63s to %.100s: %.240s", c->status.name, to->rundir,
		 c->reason[0] ? c->reason : strerror(-err));
	place_close(&c->next);
	c->moving = false;
	c->error = 0;
	c->reason[0] = '\0';
	free(rundir);
	return err;
}

static void cancel(struct front_connect *c)
{
	place_close(&c->next);
	free(c->next_rundir);
	c->next_rundir = NULL;
	c->moving = false;
}

int front_move_arrive(struct front_connect *c)
{
	struct front_place here = place_of(c);
	int err = front_domain_is_dead(&c->next.domain, 0) ? -ECONNRESET : 0;

	if (!err)
		err = front_sources_listen(c, c->next.domain.fd, SOURCE_DOMAIN);
	if (!err)
		err = front_sources_listen(c, store_client_fd(c->next.device.store), SOURCE_STORE);
	if (err) {
		cancel(c);
		return err;
	}
	place_close(&here);
	place_take(c, &c->next);
	c->next = (struct front_place){ .domain.fd = -1 };
	c->home_rundir = c->rundir;
	memcpy(c->home_bridge, here.status.bridge, sizeof(c->home_bridge));
	c->rundir = c->next_rundir;
	c->config.rundir = c->rundir;
	c->next_rundir = NULL;
	c->moving = false;
	c->arriving = true;
	return 0;
}

void front_move_settle(struct front_connect *c)
{
	free(c->home_rundir);
	c->home_rundir = NULL;
	c->arriving = false;
}

void front_move_return(struct front_connect *c)
{
	free(c->rundir);
	c->rundir = c->home_rundir;
	c->config.rundir = c->rundir;
	memcpy(c->status.bridge, c->home_bridge, sizeof(c->home_bridge));
	c->home_rundir = NULL;
	c->arriving = false;
}

void front_move_fini(struct front_connect *c)
{
	cancel(c);
	free(c->home_rundir);
	c->home_rundir = NULL;
}
