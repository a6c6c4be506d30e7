/*
 * What was sent ahead of a domain: its own once it is here, and nobody's if it does
 * not come, though nobody says so.
 */
#include "backend/device_rig.h"

#include <unistd.h>

#include <event2/event.h>

#include "backend/arrivals.h"
#include "backend/kept_tuning.h"
#include "backend/luggage.h"

static char directory[64];

static int make_directory(void **state)
{
	snprintf(directory, sizeof(directory), "/tmp/arrivals-XXXXXX");
	assert_non_null(mkdtemp(directory));
	return setenv("SPLITVIF_RUNDIR", directory, 1);
}

static int remove_directory(void **state)
{
	char path[96];

	snprintf(path, sizeof(path), "%s/vifs.conf", directory);
	unlink(path);
	snprintf(path, sizeof(path), "%s/tuning.conf", directory);
	unlink(path);
	return rmdir(directory);
}

struct fixture {
	struct rig *rig;
	struct event_base *base;
	struct arrivals *arrivals;
	const char *here; /* who is */
};

static bool is_here(void *arg, const char *name)
{
	const struct fixture *fixture = arg;

	return fixture->here && !strcmp(fixture->here, name);
}

static int open_fixture(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct arrivals_config config = { .is_here = is_here, .arg = fixture };

	assert_non_null(fixture);
	fixture->rig = rig_open();
	fixture->base = event_base_new();
	config.base = fixture->base;
	config.toolstack = &fixture->rig->toolstack;
	fixture->arrivals = arrivals_create(&config);
	assert_non_null(fixture->arrivals);
	*state = fixture;
	return 0;
}

static int close_fixture(void **state)
{
	struct fixture *fixture = *state;

	luggage_forget(&fixture->rig->toolstack, "a");
	luggage_forget(&fixture->rig->toolstack, "b");
	arrivals_destroy(fixture->arrivals);
	event_base_free(fixture->base);
	attachments_fini(&fixture->rig->toolstack.attachments);
	rig_close(fixture->rig);
	free(fixture);
	return 0;
}

static void expect(struct fixture *fixture, const char *name, unsigned int ms)
{
	char error[VIFSPEC_ERROR_BYTES];
	int err = luggage_unpack(&fixture->rig->toolstack, name, "",
				 "attached devid=0,bridge=xenbr0,mac=00:16:3e:01:02:03 rx-usecs=9",
				 error);

	if (err)
		fail_msg("%s", error);
	assert_int_equal(arrivals_expect(fixture->arrivals, name, ms), 0);
}

/* What is kept of it; `expected`: and may go again. */
static void check(struct fixture *fixture, const char *name, bool there, bool expected)
{
	struct toolstack *toolstack = &fixture->rig->toolstack;
	const struct attachment *attachment = attachments_find(&toolstack->attachments, name, 0);
	struct kept_tuning *kept = *devices_kept_tuning(toolstack->devices);
	char vif[8];

	snprintf(vif, sizeof(vif), "%s.0", name);
	assert_int_equal(attachment != NULL, there);
	assert_int_equal(kept_tuning_find(kept, vif) != NULL, there);
	if (there)
		assert_int_equal(attachment->expected, expected);
	assert_int_equal(kept_tuning_is_expected(kept, vif), there && expected);
}

static void test_one_comes_one_does_not(void **state)
{
	struct fixture *fixture = *state;

	fixture->here = "a";
	expect(fixture, "a", 1);
	expect(fixture, "b", 1);
	check(fixture, "a", true, true);
	check(fixture, "b", true, true);
	event_base_dispatch(fixture->base); /* until nobody is expected */
	check(fixture, "a", true, false);
	check(fixture, "b", false, false);
}

/* The second attempt has all its time, and the first one's end is not waited for. */
static void test_expected_again(void **state)
{
	struct fixture *fixture = *state;

	expect(fixture, "a", 1);
	expect(fixture, "a", 3600000);
	usleep(2000);
	event_base_loop(fixture->base, EVLOOP_NONBLOCK);
	check(fixture, "a", true, true);
	expect(fixture, "a", 1);
	event_base_dispatch(fixture->base);
	check(fixture, "a", false, false);
}

/* What somebody said meanwhile stands. */
static void test_settled_before(void **state)
{
	struct fixture *fixture = *state;

	expect(fixture, "a", 1);
	luggage_settle(&fixture->rig->toolstack, "a");
	event_base_dispatch(fixture->base);
	check(fixture, "a", true, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_one_comes_one_does_not, open_fixture,
						close_fixture),
		cmocka_unit_test_setup_teardown(test_expected_again, open_fixture, close_fixture),
		cmocka_unit_test_setup_teardown(test_settled_before, open_fixture, close_fixture),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
