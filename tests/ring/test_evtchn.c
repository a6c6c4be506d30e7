/*
 * Event channels: who may bind what, what becomes of an end when the other
 * goes, and that pending is one bit whatever was sent.
 */
#include "support/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "io/state.h"
#include "ring/evtchn.h"
#include "support/procfs.h"

enum { BACK = 0, GUEST = 3, OTHER = 4, NOBODY = 9 };

struct rig {
	struct evtchn_table *table;
	struct signaller signaller;
	int fds; /* open before the first channel */
};

static int setup(void **state)
{
	static struct rig rig;

	*state = &rig;
	rig.table = evtchn_table_create();
	if (!rig.table || signaller_init(&rig.signaller))
		return -1;
	rig.fds = procfs_fds(getpid());
	return evtchn_domain_create(rig.table, BACK) || evtchn_domain_create(rig.table, GUEST) ||
	       evtchn_domain_create(rig.table, OTHER);
}

static int teardown(void **state)
{
	struct rig *rig = *state;

	evtchn_table_destroy(rig->table);
	signaller_fini(&rig->signaller);
	return 0;
}

static void notify(struct rig *rig, struct evtchn *end)
{
	evtchn_notify(end, &rig->signaller);
	signaller_flush(&rig->signaller);
}

/* A channel of the guest's that the backend has bound; nothing pending. */
static void connect_ends(struct rig *rig, struct evtchn *guest, struct evtchn *back)
{
	assert_int_equal(evtchn_alloc_unbound(rig->table, GUEST, BACK, guest), 0);
	assert_int_equal(evtchn_bind_interdomain(rig->table, BACK, GUEST, guest->port, back), 0);
	assert_true(evtchn_take(back));
}

static void expect_state(struct rig *rig, domid_t domid, evtchn_port_t port,
			 struct evtchn_binding expected)
{
	struct evtchn_binding is = evtchn_query(rig->table, domid, port);

	assert_int_equal(is.state, expected.state);
	assert_int_equal(is.remote, expected.remote);
	assert_int_equal(is.remote_port, expected.remote_port);
}

static void test_life_of_a_channel(void **state)
{
	struct rig *rig = *state;
	struct evtchn guest, back;

	assert_int_equal(evtchn_alloc_unbound(rig->table, GUEST, BACK, &guest), 0);
	assert_int_not_equal(guest.port, 0);
	expect_state(rig, GUEST, guest.port, (struct evtchn_binding){ EVTCHN_UNBOUND, BACK, 0 });
	assert_int_equal(evtchn_bind_interdomain(rig->table, BACK, GUEST, guest.port, &back), 0);
	expect_state(rig, GUEST, guest.port,
		     (struct evtchn_binding){ EVTCHN_INTERDOMAIN, BACK, back.port });
	expect_state(rig, BACK, back.port,
		     (struct evtchn_binding){ EVTCHN_INTERDOMAIN, GUEST, guest.port });
	assert_int_equal(evtchn_close(rig->table, BACK, back.port), 0);
	expect_state(rig, GUEST, guest.port, (struct evtchn_binding){ EVTCHN_UNBOUND, BACK, 0 });
	expect_state(rig, BACK, back.port, (struct evtchn_binding){ EVTCHN_CLOSED, 0, 0 });
	assert_int_equal(evtchn_close(rig->table, GUEST, guest.port), 0);
	expect_state(rig, GUEST, guest.port, (struct evtchn_binding){ EVTCHN_CLOSED, 0, 0 });
	evtchn_fini(&guest);
	evtchn_fini(&back);
	assert_int_equal(procfs_fds(getpid()), rig->fds);
}

