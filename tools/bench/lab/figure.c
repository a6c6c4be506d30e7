#include "bench/lab/figure.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/lab/output.h"

/* Of two series at the same level of x; levels are 1 apart. */
#define BOX_DISTANCE 0.2

static const char reference[] = {
#include "bench/lab/kuroda2013.inc"
};

int figure_write_reference(const char *directory)
{
	FILE *out = output_create(directory, "kuroda2013.csv");

	if (!out)
		return -errno;
	fputs(reference, out);
	return output_close(out);
}

/* A condition of gnuplot on the line at hand. */
static void print_condition(FILE *out, const struct rows *rows, const char *name, uint32_t level)
{
	int factor = rows_factor(rows, name);
	char text[64];

	if (factor < 0)
		return;
	rows_level_text(rows, (unsigned int)factor, level, text, sizeof(text));
	if (rows->sweep->factors[factor].words)
		fprintf(out, "strcol(\"%s\") eq \"%s\" && ", name, text);
	else
		fprintf(out, "column(\"%s\") == %s && ", name, text);
}

/* The beginning of an x that is one on this line alone, and NaN elsewhere. */
static void print_place(FILE *out, const struct lab_figure *figure, const struct rows *rows,
			const struct where *where, const uint32_t *level)
{
	fprintf(out, "\tsummary using (");
	for (unsigned int i = 0; i < JUDGE_WHERE_MAX && where[i].factor; i++)
		print_condition(out, rows, where[i].factor, (uint32_t)where[i].level);
	if (level)
		print_condition(out, rows, figure->series, *level);
}

static void series_text(const struct lab_figure *figure, const struct rows *rows,
			const uint32_t *level, char text[64])
{
	text[0] = '\0';
	if (level)
		rows_level_text(rows, (unsigned int)rows_factor(rows, figure->series), *level, text,
				64);
}

static void print_medians(FILE *out, const struct lab_figure *figure, const char *y)
{
	fprintf(out,
		"1 ? column(\"%s\") : NaN):(column(\"%s\") / most):(column(\"%s_low\") / most):"
		"(column(\"%s_high\") / most) with yerrorlines ",
		figure->x, y, y, y);
}

static void print_line(FILE *out, const struct lab_figure *figure, const struct rows *rows,
		       const uint32_t *level, const char *y)
{
	char text[64];

	print_place(out, figure, rows, figure->where, level);
	print_medians(out, figure, y);
	series_text(figure, rows, level, text);
	fprintf(out, "title \"%s %s\", \\\n", level ? figure->series : y, text);
}

/* The k-th of n series: a box, and in it the median. */
static void print_boxes(FILE *out, const struct lab_figure *figure, const struct rows *rows,
			const uint32_t *level, double k, double n)
{
	double beside = (k - (n - 1) / 2) * BOX_DISTANCE;
	const char *x = figure->x, *y = figure->y;
	char text[64];

	series_text(figure, rows, level, text);
	print_place(out, figure, rows, figure->where, level);
	fprintf(out,
		"1 ? place(column(\"%s\")) + %.2f : NaN):(column(\"%s_q1\")):"
		"(column(\"%s_min\")):(column(\"%s_max\")):(column(\"%s_q3\")) "
		"with candlesticks title \"%s %s\" whiskerbars, \\\n",
		x, beside, y, y, y, y, figure->series, text);
	print_place(out, figure, rows, figure->where, level);
	fprintf(out,
		"1 ? place(column(\"%s\")) + %.2f : NaN):(column(\"%s\")):(column(\"%s\")):"
		"(column(\"%s\")):(column(\"%s\")) with candlesticks linetype -1 notitle, \\\n",
		x, beside, y, y, y, y);
}

static bool is_in(const struct lab_figure *figure, const struct summaries *summaries,
		  unsigned int point)
{
	return summaries_match(summaries, point, figure->where);
}

/* Whether this point is the first one with its level of the series. */
static bool begins_series(const struct lab_figure *figure, const struct summaries *summaries,
			  unsigned int point, unsigned int factor)
{
	const struct rows_point *points = summaries->rows->points;

	for (unsigned int i = 0; i < point; i++)
		if (is_in(figure, summaries, i) &&
		    points[i].levels[factor] == points[point].levels[factor])
			return false;
	return is_in(figure, summaries, point);
}

/* The levels of x side by side, however far they are from one another. */
static void print_places(FILE *out, const struct lab_figure *figure,
			 const struct summaries *summaries)
{
	const struct rows *rows = summaries->rows;
	unsigned int x = (unsigned int)rows_factor(rows, figure->x), nr = 0;

	fprintf(out, "set boxwidth %.2f\nplace(x) = ", 0.8 * BOX_DISTANCE);
	for (unsigned int i = 0; i < rows->nr_points; i++)
		if (begins_series(figure, summaries, i, x))
			fprintf(out, "x == %u ? %u : ", rows->points[i].levels[x], nr++);
	fputs("NaN\nset xtics (", out);
	nr = 0;
	for (unsigned int i = 0; i < rows->nr_points; i++)
		if (begins_series(figure, summaries, i, x)) {
			fprintf(out, "%s\"%u\" %u", nr ? ", " : "", rows->points[i].levels[x], nr);
			nr++;
		}
	fprintf(out, ")\nset xrange [-0.6:%.1f]\n", nr - 0.4);
}

