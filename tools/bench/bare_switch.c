#include "bench/bare_switch.h"

#include <errno.h>
#include <string.h>

enum { CAPACITY = 1024, AGEING_MS = 300000 };

/* One slot on its way. */
struct job {
	const uint8_t *source;
	uint8_t *target;
	uint16_t length;
	netif_tx_response_t answer;
	netif_rx_response_t filled;
	bool first; /* of its frame */
};

static int attach(struct ring *ring, struct foreign_domain *domain, grant_ref_t ref)
{
	int16_t status;
	union ring_page *page = hypervisor_map_ring(domain, ref, &status);

	if (!page)
		return -EACCES;
	ring_attach_back(ring, page, BARE_SLOTS);
	return 0;
}

int bare_switch_open(struct bare_switch *bare, const struct bare_guest *from,
		     const struct bare_guest *to, const uint8_t mac[6])
{
	struct fdb_config config = { .entries = CAPACITY,
				     .ageing_ms = AGEING_MS,
				     .secret = { 1, 2 } };
	int err;

	*bare = (struct bare_switch){ .fdb = fdb_create(&config) };
	if (!bare->fdb)
		return -ENOMEM;
	fdb_learn(bare->fdb, mac, BARE_PORT, 0);
	err = bare_guest_map(from, &bare->from, 1, NULL);
	if (err)
		goto destroy_fdb;
	err = bare_guest_map(to, &bare->to, 2, NULL);
	if (err)
		goto unmap_from;
	err = attach(&bare->tx, &bare->from, from->tx_ring_ref);
	if (!err)
		err = attach(&bare->rx, &bare->to, to->rx_ring_ref);
	if (!err)
		return 0;
	hypervisor_domain_fini(&bare->to);
unmap_from:
	hypervisor_domain_fini(&bare->from);
destroy_fdb:
	fdb_destroy(bare->fdb);
	return err;
}

void bare_switch_close(struct bare_switch *bare)
{
	hypervisor_domain_fini(&bare->to);
	hypervisor_domain_fini(&bare->from);
	fdb_destroy(bare->fdb);
}

/* A frame's first slot says its length; what a later one carries follows from
 * that, also where a batch ends within a frame. */
static void prepare(struct bare_switch *bare, struct job *job)
{
	netif_tx_request_t request;
	netif_rx_request_t buffer;
	int16_t status;

	ring_copy_tx_request(&bare->tx, bare->tx.in_cons, &request);
	ring_copy_rx_request(&bare->rx, bare->rx.in_cons, &buffer);
	ring_consume(&bare->tx, 1);
	ring_consume(&bare->rx, 1);
	job->first = !bare->left;
	if (job->first)
		bare->left = request.size;
	job->length = (uint16_t)(bare->left < PAGE_BYTES ? bare->left : PAGE_BYTES);
	bare->left -= job->length;
	job->source = grant_resolve(&bare->from.grants, request.gref, request.offset, job->length,
				    false, &status);
	job->target = grant_resolve(&bare->to.grants, buffer.gref, 0, job->length, true, &status);
	__builtin_prefetch(job->source);
	__builtin_prefetch(job->target, 1);
	job->answer = (netif_tx_response_t){ .id = request.id, .status = NETIF_RSP_OKAY };
	job->filled = (netif_rx_response_t){ .id = buffer.id,
					     .flags = request.flags & NETTXF_more_data
							      ? NETRXF_more_data
							      : 0,
					     .status = (int16_t)job->length };
}

static void execute(struct bare_switch *bare, const struct job *job)
{
	bool good = job->source && job->target;

	if (good && job->first)
		good = fdb_lookup(bare->fdb, job->source, 1) == BARE_PORT;
	if (good)
		memcpy(job->target, job->source, job->length);
	else
		bare->refused++;
	ring_produce_tx_response(&bare->tx, &job->answer);
	ring_produce_rx_response(&bare->rx, &job->filled);
}

int bare_switch_turn(struct bare_switch *bare)
{
	int there = ring_pending(&bare->tx), buffers = there > 0 ? ring_pending(&bare->rx) : 0;
	struct job jobs[BARE_BATCH];
	int n = there < BARE_BATCH ? there : BARE_BATCH;

	n = n < buffers ? n : buffers;
	if (n <= 0)
		return there < 0 || buffers < 0 ? -EPROTO : 0;
	for (int i = 0; i < n; i++)
		prepare(bare, &jobs[i]);
	for (int i = 0; i < n; i++)
		execute(bare, &jobs[i]);
	ring_publish(&bare->rx);
	ring_publish(&bare->tx);
	return n;
}
