#include "bench/lab/lab_report.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench/lab/csv.h"
#include "bench/lab/document.h"
#include "bench/lab/figure.h"
#include "bench/progress.h"

enum { CELLS_MAX = LAB_FACTORS_MAX + 8, CELL_BYTES = 96, NAME_BYTES = 128 };

struct writer {
	struct document document;
	const struct findings *findings;
	const struct schedule *schedule;
	const char *directory;
	bool no_gnuplot;
};

const char *lab_report_size_name(enum lab_size size)
{
	static const char *const names[LAB_SIZES] = { "smoke", "quick", "full", "exhaustive" };

	return names[size];
}

static unsigned int nr_columns_shown(const struct lab_experiment *experiment)
{
	unsigned int n = 0;

	while (n < sizeof(experiment->columns) / sizeof(experiment->columns[0]) &&
	       experiment->columns[n])
		n++;
	return n;
}

/* Only factors that vary are worth a column. */
static bool varies(const struct rows *rows, unsigned int factor)
{
	for (unsigned int i = 1; i < rows->nr_points; i++)
		if (rows->points[i].levels[factor] != rows->points[0].levels[factor])
			return true;
	return false;
}

static void tell_cell(char *cell, const struct summary *summary, unsigned int places)
{
	const struct statistics *statistics = &summary->statistics;

	if (!summary->samples)
		snprintf(cell, CELL_BYTES, "-");
	else if (summary->samples < JUDGE_RUNS_MIN)
		snprintf(cell, CELL_BYTES, "%.*f", (int)places, statistics->median);
	else
		snprintf(cell, CELL_BYTES, "%.*f [%.*f, %.*f]", (int)places, statistics->median,
			 (int)places, statistics->low, (int)places, statistics->high);
}

static void tell_point(struct writer *writer, const struct finding *finding, unsigned int point)
{
	const struct rows *rows = finding->rows;
	char text[CELLS_MAX][CELL_BYTES];
	const char *cells[CELLS_MAX];
	unsigned int n = 0, columns = nr_columns_shown(finding->experiment);

	for (unsigned int i = 0; i < rows->nr_factors; i++)
		if (varies(rows, i))
			rows_level_text(rows, i, rows->points[point].levels[i], text[n++],
					CELL_BYTES);
	for (unsigned int i = 0; i < columns; i++) {
		int column = rows_column(rows, finding->experiment->columns[i]);

		if (column >= 0)
			tell_cell(text[n++], &finding->all->of[point][column],
				  rows_column_of(rows, (unsigned int)column)->places);
	}
	for (unsigned int i = 0; i < n; i++)
		cells[i] = text[i];
	document_row(&writer->document, cells, n);
}

static void tell_table(struct writer *writer, const struct finding *finding)
{
	const struct rows *rows = finding->rows;
	const char *heads[CELLS_MAX];
	unsigned int n = 0, columns = nr_columns_shown(finding->experiment);

	for (unsigned int i = 0; i < rows->nr_factors; i++)
		if (varies(rows, i))
			heads[n++] = rows->sweep->factors[i].name;
	for (unsigned int i = 0; i < columns; i++)
		if (rows_column(rows, finding->experiment->columns[i]) >= 0)
			heads[n++] = finding->experiment->columns[i];
	document_table(&writer->document, heads, n);
	for (unsigned int i = 0; i < rows->nr_points; i++)
		if (summaries_match(finding->all, i, finding->experiment->shown))
			tell_point(writer, finding, i);
	document_table_end(&writer->document);
}

