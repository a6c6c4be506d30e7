#include "backend/hotplug.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

struct job {
	struct hotplug *hotplug;
	struct script_request request;
	struct event *readable; /* NULL: not started yet */
	int fd;
	struct job *next;
};

struct hotplug {
	struct event_base *base;
	struct privileged *privileged;
	void (*done)(void *arg, const struct script_request *request,
		     const struct script_result *result);
	void *arg;
	struct job *first; /* in the order of their requests */
	unsigned int nr_running;
};

static void job_destroy(struct job *job)
{
	if (job->readable) {
		event_free(job->readable);
		close(job->fd);
	}
	free(job);
}

static void start_some(struct hotplug *hotplug);

static void job_end(struct job *job, const struct script_result *result)
{
	struct hotplug *hotplug = job->hotplug;
	struct job **link = &hotplug->first;

	while (*link != job)
		link = &(*link)->next;
	*link = job->next;
	hotplug->nr_running -= job->readable != NULL;
	start_some(hotplug);
	hotplug->done(hotplug->arg, &job->request, result);
	job_destroy(job);
}

static void job_readable(evutil_socket_t fd, short events, void *arg)
{
	struct script_result result;

	(void)events;
	if (read(fd, &result, sizeof(result)) != sizeof(result))
		result = (struct script_result){ SCRIPT_FAILED,
						 "the parent process does not answer" };
	result.error[sizeof(result.error) - 1] = '\0';
	job_end(arg, &result);
}

/* The reading end is ours, the writing end the parent's. 0 or -errno. */
static int job_start(struct job *job)
{
	int pair[2], err;

	if (pipe2(pair, O_CLOEXEC | O_NONBLOCK))
		return -errno;
	job->readable = event_new(job->hotplug->base, pair[0], EV_READ, job_readable, job);
	err = job->readable
		      ? privileged_run_script(job->hotplug->privileged, &job->request, pair[1])
		      : -ENOMEM;
	close(pair[1]);
	if (!err) {
		job->fd = pair[0];
		event_add(job->readable, NULL);
		job->hotplug->nr_running++;
		return 0;
	}
	if (job->readable)
		event_free(job->readable);
	job->readable = NULL;
	close(pair[0]);
	return err;
}

static void start_some(struct hotplug *hotplug)
{
	struct job *job = hotplug->first;

	while (job && hotplug->nr_running < SCRIPTS_RUNNING_MAX) {
		struct job *next = job->next;
		struct script_result result = { .status = SCRIPT_NOT_STARTED };
		int err = job->readable ? 0 : job_start(job);

		if (err) {
			strncpy(result.error, strerror(-err), sizeof(result.error) - 1);
			job_end(job, &result); /* which goes on with the others */
			return;
		}
		job = next;
	}
}

int hotplug_run(struct hotplug *hotplug, const struct script_request *request)
{
	struct job *job = calloc(1, sizeof(*job)), **link = &hotplug->first;

	if (!job)
		return -ENOMEM;
	job->hotplug = hotplug;
	job->request = *request;
	while (*link)
		link = &(*link)->next;
	*link = job;
	start_some(hotplug);
	return 0;
}

bool hotplug_is_idle(const struct hotplug *hotplug)
{
	return !hotplug->first;
}

struct hotplug *hotplug_create(struct event_base *base, struct privileged *privileged,
			       void (*done)(void *arg, const struct script_request *request,
					    const struct script_result *result),
			       void *arg)
{
	struct hotplug *hotplug = calloc(1, sizeof(*hotplug));

	if (hotplug)
		*hotplug = (struct hotplug){ base, privileged, done, arg, NULL, 0 };
	return hotplug;
}

void hotplug_destroy(struct hotplug *hotplug)
{
	while (hotplug->first) {
		struct job *job = hotplug->first;

		hotplug->first = job->next;
		job_destroy(job);
	}
	free(hotplug);
}
