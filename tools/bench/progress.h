/*
 * One line on stderr that says how far we are, if a person looks at it.
 */
#ifndef BENCH_PROGRESS_H
#define BENCH_PROGRESS_H

void progress_show(const char *format, ...) __attribute__((format(printf, 1, 2)));
void progress_clear(void);

#endif