/* event_channel.h: whichever end stays may be bound again by the one meant. */
static void test_either_end_is_rebound(void **state)
{
	for (int leaver = 0; leaver < 2; leaver++) {
		struct rig *rig = *state;
		struct evtchn ends[2], again;
		const domid_t domids[] = { GUEST, BACK };
		domid_t stays = domids[!leaver];

		connect_ends(rig, &ends[0], &ends[1]);
		assert_int_equal(evtchn_close(rig->table, domids[leaver], ends[leaver].port), 0);
		evtchn_fini(&ends[leaver]);
		assert_int_equal(evtchn_bind_interdomain(rig->table, domids[leaver], stays,
							 ends[!leaver].port, &again),
				 0);
		assert_true(evtchn_take(&again));
		notify(rig, &again);
		assert_true(evtchn_take(&ends[!leaver]));
		notify(rig, &ends[!leaver]);
		assert_true(evtchn_take(&again));
		assert_int_equal(evtchn_close(rig->table, stays, ends[!leaver].port), 0);
		assert_int_equal(evtchn_close(rig->table, domids[leaver], again.port), 0);
		evtchn_fini(&again);
		evtchn_fini(&ends[!leaver]);
		assert_int_equal(procfs_fds(getpid()), rig->fds);
	}
}

static void test_who_may_not(void **state)
{
	struct rig *rig = *state;
	struct evtchn guest, back, refused = EVTCHN_NONE;
	evtchn_port_t port;

	assert_int_equal(evtchn_alloc_unbound(rig->table, NOBODY, BACK, &refused), -ESRCH);
	assert_int_equal(evtchn_alloc_unbound(rig->table, GUEST, NOBODY, &refused), -ESRCH);
	assert_int_equal(evtchn_alloc_unbound(rig->table, GUEST, DOMID_SELF, &refused), -ESRCH);
	assert_int_equal(evtchn_alloc_unbound(rig->table, GUEST, BACK, &guest), 0);
	port = guest.port;
#define BIND(who, remote, port) evtchn_bind_interdomain(rig->table, who, remote, port, &refused)
	assert_int_equal(BIND(BACK, NOBODY, port), -ESRCH);
	assert_int_equal(BIND(BACK, 0xffff, port), -ESRCH);
	assert_int_equal(BIND(NOBODY, GUEST, port), -ESRCH);
	assert_int_equal(BIND(OTHER, GUEST, port), -EINVAL); /* not meant for it */
	assert_int_equal(BIND(GUEST, GUEST, port), -EINVAL);
	assert_int_equal(BIND(BACK, OTHER, port), -EINVAL);
	assert_int_equal(BIND(BACK, GUEST, 0), -EINVAL);
	assert_int_equal(BIND(BACK, GUEST, port + 1), -EINVAL);
	assert_int_equal(BIND(BACK, GUEST, 0xffffffff), -EINVAL);
	assert_int_equal(evtchn_bind_interdomain(rig->table, BACK, GUEST, port, &back), 0);
	assert_int_equal(BIND(BACK, GUEST, port), -EINVAL); /* bound already */
#undef BIND
	assert_int_equal(evtchn_close(rig->table, GUEST, 0), -EINVAL);
	assert_int_equal(evtchn_close(rig->table, GUEST, port + 1), -EINVAL);
	assert_int_equal(evtchn_close(rig->table, NOBODY, port), -EINVAL);
	assert_int_equal(evtchn_domain_create(rig->table, GUEST), -EEXIST);
	assert_int_equal(evtchn_domain_create(rig->table, DOMID_SELF), -EINVAL);
	evtchn_fini(&guest);
	evtchn_fini(&back);
	/* The table keeps its two; the refusals kept nothing. */
	assert_int_equal(procfs_fds(getpid()), rig->fds + 2);
}

static void test_pending_is_one_bit(void **state)
{
	struct rig *rig = *state;
	struct evtchn guest, back;

	connect_ends(rig, &guest, &back);
	assert_false(evtchn_take(&guest));
	for (int i = 0; i < 1000; i++)
		notify(rig, &back);
	assert_true(evtchn_take(&guest));
	assert_false(evtchn_take(&guest));
	assert_int_equal(guest.received, 1);
	assert_int_equal(guest.merged, 999);
	assert_int_equal(back.sent, 1000);
	assert_false(evtchn_take(&back)); /* one direction each */
	evtchn_fini(&guest);
	evtchn_fini(&back);
}

