/*
 * What the manager hears: that all is ready, and from then on that every worker
 * answers, unless one does not.
 */
#include "backend/device_rig.h"

#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "backend/manager.h"
#include "backend/service.h"
#include "io/log.h"

enum { INTERVAL_USECS = 20000, PATIENCE_MS = 20000, SILENCE_MS = 200 };

struct stage {
	struct rig *rig;
	struct manager manager;
	struct privileged privileged;
	struct service service;
	struct event_base *base;
	int parent; /* what the privileged parent would hear */
	struct worker_source blocker;
	sem_t blocked, gate; /* a worker says that it is, and where it waits */
	atomic_bool stop;
	pthread_t control;
};

static void stage_open(struct stage *stage, bool there, uint64_t watchdog_usecs)
{
	int pair[2];

	memset(stage, 0, sizeof(*stage));
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	stage->rig = connected_rig();
	stage->manager = (struct manager){ .there = there, .watchdog_usecs = watchdog_usecs };
	stage->privileged = (struct privileged){ pair[0], &stage->manager };
	stage->parent = pair[1];
	stage->service = (struct service){ .privileged = &stage->privileged,
					   .workers = &stage->rig->world.workers,
					   .devices = stage->rig->devices };
	stage->base = event_base_new();
	assert_non_null(stage->base);
	sem_init(&stage->blocked, 0, 0);
	sem_init(&stage->gate, 0, 0);
	assert_int_equal(service_start(&stage->service, stage->base), 0);
}

static void stage_close(struct stage *stage)
{
	service_stop(&stage->service);
	event_base_free(stage->base);
	rig_close(stage->rig);
	close(stage->privileged.socket);
	close(stage->parent);
	sem_destroy(&stage->blocked);
	sem_destroy(&stage->gate);
}

/* The next message; false: none comes for so long. */
static bool hear(struct stage *stage, int timeout_ms, char text[HYPERCALL_MAX_BYTES])
{
	struct pollfd pfd = { .fd = stage->parent, .events = POLLIN };
	struct hypercall message;

	if (poll(&pfd, 1, timeout_ms) <= 0)
		return false;
	assert_int_equal(hypercall_receive(stage->parent, &message), 1);
	memcpy(text, message.body, message.length);
	text[message.length] = '\0';
	return true;
}

static void check_heard(struct stage *stage, const char *expected)
{
	char text[HYPERCALL_MAX_BYTES + 1];

	assert_true(hear(stage, PATIENCE_MS, text));
	assert_string_equal(text, expected);
}

static void *control_run(void *arg)
{
	struct stage *stage = arg;

	while (!stage->stop)
		event_base_loop(stage->base, EVLOOP_ONCE);
	return NULL;
}

static void blocker_readable(struct worker_source *source)
{
	struct stage *stage = (struct stage *)((char *)source - offsetof(struct stage, blocker));

	sem_post(&stage->blocked);
	while (sem_wait(&stage->gate))
		;
}

static void add_blocker(void *arg)
{
	struct stage *stage = arg;
	struct worker *worker = stage->rig->world.worker;

	assert_int_equal(worker_add(worker, &stage->blocker, eventfd(0, EFD_CLOEXEC), NULL,
				    blocker_readable),
			 0);
	engine_arm(worker->engine, &stage->blocker.source);
}

static void remove_blocker(void *arg)
{
	struct stage *stage = arg;
	int fd = stage->blocker.source.fd;

	worker_remove(stage->rig->world.worker, &stage->blocker);
	close(fd);
}

static void test_a_worker_that_hangs_is_not_vouched_for(void **state)
{
	static struct stage stage;
	char text[HYPERCALL_MAX_BYTES + 1];
	uint64_t one = 1;

	stage_open(&stage, true, INTERVAL_USECS);
	check_heard(&stage, "READY=1\nSTATUS=1 of 1 vifs connected");
	worker_call(stage.rig->world.worker, add_blocker, &stage);
	assert_int_equal(pthread_create(&stage.control, NULL, control_run, &stage), 0);
	for (int i = 0; i < 4; i++)
		check_heard(&stage, "WATCHDOG=1\nSTATUS=1 of 1 vifs connected");
	assert_int_equal(write(stage.blocker.source.fd, &one, sizeof(one)), sizeof(one));
	while (sem_wait(&stage.blocked))
		;
	while (hear(&stage, 0, text))
		; /* said before */
	for (int i = 0; hear(&stage, SILENCE_MS, text); i++)
		assert_int_equal(i, 0); /* it had just been asked */
	sem_post(&stage.gate);
	check_heard(&stage, "WATCHDOG=1\nSTATUS=1 of 1 vifs connected");
	stage.stop = true;
	pthread_join(stage.control, NULL);
	worker_call(stage.rig->world.worker, remove_blocker, &stage);
	stage_close(&stage);
}

static void test_no_watchdog_wanted(void **state)
{
	static struct stage stage;
	char text[HYPERCALL_MAX_BYTES + 1];

	stage_open(&stage, true, 0);
	check_heard(&stage, "READY=1\nSTATUS=1 of 1 vifs connected");
	assert_null(stage.service.watchdog);
	service_tell_end(&stage.service);
	check_heard(&stage, "STOPPING=1\nSTATUS=1 of 1 vifs connected");
	assert_false(hear(&stage, 0, text));
	stage_close(&stage);
}

static void test_nobody_is_there(void **state)
{
	static struct stage stage;
	char text[HYPERCALL_MAX_BYTES + 1];

	stage_open(&stage, false, 0);
	service_tell_end(&stage.service);
	privileged_keep(&stage.privileged, "x", stage.parent);
	assert_false(hear(&stage, 0, text));
	stage_close(&stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_worker_that_hangs_is_not_vouched_for),
		cmocka_unit_test(test_no_watchdog_wanted),
		cmocka_unit_test(test_nobody_is_there),
	};

	setenv("SPLITVIF_LOG", "emerg", 1);
	log_init("test_service");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
