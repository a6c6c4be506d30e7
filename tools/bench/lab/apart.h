/*
 * A network namespace of a rig's own, with a daemon in it: TAPs, bridges and routes
 * are made there, and nothing of the machine's network is touched.
 *
 * A namespace is a thread's: the caller enters it for as long as he makes things in it.
 * What is made there goes with the daemon, and with apart_close().
 */
#ifndef LAB_APART_H
#define LAB_APART_H

#include "bench/lab/experiment.h"
#include "bench/relay_daemon.h"

struct apart {
	struct relay_daemon daemon;
	int home, there; /* namespaces */
};

/* `config` is the text of the daemon's configuration file, as splitvifd.conf(5) has it.
 * On the first of the laboratory's processors. 0; -ENOTSUP it needs root; -errno; with
 * a line. */
int apart_open(struct apart *apart, const struct lab_context *context, const char *config,
	       unsigned int mtu, char error[LAB_ERROR_BYTES]);
void apart_close(struct apart *apart);

/* Runs a shell's command there. 0, or -EIO with what it was as a line. */
int apart_command(const struct apart *apart, char error[LAB_ERROR_BYTES], const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Frames that the host's end of that interface has got (sent): what was written to
 * (read from) a TAP. 0 if there is none. */
uint64_t apart_received(const struct apart *apart, const char *interface);
uint64_t apart_dropped(const struct apart *apart, const char *interface);

#endif
