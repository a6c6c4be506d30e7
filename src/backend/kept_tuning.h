/*
 * What operators set of vifs' tuning, and which offloads they turned off, by the
 * vifs' names: for the next domain of that name, and in a file of the run directory,
 * so that a daemon that is killed does not forget it. Control thread only.
 */
#ifndef BACKEND_KEPT_TUNING_H
#define BACKEND_KEPT_TUNING_H

#include "backend/offload.h"
#include "backend/tuning.h"

struct kept_tuning; /* a list; NULL: empty */

/* What the file has; words that make no sense are left out, and logged. */
void kept_tuning_load(struct kept_tuning **kept);

/* In the place of what was kept for that name, if anything of it is set; the file
 * follows. 0 or -errno: it is kept, but not in the file, or not at all (-ENOMEM). */
int kept_tuning_put(struct kept_tuning **kept, const char *name, const struct tuning *tuning);

/* The same of the offloads that are off: a mask of 1 << enum offload. */
int kept_tuning_put_off(struct kept_tuning **kept, const char *name, uint32_t off);

/* Both for a domain that migrates here, and may not come; but what is kept of that
 * name stands. */
int kept_tuning_expect(struct kept_tuning **kept, const char *name, const struct tuning *tuning,
		       uint32_t off);
/* It came: what was expected is kept as any other. */
void kept_tuning_settle(struct kept_tuning *kept, const char *name);
/* Whether it was expected, and that is all. */
bool kept_tuning_is_expected(struct kept_tuning *kept, const char *name);

/* Forgets it, in the file, too. 0 or -errno: it may come back with the next daemon. */
int kept_tuning_forget(struct kept_tuning **kept, const char *name);

/* NULL: nothing. */
const struct tuning *kept_tuning_find(struct kept_tuning *kept, const char *name);
uint32_t kept_tuning_off(struct kept_tuning *kept, const char *name);

/* The file stays. */
void kept_tuning_fini(struct kept_tuning **kept);

#endif
