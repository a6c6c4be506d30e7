/*
 * A TAP device: as a port of the bridge (the backend's uplink), and as the
 * guest's eth0 (the frontend reads and writes the same way).
 *
 * Opening is apart from using: it needs privileges that the user of the
 * descriptor need not have.
 */
#ifndef BRIDGE_TAP_H
#define BRIDGE_TAP_H

#include <stdbool.h>
#include <stdint.h>

#include "bridge/port.h"
#include "io/engine.h"

/* Opens /dev/net/tun and makes, or adopts, the interface `name` (IFNAMSIZ
 * bytes; an empty one, or one with %d, is filled in). Non-blocking, no packet
 * information. `persistent` keeps it when the descriptor goes; without, an
 * adopted one stays what it was. The descriptor, or -errno: -EBUSY somebody
 * else has it open, -EINVAL the name is something else's, -ENOENT no
 * /dev/net/tun, -EACCES/-EPERM may not. */
int tap_open(char name[16], bool persistent);
/* The same of one that may have several queues, a descriptor each: makes it
 * with the first, adds a queue to it with every further one. -EINVAL where the
 * name is that of a TAP of a single queue. tap_open() adopts both kinds. */
int tap_open_queue(char name[16], bool persistent);
/* One that is open already, as those two leave it; 0 or -errno. */
int tap_adopt(int fd, bool persistent);
/* Whether a descriptor is a queue of the TAP of that name; NULL: of any. */
bool tap_is(int fd, const char *name);
int tap_set_persistent(int fd, bool persistent);
/* What the kernel may give to whoever reads here (enum port_takes, together): it
 * completes and cuts the rest. It has one word for both checksums, so it leaves
 * none blank unless both are taken, and segments nothing without. tap_open()
 * gives everything. 0 or -errno. */
int tap_set_offloads(int fd, uint8_t takes);
/* The link's carrier as the kernel shows it to the owner of the interface. */
int tap_set_carrier(int fd, bool up);

/* What a lane has of a TAP: a descriptor (of a queue of its own, or of the only
 * one: several threads may write to one), and buffers. */
struct tap_lane {
	struct engine *engine; /* its thread's */
	int fd;
	struct tap_batch *batch;
};

/* The bridge's port over open descriptors. */
struct tap {
	struct port port;
	struct tap_lane lanes[LANES_MAX];
};

/* With its first lane, number 0; before it is attached to a bridge it needs one
 * of each that forwards there. They take the descriptor over on success;
 * whoever waits for it adds it to the engine himself, and removes it first. 0
 * or -errno. tap_fini() closes the descriptors, unless one was set to -1. */
int tap_init(struct tap *tap, const char *name, int fd, uint32_t mtu, struct engine *engine);
int tap_add_lane(struct tap *tap, unsigned int lane, int fd, struct engine *engine);
void tap_fini(struct tap *tap);

/* Reads up to `max` frames (at most BATCH_FRAMES) into the lane's own buffers
 * and lays them out in `frames`. They live until the next call. How many; 0
 * when dry, as a link that is down is too; -errno when the device is gone
 * (-EBADFD). Headers that contradict their frame are dropped here, counted; the
 * MTU is looked at where a frame goes to. */
int tap_receive(struct tap *tap, struct lane *lane, struct frame *frames, unsigned int max);

#endif
