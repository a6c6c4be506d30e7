#include "store/transport.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "store/server.h"

/* An event that waits for store_next_event(). */
struct event {
	struct event *next;
	const char *token;
	char path[];
};

struct store_client {
	int fd; /* socket transport, or -1 */
	int timeout_ms;
	struct store_connection *connection; /* local transport, or NULL */
	void (*event)(void *arg);	     /* local: tells of events */
	void *event_arg;
	bool in_call; /* local: output is ours to look at */
	bool gone;
	uint32_t req_id;
	struct event *events, **events_end;
	struct wire_reader reader;
};

static struct store_client *client_create(int fd, int timeout_ms)
{
	struct store_client *client = calloc(1, sizeof(*client));

	if (!client)
		return NULL;
	client->fd = fd;
	client->timeout_ms = timeout_ms;
	client->events_end = &client->events;
	return client;
}

struct store_client *store_client_socket(int fd, int timeout_ms)
{
	return client_create(fd, timeout_ms);
}

/* Outside of our own calls nothing but events can come. */
static void local_output(void *arg)
{
	struct store_client *client = arg;

	if (!client->in_call && client->event)
		client->event(client->event_arg);
}

struct store_client *store_client_local(struct store_server *server, uint16_t domid)
{
	struct store_client *client = client_create(-1, 0);

	if (!client)
		return NULL;
	client->connection = store_server_open(server, domid, local_output, client);
	if (!client->connection) {
		free(client);
		return NULL;
	}
	return client;
}

void store_client_set_timeout(struct store_client *client, int timeout_ms)
{
	client->timeout_ms = timeout_ms;
}

int store_client_connect(const char *path, int timeout_ms, struct store_client **client)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd, rc;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	rc = connect(fd, (struct sockaddr *)&address, sizeof(address)) ? -errno : 0;
	if (!rc) {
		*client = store_client_socket(fd, timeout_ms);
		rc = *client ? 0 : -ENOMEM;
	}
	if (rc)
		close(fd);
	return rc;
}

void store_client_close(struct store_client *client)
{
	struct event *event;

	if (!client)
		return;
	if (client->connection)
		store_server_close(client->connection);
	else
		close(client->fd);
	while ((event = client->events)) {
		client->events = event->next;
		free(event);
	}
	free(client);
}

int store_client_fd(const struct store_client *client)
{
	return client->fd;
}

