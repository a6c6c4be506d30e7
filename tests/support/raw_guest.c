#include "support/raw_guest.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "support/clock.h"

enum { BACK = 0, PAUSE_US = 200 };

void raw_guest_init(struct raw_guest *guest)
{
	*guest = (struct raw_guest){
		.socket = -1,
		.arena = { .shared.fd = -1, .tx.fd = -1 },
		.tx_channel = EVTCHN_NONE,
		.rx_channel = EVTCHN_NONE,
	};
}

int raw_guest_dial(struct raw_guest *guest, const char *rundir)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (snprintf(address.sun_path, sizeof(address.sun_path), "%s/domain.sock", rundir) >=
	    (int)sizeof(address.sun_path))
		return -ENAMETOOLONG;
	guest->socket = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (guest->socket < 0)
		return -errno;
	return connect(guest->socket, (struct sockaddr *)&address, sizeof(address)) ? -errno : 0;
}

int raw_guest_call(struct raw_guest *guest, uint16_t type, const void *body, size_t length,
		   const int *fds, unsigned int nr_fds, struct hypercall *reply)
{
	struct pollfd pfd = { .fd = guest->socket, .events = POLLIN };
	struct hypercall unwanted;
	int err = hypercall_send(guest->socket, type, ++guest->seq, body, length, fds, nr_fds);

	if (err)
		return err == -EPIPE ? -ECONNRESET : err;
	if (poll(&pfd, 1, RAW_TIMEOUT_MS) <= 0)
		return -ETIMEDOUT;
	err = hypercall_receive(guest->socket, reply ? reply : &unwanted);
	if (err <= 0)
		return err ? err : -ECONNRESET;
	if (!reply) {
		hypercall_close_fds(&unwanted);
		reply = &unwanted;
	}
	if (reply->header.type != (type | HYPERCALL_REPLY) || reply->header.seq != guest->seq)
		return -EBADMSG;
	return reply->status;
}

int raw_guest_introduce(struct raw_guest *guest, const char *name)
{
	struct hypercall_introduce body = { .shared_pages = RAW_SHARED_PAGES,
					    .tx_pages = RAW_TX_PAGES,
					    .gnttab_pages = RAW_TABLE_PAGES };
	struct hypercall_introduced answer;
	struct hypercall reply;
	int err = arena_create(&guest->arena, RAW_SHARED_PAGES, RAW_TX_PAGES);

	if (!err)
		err = gnttab_init(&guest->gnttab, &guest->arena, RAW_TABLE_PAGES);
	if (err)
		return err;
	snprintf(body.name, sizeof(body.name), "%s", name);
	err = raw_guest_call(guest, HYPERCALL_INTRODUCE, &body, sizeof(body),
			     (int[]){ guest->arena.shared.fd, guest->arena.tx.fd }, 2, &reply);
	if (err)
		return err;
	if (reply.nr_fds != 1 || reply.length != sizeof(answer))
		return -EBADMSG;
	memcpy(&answer, reply.body, sizeof(answer));
	guest->domid = answer.domid;
	guest->store = store_client_socket(reply.fds[0], RAW_TIMEOUT_MS);
	return guest->store ? 0 : -ENOMEM;
}

int raw_guest_create_vif(struct raw_guest *guest)
{
	struct hypercall_vif_create body = { .bridge = "xenbr0" };
	struct hypercall reply;
	int err = raw_guest_call(guest, HYPERCALL_VIF_CREATE, &body, sizeof(body), NULL, 0,
				 &reply);

	if (err)
		return err;
	if (reply.nr_fds || reply.length != sizeof(guest->vif))
		return -EBADMSG;
	memcpy(&guest->vif, reply.body, sizeof(guest->vif));
	xenbus_frontend_path(guest->frontend, guest->domid, guest->vif.devid);
	xenbus_backend_path(guest->backend, guest->domid, guest->vif.devid);
	return 0;
}

static int alloc_channel(struct raw_guest *guest, struct evtchn *end)
{
	struct hypercall_evtchn_alloc body = { .remote = BACK };
	struct hypercall_evtchn answer;
	struct hypercall reply;
	int err = raw_guest_call(guest, HYPERCALL_EVTCHN_ALLOC_UNBOUND, &body, sizeof(body), NULL,
				 0, &reply);

	if (err)
		return err;
	if (reply.nr_fds != 2 || reply.length != sizeof(answer))
		return -EBADMSG;
	memcpy(&answer, reply.body, sizeof(answer));
	*end = EVTCHN_NONE;
	end->port = answer.port;
	end->wait_fd = reply.fds[0];
	end->signal_fd = reply.fds[1];
	return 0;
}

static union ring_page *ring_page(struct raw_guest *guest, uint32_t frame)
{
	return (union ring_page *)arena_page(&guest->arena, frame);
}

