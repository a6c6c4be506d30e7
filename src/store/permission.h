/*
 * A node's list of permissions. The first entry names the owner, who may do
 * everything, and says what all others may; each later entry says what one
 * domain may. Domain 0 may do everything everywhere.
 *
 * As text an entry is a letter and a domid: n none, r read, w write, b both.
 */
#ifndef STORE_PERMISSION_H
#define STORE_PERMISSION_H

#include <stdint.h>

enum permission_access {
	PERMISSION_NONE = 0,
	PERMISSION_READ = 1,
	PERMISSION_WRITE = 2,
	PERMISSION_OWNER = 4, /* never in an entry; what an owner has */
};

enum { PERMISSION_TEXT_BYTES = 8 };

struct permission {
	uint16_t domid;
	uint16_t access;
};

/* Who asks. A domain may have a target, given to it by domain 0, whose rights
 * it has beside its own (the stub domain of a VM); 0: none. */
struct subject {
	uint16_t domid;
	uint16_t target;
};

/* 0 or -EINVAL. */
int permission_parse(struct permission *permission, const char *text);
void permission_format(const struct permission *permission, char text[PERMISSION_TEXT_BYTES]);

/* What the subject may do: bits of enum permission_access. */
unsigned int permission_access(const struct permission *list, unsigned int nr, struct subject who);

#endif