/* What was sent before the other end came is not lost on it. */
static void test_binder_is_pending(void **state)
{
	struct rig *rig = *state;
	struct evtchn guest, back;

	assert_int_equal(evtchn_alloc_unbound(rig->table, GUEST, BACK, &guest), 0);
	assert_int_equal(evtchn_bind_interdomain(rig->table, BACK, GUEST, guest.port, &back), 0);
	assert_true(evtchn_take(&back));
	assert_false(evtchn_take(&back));
	assert_false(evtchn_take(&guest));
	evtchn_fini(&guest);
	evtchn_fini(&back);
}

static void test_send_to_nobody_is_dropped(void **state)
{
	struct rig *rig = *state;
	struct evtchn guest, back;

	connect_ends(rig, &guest, &back);
	assert_int_equal(evtchn_close(rig->table, BACK, back.port), 0);
	evtchn_fini(&back);
	notify(rig, &guest);
	assert_false(evtchn_take(&guest));
	evtchn_fini(&guest);
}

static void test_ports_run_out(void **state)
{
	struct rig *rig = *state;
	struct evtchn ends[EVTCHN_PORTS_PER_DOMAIN], refused = EVTCHN_NONE;
	int n = 0;

	while (n < EVTCHN_PORTS_PER_DOMAIN &&
	       !evtchn_alloc_unbound(rig->table, GUEST, BACK, &ends[n]))
		n++;
	assert_int_equal(n, EVTCHN_PORTS_PER_DOMAIN - 1); /* port 0 is none */
	assert_int_equal(evtchn_alloc_unbound(rig->table, GUEST, BACK, &refused), -ENOSPC);
	assert_int_equal(evtchn_alloc_unbound(rig->table, OTHER, BACK, &refused), 0);
	evtchn_fini(&refused);
	assert_int_equal(evtchn_close(rig->table, GUEST, ends[20].port), 0);
	evtchn_fini(&ends[20]);
	assert_int_equal(evtchn_alloc_unbound(rig->table, GUEST, BACK, &ends[20]), 0);
	while (n--)
		evtchn_fini(&ends[n]);
	evtchn_domain_destroy(rig->table, GUEST);
	evtchn_domain_destroy(rig->table, OTHER);
	assert_int_equal(procfs_fds(getpid()), rig->fds);
}

/* A domain's end closes its ports and leaves the other ends unbound, meant for
 * the domid that went. */
static void test_domain_ends(void **state)
{
	struct rig *rig = *state;
	struct evtchn guest, back, own, again;

	connect_ends(rig, &guest, &back);
	assert_int_equal(evtchn_alloc_unbound(rig->table, GUEST, GUEST, &own), 0);
	assert_int_equal(evtchn_bind_interdomain(rig->table, GUEST, GUEST, own.port, &again), 0);
	evtchn_fini(&own);
	evtchn_fini(&again);
	evtchn_domain_destroy(rig->table, GUEST);
	evtchn_domain_destroy(rig->table, GUEST); /* twice is once */
	expect_state(rig, GUEST, guest.port, (struct evtchn_binding){ EVTCHN_CLOSED, 0, 0 });
	expect_state(rig, BACK, back.port, (struct evtchn_binding){ EVTCHN_UNBOUND, GUEST, 0 });
	assert_int_equal(evtchn_alloc_unbound(rig->table, GUEST, BACK, &again), -ESRCH);
	assert_int_equal(evtchn_close(rig->table, BACK, back.port), 0);
	evtchn_fini(&guest);
	evtchn_fini(&back);
	assert_int_equal(procfs_fds(getpid()), rig->fds);
	assert_int_equal(evtchn_domain_create(rig->table, GUEST), 0);
}

static void set_blocking(int fd)
{
	assert_int_equal(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK), 0);
}

/* The flag that decides whether a read waits belongs to both sides. */
static void test_take_never_waits(void **state)
{
	struct rig *rig = *state;
	struct evtchn guest, back;

	connect_ends(rig, &guest, &back);
	set_blocking(back.wait_fd);
	set_blocking(guest.wait_fd);
	alarm(10); /* waiting ends the test */
	for (int i = 0; i < 1000; i++)
		assert_false(evtchn_take(&back));
	notify(rig, &guest);
	assert_true(evtchn_take(&back));
	assert_false(evtchn_take(&back));
	alarm(0);
	evtchn_fini(&guest);
	evtchn_fini(&back);
}