int raw_guest_prepare(struct raw_guest *guest, bool split)
{
	struct gnttab *gnttab = &guest->gnttab;
	int err = signaller_init(&guest->signaller);

	if (err)
		return err;
	guest->signals = true;
	ring_init_front(&guest->tx, ring_page(guest, RAW_FRAME_TX_RING), TX_RING_ENTRIES);
	ring_init_front(&guest->rx, ring_page(guest, RAW_FRAME_RX_RING), RX_RING_ENTRIES);
	guest->tx_ring_ref = gnttab_grant(gnttab, BACK, RAW_FRAME_TX_RING, false);
	guest->rx_ring_ref = gnttab_grant(gnttab, BACK, RAW_FRAME_RX_RING, false);
	for (uint32_t i = 0; i < RAW_RX_PAGES; i++)
		guest->rx_refs[i] = gnttab_grant(gnttab, BACK, RAW_FRAME_RX + i, false);
	for (uint32_t i = 0; i < RAW_TX_PAGES; i++)
		guest->tx_refs[i] = gnttab_grant(gnttab, BACK, RAW_SHARED_PAGES + i, true);
	err = alloc_channel(guest, &guest->tx_channel);
	return err || !split ? err : alloc_channel(guest, &guest->rx_channel);
}

int raw_guest_write(struct raw_guest *guest, const char *key, uint32_t value)
{
	char path[XENBUS_PATH_BYTES + 40];

	snprintf(path, sizeof(path), "%s/%s", guest->frontend, key);
	return store_printf(guest->store, STORE_NO_TRANSACTION, path, "%u", value);
}

int raw_guest_set_state(struct raw_guest *guest, enum xenbus_state state)
{
	return raw_guest_write(guest, XENBUS_KEY_STATE, state);
}

enum xenbus_state raw_guest_backend_state(struct raw_guest *guest)
{
	uint64_t state;

	if (store_read_number(guest->store, STORE_NO_TRANSACTION, guest->backend,
			      XENBUS_KEY_STATE, XenbusStateReconfigured, &state))
		return XenbusStateUnknown;
	return (enum xenbus_state)state;
}

bool raw_guest_wait_state(struct raw_guest *guest, enum xenbus_state state, int timeout_ms)
{
	int64_t deadline = clock_ms() + timeout_ms;

	while (raw_guest_backend_state(guest) != state) {
		if (clock_ms() >= deadline)
			return false;
		usleep(PAUSE_US);
	}
	return true;
}

int raw_guest_reason(struct raw_guest *guest, char *text, size_t size)
{
	char path[XENBUS_PATH_BYTES + 40];
	int length;

	snprintf(path, sizeof(path), "/local/domain/0/error/backend/vif/%u/%u/error",
		 guest->domid, guest->vif.devid);
	length = store_read(guest->store, STORE_NO_TRANSACTION, path, text, size);
	if (length < 0)
		text[0] = '\0';
	return length < 0 ? 0 : length;
}

static int keys_write(struct raw_guest *guest)
{
	bool split = guest->rx_channel.port;
	const struct {
		const char *name;
		uint32_t value;
	} keys[] = {
		{ XENBUS_KEY_TX_RING_REF, guest->tx_ring_ref },
		{ XENBUS_KEY_RX_RING_REF, guest->rx_ring_ref },
		{ split ? XENBUS_KEY_EVTCHN_TX : XENBUS_KEY_EVTCHN, guest->tx_channel.port },
		{ XENBUS_KEY_EVTCHN_RX, guest->rx_channel.port },
		{ XENBUS_KEY_REQUEST_RX_COPY, 1 },
		{ XENBUS_KEY_RX_NOTIFY, 1 },
		{ XENBUS_KEY_SG, 1 },
		{ XENBUS_KEY_NO_CSUM, 1 },
	};
	int err = 0;

	for (size_t i = 0; !err && i < sizeof(keys) / sizeof(keys[0]); i++)
		if (keys[i].value)
			err = raw_guest_write(guest, keys[i].name, keys[i].value);
	return err;
}

/* For the backend to take what was written, or to refuse it. */
static int wait_connected(struct raw_guest *guest)
{
	int64_t deadline = clock_ms() + RAW_TIMEOUT_MS;

	while (clock_ms() < deadline) {
		enum xenbus_state state = raw_guest_backend_state(guest);

		if (state == XenbusStateConnected)
			return 0;
		if (state == XenbusStateClosing || state == XenbusStateClosed)
			return -ECONNABORTED;
		usleep(PAUSE_US);
	}
	return -ETIMEDOUT;
}

