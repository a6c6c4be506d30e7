#include "bench/lab/figure.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/lab/output.h"

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

/* The columns of one line: NaN where it is another's. */
static void print_line(FILE *out, const struct lab_figure *figure, const struct rows *rows,
		       const uint32_t *level, const char *y)
{
	char text[64] = "";

	fprintf(out, "\tsummary using (");
	for (unsigned int i = 0; i < JUDGE_WHERE_MAX && figure->where[i].factor; i++)
		print_condition(out, rows, figure->where[i].factor,
				(uint32_t)figure->where[i].level);
	if (level) {
		print_condition(out, rows, figure->series, *level);
		rows_level_text(rows, (unsigned int)rows_factor(rows, figure->series), *level, text,
				sizeof(text));
	}
	fprintf(out,
		"1 ? column(\"%s\") : NaN):(column(\"%s\") / most):(column(\"%s_low\") / most):"
		"(column(\"%s_high\") / most) with yerrorlines title \"%s %s\", \\\n",
		figure->x, y, y, y, level ? figure->series : y, text);
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
	fprintf(out, "most = %.9g\nplot \\\n",
		figure->reference ? highest(figure, summaries) : 1.0);
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
