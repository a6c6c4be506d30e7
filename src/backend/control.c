#include "backend/control.h"

#include <stdlib.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>

#include "io/ctl_message.h"
#include "io/state.h"

struct client {
	struct control *control;
	struct bufferevent *stream;
	struct client *next;
	struct event *again;	 /* while its answer waits for something to end */
	struct report_wait wait; /* for what */
	char *text;
	size_t length;
	int code;
};

struct control {
	struct event_base *base;
	struct reporter *reporter;
	struct client *clients;
	unsigned int nr_clients;
};

static void client_close(struct client *client)
{
	struct client **link = &client->control->clients;

	while (*link != client)
		link = &(*link)->next;
	*link = client->next;
	client->control->nr_clients--;
	if (client->again)
		event_free(client->again);
	free(client->text);
	bufferevent_free(client->stream);
	free(client);
}

static void client_written(struct bufferevent *stream, void *arg)
{
	(void)stream;
	client_close(arg);
}

/* End, error or too slow. */
static void client_event(struct bufferevent *stream, short events, void *arg)
{
	(void)stream;
	(void)events;
	client_close(arg);
}

static void client_send(struct client *client)
{
	struct evbuffer *output = bufferevent_get_output(client->stream);
	struct timeval timeout = { .tv_sec = CONTROL_TIMEOUT_S };
	uint8_t head[CTL_REPLY_HEAD_BYTES];

	if (!client->text || ctl_reply_encode_head(head, client->code, client->length)) {
		client_close(client);
		return;
	}
	bufferevent_disable(client->stream, EV_READ);
	bufferevent_set_timeouts(client->stream, &timeout, &timeout);
	evbuffer_add(output, head, sizeof(head));
	evbuffer_add(output, client->text, client->length);
	bufferevent_setcb(client->stream, NULL, client_written, client_event, client);
}

/* A client that hangs up meanwhile waits for nothing; what was begun goes on. */
static void client_look(evutil_socket_t fd, short events, void *arg)
{
	struct timeval pause = { .tv_usec = CONTROL_LOOK_MS * 1000 };
	struct client *client = arg;

	(void)fd;
	(void)events;
	if (report_has_ended(client->control->reporter, &client->wait, &client->code, &client->text,
			     &client->length))
		client_send(client);
	else
		event_add(client->again, &pause);
}

static void client_answer(struct client *client, struct ctl_request *request)
{
	client->code = report_answer(client->control->reporter, request, &client->text,
				     &client->length, &client->wait);
	if (client->code || !client->wait.wanted) {
		client_send(client);
		return;
	}
	client->again = event_new(client->control->base, -1, 0, client_look, client);
	if (!client->again) {
		client_close(client);
		return;
	}
	bufferevent_set_timeouts(client->stream, NULL, NULL);
	bufferevent_setcb(client->stream, NULL, NULL, client_event, client);
	client_look(-1, 0, client);
}

static void client_readable(struct bufferevent *stream, void *arg)
{
	struct evbuffer *input = bufferevent_get_input(stream);
	struct client *client = arg;
	size_t length = evbuffer_get_length(input);
	uint8_t *bytes = evbuffer_pullup(input, -1);
	int64_t size = ctl_request_size(bytes, length);
	struct ctl_request request;

	if (size < 0 || (size && length > (size_t)size)) {
		client_close(client);
		return;
	}
	if (!size || length < (size_t)size)
		return;
	if (ctl_request_decode(bytes, length, &request))
		client_close(client);
	else
		client_answer(client, &request);
}

struct control *control_create(struct event_base *base, struct reporter *reporter)
{
	struct control *control = calloc(1, sizeof(*control));

	if (control)
		*control = (struct control){ .base = base, .reporter = reporter };
	return control;
}

void control_destroy(struct control *control)
{
	while (control->clients)
		client_close(control->clients);
	free(control);
}

void control_accept(struct control *control, int fd)
{
	struct timeval timeout = { .tv_sec = CONTROL_TIMEOUT_S };
	struct client *client = NULL;

	if (control->nr_clients < CONTROL_CLIENTS_MAX)
		client = calloc(1, sizeof(*client));
	if (!client) {
		close(fd);
		return;
	}
	client->control = control;
	client->stream = bufferevent_socket_new(control->base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (!client->stream) {
		close(fd);
		free(client);
		return;
	}
	client->next = control->clients;
	control->clients = client;
	control->nr_clients++;
	bufferevent_setcb(client->stream, client_readable, NULL, client_event, client);
	bufferevent_set_timeouts(client->stream, &timeout, &timeout);
	bufferevent_enable(client->stream, EV_READ | EV_WRITE);
}

bool control_is_busy(const struct control *control)
{
	for (const struct client *client = control->clients; client; client = client->next)
		if (client->again || client->text)
			return true;
	return false;
}

static void save_client(struct client *client, struct state *state)
{
	struct evbuffer *input = bufferevent_get_input(client->stream);
	size_t length = evbuffer_get_length(input);
	int fd = bufferevent_getfd(client->stream);

	state_fd(state, &fd);
	state_blob(state, evbuffer_pullup(input, -1), &length, SIZE_MAX);
}

static void restore_client(struct control *control, struct state *state)
{
	unsigned int before = control->nr_clients;
	const void *bytes;
	size_t length;
	int fd;

	state_fd(state, &fd);
	bytes = state_blob(state, NULL, &length, SIZE_MAX);
	if (fd < 0)
		return;
	control_accept(control, fd);
	if (control->nr_clients > before && length)
		evbuffer_add(bufferevent_get_input(control->clients->stream), bytes, length);
}

void control_carry(struct control *control, struct state *state)
{
	for (struct client *client = control->clients; !state->restores && client;
	     client = client->next) {
		state_more(state, true);
		save_client(client, state);
	}
	while (state_more(state, false))
		restore_client(control, state);
}
