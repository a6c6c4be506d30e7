/*
 * Whether a claim holds, by intervals: what the measurements leave room for is
 * undecided.
 *
 * A judgement is a list of conditions, all of which have to hold. One that fails
 * decides, whatever the others say; else one that is open leaves it open. Each adds
 * a sentence with its figures, so that the reader can judge, too.
 *
 * Figures are medians of what the blocks of a sweep say, one run each, with their 95 %
 * bootstrap intervals; those of fewer than three blocks are not known. Ratios and
 * differences are formed within each block and then summed up in the same way: what
 * changed on the machine from one block to the next has touched both sides of them.
 */
#ifndef LAB_JUDGE_H
#define LAB_JUDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum verdict { VERDICT_HOLDS, VERDICT_FAILS, VERDICT_UNDECIDED, VERDICTS };
enum {
	JUDGE_TEXT_BYTES = 2048,
	JUDGE_WHERE_MAX = 8,
	JUDGE_RUNS_MIN = 3,
	JUDGE_BLOCKS_MAX = 64,
};

/* "holds", "does not hold", "undecided". */
const char *verdict_name(enum verdict verdict);
enum verdict verdict_and(enum verdict a, enum verdict b);
/* What is to be said where all rows say one thing and the unflagged ones another. */
enum verdict verdict_agree(enum verdict all, enum verdict unflagged);

struct interval {
	double low, mid, high;
	bool known;
	double blocks[JUDGE_BLOCKS_MAX]; /* what each says; NAN: nothing */
};
/* Of that many blocks; the rest say nothing. */
struct interval interval_of(const double *blocks, unsigned int n);
/* A figure without doubt. */
struct interval interval_exact(double value);
/* Not known if a divisor is not positive. */
struct interval interval_ratio(struct interval a, struct interval b);
struct interval interval_difference(struct interval a, struct interval b);
/* Of each block the larger one of the two. */
struct interval interval_larger(struct interval a, struct interval b);
/* The geometric mean of so many within each block, as of ratios; all have to be known
 * and positive. */
struct interval interval_mean(const struct interval *list, unsigned int n);
/* The one with the higher (lower) middle, or the one that is known. */
struct interval interval_highest(struct interval a, struct interval b);
struct interval interval_lowest(struct interval a, struct interval b);
enum verdict interval_below(struct interval interval, double bound);
enum verdict interval_above(struct interval interval, double bound);

struct judge {
	enum verdict verdict;
	char text[JUDGE_TEXT_BYTES];
};
void judge_init(struct judge *judge);

/* The conditions. Formats name what is compared, without its figures. */
void judge_below(struct judge *judge, struct interval interval, double bound, const char *format,
		 ...) __attribute__((format(printf, 4, 5)));
void judge_above(struct judge *judge, struct interval interval, double bound, const char *format,
		 ...) __attribute__((format(printf, 4, 5)));
/* Wholly between the two bounds. */
void judge_within(struct judge *judge, struct interval interval, double low, double high,
		  const char *format, ...) __attribute__((format(printf, 5, 6)));
/* The first one's interval wholly below the second's. */
void judge_disjoint(struct judge *judge, struct interval low, struct interval high,
		    const char *format, ...) __attribute__((format(printf, 4, 5)));
/* A sentence that decides nothing. */
void judge_remark(struct judge *judge, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* A point is found by levels of its factors; those not named take any. */
struct where {
	const char *factor;
	double level;
};
/* An argument for it: WHERE({"limit", 1}, {"load", 100}) */
#define WHERE(...) ((const struct where[JUDGE_WHERE_MAX]){ __VA_ARGS__ })

struct summaries;

/* That column of the first such point; not known if there is none. */
struct interval judge_at(const struct summaries *summaries, const char *column,
			 const struct where *where);
/* The highest (lowest) middle among all such points. */
struct interval judge_highest(const struct summaries *summaries, const char *column,
			      const struct where *where);
struct interval judge_lowest(const struct summaries *summaries, const char *column,
			     const struct where *where);

#endif
