/*
 * What the toolstack asks of a whole domain, under control/ of its home in the
 * store, as on Xen: a word in control/shutdown, which is acknowledged by
 * emptying it.
 *
 *	suspend		let go of every vif and say so in control/suspended;
 *			with control/migrate-to, go on at the daemon of that run
 *			directory, on the bridge control/migrate-bridge; while it
 *			is on its way control/migrating says where to, and
 *			whoever would have it go elsewhere waits
 *	resume		connect again (a word of ours: Xen resumes a domain
 *			without telling it)
 *
 * What became of it stands in control/error, one line, or in data/downtime-us.
 * Other words of xl's (poweroff, reboot) are not for a network driver.
 */
#ifndef FRONTEND_FRONT_CONTROL_H
#define FRONTEND_FRONT_CONTROL_H

#include "frontend/front_device.h"

enum front_order { ORDER_NONE, ORDER_SUSPEND, ORDER_RESUME, ORDER_MIGRATE };

struct front_destination {
	char rundir[256];
	char bridge[16]; /* empty: of the same name as here */
};

/* Says that the domain can be suspended, and watches for words. */
int front_control_offer(struct front_device *device);
/* Watches for what the domain's first vif makes of them. */
int front_control_watch(struct front_device *device);

/* The word that there is, acknowledged; where to go, for ORDER_MIGRATE. */
enum front_order front_control_take(struct front_device *device, struct front_destination *to);

void front_control_set_suspended(struct front_device *device, bool suspended);
bool front_control_is_suspended(struct front_device *device);

/* What was ordered is not done, and is over. */
void front_control_report_error(struct front_device *device, const char *line);
void front_control_report_downtime(struct front_device *device, uint64_t ns);

#endif
