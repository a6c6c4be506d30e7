/*
 * Files of the laboratory's directory.
 */
#ifndef LAB_OUTPUT_H
#define LAB_OUTPUT_H

#include <stdio.h>

/* DIRECTORY/NAME, anew; NULL and errno. */
FILE *output_create(const char *directory, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* 0, or -EIO if anything that was written did not get there. */
int output_close(FILE *file);

#endif