void store_client_notify(struct store_client *client, void (*event)(void *arg), void *arg)
{
	client->event = event;
	client->event_arg = arg;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Keeps an event. A malformed one ends the connection: the server is trusted,
 * so the stream is out of step. */
static int keep_event(struct store_client *client, const struct wire_message *message)
{
	size_t path = strnlen(message->payload, message->length) + 1;
	struct event *event;

	if (path >= message->length)
		return -EPROTO;
	event = malloc(sizeof(*event) + message->length + 1);
	if (!event)
		return -ENOMEM;
	event->next = NULL;
	memcpy(event->path, message->payload, message->length);
	event->path[message->length] = '\0';
	event->token = event->path + path;
	*client->events_end = event;
	client->events_end = &event->next;
	return 0;
}

static void take_answer(struct answer *answer, const struct wire_message *message)
{
	answer->come = true;
	answer->length = message->length;
	memcpy(answer->payload, message->payload, message->length);
	answer->payload[message->length] = '\0';
	if (message->type == XS_ERROR)
		answer->rc = -wire_error_number(answer->payload);
	else if (message->type != answer->type)
		answer->rc = -EPROTO;
}

/* Sorts bytes that came: events are kept, the awaited answer is taken, answers
 * that came too late for their call are dropped. */
static int take_bytes(struct store_client *client, const char *bytes, size_t length,
		      struct answer *answer)
{
	struct wire_message message;
	int rc;

	while ((rc = wire_read(&client->reader, &bytes, &length, &message)) > 0) {
		if (message.type == XS_WATCH_EVENT)
			rc = keep_event(client, &message);
		else if (answer && !answer->come && message.req_id == answer->req_id)
			take_answer(answer, &message);
		if (rc < 0)
			break;
	}
	if (rc < 0)
		client->gone = true;
	return rc < 0 ? -ECONNRESET : 0;
}

/* Reads what is there. 0 also if there is nothing. */
static int receive(struct store_client *client, struct answer *answer)
{
	char bytes[8192];
	ssize_t length = recv(client->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (length > 0)
		return take_bytes(client, bytes, (size_t)length, answer);
	if (length < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	client->gone = true;
	return -ECONNRESET;
}

/* Waits for the socket until `deadline`. */
static int await(struct store_client *client, short events, int64_t deadline)
{
	struct pollfd poll_fd = { .fd = client->fd, .events = events };
	int64_t left = deadline - now_ms();
	int rc = left > 0 ? poll(&poll_fd, 1, (int)left) : 0;

	if (rc == 0)
		return -ETIMEDOUT;
	if (rc < 0)
		return errno == EINTR ? 0 : -errno;
	return poll_fd.revents;
}

/* Sends while it also reads, so that two full sockets do not wait for one
 * another. A request cut short would leave the stream out of step: gone. */
static int send_all(struct store_client *client, struct wire_buffer *request, struct answer *answer,
		    int64_t deadline)
{
	size_t left;

	while ((left = wire_buffer_length(request))) {
		ssize_t sent = send(client->fd, request->bytes + request->start, left,
				    MSG_DONTWAIT | MSG_NOSIGNAL);
		int rc = 0;

		if (sent > 0)
			wire_sent(request, (size_t)sent);
		else if (errno == EAGAIN)
			rc = await(client, POLLIN | POLLOUT, deadline);
		else if (errno != EINTR)
			rc = -ECONNRESET;
		if (rc > 0 && (rc & POLLIN))
			rc = receive(client, answer);
		if (rc < 0) {
			client->gone = true;
			return rc;
		}
	}
	return 0;
}

static int call_socket(struct store_client *client, struct wire_buffer *request,
		       struct answer *answer)
{
	int64_t deadline = now_ms() + client->timeout_ms;
	int rc = send_all(client, request, answer, deadline);

	while (!rc && !answer->come) {
		rc = await(client, POLLIN, deadline);
		if (rc > 0)
			rc = receive(client, answer);
	}
	return rc;
}

/* Takes what the server's connection has for us. */
static int drain_local(struct store_client *client, struct answer *answer)
{
	const void *bytes;
	size_t length = store_server_output(client->connection, &bytes);
	int rc = take_bytes(client, bytes, length, answer);

	store_server_sent(client->connection, length);
	return rc;
}

static int call_local(struct store_client *client, struct wire_buffer *request,
		      struct answer *answer)
{
	struct event **events_end;
	int rc;

	client->in_call = true;
	rc = drain_local(client, NULL);
	events_end = client->events_end;
	if (!rc)
		rc = store_server_input(client->connection, request->bytes,
					wire_buffer_length(request));
	if (!rc)
		rc = drain_local(client, answer);
	client->in_call = false;
	if (events_end != client->events_end && client->event)
		client->event(client->event_arg);
	return rc || !answer->come ? -ECONNRESET : 0;
}

int transport_call(struct store_client *client, uint32_t type, uint32_t transaction,
		   const char *payload, size_t length, struct answer *answer)
{
	struct wire_buffer request = { 0 };
	struct wire_message message = {
		.type = type,
		.req_id = ++client->req_id,
		.tx_id = transaction,
		.length = (uint32_t)length,
		.payload = payload,
	};
	int rc;

	answer->type = type;
	answer->req_id = message.req_id;
	answer->come = false;
	answer->rc = 0;
	answer->length = 0;
	if (client->gone)
		return -ECONNRESET;
	if (length > WIRE_PAYLOAD_BYTES)
		return -E2BIG;
	rc = wire_append(&request, &message);
	if (!rc && client->connection)
		rc = call_local(client, &request, answer);
	else if (!rc)
		rc = call_socket(client, &request, answer);
	wire_buffer_fini(&request);
	return rc ? rc : answer->rc;
}

static void copy_text(char *to, size_t size, const char *from)
{
	if (size)
		snprintf(to, size, "%s", from);
}

int store_next_event(struct store_client *client, char *path, size_t path_size, char *token,
		     size_t token_size)
{
	struct event *event;
	int rc = 0;

	if (!client->events && client->gone)
		return -ECONNRESET;
	if (!client->events)
		rc = client->connection ? drain_local(client, NULL) : receive(client, NULL);
	event = client->events;
	if (!event)
		return rc;
	client->events = event->next;
	if (!client->events)
		client->events_end = &client->events;
	copy_text(path, path_size, event->path);
	copy_text(token, token_size, event->token);
	free(event);
	return 1;
}
