#include "bench/lab/schedule.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/host.h"
#include "bench/interrupt.h"
#include "bench/progress.h"
#include "support/random.h"

#define MS INT64_C(1000000)

enum {
	SETUP_BYTES = 1024,
	SMOKE_WARMUP_MS = 10,
	SMOKE_MS = 30,
	WARMUP_MS = 100,
	MEASURE_MS = 300,
	REST_MS = 60
};

/* A sweep's rig, once for all that use it. */
struct bench {
	const struct lab_rig *rig;
	void *opened;
	bool tried;
	char why[LAB_ERROR_BYTES]; /* it could not be opened here */
};

struct ticket {
	uint16_t sweep, point;
};

struct block {
	uint16_t sweep;
	double at; /* of the whole time, 0 to 1 */
};

struct course {
	struct schedule *schedule;
	struct bench benches[CHOICE_MAX];
	unsigned int nr_benches;
	struct ticket *tickets;
	unsigned int nr, done;
	int64_t start_ns;
	double done_s; /* of planned_s */
	uint64_t random;
	char *error;
};

unsigned int schedule_sweep_of(const struct schedule *schedule,
			       const struct lab_experiment *experiment)
{
	unsigned int i = 0;

	while (i < schedule->nr_sweeps && schedule->sweeps[i].sweep != experiment->sweep)
		i++;
	return i;
}

static struct lab_window window_of(const struct schedule *schedule, const struct rows *rows)
{
	double chosen = schedule->context->options->duration_s;
	int64_t measure_ms = rows->sweep->measure_ms ? rows->sweep->measure_ms : MEASURE_MS;
	bool smoke = schedule->size == LAB_SMOKE;

	if (smoke)
		measure_ms = SMOKE_MS;
	return (struct lab_window){
		.warmup_ns = (smoke ? SMOKE_WARMUP_MS : WARMUP_MS) * MS,
		.measure_ns = chosen > 0 ? (int64_t)(chosen * 1e9) : measure_ms * MS,
		.capacity = rows->capacity,
	};
}

/* Of one run: what it measures, and what it takes to set it up and to come to rest. */
static double seconds_of(const struct schedule *schedule, const struct rows *rows)
{
	struct lab_window window = window_of(schedule, rows);

	return (double)(window.warmup_ns + window.measure_ns + REST_MS * MS) / 1e9;
}

static int add_sweep(struct schedule *schedule, const struct lab_experiment *experiment,
		     char *error)
{
	struct rows *rows = &schedule->sweeps[schedule->nr_sweeps];
	int err;

	if (schedule_sweep_of(schedule, experiment) < schedule->nr_sweeps)
		return 0;
	err = rows_init(rows, experiment->sweep, schedule->size,
			schedule->context->options->repeats);
	if (err) {
		snprintf(error, LAB_ERROR_BYTES, "cannot plan X%u: %s", experiment->number,
			 err == -ENOENT ? "it has no grid of this size; take --full"
					: strerror(-err));
		return err;
	}
	schedule->nr_runs += rows->nr_points * rows->repeats;
	schedule->planned_s += rows->nr_points * rows->repeats * seconds_of(schedule, rows);
	schedule->nr_sweeps++;
	return 0;
}

int schedule_init(struct schedule *schedule, const struct choice *choice,
		  const struct lab_context *context, enum lab_size size,
		  char error[LAB_ERROR_BYTES])
{
	int err = 0;

	*schedule = (struct schedule){ .context = context, .size = size };
	if (context->options->repeats > JUDGE_BLOCKS_MAX) {
		snprintf(error, LAB_ERROR_BYTES, "bad --repeats %u: the laboratory takes 1 to %d",
			 context->options->repeats, JUDGE_BLOCKS_MAX);
		return -EINVAL;
	}
	for (unsigned int i = 0; !err && i < choice->nr; i++)
		err = add_sweep(schedule, choice->list[i], error);
	if (err)
		schedule_fini(schedule);
	return err;
}

void schedule_fini(struct schedule *schedule)
{
	for (unsigned int i = 0; i < schedule->nr_sweeps; i++)
		rows_fini(&schedule->sweeps[i]);
}

static struct bench *bench_of(struct course *course, const struct lab_rig *rig)
{
	unsigned int i = 0;

	while (i < course->nr_benches && course->benches[i].rig != rig)
		i++;
	if (i == course->nr_benches)
		course->benches[course->nr_benches++] = (struct bench){ .rig = rig };
	return &course->benches[i];
}

static int open_rig(struct course *course, struct bench *bench)
{
	int err;

	if (bench->tried)
		return 0;
	bench->tried = true;
	progress_show("opening rig '%s'", bench->rig->name);
	err = bench->rig->open(course->schedule->context, &bench->opened, bench->why);
	if (err == -ENOTSUP)
		return 0;
	if (err)
		snprintf(course->error, LAB_ERROR_BYTES, "%s", bench->why);
	return err;
}

