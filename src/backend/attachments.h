/*
 * Which vifs belong to which domain's name: what the operator attached, by
 * command or by the configuration file. A domain that is introduced gets those
 * of its name, whenever and however often it comes.
 *
 * Those made by command are kept in a file of the run directory, so that a
 * daemon that is killed does not forget them. Control thread only.
 */
#ifndef BACKEND_ATTACHMENTS_H
#define BACKEND_ATTACHMENTS_H

#include <stdbool.h>

#include "backend/vifspec.h"

enum { ATTACHMENTS_MAX = 4096, ATTACHMENT_NAME_BYTES = 64 };

struct attachment {
	char domain[ATTACHMENT_NAME_BYTES];
	struct vifspec spec; /* with a devid */
	bool configured;     /* by the file: not kept by us */
	bool passing;	     /* for its domain's next life only: not kept either */
	bool expected;	     /* of a domain that migrates here, and may not come (luggage.h) */
	unsigned int line;   /* of the file, for complaints */
};

struct attachments {
	struct attachment *list;
	unsigned int nr, room;
};

void attachments_fini(struct attachments *attachments);

/* NULL: there is none. */
struct attachment *attachments_find(const struct attachments *attachments, const char *domain,
				    uint32_t devid);

/* Adds one, in the place of the one with that name and devid if there is one.
 * 0, -ENOSPC or -ENOMEM. */
int attachments_put(struct attachments *attachments, const struct attachment *attachment);

/* Forgets one. False: there is none. */
bool attachments_remove(struct attachments *attachments, const char *domain, uint32_t devid);

/* Of those made by command, the whole file anew. 0 or -errno. */
int attachments_save(const struct attachments *attachments);

struct state;

/* Saves the list, but for what is passing, or fills an empty one. What was expected
 * is the domain's own there. */
void attachments_carry(struct attachments *attachments, struct state *state);

/* The path of that file. */
int attachments_path(char *path, size_t size);

#endif
