/*
 * What a VM takes along when it migrates: packed here, unpacked there, it is the
 * same; what is none is refused; what the configuration says stands.
 */
#include "backend/device_rig.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "backend/kept_tuning.h"
#include "backend/luggage.h"
#include "io/log.h"

static char directory[64];

static int make_directory(void **state)
{
	snprintf(directory, sizeof(directory), "/tmp/luggage-XXXXXX");
	assert_non_null(mkdtemp(directory));
	return setenv("SPLITVIF_RUNDIR", directory, 1);
}

static int remove_directory(void **state)
{
	static const char *const files[] = { "vifs.conf", "tuning.conf" };
	char path[96];

	for (size_t i = 0; i < COUNT_OF(files); i++) {
		snprintf(path, sizeof(path), "%s/%s", directory, files[i]);
		unlink(path);
	}
	return rmdir(directory);
}

#define SPEC "devid=0,mac=00:16:3e:01:02:03,bridge=xenbr0,mtu=1400,ip=10.77.0.5"

static const char *const lines[] = {
	"asked " SPEC,
	"attached " SPEC ",rate=1250KB/s@50ms",
	"attached " SPEC ",rate=1MB@5s", /* in the store 1000000,5000000 */
	"asked " SPEC " tx=off gro=off",
	"attached " SPEC " napi-weight=16 rx=off tx=off sg=off tso=off gso=off gro=off",
	"asked " SPEC " adaptive-rx=off rx-usecs=50 rx-frames=8",
	"attached " SPEC ",rate=3KB/s@1ms adaptive-tx=off tx-aggr-max-frames=4 napi-weight=16",
};

/* From a line to a vif that runs, and from that to a line again. */
static void test_what_is_unpacked_is_packed(void **state)
{
	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		struct hypercall_vif_create wanted = { .mtu = 0 };
		char error[VIFSPEC_ERROR_BYTES], text[LUGGAGE_BYTES];
		struct hypercall_vif_created created;
		struct rig *rig = rig_open();

		if (luggage_unpack(&rig->toolstack, "guest", "", lines[i], error))
			fail_msg("'%s': %s", lines[i], error);
		toolstack_attach_all(&rig->toolstack, &domain);
		assert_int_equal(toolstack_vif_create(&rig->toolstack, &domain, &wanted, &created),
				 0);
		luggage_pack(&rig->toolstack, device(rig), text);
		assert_string_equal(text, lines[i]);
		luggage_forget(&rig->toolstack, "guest");
		assert_int_equal(rig->toolstack.attachments.nr, 0);
		attachments_fini(&rig->toolstack.attachments);
		rig_close(rig);
	}
}

/* The vif that a frontend asked for once is not its name's for ever. */
static void test_what_was_asked_for_is_expected_once(void **state)
{
	struct hypercall_vif_create wanted = { .mac = { 2, 0, 0, 0, 0, 9 } };
	struct hypercall_vif_created created;
	char error[VIFSPEC_ERROR_BYTES];
	struct rig *rig = rig_open();

	assert_int_equal(luggage_unpack(&rig->toolstack, "guest", "", lines[0], error), 0);
	assert_int_equal(luggage_unpack(&rig->toolstack, "guest", "",
					"asked devid=3,bridge=xenbr0,mac=00:16:3e:01:02:04", error),
			 0);
	assert_int_equal(luggage_unpack(&rig->toolstack, "guest", "",
					"attached devid=4,bridge=xenbr0,mac=00:16:3e:01:02:05",
					error),
			 0);
	assert_int_equal(access(attachments_path(error, sizeof(error)) ? "" : error, F_OK), 0);
	toolstack_attach_all(&rig->toolstack, &domain);
	assert_int_equal(rig->toolstack.attachments.nr, 2); /* 0 is not asked for yet */
	assert_int_equal(toolstack_vif_create(&rig->toolstack, &domain, &wanted, &created), 0);
	assert_int_equal(created.mac[5], 3); /* what was expected, not what is wanted now */
	assert_int_equal(rig->toolstack.attachments.nr, 1);
	assert_int_equal(rig->toolstack.attachments.list[0].spec.devid, 4);
	luggage_forget(&rig->toolstack, "guest");
	attachments_fini(&rig->toolstack.attachments);
	rig_close(rig);
}

/* Of one attempt after another: what was sent ahead goes again, and what the operator
 * of this daemon had attached and set stands. */