/* Its rig, and what 100 % means. */
static int prepare_sweep(struct course *course, unsigned int number)
{
	struct schedule *schedule = course->schedule;
	struct rows *rows = &schedule->sweeps[number];
	struct bench *bench = bench_of(course, rows->sweep->rig);
	int err = open_rig(course, bench);

	if (err)
		return err;
	if (!bench->opened) {
		snprintf(schedule->missing[number], LAB_ERROR_BYTES, "%s", bench->why);
		return 0;
	}
	progress_show("calibrating '%s'", rows->sweep->name);
	if (bench->rig->calibrate)
		err = bench->rig->calibrate(bench->opened, rows->sweep->setup, &rows->capacity,
					    course->error);
	return err;
}

/* When a sweep's blocks begin: one in each of as many equal parts of the time. */
static unsigned int draw_blocks(struct course *course, struct block *blocks)
{
	struct schedule *schedule = course->schedule;
	unsigned int nr = 0;

	for (unsigned int i = 0; i < schedule->nr_sweeps; i++) {
		unsigned int repeats = schedule->sweeps[i].repeats;

		for (unsigned int j = 0; !schedule->missing[i][0] && j < repeats; j++) {
			double part = random_next(&course->random) / 4294967296.0;

			blocks[nr++] = (struct block){ (uint16_t)i, (j + part) / repeats };
		}
	}
	return nr;
}

static int compare_blocks(const void *a, const void *b)
{
	double left = ((const struct block *)a)->at, right = ((const struct block *)b)->at;

	return (left > right) - (left < right);
}

static void draw_points(struct course *course, unsigned int sweep)
{
	unsigned int nr_points = course->schedule->sweeps[sweep].nr_points;
	struct ticket *tickets = &course->tickets[course->nr];

	for (unsigned int i = 0; i < nr_points; i++) {
		unsigned int other = random_below(&course->random, i + 1);

		tickets[i] = tickets[other];
		tickets[other] = (struct ticket){ (uint16_t)sweep, (uint16_t)i };
	}
	course->nr += nr_points;
}

static void draw_tickets(struct course *course)
{
	struct block blocks[CHOICE_MAX * JUDGE_BLOCKS_MAX];
	unsigned int nr = draw_blocks(course, blocks);

	qsort(blocks, nr, sizeof(*blocks), compare_blocks);
	for (unsigned int i = 0; i < nr; i++)
		draw_points(course, blocks[i].sweep);
}

static void show_progress(const struct course *course, const struct rows *rows, unsigned int point)
{
	double passed = (double)(host_now_ns() - course->start_ns) / 1e9;
	double planned = course->schedule->planned_s, part = course->done_s / planned;
	double left = part > 0 ? passed / part - passed : planned;
	char what[200];

	rows_describe(rows, point, what, sizeof(what));
	progress_show("run %u of %u, %u:%02u left: %s: %.60s", course->done + 1, course->nr,
		      (unsigned int)left / 60, (unsigned int)left % 60, rows->sweep->name, what);
}

static int run_ticket(struct course *course, const struct ticket *ticket)
{
	struct rows *rows = &course->schedule->sweeps[ticket->sweep];
	struct lab_window window = window_of(course->schedule, rows);
	struct lab_result result = { 0 };
	_Alignas(16) char setup[SETUP_BYTES];
	struct host_time before, after;
	char what[LAB_ERROR_BYTES] = "", where[200];
	int err;

	assert(rows->sweep->rig->setup_bytes <= sizeof(setup));
	show_progress(course, rows, ticket->point);
	rows_setup(rows, ticket->point, setup);
	before = host_time_read();
	err = rows->sweep->rig->run(bench_of(course, rows->sweep->rig)->opened, setup, &window,
				    &result, what);
	after = host_time_read();
	if (!err)
		rows_add(rows, ticket->point, course->done + 1, &result, &before, &after);
	rows_describe(rows, ticket->point, where, sizeof(where));
	if (err)
		snprintf(course->error, LAB_ERROR_BYTES, "%s at %.150s: %.300s", rows->sweep->name,
			 where, *what ? what : strerror(-err));
	return err;
}

static int run_tickets(struct course *course)
{
	int err = 0;

	course->start_ns = host_now_ns();
	while (!err && course->done < course->nr) {
		err = run_ticket(course, &course->tickets[course->done]);
		course->done_s +=
			seconds_of(course->schedule,
				   &course->schedule->sweeps[course->tickets[course->done].sweep]);
		course->done++;
		if (!err && interrupt_seen())
			err = -EINTR;
	}
	course->schedule->seconds = (double)(host_now_ns() - course->start_ns) / 1e9;
	if (err == -EINTR)
		snprintf(course->error, LAB_ERROR_BYTES, "interrupted after %u of %u runs",
			 course->done, course->nr);
	return err;
}

int schedule_run(struct schedule *schedule, char error[LAB_ERROR_BYTES])
{
	struct course course = { .schedule = schedule,
				 .random = schedule->context->options->seed,
				 .error = error };
	int err = 0;

	course.tickets = calloc(schedule->nr_runs + 1, sizeof(*course.tickets));
	if (!course.tickets)
		return -ENOMEM;
	for (unsigned int i = 0; !err && i < schedule->nr_sweeps; i++)
		err = prepare_sweep(&course, i);
	if (!err) {
		draw_tickets(&course);
		err = run_tickets(&course);
	}
	progress_clear();
	for (unsigned int i = 0; i < course.nr_benches; i++)
		if (course.benches[i].opened)
			course.benches[i].rig->close(course.benches[i].opened);
	free(course.tickets);
	return err;
}
