#include "support/memory_port.h"

#include <stdio.h>
#include <string.h>

static unsigned int record(struct port *port, struct lane *lane, struct frame *const *list,
			   unsigned int n)
{
	struct memory_port *memory = (struct memory_port *)port;
	unsigned int taken = 0;

	memory->visits++;
	for (; taken < n && memory->room && memory->n < MEMORY_PORT_FRAMES; taken++) {
		const struct frame *frame = list[taken];
		uint32_t length = frame->length < MEMORY_PORT_BYTES ? frame->length
								    : MEMORY_PORT_BYTES;

		frame_copy_out(frame, 0, length, memory->bytes[memory->n]);
		memory->lengths[memory->n] = frame->length;
		memory->sources[memory->n] = frame->source;
		memory->gso_sizes[memory->n] = frame->gso_type ? frame->gso_size : 0;
		memory->csums[memory->n] = frame->csum;
		memory->n++;
		memory->room--;
		counter_add(&port->counters[0].to.bytes, frame->length);
	}
	counter_add(&port->counters[0].to.frames, taken);
	counter_add(&port->counters[0].to.drops[DROP_QUEUE_FULL], n - taken);
	return taken;
}

static const struct port_ops memory_ops = { .transmit = record };

void memory_port_init(struct memory_port *memory, const char *name, uint32_t mtu)
{
	memset(memory, 0, sizeof(*memory));
	memory->port.ops = &memory_ops;
	memory->port.index = PORT_NONE;
	memory->port.mtu = mtu;
	memory->room = UINT32_MAX;
	snprintf(memory->port.name, sizeof(memory->port.name), "%s", name);
}

void memory_port_clear(struct memory_port *memory)
{
	memory->n = 0;
	memory->visits = 0;
}
