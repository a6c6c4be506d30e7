/*
 * Figures as gnuplot scripts that stand beside the files they draw, so that anyone
 * can draw them again: `gnuplot X01_irq.gp` in that directory makes the SVG and the
 * PNG.
 */
#ifndef LAB_FIGURE_H
#define LAB_FIGURE_H

#include "bench/lab/summary.h"

/* The table of the source's own points, as it lies in docs/lab/kuroda2013.csv. 0 or -errno. */
int figure_write_reference(const char *directory);

/* 0 or -errno. */
int figure_write(const struct lab_figure *figure, const struct summaries *summaries,
		 const char *directory, unsigned int experiment);

/* Draws all scripts of the directory that are named so. 0; -ENOENT: no gnuplot;
 * -ECHILD: it failed, and said why on stderr. */
int figure_draw(const char *directory, const char *script);

#endif
