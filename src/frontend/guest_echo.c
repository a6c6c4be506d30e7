#include "frontend/guest_echo.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct echo {
	struct guest_loop loop;
	uint8_t mac[6];
	uint64_t count; /* to be returned; 0: any number */
	uint64_t returned, ignored;
	/* What came and is held, of which so many are dealt with. */
	unsigned int held, dealt;
	struct splitvif_frame frames[SPLITVIF_SLOTS];
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

/* As far as the ring takes them. A full one is waited for: what has come is held
 * meanwhile, and the sender feels it. */
static void return_held(struct echo *echo)
{
	while (echo->dealt < echo->held) {
		struct splitvif_frame *frame = &echo->frames[echo->dealt];

		if (return_frame(echo, frame)) {
			echo->dealt++;
		} else if (splitvif_wait(echo->loop.vif, frame->length)) {
			guest_loop_await_room(&echo->loop);
			return;
		}
	}
	splitvif_release(echo->loop.vif, echo->held);
	echo->held = 0;
}

static unsigned int turn(void *guest, unsigned int weight)
{
	struct echo *echo = guest;
	unsigned int taken = 0;

	if (echo->loop.events & SPLITVIF_WENT_DOWN)
		echo->held = 0; /* they are gone */
	echo->loop.events = 0;
	if (!echo->held) {
		taken = splitvif_receive(echo->loop.vif, echo->frames, weight);
		echo->held = taken;
		echo->dealt = 0;
	}
	return_held(echo);
	splitvif_flush(echo->loop.vif);
	if (echo->count && echo->returned >= echo->count)
		echo->loop.stopped = true;
	return taken;
}

int guest_echo_run(struct splitvif *vif, int signal_fd, const struct front_options *options)
{
	static const struct guest_loop_ops ops = { .turn = turn };
	struct splitvif_status status;
	struct echo echo = { .count = options->count };

	guest_loop_init(&echo.loop, vif, &ops, &echo, 0);
	guest_loop_listen(&echo.loop, signal_fd, options->duration);
	splitvif_status(vif, &status);
	memcpy(echo.mac, status.mac, 6);
	guest_loop_run(&echo.loop);
	printf(options->json ? "{\"returned\": %" PRIu64 ", \"ignored\": %" PRIu64 "}\n"
			     : "echo: returned %" PRIu64 ", ignored %" PRIu64 "\n",
	       echo.returned, echo.ignored);
	return 0;
}
