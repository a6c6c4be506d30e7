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
int tap_set_persistent(int fd, bool persistent);
/* What the kernel may give to whoever reads here (enum port_takes, together): it
 * completes and cuts the rest. It has one word for both checksums, so it leaves
 * none blank unless both are taken, and segments nothing without. tap_open()
 * gives everything. 0 or -errno. */
int tap_set_offloads(int fd, uint8_t takes);
/* The link's carrier as the kernel shows it to the owner of the interface. */
int tap_set_carrier(int fd, bool up);

/* The bridge's port over an open descriptor. */
struct tap {
	struct port port;
	struct engine *engine;
	int fd;
	struct tap_batch *batch; /* buffers of one batch of reads */
};

/* Takes the descriptor over on success; whoever waits for it adds it to the
 * engine himself, and removes it first. 0 or -errno. tap_fini() closes it,
 * unless `fd` was set to -1 before. */
int tap_init(struct tap *tap, const char *name, int fd, uint32_t mtu, struct engine *engine);
void tap_fini(struct tap *tap);

/* Reads up to `max` frames (at most BATCH_FRAMES) into the tap's own buffers
 * and lays them out in `frames`. They live until the next call. How many; 0
 * when dry, as a link that is down is too; -errno when the device is gone
 * (-EBADFD). Headers that contradict their frame are dropped here, counted; the
 * MTU is looked at where a frame goes to. */
int tap_receive(struct tap *tap, struct lane *lane, struct frame *frames, unsigned int max);

#endif
