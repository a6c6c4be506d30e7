/*
 * The daemon that goes on in our place when an operator has it taken over: the
 * program of our own name, which may be another one by now, with our own arguments
 * and --takeover. It asks the data process by itself, as one that an operator
 * starts; if it cannot, we go on.
 */
#ifndef BACKEND_SUCCESSOR_H
#define BACKEND_SUCCESSOR_H

struct manager;

/* Our own path; to be asked at the start. */
const char *successor_program(void);

void successor_start(const char *program, char *const *argv, const struct manager *manager);

#endif