/* Binding signals an eventfd that the guest may hold full. */
static void test_bind_never_waits(void **state)
{
	static const uint64_t full = 0xfffffffffffffffe;
	struct rig *rig = *state;
	struct evtchn guest, back;

	assert_int_equal(evtchn_alloc_unbound(rig->table, GUEST, BACK, &guest), 0);
	set_blocking(guest.signal_fd);
	assert_int_equal(write(guest.signal_fd, &full, sizeof(full)), sizeof(full));
	alarm(10);
	assert_int_equal(evtchn_bind_interdomain(rig->table, BACK, GUEST, guest.port, &back), 0);
	alarm(0);
	assert_true(evtchn_take(&back));
	assert_false(evtchn_take(&back));
	evtchn_fini(&guest);
	evtchn_fini(&back);
}

/* One descriptor is readable exactly while pending, for those who poll. */
static void test_pending_shows_as_readable(void **state)
{
	struct rig *rig = *state;
	struct evtchn guest, back;
	struct pollfd pfd = { .events = POLLIN };

	connect_ends(rig, &guest, &back);
	pfd.fd = guest.wait_fd;
	assert_int_equal(poll(&pfd, 1, 0), 0);
	notify(rig, &back);
	assert_int_equal(poll(&pfd, 1, 0), 1);
	assert_true(evtchn_take(&guest));
	assert_int_equal(poll(&pfd, 1, 0), 0);
	evtchn_fini(&guest);
	evtchn_fini(&back);
}

static void test_none_is_harmless(void **state)
{
	struct evtchn none = EVTCHN_NONE;

	assert_false(evtchn_take(&none));
	evtchn_fini(&none);
	assert_int_equal(none.port, 0);
}

#define rig_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* The table of another process has the same channels; ends are had anew by port,
 * and what was pending still is. */
static void test_channels_are_carried(void **state)
{
	struct rig *rig = *state;
	struct evtchn guest, back, unbound, again;
	struct evtchn_table *fresh = evtchn_table_create();
	struct state saved, restored;

	assert_non_null(fresh);
	connect_ends(rig, &guest, &back);
	assert_int_equal(evtchn_alloc_unbound(rig->table, OTHER, BACK, &unbound), 0);
	notify(rig, &guest);
	state_save(&saved);
	evtchn_table_carry(rig->table, &saved);
	assert_int_equal(state_seal(&saved), 0);
	for (uint32_t i = 0; i < saved.nr_fds; i++)
		saved.fds[i] = dup(saved.fds[i]);
	assert_int_equal(saved.nr_fds, 4);
	assert_int_equal(state_restore(&restored, saved.bytes, saved.at, saved.fds, saved.nr_fds),
			 0);
	evtchn_table_carry(fresh, &restored);
	assert_null(restored.fault);
	assert_int_equal(evtchn_regain(fresh, BACK, back.port, &again), 0);
	assert_int_equal(evtchn_query(fresh, GUEST, guest.port).state, EVTCHN_INTERDOMAIN);
	assert_int_equal(evtchn_query(fresh, OTHER, unbound.port).state, EVTCHN_UNBOUND);
	evtchn_fini(&unbound);
	assert_int_equal(evtchn_regain(fresh, BACK, back.port + 1, &unbound), -EINVAL);
	assert_true(evtchn_take(&again));
	assert_false(evtchn_take(&back)); /* it was the same one */
	notify(rig, &again);
	assert_true(evtchn_take(&guest));
	state_fini(&saved);
	evtchn_fini(&again);
	evtchn_fini(&guest);
	evtchn_fini(&back);
	evtchn_table_destroy(fresh);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(test_life_of_a_channel),
		rig_test(test_either_end_is_rebound),
		rig_test(test_who_may_not),
		rig_test(test_pending_is_one_bit),
		rig_test(test_binder_is_pending),
		rig_test(test_send_to_nobody_is_dropped),
		rig_test(test_ports_run_out),
		rig_test(test_domain_ends),
		rig_test(test_take_never_waits),
		rig_test(test_bind_never_waits),
		rig_test(test_pending_shows_as_readable),
		rig_test(test_none_is_harmless),
		rig_test(test_channels_are_carried),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
