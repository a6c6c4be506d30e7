/*
 * A vif that was detached and whose frontend holds on: when its time is up its
 * memory is let go at once, its script runs, and it is there until that has ended.
 */
#include "backend/device_rig.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "backend/hotplug.h"
#include "backend/manager.h"
#include "backend/parent_calls.h"
#include "ring/hypercall.h"

struct stage {
	struct rig *rig;
	struct manager manager;
	struct privileged privileged;
	struct event_base *base;
	struct hotplug *hotplug;
	int parent; /* what the privileged parent would hear */
};

static void script_done(void *arg, const struct script_request *request,
			const struct script_result *result)
{
	devices_script_done(((struct stage *)arg)->rig->devices, request, result);
}

static void stage_open(struct stage *stage)
{
	int pair[2];

	memset(stage, 0, sizeof(*stage));
	assert_int_equal(
		socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
	stage->privileged = (struct privileged){ pair[0], &stage->manager };
	stage->parent = pair[1];
	stage->base = event_base_new();
	stage->hotplug = hotplug_create(stage->base, &stage->privileged, script_done, stage);
	assert_non_null(stage->hotplug);
	stage->rig = rig_open_with(stage->hotplug);
	stage->rig->toolstack.scripts = "/scripts";
}

static void stage_close(struct stage *stage)
{
	rig_close(stage->rig);
	hotplug_destroy(stage->hotplug);
	event_base_free(stage->base);
	close(stage->privileged.socket);
	close(stage->parent);
}

/* The script that is asked for, once; where its result is wanted. */
static int asked(struct stage *stage, bool online)
{
	struct script_request request;
	struct hypercall message;
	int fd;

	assert_int_equal(hypercall_receive(stage->parent, &message), 1);
	fd = message.fds[0];
	assert_int_equal(message.header.type, RUN_SCRIPT);
	assert_int_equal(message.nr_fds, 1);
	memcpy(&request, message.body, sizeof(request));
	assert_string_equal(request.script, "good");
	assert_int_equal(request.online, online);
	assert_int_equal(hypercall_receive(stage->parent, &message), -EAGAIN);
	return fd;
}

static void ended(struct stage *stage, int fd, enum script_status status)
{
	struct script_result result = { .status = (int32_t)status, .error = "why" };

	assert_int_equal(write(fd, &result, sizeof(result)), sizeof(result));
	close(fd);
	event_base_loop(stage->base, EVLOOP_NONBLOCK);
	settle(stage->rig);
}

static void connect_vif(struct stage *stage)
{
	struct vifspec spec = { .has_devid = true };
	char error[VIFSPEC_ERROR_BYTES];
	int fd;

	strcpy(spec.script, "good");
	assert_int_equal(toolstack_attach(&stage->rig->toolstack, &domain, &spec, error), 0);
	fd = asked(stage, true);
	store_write(stage->rig->dom0, 0, BACKEND "/hotplug-status", "connected", 9);
	ended(stage, fd, SCRIPT_DONE);
	put_keys(stage->rig);
	put_state(stage->rig, "4");
	check_state(stage->rig, "4");
}

/* Whatever the script says in the end. */
static void forced_end(enum script_status status)
{
	struct hypercall message;
	struct stage stage;
	struct rig *rig;
	int fd;

	stage_open(&stage);
	rig = stage.rig;
	connect_vif(&stage);
	toolstack_detach(&rig->toolstack, &domain, device(rig));
	devices_handle_timer(rig->devices);
	assert_int_equal(hypercall_receive(stage.parent, &message), -EAGAIN); /* not yet */
	device(rig)->leaving_since_ms -= DEVICE_LEAVE_MS;
	devices_handle_timer(rig->devices);
	assert_non_null(device(rig));
	assert_null(device(rig)->vif);
	fd = asked(&stage, false);
	put_state(rig, "1"); /* too late: nothing brings it back */
	devices_handle_timer(rig->devices);
	assert_int_equal(hypercall_receive(stage.parent, &message), -EAGAIN);
	check_key(rig, BACKEND "/hotplug-status", "connected"); /* for the script to read */
	ended(&stage, fd, status);
	assert_null(device(rig));
	check_key(rig, BACKEND "/state", NULL);
	check_key(rig, FRONTEND "/state", NULL);
	stage_close(&stage);
}

static void test_the_script_runs_first(void **state)
{
	forced_end(SCRIPT_DONE);
}

static void test_a_script_that_fails(void **state)
{
	forced_end(SCRIPT_FAILED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_script_runs_first),
		cmocka_unit_test(test_a_script_that_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
