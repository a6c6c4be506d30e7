/*
 * Further connections of a domain: who may join which vif, with what, and that
 * members come and go without the domain, but not the other way round.
 */
#include "support/unit.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "e2e/hostile.h"
#include "support/memfd.h"

static struct stage stage;

struct wish {
	const char *what;
	const char *name;
	uint32_t devid;
	int (*shared)(void), (*tx)(void);
	uint32_t table_pages;
	int status;
};

/* The status of one attempt, on a connection that is dialled. */
static int join_with(struct raw_guest *guest, const struct wish *wish, struct hypercall *reply)
{
	struct hypercall_join body = { .devid = wish->devid,
				       .shared_pages = MEMFD_SHARED_PAGES,
				       .tx_pages = MEMFD_TX_PAGES,
				       .gnttab_pages = wish->table_pages };
	int fds[2] = { wish->shared(), wish->tx() }, status;

	assert_true(fds[0] >= 0 && fds[1] >= 0);
	memcpy(body.name, wish->name, strnlen(wish->name, sizeof(body.name)));
	status = raw_guest_call(guest, HYPERCALL_JOIN, &body, sizeof(body), fds, 2, reply);
	close(fds[0]);
	close(fds[1]);
	return status;
}

static int join(struct raw_guest *guest)
{
	static const struct wish good = { NULL,		 "attacker", 0, memfd_good_shared,
					  memfd_good_tx, 1,	     0 };
	struct hypercall_joined joined;
	struct hypercall reply;
	int status = join_with(guest, &good, &reply);

	if (status)
		return status;
	assert_int_equal(reply.length, sizeof(joined));
	assert_int_equal(reply.nr_fds, 1);
	memcpy(&joined, reply.body, sizeof(joined));
	assert_int_equal(joined.domid, stage.attacker.domid);
	assert_memory_equal(joined.vif.mac, stage.attacker.vif.mac, 6);
	hypercall_close_fds(&reply);
	return 0;
}

static void dial(struct raw_guest *guest)
{
	raw_guest_init(guest);
	assert_int_equal(raw_guest_dial(guest, stage.daemon.rundir), 0);
}

/* A domain with a vif that nobody serves yet. */
static void begin(const char *name)
{
	hostile_begin(&stage, name);
	dial(&stage.attacker);
	assert_int_equal(raw_guest_introduce(&stage.attacker, "attacker"), 0);
	assert_int_equal(raw_guest_create_vif(&stage.attacker), 0);
}

static bool hangs_up(struct raw_guest *guest)
{
	struct pollfd ready = { .fd = guest->socket, .events = POLLIN | POLLRDHUP };
	char byte;

	return poll(&ready, 1, RAW_TIMEOUT_MS) == 1 && recv(guest->socket, &byte, 1, 0) <= 0;
}

static void test_refused(void **state)
{
	static char endless[64];
	static const struct wish wishes[] = {
		{ "nobody", "nobody", 0, memfd_good_shared, memfd_good_tx, 1, -ESRCH },
		{ "no name", "", 0, memfd_good_shared, memfd_good_tx, 1, -ESRCH },
		{ "a name without end", endless, 0, memfd_good_shared, memfd_good_tx, 1, -ESRCH },
		{ "a vif that is not there", "attacker", 1, memfd_good_shared, memfd_good_tx, 1,
		  -ENODEV },
		{ "a number beyond all", "attacker", 0xffffffff, memfd_good_shared, memfd_good_tx,
		  1, -ENODEV },
		{ "another process'", "canary-a", 0, memfd_good_shared, memfd_good_tx, 1, 1 },
		{ "one that is served", "peer", 0, memfd_good_shared, memfd_good_tx, 1, -EBUSY },
		{ "unsealed", "attacker", 0, memfd_unsealed, memfd_good_tx, 1, -EPERM },
		{ "tx writable", "attacker", 0, memfd_good_shared, memfd_tx_without_write_seal, 1,
		  -EPERM },
		{ "a pipe", "attacker", 0, memfd_pipe, memfd_good_tx, 1, -EINVAL },
		{ "no table", "attacker", 0, memfd_good_shared, memfd_good_tx, 0, -EINVAL },
		{ "a table without end", "attacker", 0, memfd_good_shared, memfd_good_tx,
		  0xffffffff, -EINVAL },
	};
	struct hypercall_join body = { .name = "attacker" };
	struct raw_guest member;

	memset(endless, 'x', sizeof(endless));
	begin("refused");
	dial(&member);
	for (size_t i = 0; i < COUNT_OF(wishes); i++) {
		int status = join_with(&member, &wishes[i], NULL);

		if (status >= 0 || (wishes[i].status < 0 && status != wishes[i].status))
			fail_msg("%s: %d instead of %d", wishes[i].what, status, wishes[i].status);
	}
	assert_int_equal(raw_guest_call(&member, HYPERCALL_JOIN, &body, sizeof(body), NULL, 0,
					NULL),
			 -EBADMSG);
	assert_int_equal(raw_guest_call(&member, HYPERCALL_JOIN, &body, 4, NULL, 0, NULL),
			 -EBADMSG);
	assert_int_equal(join(&stage.attacker), -EALREADY);
	assert_int_equal(join(&member), 0); /* it was left as it was */
	raw_guest_close(&member);
	assert_true(hostile_end(&stage));
}

static void test_members_come_and_go(void **state)
{
	struct hypercall_evtchn_alloc alloc = { .remote = 0 };
	struct hypercall_introduce again = { .name = "again" };
	struct raw_guest first, second;

	begin("members");
	for (int i = 0; i < 40; i++) { /* 80 channels: they must go with it */
		dial(&first);
		dial(&second);
		assert_int_equal(join(&first), 0);
		assert_int_equal(join(&second), -EBUSY);
		for (int n = 0; n < 2; n++)
			assert_int_equal(raw_guest_call(&first, HYPERCALL_EVTCHN_ALLOC_UNBOUND,
							&alloc, sizeof(alloc), NULL, 0, NULL),
					 0);
		assert_int_equal(raw_guest_call(&first, HYPERCALL_INTRODUCE, &again, sizeof(again),
						NULL, 0, NULL),
				 -EBADMSG);
		raw_guest_close(&first);
		raw_guest_close(&second);
	}
	assert_true(hostile_end(&stage));
}

static void test_the_domain_takes_its_members_along(void **state)
{
	struct raw_guest member;

	begin("the domain ends");
	dial(&member);
	assert_int_equal(join(&member), 0);
	raw_guest_close(&stage.attacker);
	assert_true(hangs_up(&member));
	raw_guest_close(&member);
	assert_true(hostile_end(&stage));
}

/* Same user, same name, another process. */
static void test_another_process(void **state)
{
	int status;
	pid_t child;

	begin("another process");
	child = fork();
	if (child == 0) {
		static const struct wish wish = { NULL,		 "attacker", 0, memfd_good_shared,
						  memfd_good_tx, 1,	     0 };
		struct raw_guest thief;

		raw_guest_init(&thief);
		if (raw_guest_dial(&thief, stage.daemon.rundir))
			_exit(1);
		_exit(join_with(&thief, &wish, NULL) == -EPERM ? 0 : 2);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_true(hostile_end(&stage));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_members_come_and_go),
		cmocka_unit_test(test_the_domain_takes_its_members_along),
		cmocka_unit_test(test_another_process),
	};

	return hostile_run(&stage, tests, sizeof(tests) / sizeof(tests[0]));
}
