/*
 * The data process of the backend daemon: builds every part in order, runs the
 * control thread's loop, and takes it all down again.
 */
#ifndef BACKEND_DAEMON_H
#define BACKEND_DAEMON_H

#include "backend/options.h"
#include "backend/privileged.h"

/* Until SIGTERM or SIGINT. The exit status; failures have been told. */
int daemon_run(const struct options *options, struct privileged *privileged);

#endif
