/*
 * What the daemon tells when asked over its control socket: one function a
 * command, each serving text and JSON alike. Control thread only.
 */
#ifndef BACKEND_REPORT_H
#define BACKEND_REPORT_H

#include "backend/device.h"
#include "backend/domain.h"
#include "backend/network.h"
#include "io/ctl_message.h"

struct reporter {
	struct networks *networks;
	struct devices *devices;
	struct domains *domains;
	struct workers *workers;
};

/* Answers the request: an exit code, and a text for the caller to free (NULL:
 * out of memory). */
int report_answer(struct reporter *reporter, const struct ctl_request *request, char **text,
		  size_t *length);

#endif
