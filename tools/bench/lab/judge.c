#include "bench/lab/judge.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "bench/statistics.h"

enum { CONDITION_BYTES = 64 };

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

struct interval interval_of(const double *blocks, unsigned int n)
{
	struct interval interval = { .known = false };
	struct statistics statistics;
	double samples[JUDGE_BLOCKS_MAX];
	unsigned int known = 0;

	for (unsigned int i = 0; i < JUDGE_BLOCKS_MAX; i++) {
		interval.blocks[i] = i < n ? blocks[i] : NAN;
		if (isfinite(interval.blocks[i]))
			samples[known++] = interval.blocks[i];
	}
	if (!known || statistics_summarise(&statistics, samples, known))
		return interval;
	interval.low = statistics.low;
	interval.mid = statistics.median;
	interval.high = statistics.high;
	interval.known = known >= JUDGE_RUNS_MIN;
	return interval;
}

struct interval interval_exact(double value)
{
	struct interval exact = { value, value, value, isfinite(value), { 0 } };

	for (unsigned int i = 0; i < JUDGE_BLOCKS_MAX; i++)
		exact.blocks[i] = value;
	return exact;
}

static struct interval combine(const struct interval *a, const struct interval *b,
			       double (*of)(double a, double b))
{
	double blocks[JUDGE_BLOCKS_MAX];
	struct interval both;

	for (unsigned int i = 0; i < JUDGE_BLOCKS_MAX; i++)
		blocks[i] = of(a->blocks[i], b->blocks[i]);
	both = interval_of(blocks, JUDGE_BLOCKS_MAX);
	both.known &= a->known && b->known;
	return both;
}

static double divide(double a, double b)
{
	return a / b;
}

static double subtract(double a, double b)
{
	return a - b;
}

static double larger(double a, double b)
{
	return isnan(a) || a > b ? a : b;
}

static bool is_positive(const struct interval *interval)
{
	for (unsigned int i = 0; i < JUDGE_BLOCKS_MAX; i++)
		if (interval->blocks[i] <= 0)
			return false;
	return true;
}

struct interval interval_ratio(struct interval a, struct interval b)
{
	return is_positive(&b) ? combine(&a, &b, divide) : interval_of(NULL, 0);
}

struct interval interval_difference(struct interval a, struct interval b)
{
	return combine(&a, &b, subtract);
}

struct interval interval_larger(struct interval a, struct interval b)
{
	return combine(&a, &b, larger);
}

struct interval interval_mean(const struct interval *list, unsigned int n)
{
	double blocks[JUDGE_BLOCKS_MAX] = { 0 };
	struct interval mean;
	bool known = n > 0;

	for (unsigned int i = 0; i < n; i++) {
		known &= list[i].known;
		for (unsigned int j = 0; j < JUDGE_BLOCKS_MAX; j++)
			blocks[j] += log(list[i].blocks[j]) / n;
	}
	for (unsigned int j = 0; j < JUDGE_BLOCKS_MAX; j++)
		blocks[j] = exp(blocks[j]);
	mean = interval_of(blocks, JUDGE_BLOCKS_MAX);
	mean.known &= known;
	return mean;
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
		     const char *condition, const char *format, va_list args)
{
	static const char *const words[VERDICTS] = { "yes", "no", "open" };

	add_name(judge, format, args);
	if (!interval.known)
		verdict = VERDICT_UNDECIDED;
	if (interval.known)
		add(judge, ": %.4g [%.4g, %.4g] (%s: %s)", interval.mid, interval.low,
		    interval.high, condition, words[verdict]);
	else
		add(judge, ": not known (%s: open)", condition);
	judge->verdict = verdict_and(judge->verdict, verdict);
}

/* An infinite bound is none. */
static void conclude_between(struct judge *judge, struct interval interval, double low, double high,
			     const char *format, va_list args)
{
	enum verdict verdict =
		verdict_and(interval_above(interval, low), interval_below(interval, high));
	char condition[CONDITION_BYTES];

	if (isinf(low))
		snprintf(condition, sizeof(condition), "below %g", high);
	else if (isinf(high))
		snprintf(condition, sizeof(condition), "above %g", low);
	else
		snprintf(condition, sizeof(condition), "%g to %g", low, high);
	conclude(judge, interval, verdict, condition, format, args);
}

void judge_below(struct judge *judge, struct interval interval, double bound, const char *format,
		 ...)
{
	va_list args;

	va_start(args, format);
	conclude_between(judge, interval, -INFINITY, bound, format, args);
	va_end(args);
}

void judge_above(struct judge *judge, struct interval interval, double bound, const char *format,
		 ...)
{
	va_list args;

	va_start(args, format);
	conclude_between(judge, interval, bound, INFINITY, format, args);
	va_end(args);
}

void judge_within(struct judge *judge, struct interval interval, double low, double high,
		  const char *format, ...)
{
	va_list args;

	va_start(args, format);
	conclude_between(judge, interval, low, high, format, args);
	va_end(args);
}

static enum verdict verdict_disjoint(const struct interval *low, const struct interval *high)
{
	if (!high->known)
		return VERDICT_UNDECIDED;
	if (low->high < high->low)
		return VERDICT_HOLDS;
	return low->low >= high->high ? VERDICT_FAILS : VERDICT_UNDECIDED;
}

void judge_disjoint(struct judge *judge, struct interval low, struct interval high,
		    const char *format, ...)
{
	char condition[CONDITION_BYTES];
	va_list args;

	snprintf(condition, sizeof(condition), "wholly below %.4g [%.4g, %.4g]", high.mid, high.low,
		 high.high);
	va_start(args, format);
	conclude(judge, low, verdict_disjoint(&low, &high), condition, format, args);
	va_end(args);
}

void judge_remark(struct judge *judge, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add_name(judge, format, args);
	va_end(args);
}
