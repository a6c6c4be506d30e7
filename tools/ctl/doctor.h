/*
 * `splitvif doctor`: runs every probe and shows what it found.
 */
#ifndef CTL_DOCTOR_H
#define CTL_DOCTOR_H

#include <stdio.h>

#include "backend/table.h"

/* How many probes failed, or -ENOMEM. */
int doctor_run(FILE *out, enum table_format format);

#endif
