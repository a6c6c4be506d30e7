/*
 * A file that is written anew, beside the old one, and takes its place when it is whole.
 */
#ifndef IO_FRESH_FILE_H
#define IO_FRESH_FILE_H

#include <stdio.h>

/* PATH.new, to be written to. 0 or -errno. */
int fresh_file_open(FILE **file, const char *path);
/* PATH is that now. 0, or -errno, and PATH is as it was. */
int fresh_file_replace(FILE *file, const char *path);

#endif
