#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/xenbus.h"

/* The header's table, one row a state of ours, one letter a state of the
 * frontend's (0 to 8): . wait, A advertise, C connect, D disconnect, X close,
 * R remove. */
static const struct {
	const char *name;
	bool online, broken, script_pending;
	const char *rows[9];
} cases[] = {
	{ "online",
	  true,
	  false,
	  false,
	  { ".AAAAXX..", ".AAAAXX..", "D..CCDD..", "D..CCDD..", "DDD..DD..", "XXXXXXXXX",
	    "RAAAA....", "DDD..DD..", "DDD..DD.." } },
	{ "online, a script is pending",
	  true,
	  false,
	  true,
	  { ".AAAAXX..", ".AAAAXX..", "D....DD..", "D....DD..", "DDD..DD..", "XXXXXXXXX",
	    "RAAAA....", "DDD..DD..", "DDD..DD.." } },
	{ "broken",
	  true,
	  true,
	  false,
	  { ".XXXXXXXX", ".XXXXXXXX", "DDDDDDDDD", "DDDDDDDDD", "DDDDDDDDD", "XXXXXXXXX",
	    "RA.......", "DDDDDDDDD", "DDDDDDDDD" } },
	{ "offline",
	  false,
	  false,
	  false,
	  { "XXXXXXXXX", "XXXXXXXXX", "DDDDDDDDD", "DDDDDDDDD", "DDDDDDDDD", "XXXXXXXXX",
	    "RRR...RRR", "DDDDDDDDD", "DDDDDDDDD" } },
	{ "offline and broken",
	  false,
	  true,
	  true,
	  { "XXXXXXXXX", "XXXXXXXXX", "DDDDDDDDD", "DDDDDDDDD", "DDDDDDDDD", "XXXXXXXXX",
	    "RRR...RRR", "DDDDDDDDD", "DDDDDDDDD" } },
};

static const char letters[] = {
	[XENBUS_WAIT] = '.',	   [XENBUS_ADVERTISE] = 'A', [XENBUS_CONNECT] = 'C',
	[XENBUS_DISCONNECT] = 'D', [XENBUS_CLOSE] = 'X',     [XENBUS_REMOVE] = 'R',
};

static void test_the_whole_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (int own = 0; own < 9; own++)
			for (int frontend = 0; frontend < 9; frontend++) {
				const struct xenbus_backend_view view = {
					.own = own,
					.frontend = frontend,
					.online = cases[i].online,
					.broken = cases[i].broken,
					.script_pending = cases[i].script_pending,
				};
				char step = letters[xenbus_backend_next(&view)];

				if (step != cases[i].rows[own][frontend])
					fail_msg("%s: ours %s, frontend %s: %c", cases[i].name,
						 xenbus_state_name(own),
						 xenbus_state_name(frontend), step);
			}
}

/* Takes steps, as a backend does, until it has to wait. */
static void settle(struct xenbus_backend_view *view, char *trace)
{
	static const enum xenbus_state next[] = {
		[XENBUS_ADVERTISE] = XenbusStateInitWait,
		[XENBUS_CONNECT] = XenbusStateConnected,
		[XENBUS_DISCONNECT] = XenbusStateClosing,
		[XENBUS_CLOSE] = XenbusStateClosed,
	};
	enum xenbus_step step;
	size_t length = strlen(trace);

	while ((step = xenbus_backend_next(view)) != XENBUS_WAIT) {
		assert_true(length < 30);
		trace[length++] = letters[step];
		trace[length] = '\0';
		if (step == XENBUS_REMOVE)
			return;
		if (step == XENBUS_ADVERTISE)
			view->broken = false;
		view->own = next[step];
	}
}

/* Lives of a device: each digit is a state that the frontend shows, b breaks
 * the device, o takes it offline, s and S begin and end a script; a comma is
 * where the backend looks and settles. */
static void test_lives(void **state)
{
	static const struct {
		const char *name, *events, *steps;
	} lives[] = {
		{ "a frontend that waits for InitWait", "1,3,4,5,6", "ACDX" },
		{ "a frontend that writes all at once", "4,", "AC" },
		{ "a frontend that stops at Initialised", "1,3,", "AC" },
		{ "re-used after Closed", "1,4,6,1,4,", "ACDXAC" },
		{ "restarted while we are connected", "1,4,1,4,", "ACDXAC" },
		{ "restarted, and at Closed and Connected again before we look", "1,4,6,4,",
		  "ACDXAC" },
		{ "detached", "1,4,o,5,6,", "ACDXR" },
		{ "its node goes", "1,4,0,", "ACDXR" },
		{ "its node is not there yet", "0,1,4,", "AC" },
		{ "detached before it came", "1,o,", "ADXR" },
		{ "broken, then started again", "1,4,b,4,5,6,1,4,", "ACDXAC" },
		{ "broken, and never started again", "1,4,b,4,3,6,4,", "ACDX" },
		{ "broken before it connected", "1,b,", "ADXA" },
		{ "a script in between", "s1,4,S,", "AC" },
		{ "a backend that finds a closed frontend", "6,1,4,", "XAC" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lives) / sizeof(lives[0]); i++) {
		struct xenbus_backend_view view = { .own = XenbusStateInitialising,
						    .online = true };
		char trace[32] = "";

		for (const char *event = lives[i].events; *event; event++) {
			if (*event >= '0' && *event <= '8')
				view.frontend = (enum xenbus_state)(*event - '0');
			view.broken = view.broken || *event == 'b';
			view.online = view.online && *event != 'o';
			if (*event == 's' || *event == 'S')
				view.script_pending = *event == 's';
			if (*event == ',')
				settle(&view, trace);
		}
		print_message("%s: %s\n", lives[i].name, trace);
		assert_string_equal(trace, lives[i].steps);
	}
}

static void test_states_that_are_none(void **state)
{
	struct xenbus_backend_view view = { .own = 4, .frontend = 9, .online = true };

	(void)state;
	assert_int_equal(xenbus_backend_next(&view), XENBUS_DISCONNECT);
	view = (struct xenbus_backend_view){ .own = 77, .frontend = 1, .online = true };
	assert_int_equal(xenbus_backend_next(&view), XENBUS_ADVERTISE);
	assert_string_equal(xenbus_state_name(4), "Connected");
	assert_string_equal(xenbus_state_name(9), "Unknown");
	assert_string_equal(xenbus_state_name((enum xenbus_state) - 1), "Unknown");
}

static void test_paths(void **state)
{
	char path[XENBUS_PATH_BYTES];

	(void)state;
	xenbus_backend_path(path, 65535, UINT32_MAX);
	assert_string_equal(path, "/local/domain/0/backend/vif/65535/4294967295");
	xenbus_frontend_path(path, 5, 0);
	assert_string_equal(path, "/local/domain/5/device/vif/0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_whole_table),
		cmocka_unit_test(test_lives),
		cmocka_unit_test(test_states_that_are_none),
		cmocka_unit_test(test_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