static void print_all_boxes(FILE *out, const struct lab_figure *figure,
			    const struct summaries *summaries)
{
	const struct rows *rows = summaries->rows;
	unsigned int factor = (unsigned int)rows_factor(rows, figure->series), n = 0, k = 0;

	for (unsigned int i = 0; i < rows->nr_points; i++)
		n += begins_series(figure, summaries, i, factor);
	for (unsigned int i = 0; i < rows->nr_points; i++)
		if (begins_series(figure, summaries, i, factor))
			print_boxes(out, figure, rows, &rows->points[i].levels[factor], k++, n);
}

static void print_lines(FILE *out, const struct lab_figure *figure,
			const struct summaries *summaries)
{
	const struct rows *rows = summaries->rows;
	int factor = figure->series ? rows_factor(rows, figure->series) : -1;

	for (unsigned int i = 0; factor >= 0 && i < rows->nr_points; i++)
		if (begins_series(figure, summaries, i, (unsigned int)factor))
			print_line(out, figure, rows, &rows->points[i].levels[factor], figure->y);
	if (factor < 0)
		print_line(out, figure, rows, NULL, figure->y);
	if (factor < 0 && figure->y2)
		print_line(out, figure, rows, NULL, figure->y2);
	if (figure->beside[0].factor) {
		print_place(out, figure, rows, figure->beside, NULL);
		print_medians(out, figure, figure->y);
		fprintf(out, "linecolor rgb \"black\" title \"%s\", \\\n", figure->beside_name);
	}
}

/* The source's limits, grey: relative to its own maximum. */
static void print_reference(FILE *out, const char *series)
{
	static const unsigned int limits[] = { 1, 2, 60 };

	for (unsigned int i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		fprintf(out,
			"\t\"kuroda2013.csv\" using (strcol(\"series\") eq \"%s\" && "
			"column(\"limit\") == %u ? column(\"load_percent\") : NaN):"
			"(column(\"relative\")) with linespoints dashtype %u pointtype %u "
			"linecolor rgb \"#999999\" title \"Kuroda 2013, limit %u\", \\\n",
			series, limits[i], i + 2, i + 4, limits[i]);
}

static double highest(const struct lab_figure *figure, const struct summaries *summaries)
{
	int column = rows_column(summaries->rows, figure->y);
	double most = 0;

	for (unsigned int i = 0; column >= 0 && i < summaries->rows->nr_points; i++)
		if (is_in(figure, summaries, i) &&
		    summaries->of[i][column].statistics.median > most)
			most = summaries->of[i][column].statistics.median;
	return most > 0 ? most : 1;
}

static void print_plot(FILE *out, const struct lab_figure *figure,
		       const struct summaries *summaries)
{
	if (figure->script) {
		fputs(figure->script, out);
		return;
	}
	fprintf(out, "set xlabel \"%s\"\nset ylabel \"%s%s\"\n", figure->xlabel, figure->ylabel,
		figure->reference ? ", of the highest" : "");
	if (figure->x_max)
		fprintf(out, "set xrange [*:%u]\n", figure->x_max);
	if (figure->log_x)
		fputs("set logscale x\n", out);
	if (figure->log_y)
		fputs("set logscale y\n", out);
	else
		fputs("set yrange [0:*]\n", out);
	if (figure->boxes)
		print_places(out, figure, summaries);
	fprintf(out, "most = %.9g\nplot \\\n",
		figure->reference ? highest(figure, summaries) : 1.0);
	if (figure->boxes)
		print_all_boxes(out, figure, summaries);
	else
		print_lines(out, figure, summaries);
	if (figure->reference)
		print_reference(out, figure->reference);
	fputs("\t1/0 notitle\n", out);
}

int figure_write(const struct lab_figure *figure, const struct summaries *summaries,
		 const char *directory, unsigned int experiment)
{
	FILE *out;

	out = output_create(directory, "X%02u_%s.gp", experiment, figure->name);
	if (!out)
		return -errno;
	fprintf(out,
		"# Draws X%02u_%s.svg and .png: gnuplot X%02u_%s.gp\n"
		"rows = \"X%02u.csv\"\nsummary = \"X%02u_summary.csv\"\n"
		"set datafile separator \",\"\nset datafile missing NaN\n"
		"set key outside right\nset grid\nset bars small\nset title \"%s\"\n"
		"set terminal svg size 820,460 dynamic font \"sans,12\" background \"white\"\n"
		"set output \"X%02u_%s.svg\"\n",
		experiment, figure->name, experiment, figure->name, experiment, experiment,
		figure->title, experiment, figure->name);
	print_plot(out, figure, summaries);
	fprintf(out,
		"set terminal pngcairo size 1100,620 font \"sans,12\"\n"
		"set output \"X%02u_%s.png\"\nreplot\n",
		experiment, figure->name);
	return output_close(out);
}

static _Noreturn void be_gnuplot(const char *directory, const char *script)
{
	if (!chdir(directory))
		execlp("gnuplot", "gnuplot", script, NULL);
	_exit(errno == ENOENT ? 127 : 1);
}

int figure_draw(const char *directory, const char *script)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return -errno;
	if (!pid)
		be_gnuplot(directory, script);
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -ECHILD;
	if (WEXITSTATUS(status) == 127)
		return -ENOENT;
	return WEXITSTATUS(status) ? -ECHILD : 0;
}
