/*
 * A stream socket as the bridge's way out, served by passt or QEMU: its port and
 * its turns on the poll list of the first worker. When the other side goes away
 * the control thread brings another connection.
 */
#ifndef BACKEND_UPLINK_STREAM_H
#define BACKEND_UPLINK_STREAM_H

#include "backend/workers.h"
#include "bridge/bridge.h"
#include "bridge/stream.h"

struct uplink_stream {
	struct stream stream;
	struct worker *worker;
	struct workers *workers; /* NULL: not attached */
	struct bridge *bridge;
	struct poll_item item;
	struct worker_source source;
	int32_t lost; /* -errno: the connection is of no more use */
	bool told_too_big;
};

/* Control thread. Takes the connected socket over, whatever it returns: 0 or
 * -errno. */
int uplink_stream_attach(struct uplink_stream *uplink, const char *name, int fd, uint32_t mtu,
			 struct workers *workers, struct bridge *bridge);
void uplink_stream_detach(struct uplink_stream *uplink);

/* Why it is of no more use, in words; NULL: it is. */
const char *uplink_stream_trouble(const struct uplink_stream *uplink);

#endif
