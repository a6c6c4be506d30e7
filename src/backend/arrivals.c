#include "backend/arrivals.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "backend/luggage.h"

struct arrival {
	struct arrivals *arrivals;
	struct arrival *next;
	struct event *due;
	char domain[ATTACHMENT_NAME_BYTES];
};

struct arrivals {
	struct arrivals_config config;
	struct arrival *first;
};

static struct arrival **find(struct arrivals *arrivals, const char *domain)
{
	struct arrival **link = &arrivals->first;

	while (*link && strcmp((*link)->domain, domain))
		link = &(*link)->next;
	return link;
}

static void arrival_remove(struct arrival *arrival)
{
	*find(arrival->arrivals, arrival->domain) = arrival->next;
	event_free(arrival->due);
	free(arrival);
}

static void arrival_due(evutil_socket_t fd, short events, void *arg)
{
	struct arrival *arrival = arg;
	const struct arrivals_config *config = &arrival->arrivals->config;

	(void)fd;
	(void)events;
	if (config->is_here(config->arg, arrival->domain))
		luggage_settle(config->toolstack, arrival->domain);
	else
		luggage_take_back(config->toolstack, arrival->domain);
	arrival_remove(arrival);
}

static struct arrival *arrival_create(struct arrivals *arrivals, const char *domain)
{
	struct arrival *arrival = calloc(1, sizeof(*arrival));

	if (!arrival)
		return NULL;
	arrival->arrivals = arrivals;
	snprintf(arrival->domain, sizeof(arrival->domain), "%s", domain);
	arrival->due = event_new(arrivals->config.base, -1, 0, arrival_due, arrival);
	if (!arrival->due) {
		free(arrival);
		return NULL;
	}
	arrival->next = arrivals->first;
	arrivals->first = arrival;
	return arrival;
}

int arrivals_expect(struct arrivals *arrivals, const char *domain, unsigned int ms)
{
	const struct timeval longest = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };
	struct arrival *arrival = *find(arrivals, domain);

	if (!arrival)
		arrival = arrival_create(arrivals, domain);
	return arrival && !event_add(arrival->due, &longest) ? 0 : -ENOMEM;
}

struct arrivals *arrivals_create(const struct arrivals_config *config)
{
	struct arrivals *arrivals = calloc(1, sizeof(*arrivals));

	if (arrivals)
		arrivals->config = *config;
	return arrivals;
}

void arrivals_destroy(struct arrivals *arrivals)
{
	while (arrivals->first)
		arrival_remove(arrivals->first);
	free(arrivals);
}