int raw_guest_connect(struct raw_guest *guest, enum raw_habit habit)
{
	int err;

	if (habit != RAW_ALL_AT_ONCE &&
	    !raw_guest_wait_state(guest, XenbusStateInitWait, RAW_TIMEOUT_MS))
		return -ETIMEDOUT;
	err = keys_write(guest);
	if (!err && habit == RAW_WAITS_IN_3)
		err = raw_guest_set_state(guest, XenbusStateInitialised);
	if (!err && habit != RAW_WAITS_IN_3)
		err = raw_guest_set_state(guest, XenbusStateConnected);
	if (!err)
		err = wait_connected(guest);
	if (!err && habit == RAW_WAITS_IN_3)
		err = raw_guest_set_state(guest, XenbusStateConnected);
	return err;
}

int raw_guest_open(struct raw_guest *guest, const char *rundir, const char *name,
		   enum raw_habit habit)
{
	int err;

	raw_guest_init(guest);
	err = raw_guest_dial(guest, rundir);
	if (!err)
		err = raw_guest_introduce(guest, name);
	if (!err)
		err = raw_guest_create_vif(guest);
	if (!err)
		err = raw_guest_prepare(guest, habit != RAW_ALL_AT_ONCE);
	return err ? err : raw_guest_connect(guest, habit);
}

void raw_guest_close(struct raw_guest *guest)
{
	if (guest->store)
		store_client_close(guest->store);
	evtchn_fini(&guest->tx_channel);
	evtchn_fini(&guest->rx_channel);
	if (guest->signals)
		signaller_fini(&guest->signaller);
	if (guest->socket >= 0)
		close(guest->socket);
	gnttab_fini(&guest->gnttab);
	arena_close(&guest->arena);
	raw_guest_init(guest);
}

uint8_t *raw_guest_tx_page(struct raw_guest *guest, unsigned int i)
{
	return arena_page(&guest->arena, RAW_SHARED_PAGES + i);
}

netif_tx_request_t raw_guest_slot(const struct raw_guest *guest, unsigned int page, uint16_t size,
				  uint16_t flags)
{
	return (netif_tx_request_t){
		.gref = guest->tx_refs[page],
		.flags = flags,
		.id = (uint16_t)page,
		.size = size,
	};
}

void raw_guest_fill_header(const struct raw_guest *guest, uint8_t *frame, const uint8_t mac[6])
{
	static const uint8_t ethertype[2] = { 0x88, 0xb5 }; /* local experiments, IEEE 802 */

	memcpy(frame, mac, 6);
	memcpy(frame + 6, guest->vif.mac, 6);
	memcpy(frame + 12, ethertype, 2);
}

void raw_guest_push(struct raw_guest *guest)
{
	ring_publish(&guest->tx);
	evtchn_notify(&guest->tx_channel, &guest->signaller);
	signaller_flush(&guest->signaller);
}

int raw_guest_responses(struct raw_guest *guest, netif_tx_response_t *responses, unsigned int n,
			int timeout_ms)
{
	int64_t deadline = clock_ms() + timeout_ms;
	unsigned int taken = 0;

	while (taken < n) {
		int pending = ring_pending(&guest->tx);

		if (pending < 0)
			return pending;
		for (; pending && taken < n; pending--, taken++) {
			ring_copy_tx_response(&guest->tx, guest->tx.in_cons, &responses[taken]);
			ring_consume(&guest->tx, 1);
		}
		if (taken == n || clock_ms() >= deadline)
			break;
		if (ring_arm(&guest->tx, 1) == 0)
			usleep(PAUSE_US);
	}
	return (int)taken;
}

uint8_t *raw_guest_rx_page(struct raw_guest *guest, unsigned int i)
{
	return arena_page(&guest->arena, RAW_FRAME_RX + i);
}

void raw_guest_post(struct raw_guest *guest, uint16_t id, grant_ref_t ref)
{
	netif_rx_request_t request = { .id = id, .gref = ref };

	ring_produce_rx_request(&guest->rx, &request);
}

void raw_guest_push_buffers(struct raw_guest *guest)
{
	ring_publish(&guest->rx);
	evtchn_notify(guest->rx_channel.port ? &guest->rx_channel : &guest->tx_channel,
		      &guest->signaller);
	signaller_flush(&guest->signaller);
}

int raw_guest_receive(struct raw_guest *guest, netif_rx_response_t *responses, unsigned int n,
		      int timeout_ms)
{
	int64_t deadline = clock_ms() + timeout_ms;
	unsigned int taken = 0;

	while (taken < n) {
		int pending = ring_pending(&guest->rx);

		if (pending < 0)
			return pending;
		for (; pending && taken < n; pending--, taken++) {
			ring_copy_rx_response(&guest->rx, guest->rx.in_cons, &responses[taken]);
			ring_consume(&guest->rx, 1);
		}
		if (taken == n || clock_ms() >= deadline)
			break;
		if (ring_arm(&guest->rx, 1) == 0)
			usleep(PAUSE_US);
	}
	return (int)taken;
}
