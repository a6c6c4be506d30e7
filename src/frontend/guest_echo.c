#include "frontend/guest_echo.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct echo {
	struct guest_loop loop;
	uint8_t mac[6];
	uint64_t returned, ignored;
};

/* Sends one frame back; false if there is no room for it. The addresses are
 * swapped in a copy: the page may change under us. */
static bool return_frame(struct echo *echo, const struct splitvif_frame *frame)
{
	struct iovec iov[SPLITVIF_FRAME_PARTS + 1];
	struct splitvif_output output;
	uint8_t addresses[12], *first = frame->parts[0].iov_base;

	if (frame->parts[0].iov_len < sizeof(addresses)) {
		echo->ignored++;
		return true;
	}
	memcpy(addresses, first + 6, 6);
	memcpy(addresses + 6, first, 6);
	if (memcmp(addresses + 6, echo->mac, 6) != 0) {
		echo->ignored++;
		return true;
	}
	iov[0] = (struct iovec){ addresses, sizeof(addresses) };
	memcpy(iov + 1, frame->parts, frame->nr_parts * sizeof(iov[0]));
	iov[1].iov_base = first + sizeof(addresses);
	iov[1].iov_len -= sizeof(addresses);
	output = (struct splitvif_output){ .iov = iov,
					   .iovcnt = frame->nr_parts + 1,
					   .csum = frame->csum };
	if (!splitvif_transmit(echo->loop.vif, &output, 1))
		return false;
	echo->returned++;
	return true;
}

/* A full ring is waited for: what has come is held meanwhile, and the sender
 * feels it. An outage takes the held frames with it. */
static unsigned int return_batch(struct echo *echo)
{
	struct splitvif_frame frames[SPLITVIF_SLOTS];
	unsigned int n = splitvif_receive(echo->loop.vif, frames, splitvif_weight(echo->loop.vif));
	struct splitvif_stats before, after;

	splitvif_stats(echo->loop.vif, &before);
	for (unsigned int i = 0; i < n && !echo->loop.stopped;) {
		if (return_frame(echo, &frames[i])) {
			i++;
		} else if (splitvif_wait(echo->loop.vif, frames[i].length)) {
			guest_loop_sleep(&echo->loop, 0);
			splitvif_stats(echo->loop.vif, &after);
			if (after.connections != before.connections)
				return n;
		}
	}
	splitvif_release(echo->loop.vif, n);
	return n;
}

int guest_echo_run(struct splitvif *vif, int signal_fd, const struct front_options *options)
{
	struct splitvif_status status;
	struct echo echo = { 0 };

	guest_loop_init(&echo.loop, vif, signal_fd, options->duration);
	splitvif_status(vif, &status);
	memcpy(echo.mac, status.mac, 6);
	while (!echo.loop.stopped && (!options->count || echo.returned < options->count)) {
		unsigned int moved = return_batch(&echo);

		splitvif_flush(vif);
		if (moved)
			guest_loop_busy(&echo.loop);
		else if (splitvif_arm(vif, 0))
			guest_loop_sleep(&echo.loop, 0);
	}
	printf(options->json ? "{\"returned\": %" PRIu64 ", \"ignored\": %" PRIu64 "}\n"
			     : "echo: returned %" PRIu64 ", ignored %" PRIu64 "\n",
	       echo.returned, echo.ignored);
	return 0;
}
