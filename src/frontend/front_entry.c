#include "frontend/front_entry.h"

#include <errno.h>
#include <string.h>

#include "frontend/front_control.h"
#include "frontend/front_voice.h"

static int explain_open(struct front_connect *c, int err)
{
	switch (err) {
	case -ENOENT:
	case -ECONNREFUSED:
		if (c->connections && !c->moving) /* that it went has been told */
			return err;
		return front_voice_fail(
			c, err,
			"daemon not running (no socket at %s); start it with 'splitvifd -f' "
			"or set SPLITVIF_RUNDIR",
			c->domain.path);
	case -ENAMETOOLONG:
		return front_voice_fail(
			c, err,
			"cannot reach the daemon: %.40s...: socket path longer than %d bytes; "
			"set SPLITVIF_RUNDIR to a shorter directory",
			c->domain.path, RUNDIR_PATH_BYTES - 1);
	case -EACCES:
		return front_voice_fail(
			c, err,
			"cannot reach the daemon: %s: permission denied; run as the daemon's "
			"user or join its group",
			c->domain.path);
	}
	return front_voice_fail(c, err, "cannot reach the daemon: %s: %s; see 'splitvif doctor'",
				c->domain.path, strerror(-err));
}

static int introduce(struct front_connect *c)
{
	int store_fd;
	int err = front_domain_introduce(&c->domain, c->status.name, &c->front->arena,
					 c->front->table_pages, &store_fd);

	if (err == -EEXIST)
		return front_voice_fail(
			c, err,
			"cannot introduce %s: a VM of that name is running; choose another "
			"with --name",
			c->status.name);
	if (err)
		return front_voice_fail(c, err,
					"cannot introduce %s: the daemon says: %s; see its log",
					c->status.name, strerror(-err));
	c->status.domid = c->domain.domid;
	err = front_device_open(&c->device, store_fd);
	return err ? front_voice_fail(c, err, "cannot introduce %s: out of memory; free some",
				      c->status.name)
		   : 0;
}

static int explain_vif(struct front_connect *c, int err)
{
	const char *name = c->status.name, *bridge = c->status.bridge;

	switch (err) {
	case -ENODEV:
		return front_voice_fail(
			c, err,
			"cannot attach %s to %s: no such bridge; 'splitvif show' lists those "
			"there are",
			name, bridge[0] ? bridge : "the default bridge");
	case -EADDRINUSE:
		return front_voice_fail(
			c, err,
			"cannot attach %s: its MAC or IP address belongs to another; choose "
			"another",
			name);
	case -EADDRNOTAVAIL:
		return front_voice_fail(
			c, err,
			"cannot attach %s: no free address on the bridge; choose one with --ip",
			name);
	case -EMSGSIZE:
		return front_voice_fail(
			c, err,
			"cannot attach %s: MTU %u: more than the bridge's; choose a "
			"smaller one",
			name, c->status.mtu);
	}
	return front_voice_fail(c, err, "cannot attach %s to %s: the daemon says: %s; see its log",
				name, bridge[0] ? bridge : "the default bridge", strerror(-err));
}

static void take_facts(struct front_connect *c, const struct hypercall_vif_created *created)
{
	c->status.devid = created->devid;
	c->status.ip = created->ip;
	c->status.gateway = created->gateway;
	c->status.prefix = created->prefix;
	c->status.mtu = created->mtu;
	memcpy(c->status.mac, created->mac, sizeof(created->mac));
	memcpy(c->status.bridge, created->bridge, sizeof(created->bridge));
}

static int create_vif(struct front_connect *c)
{
	struct hypercall_vif_create wanted = { .mtu = c->status.mtu, .ip = c->status.ip };
	struct hypercall_vif_created created;
	int err;

	static_assert(sizeof(wanted.bridge) == sizeof(c->status.bridge), "hypercall.h");
	memcpy(wanted.bridge, c->status.bridge, sizeof(wanted.bridge));
	memcpy(wanted.mac, c->status.mac, sizeof(wanted.mac));
	err = front_domain_create_vif(&c->domain, &wanted, &created);
	c->away = err == -ESHUTDOWN && c->connections;
	if (c->away)
		return 0;
	if (err)
		return explain_vif(c, err);
	take_facts(c, &created);
	return 0;
}

/* The domain comes back some moments after its daemon; a vif that it does not
 * have then was taken away. */
static int join(struct front_connect *c)
{
	struct hypercall_vif_created created;
	int store_fd;
	int err = front_domain_join(&c->domain, c->status.name, c->config.devid, &c->front->arena,
				    c->front->table_pages, &created, &store_fd);

	c->away = err == -ENODEV;
	if (err == -ESRCH && c->connections)
		return err;
	if (err)
		return front_voice_fail(c, err,
					"cannot attach %s.%u: the daemon says: %s; see its log",
					c->status.name, c->config.devid, strerror(-err));
	c->status.domid = c->domain.domid;
	take_facts(c, &created);
	err = front_device_open(&c->device, store_fd);
	return err ? front_voice_fail(c, err, "cannot attach %s.%u: out of memory; free some",
				      c->status.name, c->config.devid)
		   : 0;
}

static int bind_device(struct front_connect *c)
{
	int err = front_device_bind(&c->device, c->domain.domid, c->status.devid);

	return err ? front_voice_fail(
			     c, err,
			     "cannot attach %s: its keys in the store: %s; see the daemon's log",
			     c->status.name, strerror(-err))
		   : 0;
}

/* What comes before the vif's keys. */
static int enter_domain(struct front_connect *c)
{
	int err;

	if (c->config.further) {
		err = join(c);
		return err ? err : front_control_watch(&c->device);
	}
	err = introduce(c);
	if (!err)
		err = front_device_watch_vifs(&c->device, c->domain.domid);
	if (!err)
		err = front_control_offer(&c->device);
	return err || c->away ? err : create_vif(c);
}

int front_entry_make(struct front_connect *c)
{
	char home[FRONT_HOME_BYTES];
	const char *rundir = c->host ? front_home_get(c->host, home) : c->config.rundir;
	int err = front_domain_open(&c->domain, rundir);

	if (err)
		return explain_open(c, err);
	err = enter_domain(c);
	return err || c->away ? err : bind_device(c);
}
