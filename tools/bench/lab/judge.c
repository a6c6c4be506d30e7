#include "bench/lab/judge.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *verdict_name(enum verdict verdict)
{
	static const char *const names[VERDICTS] = { "holds", "does not hold", "undecided" };

	return names[verdict];
}

enum verdict verdict_and(enum verdict a, enum verdict b)
{
	if (a == VERDICT_FAILS || b == VERDICT_FAILS)
		return VERDICT_FAILS;
	return a == VERDICT_UNDECIDED ? a : b;
}

enum verdict verdict_agree(enum verdict all, enum verdict unflagged)
{
	return all == unflagged ? all : VERDICT_UNDECIDED;
}

struct interval interval_exact(double value)
{
	return (struct interval){ value, value, value, isfinite(value) };
}

/* The divisor has to be positive. */
struct interval interval_ratio(struct interval a, struct interval b)
{
	struct interval ratio = { .known = a.known && b.known && b.low > 0 };

	if (ratio.known) {
		ratio.low = a.low / (a.low < 0 ? b.low : b.high);
		ratio.mid = a.mid / b.mid;
		ratio.high = a.high / (a.high < 0 ? b.high : b.low);
	}
	return ratio;
}

struct interval interval_difference(struct interval a, struct interval b)
{
	return (struct interval){ a.low - b.high, a.mid - b.mid, a.high - b.low,
				  a.known && b.known };
}

struct interval interval_sum(struct interval a, struct interval b)
{
	return (struct interval){ a.low + b.low, a.mid + b.mid, a.high + b.high,
				  a.known && b.known };
}

struct interval interval_highest(struct interval a, struct interval b)
{
	return !b.known || (a.known && a.mid >= b.mid) ? a : b;
}

struct interval interval_lowest(struct interval a, struct interval b)
{
	return !b.known || (a.known && a.mid <= b.mid) ? a : b;
}

enum verdict interval_below(struct interval interval, double bound)
{
	if (!interval.known)
		return VERDICT_UNDECIDED;
	if (interval.high < bound)
		return VERDICT_HOLDS;
	return interval.low >= bound ? VERDICT_FAILS : VERDICT_UNDECIDED;
}

enum verdict interval_above(struct interval interval, double bound)
{
	if (!interval.known)
		return VERDICT_UNDECIDED;
	if (interval.low > bound)
		return VERDICT_HOLDS;
	return interval.high <= bound ? VERDICT_FAILS : VERDICT_UNDECIDED;
}

void judge_init(struct judge *judge)
{
	judge->verdict = VERDICT_HOLDS;
	judge->text[0] = '\0';
}

/* What does not fit is cut: the report's tables have the figures, too. */
static void append(struct judge *judge, const char *format, va_list args)
{
	size_t used = strlen(judge->text);

	vsnprintf(judge->text + used, JUDGE_TEXT_BYTES - used, format, args);
}

static void add(struct judge *judge, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(struct judge *judge, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	append(judge, format, args);
	va_end(args);
}

static void add_name(struct judge *judge, const char *format, va_list args)
{
	if (judge->text[0])
		add(judge, "; ");
	append(judge, format, args);
}

static void conclude(struct judge *judge, struct interval interval, enum verdict verdict,
		     const char *condition)
{
	static const char *const words[VERDICTS] = { "yes", "no", "open" };

	if (interval.known)
		add(judge, ": %.3g [%.3g, %.3g] (%s: %s)", interval.mid, interval.low,
		    interval.high, condition, words[verdict]);
	else
		add(judge, ": not known (%s: open)", condition);
	judge->verdict = verdict_and(judge->verdict, verdict);
}

void judge_below(struct judge *judge, struct interval interval, double bound, const char *format,
		 ...)
{
	char condition[64];
	va_list args;

	va_start(args, format);
	add_name(judge, format, args);
	va_end(args);
	snprintf(condition, sizeof(condition), "below %g", bound);
	conclude(judge, interval, interval_below(interval, bound), condition);
}

void judge_above(struct judge *judge, struct interval interval, double bound, const char *format,
		 ...)
{
	char condition[64];
	va_list args;

	va_start(args, format);
	add_name(judge, format, args);
	va_end(args);
	snprintf(condition, sizeof(condition), "above %g", bound);
	conclude(judge, interval, interval_above(interval, bound), condition);
}

void judge_within(struct judge *judge, struct interval interval, double low, double high,
		  const char *format, ...)
{
	char condition[64];
	va_list args;

	va_start(args, format);
	add_name(judge, format, args);
	va_end(args);
	snprintf(condition, sizeof(condition), "%g to %g", low, high);
	conclude(judge, interval,
		 verdict_and(interval_above(interval, low), interval_below(interval, high)),
		 condition);
}

void judge_remark(struct judge *judge, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add_name(judge, format, args);
	va_end(args);
}