static int tell_figure(struct writer *writer, const struct finding *finding,
		       const struct lab_figure *figure)
{
	unsigned int number = finding->experiment->number;
	char script[NAME_BYTES], svg[NAME_BYTES];
	int err = figure_write(figure, finding->all, writer->directory, number);

	if (err)
		return err;
	snprintf(script, sizeof(script), "X%02u_%s.gp", number, figure->name);
	snprintf(svg, sizeof(svg), "X%02u_%s.svg", number, figure->name);
	progress_show("drawing %s", svg);
	if (!writer->no_gnuplot)
		err = figure_draw(writer->directory, script);
	writer->no_gnuplot |= err == -ENOENT;
	if (writer->no_gnuplot || err)
		document_paragraph(
			&writer->document,
			"Figure missing:", "%s; its script is %s, its data beside it.",
			writer->no_gnuplot ? "gnuplot is not installed" : "gnuplot failed", script);
	else
		document_figure(&writer->document, svg, figure->title);
	return 0;
}

static void tell_claim(struct writer *writer, const struct finding *finding, unsigned int i)
{
	const struct lab_claim *claim = &finding->experiment->claims[i];
	struct document *document = &writer->document;
	enum verdict all = finding->claims[i].all.verdict, other = finding->claims[i].unflagged;

	document_paragraph(document, "The source:", "%s (%s)", claim->statement, claim->source);
	document_paragraph(document, "The rule:", "%s", claim->rule);
	document_paragraph(document, "Measured:", "%s.", finding->claims[i].all.text);
	document_paragraph(document, "Verdict:", "%s%s%s%s",
			   verdict_name(finding->claims[i].verdict),
			   all != other ? " (by all rows: " : "",
			   all != other ? verdict_name(all) : "",
			   all != other ? "; by those without a flag it is another)" : "");
}

/* Which ones, so that they can be looked at. */
static void tell_flags(struct writer *writer, const struct rows *rows)
{
	char text[1500] = "";
	size_t used = 0;

	for (unsigned int i = 0; i < rows->nr && used < sizeof(text); i++) {
		unsigned int flags = (unsigned int)rows->list[i].values[ROWS_FLAGS];

		if (flags)
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%.0f%s%s",
						 used ? ", " : "", rows->list[i].values[ROWS_ORDER],
						 flags & ROWS_STOLEN ? " stolen" : "",
						 flags & ROWS_LATE ? " late" : "");
	}
	document_paragraph(&writer->document, "Rows:", "%u, of which flagged: %u%s%s%s", rows->nr,
			   rows->flagged, used ? " (by their order: " : "", text,
			   used >= sizeof(text) ? " ...)"
			   : used		? ")"
						: "");
}

static int tell_experiment(struct writer *writer, const struct finding *finding)
{
	const struct lab_experiment *experiment = finding->experiment;
	char head[NAME_BYTES];
	int err;

	snprintf(head, sizeof(head), "X%u. %s", experiment->number, experiment->title);
	document_heading(&writer->document, 2, head);
	document_paragraph(&writer->document, "Hypothesis:", "%s", experiment->hypothesis);
	if (finding->missing) {
		document_paragraph(&writer->document, "Not run:", "%s", finding->missing);
		return 0;
	}
	err = csv_write_rows(finding->rows, writer->directory, experiment->number);
	if (!err)
		err = csv_write_summaries(finding->all, writer->directory, experiment->number);
	for (unsigned int i = 0; i < finding->nr_claims; i++)
		tell_claim(writer, finding, i);
	for (unsigned int i = 0; !err && i < LAB_FIGURES_MAX && experiment->figures[i].name; i++)
		err = tell_figure(writer, finding, &experiment->figures[i]);
	tell_table(writer, finding);
	if (finding->rows->capacity > 0)
		document_paragraph(&writer->document,
				   "Capacity:", "100 %% load is %.0f frames a second here.",
				   finding->rows->capacity);
	tell_flags(writer, finding->rows);
	return err;
}

