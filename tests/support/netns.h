/*
 * A private network namespace for tests that need a real TAP: nothing of it
 * outlives the process.
 */
#ifndef TESTS_NETNS_H
#define TESTS_NETNS_H

#include <stdbool.h>

/* Moves the process into a fresh namespace (and a user namespace, if it is not
 * root), where IPv6 keeps quiet. False, with a word on stderr: not permitted. */
bool netns_enter(void);
/* All of it at once; a file of /proc or /sys. */
bool netns_write_file(const char *path, const char *text);

/* Opens a non-blocking TAP and brings its link up. The descriptor, or -errno. */
int netns_open_tap(const char *name);
int netns_set_up(const char *name, bool up);
int netns_delete_link(const char *name);
/* 1, 0 or -errno. */
int netns_has_carrier(const char *name);

/* A non-blocking packet socket on the interface: what is sent to it comes out
 * of the TAP's descriptor, what is written there is received from it. */
int netns_open_packet_socket(const char *name);

#endif
