#include "bench/micro.h"

#include <errno.h>
#include <stdarg.h>

#include "bench/host.h"

static int run(void *arg, unsigned int at, double seconds, double *figures)
{
	const struct micro_work *work = &((struct micro *)arg)->works[at];
	int64_t start = host_now_ns(), now = start, end = start + (int64_t)(seconds * 1e9);
	uint64_t units = 0;

	do {
		uint64_t done = work->work(work->arg);

		if (!done)
			return -EPROTO;
		units += done;
		now = host_now_ns();
	} while (now < end);
	figures[0] = (double)(now - start) / (double)units;
	return 0;
}

static void tell(void *arg, unsigned int at, struct report *report)
{
	const struct micro *micro = arg;
	uint32_t bytes = micro->works[at].bytes;

	if (!bytes)
		return;
	report_number(report, "bytes", NULL, bytes);
	report_decimal(report, "gb_per_s", "GB/s", (double)bytes / micro->suite.medians[0], 2);
}

static const char *explain(int err)
{
	return err == -EPROTO ? "it did not do what is measured; please report it" : NULL;
}

void micro_init(struct micro *micro, const struct options *options)
{
	static const struct report_name names[] = {
		{ "ns", "ns_low", "ns_high", "ns", .cost = true, .places = 2 },
	};

	micro->suite = (struct suite){ .options = options,
				       .names = names,
				       .nr_figures = 1,
				       .alone = true,
				       .arg = micro,
				       .run = run,
				       .tell = tell,
				       .explain = explain };
}

void micro_add(struct micro *micro, uint64_t (*work)(void *arg), void *arg, uint32_t bytes,
	       const char *format, ...)
{
	char name[SUITE_NAME_BYTES];
	va_list args;

	va_start(args, format);
	vsnprintf(name, sizeof(name), format, args);
	va_end(args);
	micro->works[suite_add(&micro->suite, "%s", name)] =
		(struct micro_work){ work, arg, bytes };
}

int micro_run(struct micro *micro, struct report *report)
{
	if (suite_place(&micro->suite, report))
		return EXIT_FAILED;
	return suite_run(&micro->suite, report) ? EXIT_FAILED : EXIT_DONE;
}
