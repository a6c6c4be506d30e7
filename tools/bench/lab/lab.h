/*
 * splitvif-bench lab: the source's figures in one command, and what it left open.
 */
#ifndef LAB_LAB_H
#define LAB_LAB_H

#include "bench/options.h"

/* The exit status; failures are explained. Tells the verdicts. */
int lab_run(const struct options *options, struct report *report);

#endif