static void tell_verdicts(struct writer *writer)
{
	static const char *const heads[] = { "", "claim", "source", "verdict" };

	document_table(&writer->document, heads, 4);
	for (unsigned int i = 0; i < writer->findings->nr; i++) {
		const struct finding *finding = &writer->findings->list[i];
		const struct lab_experiment *experiment = finding->experiment;
		char number[16];

		snprintf(number, sizeof(number), "X%u", experiment->number);
		if (finding->missing)
			document_row(&writer->document,
				     (const char *const[]){ number, experiment->title, "",
							    "not run" },
				     4);
		for (unsigned int j = 0; j < finding->nr_claims; j++)
			document_row(
				&writer->document,
				(const char *const[]){ number, experiment->claims[j].statement,
						       experiment->claims[j].source,
						       verdict_name(finding->claims[j].verdict) },
				4);
	}
	document_table_end(&writer->document);
}

static void tell_method(struct document *document)
{
	document_paragraph(
		document, "How it was measured:",
		"in complete randomised blocks: a block is one short run of every point of an "
		"experiment, in an order drawn for it, one right after the other; the blocks of "
		"all experiments are spread evenly over the time. Nothing is left out.");
	document_paragraph(
		document, "How to read it:",
		"figures are medians over the blocks, in brackets the 95 %% bootstrap interval of "
		"the median (%d resamples); bars are the same, boxes the quartiles and extremes. "
		"Ratios and differences are formed within each block and summed up in the same "
		"way, "
		"for this machine's speed changes from minute to minute. A claim holds if the "
		"whole "
		"interval is on its side of the rule, does not hold if it is wholly on the other, "
		"and is undecided in between, with fewer than %d blocks, or where all rows say one "
		"thing and those without a flag another.",
		STATISTICS_RESAMPLES, JUDGE_RUNS_MIN);
	document_paragraph(
		document, "Flags:",
		"a row has one if more than %d %% of the time was stolen by the hypervisor, or if "
		"the generator took notice of more than one frame in a hundred later than it was "
		"due by half a ring's time at its rate. A comparison without flagged rows leaves "
		"out the blocks in which either side has one.",
		ROWS_STEAL_BOUND);
	document_paragraph(
		document, "The source's points:",
		"grey dashed lines are E. H. Kuroda's of 2013, on an emulated e1000, relative to "
		"their own maximum: absolute rates are not comparable.");
}

static void tell_surroundings(struct writer *writer, const struct surroundings *surroundings)
{
	struct document *document = &writer->document;

	document_paragraph(document, "When:", "%s, size %s, %u runs in %.0f s, order's seed %llu",
			   surroundings->date, lab_report_size_name(writer->schedule->size),
			   writer->schedule->nr_runs, writer->schedule->seconds,
			   (unsigned long long)writer->schedule->context->options->seed);
	document_paragraph(document,
			   "Where:", "%s; hypervisor: %s; governor: %s; load before: %.2f",
			   surroundings->host, surroundings->hypervisor, surroundings->governor,
			   surroundings->load);
	document_paragraph(document, "What:", "splitvif %s, revision %s; %s", SPLITVIF_VERSION,
			   surroundings->revision, surroundings->placement);
	tell_method(document);
}

static int fail(char *error, const char *directory, int err)
{
	snprintf(error, LAB_ERROR_BYTES, "cannot write the report: %s: %s", directory,
		 strerror(-err));
	return err;
}

int lab_report_write(const struct findings *findings, const struct schedule *schedule,
		     const struct surroundings *surroundings, const char *directory,
		     char error[LAB_ERROR_BYTES])
{
	struct writer writer = { .findings = findings,
				 .schedule = schedule,
				 .directory = directory,
				 .no_gnuplot = !surroundings->gnuplot[0] };
	int err = document_open(&writer.document, directory, "splitvif's laboratory"), closed;

	if (err)
		return fail(error, directory, err);
	tell_surroundings(&writer, surroundings);
	tell_verdicts(&writer);
	err = surroundings_write(surroundings, schedule->context,
				 lab_report_size_name(schedule->size), directory);
	if (!err)
		err = figure_write_reference(directory);
	for (unsigned int i = 0; !err && i < findings->nr; i++)
		err = tell_experiment(&writer, &findings->list[i]);
	progress_clear();
	closed = document_close(&writer.document);
	err = err ? err : closed;
	return err ? fail(error, directory, err) : 0;
}
