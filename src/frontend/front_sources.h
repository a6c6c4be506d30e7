/*
 * The descriptors that a vif's control side sleeps on, behind one epoll: its
 * domain's socket, the store, a timer, and each queue's event channels, which
 * are made and given back here.
 */
#ifndef FRONTEND_FRONT_SOURCES_H
#define FRONTEND_FRONT_SOURCES_H

#include "frontend/front_connect.h"

/* What an epoll event says it is. */
enum {
	SOURCE_DOMAIN,
	SOURCE_STORE,
	SOURCE_TIMER,
	SOURCE_FLUSH,
	SOURCE_ATTEMPT, /* to enter another daemon */
	SOURCE_CHANNELS, /* from here: tx and rx of each queue */
};

/* 0 or -errno. Closing the descriptor ends it. */
int front_sources_listen(struct front_connect *connect, int fd, uint32_t source);

/* One timer; 0 stops it. */
void front_sources_set_timer_ns(struct front_connect *connect, int64_t delay);
void front_sources_set_timer_ms(struct front_connect *connect, unsigned int delay);

/* A channel for each queue in use; with `split` one for each of its rings. 0 or
 * -errno, and what was made stays until closed. */
int front_sources_open_channels(struct front_connect *connect, domid_t backend, bool split);
/* Gives them back to a daemon that lives. */
void front_sources_close_channels(struct front_connect *connect);

#endif
