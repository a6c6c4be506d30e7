#include "frontend/front_voice.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void front_voice_tell(struct front_connect *c, enum splitvif_severity severity, const char *format,
		      ...)
{
	char text[sizeof(c->reason) + 64];
	va_list args;

	if (!c->config.message)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	c->config.message(c->config.arg, severity, text);
}

int front_voice_fail(struct front_connect *c, int err, const char *format, ...)
{
	char reason[sizeof(c->reason)];
	va_list args;

	va_start(args, format);
	vsnprintf(reason, sizeof(reason), format, args);
	va_end(args);
	if (c->connections && !c->moving && strcmp(reason, c->reason) != 0)
		front_voice_tell(c, SPLITVIF_WARNING, "%s", reason);
	memcpy(c->reason, reason, sizeof(reason));
	c->error = err;
	return err;
}