static void test_what_was_there_stands(void **state)
{
	struct attachment own = { .domain = "guest",
				  .spec = { .has_devid = true, .devid = 0, .mtu = 1300 } };
	struct rig *rig = rig_open();
	struct kept_tuning **kept = devices_kept_tuning(rig->devices);
	const struct attachments *attachments = &rig->toolstack.attachments;
	char error[VIFSPEC_ERROR_BYTES];
	struct tuning tuning;

	tuning_init(&tuning);
	assert_int_equal(tuning_set(&tuning, TUNING_NAPI_WEIGHT, "8"), 0);
	assert_int_equal(attachments_put(&rig->toolstack.attachments, &own), 0);
	assert_int_equal(kept_tuning_put(kept, "guest.0", &tuning), 0);
	for (unsigned int times = 0; times < 2; times++) {
		assert_int_equal(luggage_unpack(&rig->toolstack, "guest", "", lines[4], error), 0);
		assert_int_equal(luggage_unpack(&rig->toolstack, "guest", "",
						"attached devid=1,bridge=xenbr0 napi-weight=16",
						error),
				 0);
		assert_int_equal(attachments->nr, 2);
		assert_int_equal(attachments->list[0].spec.mtu, 1300);
		assert_int_equal(attachments->list[0].spec.rate.bytes, 0);
		assert_non_null(kept_tuning_find(*kept, "guest.1"));
		luggage_take_back(&rig->toolstack, "guest");
		assert_int_equal(attachments->nr, 1);
		assert_int_equal(attachments->list[0].spec.mtu, 1300);
		assert_null(kept_tuning_find(*kept, "guest.1"));
		assert_int_equal(kept_tuning_find(*kept, "guest.0")->value[TUNING_NAPI_WEIGHT], 8);
	}
	luggage_forget(&rig->toolstack, "guest");
	assert_int_equal(attachments->nr, 0);
	assert_null(kept_tuning_find(*kept, "guest.0"));
	attachments_fini(&rig->toolstack.attachments);
	rig_close(rig);
}

/* Once the VM came it is as if it had been set here: another attempt spares it. */
static void test_what_came_is_its_own(void **state)
{
	struct rig *rig = rig_open();
	struct kept_tuning **kept = devices_kept_tuning(rig->devices);
	char error[VIFSPEC_ERROR_BYTES];

	assert_int_equal(luggage_unpack(&rig->toolstack, "guest", "", lines[4], error), 0);
	luggage_settle(&rig->toolstack, "guest");
	luggage_take_back(&rig->toolstack, "guest");
	assert_int_equal(rig->toolstack.attachments.nr, 1);
	assert_int_equal(kept_tuning_find(*kept, "guest.0")->value[TUNING_NAPI_WEIGHT], 16);
	luggage_forget(&rig->toolstack, "guest");
	attachments_fini(&rig->toolstack.attachments);
	rig_close(rig);
}

static void test_the_configuration_stands(void **state)
{
	struct attachment named = { .domain = "guest",
				    .configured = true,
				    .spec = { .has_devid = true, .mtu = 1300 } };
	char error[VIFSPEC_ERROR_BYTES];
	struct rig *rig = rig_open();

	assert_int_equal(attachments_put(&rig->toolstack.attachments, &named), 0);
	assert_int_equal(luggage_unpack(&rig->toolstack, "guest", "", lines[4], error), 0);
	assert_int_equal(rig->toolstack.attachments.list[0].spec.mtu, 1300);
	assert_int_equal(rig->toolstack.attachments.list[0].spec.rate.bytes, 0);
	toolstack_attach_all(&rig->toolstack, &domain); /* it knows no such settings */
	assert_int_equal(device(rig)->tuning.value[TUNING_NAPI_WEIGHT], 16);
	luggage_forget(&rig->toolstack, "guest");
	assert_int_equal(rig->toolstack.attachments.nr, 1);
	attachments_fini(&rig->toolstack.attachments);
	rig_close(rig);
}

static const struct {
	const char *line, *bridge, *error;
} bad[] = {
	{ "", "", "'attached' or 'asked' and a vifspec are wanted" },
	{ "asked", "", "'attached' or 'asked' and a vifspec are wanted" },
	{ "stolen devid=0", "", "'attached' or 'asked' and a vifspec are wanted" },
	{ "asked mtu=1500", "", "a vif without its devid" },
	{ "asked devid=9", "", "devid '9': a number from 0 to 7 is wanted" },
	{ "asked devid=0,bridge=lab0", "", "bridge lab0: no such bridge there" },
	{ "asked devid=0,bridge=xenbr0", "lab1", "bridge lab1: no such bridge there" },
	{ "asked devid=0 rx-usecs", "", "'rx-usecs' cannot be set here" },
	{ "asked devid=0 rx-usecs=x", "", "'rx-usecs' cannot be set here" },
	{ "asked devid=0 no-such-word=1", "", "'no-such-word' cannot be set here" },
	{ "asked devid=0  ", "", "'' cannot be set here" },
};

static void test_what_is_refused(void **state)
{
	struct rig *rig = rig_open();

	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		char error[VIFSPEC_ERROR_BYTES] = "";

		if (!luggage_unpack(&rig->toolstack, "guest", bad[i].bridge, bad[i].line, error) ||
		    !strstr(error, bad[i].error))
			fail_msg("'%s': '%s'", bad[i].line, error);
		assert_int_equal(rig->toolstack.attachments.nr, 0);
	}
	rig_close(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_unpacked_is_packed),
		cmocka_unit_test(test_what_was_asked_for_is_expected_once),
		cmocka_unit_test(test_what_was_there_stands),
		cmocka_unit_test(test_what_came_is_its_own),
		cmocka_unit_test(test_the_configuration_stands),
		cmocka_unit_test(test_what_is_refused),
	};

	setenv("SPLITVIF_LOG", "emerg", 1);
	log_init("test_luggage");
	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
