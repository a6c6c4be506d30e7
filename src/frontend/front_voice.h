/*
 * What a vif's control side has to say: lines for whoever opened it, and the
 * last failure with its reason.
 */
#ifndef FRONTEND_FRONT_VOICE_H
#define FRONTEND_FRONT_VOICE_H

#include "frontend/front_connect.h"

void front_voice_tell(struct front_connect *connect, enum splitvif_severity severity,
		      const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Notes a failure, and tells it once a connection was there; the same one again
 * is not told again, nor is one on the way to another daemon. Returns err. */
int front_voice_fail(struct front_connect *connect, int err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
