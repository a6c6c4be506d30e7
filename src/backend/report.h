/*
 * What the daemon tells when asked over its control socket: one function a
 * command, each serving text and JSON alike. Control thread only.
 */
#ifndef BACKEND_REPORT_H
#define BACKEND_REPORT_H

#include "backend/arrivals.h"
#include "backend/device.h"
#include "backend/domain.h"
#include "backend/network.h"
#include "backend/toolstack.h"
#include "io/ctl_message.h"

struct reporter {
	struct networks *networks;
	struct devices *devices;
	struct domains *domains;
	struct workers *workers;
	struct toolstack *toolstack;
	struct arrivals *arrivals;
};

/* Something that was begun, and whose end the answer is to wait for. */
struct report_wait {
	bool wanted;
	bool attached; /* or else detached */
	uint16_t domid;
	uint32_t devid;
};

/* Answers the request: an exit code, and a text for the caller to free (NULL:
 * out of memory). With *wait the answer holds once report_has_ended(). */
int report_answer(struct reporter *reporter, const struct ctl_request *request, char **text,
		  size_t *length, struct report_wait *wait);

/* True once it has; what went wrong by then replaces code and text. */
bool report_has_ended(struct reporter *reporter, const struct report_wait *wait, int *code,
		      char **text, size_t *length);

#endif
