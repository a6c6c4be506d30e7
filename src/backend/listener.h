/*
 * A listening Unix socket in the run directory: who may connect is asked of
 * the kernel (SO_PEERCRED), running out of descriptors pauses it instead of
 * spinning, and its file goes when it is closed. Control thread, libevent.
 */
#ifndef BACKEND_LISTENER_H
#define BACKEND_LISTENER_H

#include <sys/types.h>

struct event_base;
struct listener;

/* `fd` listens there already, or is -1. `accepted` owns the non-blocking descriptor. `file` is a name in the run
 * directory; anything stale of that name is removed. 0 or -errno: then fd is
 * still the caller's. */
int listener_open(struct listener **listener, struct event_base *base, int fd, const char *file,
		  int type, mode_t mode, void (*accepted)(void *arg, int fd, uid_t uid, pid_t pid),
		  void *arg);
struct state;

/* Saves the socket, or goes on listening where somebody did. */
void listener_carry(struct listener **listener, struct event_base *base, const char *file,
		    void (*accepted)(void *arg, int fd, uid_t uid, pid_t pid), void *arg,
		    struct state *state);
void listener_close(struct listener *listener);

/* Its descriptor, for somebody who goes on listening when we end: the file stays
 * then. */
int listener_share(struct listener *listener);

#endif
