/*
 * The configuration file, read again while the daemon runs (SIGHUP): vifs whose
 * sections are new, changed or gone are attached, replaced or detached, new
 * bridges are made, and everything else keeps running untouched. A file with
 * errors changes nothing. Control thread only.
 */
#ifndef BACKEND_RELOAD_H
#define BACKEND_RELOAD_H

#include "backend/options.h"
#include "backend/toolstack.h"

struct event_base;
struct reload;

struct reload_config {
	struct event_base *base;
	const struct options *options; /* as the daemon was started */
	struct toolstack *toolstack;
	struct domains *domains;
	struct networks *networks;
	struct workers *workers;
	struct privileged *privileged;
	bool takes_over; /* reload_carry() says which vifs there are */
};

/* NULL: out of memory. Puts the vifs of the options among the toolstack's. */
struct reload *reload_create(const struct reload_config *config);
void reload_destroy(struct reload *reload);

void reload_run(struct reload *reload);

struct state;

/* Saves what the file last had, or takes that for what is there: reload_adopt()
 * then makes it what the options say, as if the file had been read again. */
void reload_carry(struct reload *reload, struct state *state);
void reload_adopt(struct reload *reload);

#endif
