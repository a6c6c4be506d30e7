/*
 * The bridges that the daemon is to have, as they are named to it: by --bridge in
 * one text, NAME and words with commas between them, or by the file word for word.
 */
#ifndef BACKEND_OPTIONS_BRIDGE_H
#define BACKEND_OPTIONS_BRIDGE_H

#include "backend/options.h"

/* One with all its words. What is wrong, or NULL. */
const char *options_parse_bridge(struct options *options, const char *text);

/* One without, and a word of the last one. What is wrong is returned, or NULL; or
 * goes to `error`, which else stays as it is. */
const char *options_add_bridge(struct options *options, const char *name);
void options_set_bridge(struct options *options, const char *key, const char *value,
			char error[OPTIONS_ERROR_BYTES]);

#endif
