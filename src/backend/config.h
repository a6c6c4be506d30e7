/*
 * The daemon's configuration file, splitvifd.conf(5): sections [daemon], with
 * the command line's long options as keys, [bridge NAME] and [vif DOM.N].
 *
 * Everything that is wrong is told, one line each, FILE:LINE first; then
 * nothing of the file counts.
 */
#ifndef BACKEND_CONFIG_H
#define BACKEND_CONFIG_H

#include "backend/attachments.h"
#include "backend/options.h"

enum config_kind {
	CONFIG_OPERATORS, /* splitvifd.conf */
	CONFIG_KEPT,	  /* what attachments_save() wrote: vifs only */
};

/* Adds what the file says to *options and *vifs. The number of errors, all of
 * which have been told on stderr. */
unsigned int config_load(const char *path, enum config_kind kind, struct options *options,
			 struct attachments *vifs);

/* The file that is read when none is named: SPLITVIF_CONFIG, else the usual
 * place if there is one. False: none. */
bool config_path_default(char *path, size_t size);

#endif
