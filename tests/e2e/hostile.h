/*
 * The stage of an attack: a daemon of our own, two canaries that exchange
 * frames all the time, an honest peer, and what the daemon held before the
 * attacker came. After each case everything must be as it was.
 *
 * Failures are told with the case's name; hostile_end() says whether the case
 * went well.
 */
#ifndef E2E_HOSTILE_H
#define E2E_HOSTILE_H

#include <stdbool.h>
#include <stdint.h>

#include "support/canary.h"
#include "support/daemon.h"
#include "support/raw_guest.h"
#include "support/unit.h"

enum { HOSTILE_MTU = 9000 };

struct stage {
	struct daemon daemon;
	struct canary *canary;
	struct raw_guest peer;	 /* honest; receives what the attacker sends */
	struct raw_guest attacker;
	const char *name; /* of the case under way */
	int fds, mappings;
	bool failed;
};

/* The whole stage; 0, or -errno. stage_close() gives the daemon's exit status,
 * which must be 0. */
int stage_open(struct stage *stage);
int stage_close(struct stage *stage);

/* Such a test's main(): these on the stage, and as the last one that its daemon ends in
 * order. The exit status; 77 where SPLITVIFD names no daemon. */
int hostile_run(struct stage *stage, const struct CMUnitTest *tests, unsigned int n);

/* A case begins: takes the daemon's measure; the attacker is not there yet. */
void hostile_begin(struct stage *stage, const char *name);
/* ... or comes as a connected guest. */
void hostile_begin_connected(struct stage *stage, const char *name);
/* The attacker hangs up; looks that nothing of it is left and nobody was hurt. */
bool hostile_end(struct stage *stage);

void hostile_fail(struct stage *stage, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* When what goes on for so long ends, by clock_ms(): five times as long with LONGER
 * in the environment. */
int64_t hostile_until(int ms);

/* Outcomes. The vif serves: a frame of the attacker's reaches the peer. */
void expect_alive(struct stage *stage);
/* The vif was stopped for that reason, which the guest, the operator and the
 * statistics can read. */
void expect_fault(struct stage *stage, const char *reason);
/* The same with another error number than EPROTO. */
void expect_refused(struct stage *stage, int err, const char *reason);

/* The peer sends n frames of that length to the attacker; the i-th is the one
 * that peer_frame() makes. Fails the case if one is not answered OKAY. */
void peer_send(struct stage *stage, uint32_t first, unsigned int n, uint32_t length);
void peer_frame(const struct stage *stage, uint32_t number, uint32_t length, uint8_t *frame);

/* Posts all the peer's buffers again and forgets what it has received. */
void peer_reset(struct stage *stage);
/* True if the next frame that reaches the peer is exactly this one. */
bool peer_got(struct stage *stage, const uint8_t *frame, uint32_t length);
/* True if nothing from the attacker reaches it within a moment. */
bool peer_got_nothing(struct stage *stage);

#endif
