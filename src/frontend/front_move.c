#include "frontend/front_move.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frontend/front_attempt.h"
#include "frontend/front_sources.h"

void front_place_close(struct front_place *place)
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

static void set_patience(struct front_connect *c, unsigned int domain_ms, int store_ms)
{
	front_domain_set_patience(&c->domain, domain_ms);
	if (c->device.store)
		store_client_set_timeout(c->device.store, store_ms);
}

int front_move_begin(struct front_connect *c, const struct front_destination *to)
{
	int err;

	if (c->attempt || c->moving || c->arriving)
		return -EALREADY;
	c->attempt = front_attempt_start(c, to);
	if (!c->attempt)
		return -ENOMEM;
	err = front_sources_listen(c, front_attempt_fd(c->attempt), SOURCE_ATTEMPT);
	if (err)
		front_move_fini(c);
	return err;
}

int front_move_prepare(struct front_connect *c, char *line, size_t size)
{
	char *rundir = strdup(front_attempt_rundir(c->attempt));
	int err = front_attempt_end(c->attempt, &c->next, line, size);

	c->attempt = NULL;
	if (!err && !rundir) {
		err = -ENOMEM;
		snprintf(line, size, "cannot migrate %.63s: out of memory; free some",
			 c->status.name);
		front_place_close(&c->next);
	}
	if (err) {
		free(rundir);
		return err;
	}
	c->next_rundir = rundir;
	c->moving = true;
	return 0;
}

void front_move_cancel(struct front_connect *c)
{
	front_place_close(&c->next);
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
		front_move_cancel(c);
		return err;
	}
	front_home_set(&c->home, c->next_rundir); /* before it is looked for */
	front_place_close(&here);
	place_take(c, &c->next);
	set_patience(c, CONNECT_ARRIVE_ANSWER_MS, CONNECT_ARRIVE_ANSWER_MS);
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
	if (c->arriving)
		set_patience(c, FRONT_DOMAIN_TIMEOUT_MS, FRONT_DEVICE_TIMEOUT_MS);
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
	front_home_set(&c->home, c->rundir);
}

void front_move_fini(struct front_connect *c)
{
	struct front_place place;
	char line[8];

	if (c->attempt && !front_attempt_end(c->attempt, &place, line, sizeof(line)))
		front_place_close(&place);
	c->attempt = NULL;
	front_move_cancel(c);
	free(c->home_rundir);
	c->home_rundir = NULL;
}
