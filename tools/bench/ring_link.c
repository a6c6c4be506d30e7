#include "bench/ring_link.h"

#include <errno.h>
#include <poll.h>
#include <sys/mman.h>

/* Frames of the arena. */
enum {
	FRAME_TABLE,
	FRAME_RING,
	FRAME_PAYLOADS = FRAME_RING + RING_KIND_PAGES,
	TABLE_PAGES = 1,
};

/* Pages that all begin at one offset collide in the first cache. */
static uint16_t spread(unsigned int slot, enum ring_shape shape)
{
	return shape == RING_TX ? (uint16_t)(slot % 32 * 64) : 0;
}

static int grant_pages(struct ring_link *link, enum ring_shape shape)
{
	uint32_t first = shape == RING_TX ? link->arena.shared.pages : FRAME_PAYLOADS;

	link->pages = arena_page(&link->arena, FRAME_RING);
	for (uint32_t i = 0; i < RING_KIND_PAGES; i++)
		link->ring_refs[i] = gnttab_grant(&link->gnttab, 0, FRAME_RING + i, false);
	for (uint32_t i = 0; i < RING_LINK_SLOTS; i++) {
		link->refs[i] = gnttab_grant(&link->gnttab, 0, first + i, shape == RING_TX);
		link->offsets[i] = spread(i, shape);
		link->payloads[i] = arena_page(&link->arena, first + i) + link->offsets[i];
		if (!link->refs[i])
			return -ENOSPC;
	}
	return 0;
}

static int open_channel(struct ring_link *link)
{
	int err;

	link->evtchns = evtchn_table_create();
	if (!link->evtchns)
		return -ENOMEM;
	err = evtchn_domain_create(link->evtchns, 0);
	if (!err)
		err = evtchn_domain_create(link->evtchns, RING_LINK_GUEST);
	if (!err)
		err = evtchn_alloc_unbound(link->evtchns, RING_LINK_GUEST, 0, &link->front);
	if (err)
		evtchn_table_destroy(link->evtchns);
	return err;
}

int ring_link_create(struct ring_link *link, enum ring_shape shape)
{
	uint32_t payloads = RING_LINK_SLOTS;
	int err;

	*link = (struct ring_link){ .front = EVTCHN_NONE };
	link->control = mmap(NULL, sizeof(*link->control), PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (link->control == MAP_FAILED)
		return -errno;
	err = arena_create(&link->arena, FRAME_PAYLOADS + (shape == RING_RX ? payloads : 0),
			   shape == RING_TX ? payloads : 1);
	if (err)
		goto unmap;
	err = gnttab_init(&link->gnttab, &link->arena, TABLE_PAGES);
	if (err)
		goto close_arena;
	err = grant_pages(link, shape);
	if (!err)
		err = open_channel(link);
	if (!err)
		return 0;
	gnttab_fini(&link->gnttab);
close_arena:
	arena_close(&link->arena);
unmap:
	munmap(link->control, sizeof(*link->control));
	return err;
}

void ring_link_destroy(struct ring_link *link)
{
	evtchn_fini(&link->front);
	evtchn_table_destroy(link->evtchns);
	gnttab_fini(&link->gnttab);
	arena_close(&link->arena);
	munmap(link->control, sizeof(*link->control));
}

void ring_link_stop(struct ring_link *link, struct signaller *signaller)
{
	store_release(&link->control->stop, 1);
	if (!signaller)
		return;
	evtchn_notify(&link->front, signaller);
	signaller_flush(signaller);
}

void ring_link_sleep(struct evtchn *channel)
{
	struct pollfd wanted = { .fd = channel->wait_fd, .events = POLLIN };

	if (poll(&wanted, 1, 100) > 0)
		evtchn_take(channel);
}
