/*
 * The rules against Xen's own daemon: test_against_xen PROGRAM SHIM. Each rule
 * runs on a daemon of its own and holds there, too, or is marked as different
 * and does not. Domain 0's connections are sockets, a guest's one is its ring.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rules.h"
#include "support/clock.h"

enum {
	CONTROL = SCRIPT_CONNECTIONS, /* a connection of our own, domain 0's */
	CONNECTIONS,
	START_MS = 20000,
	ANSWER_MS = 10000,
	BARRIER = 0xffff, /* req_id */
};

struct kept {
	struct kept *next;
	struct wire_message message;
	char payload[WIRE_PAYLOAD_BYTES + 1];
};

struct client {
	int fd;					/* or -1 */
	struct xenstore_domain_interface *ring; /* or NULL */
	struct wire_reader reader;
	struct kept *first;
};

enum { MOST_DOMAINS = 8 };

struct xen {
	const char *daemon, *shim;
	char dir[32];
	pid_t pid;
	int kick;
	bool introduced[MOST_DOMAINS];
	struct client clients[CONNECTIONS];
	struct kept *last_taken;
	jmp_buf failed;
	char text[WIRE_PAYLOAD_BYTES + 512];
};

static void die(const char *what)
{
	fprintf(stderr, "test_against_xen: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void path_in(const struct xen *xen, char path[64], const char *name, unsigned int number)
{
	snprintf(path, 64, name, xen->dir, number);
}

static int connect_socket(struct xen *xen)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int64_t deadline = clock_ms() + START_MS;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	path_in(xen, address.sun_path, "%s/socket", 0);
	while (connect(fd, (struct sockaddr *)&address, sizeof(address))) {
		if (clock_ms() > deadline)
			die("Xen's daemon does not listen");
		usleep(500);
	}
	return fd;
}

/* The page that the domain will share, made before it is introduced. */
static void make_ring(struct xen *xen, unsigned int domid)
{
	char path[64];
	int fd;

	path_in(xen, path, "%s/ring-%u", domid);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, 4096))
		die(path);
	for (unsigned int i = 0; i < SCRIPT_CONNECTIONS; i++)
		if (script_domids[i] == domid && !xen->clients[i].ring)
			xen->clients[i].ring =
				mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
}

static void start(struct xen *xen)
{
	char path[64];

	strcpy(xen->dir, "/tmp/against-xen-XXXXXX");
	if (!mkdtemp(xen->dir))
		die("mkdtemp");
	path_in(xen, path, "%s/kick", 0);
	if (mkfifo(path, 0600))
		die(path);
	xen->kick = open(path, O_RDWR | O_CLOEXEC);
	memset(xen->clients, 0, sizeof(xen->clients));
	memset(xen->introduced, 0, sizeof(xen->introduced));
	for (unsigned int domid = 5; domid <= 7; domid++)
		make_ring(xen, domid);
	setenv("XEN_SHIM_DIR", xen->dir, 1);
	setenv("XENSTORED_RUNDIR", xen->dir, 1);
	setenv("XENSTORED_ROOTDIR", xen->dir, 1);
	xen->pid = fork();
	if (!xen->pid) {
		setenv("LD_PRELOAD", xen->shim, 1);
		if (freopen("/dev/null", "w", stderr))
			execlp(xen->daemon, xen->daemon, "-N", (char *)NULL);
		_exit(127);
	}
	for (unsigned int i = 0; i < CONNECTIONS; i++) {
		bool host = i == CONTROL || !script_domids[i];

		xen->clients[i].fd = host ? connect_socket(xen) : -1;
	}
}

static void client_close(struct client *client)
{
	struct kept *kept;

	if (client->fd >= 0)
		close(client->fd);
	if (client->ring)
		munmap(client->ring, 4096);
	while ((kept = client->first)) {
		client->first = kept->next;
		free(kept);
	}
}

static void stop(struct xen *xen)
{
	char command[64];

	kill(xen->pid, SIGKILL);
	waitpid(xen->pid, NULL, 0);
	for (unsigned int i = 0; i < CONNECTIONS; i++)
		client_close(&xen->clients[i]);
	close(xen->kick);
	free(xen->last_taken);
	xen->last_taken = NULL;
	snprintf(command, sizeof(command), "rm -rf %s", xen->dir);
	if (system(command))
		die(command);
}

static void keep(struct client *client, const struct wire_message *message)
{
	struct kept *kept = calloc(1, sizeof(*kept)), **end = &client->first;

	if (!kept)
		die("memory");
	kept->message = *message;
	memcpy(kept->payload, message->payload, message->length);
	kept->message.payload = kept->payload;
	while (*end)
		end = &(*end)->next;
	*end = kept;
}

static void kick(struct xen *xen, unsigned int connection)
{
	uint32_t port = 100u + script_domids[connection];

	if (write(xen->kick, &port, sizeof(port)) != sizeof(port))
		die("kick");
}

/* What came, at most `size` bytes; waits for a moment if nothing did. */
static size_t receive(struct xen *xen, unsigned int connection, char *bytes, size_t size)
{
	struct client *client = &xen->clients[connection];
	struct pollfd readable = { .fd = client->fd, .events = POLLIN };
	uint32_t at, end;
	size_t length = 0;

	if (client->fd >= 0) {
		ssize_t n = poll(&readable, 1, 1) > 0 ? read(client->fd, bytes, size) : 0;

		return n > 0 ? (size_t)n : 0;
	}
	at = client->ring->rsp_cons;
	end = __atomic_load_n(&client->ring->rsp_prod, __ATOMIC_ACQUIRE);
	while (at != end && length < size)
		bytes[length++] = client->ring->rsp[at++ % XENSTORE_RING_SIZE];
	__atomic_store_n(&client->ring->rsp_cons, at, __ATOMIC_RELEASE);
	if (length)
		kick(xen, connection);
	else
		usleep(100);
	return length;
}

static void pump(struct xen *xen, unsigned int connection)
{
	struct client *client = &xen->clients[connection];
	struct wire_message message;
	char bytes[8192];
	size_t length = receive(xen, connection, bytes, sizeof(bytes));
	const char *at = bytes;

	while (wire_read(&client->reader, &at, &length, &message) == 1)
		keep(client, &message);
}

/* The next event, or the next that is none, until the deadline. */
static struct kept *await(struct xen *xen, unsigned int connection, bool event, int64_t deadline)
{
	struct client *client = &xen->clients[connection];

	do {
		for (struct kept **at = &client->first; *at; at = &(*at)->next) {
			struct kept *kept = *at;

			if ((kept->message.type == XS_WATCH_EVENT) != event)
				continue;
			*at = kept->next;
			return kept;
		}
		pump(xen, connection);
	} while (clock_ms() < deadline);
	return NULL;
}

static void send_ring(struct xen *xen, unsigned int connection, const char *bytes, size_t length)
{
	struct xenstore_domain_interface *ring = xen->clients[connection].ring;

	while (length) {
		uint32_t at = ring->req_prod;
		uint32_t end = __atomic_load_n(&ring->req_cons, __ATOMIC_ACQUIRE);

		while (length && at - end < XENSTORE_RING_SIZE) {
			ring->req[at++ % XENSTORE_RING_SIZE] = *bytes++;
			length--;
		}
		__atomic_store_n(&ring->req_prod, at, __ATOMIC_RELEASE);
		kick(xen, connection);
		if (length)
			usleep(100);
	}
}

static void xen_fail(void *arg, const char *text)
{
	struct xen *xen = arg;

	snprintf(xen->text, sizeof(xen->text), "%s", text);
	longjmp(xen->failed, 1);
}

static void xen_domain(void *arg, uint16_t domid, bool comes);

static void xen_feed(void *arg, unsigned int connection, const void *bytes, size_t length)
{
	struct xen *xen = arg;
	struct client *client = &xen->clients[connection];

	if (client->fd >= 0) {
		if (write(client->fd, bytes, length) != (ssize_t)length)
			xen_fail(xen, "the daemon hung up");
		return;
	}
	if (!xen->introduced[script_domids[connection]])
		xen_domain(xen, script_domids[connection], true);
	send_ring(xen, connection, bytes, length);
}

static void ask(struct xen *xen, unsigned int connection, uint32_t type, const char *payload,
		size_t length)
{
	const struct wire_message message = {
		.type = type, .req_id = BARRIER, .length = (uint32_t)length, .payload = payload
	};
	struct wire_buffer buffer = { 0 };

	if (wire_append(&buffer, &message))
		die("memory");
	xen_feed(xen, connection, buffer.bytes, wire_buffer_length(&buffer));
	wire_buffer_fini(&buffer);
}

static void control(struct xen *xen, uint32_t type, const char *payload, size_t length)
{
	struct kept *kept;
	bool refused;

	ask(xen, CONTROL, type, payload, length);
	kept = await(xen, CONTROL, false, clock_ms() + ANSWER_MS);
	refused = !kept || kept->message.type != type;
	free(kept);
	if (refused)
		xen_fail(xen, "the domain is not taken");
}

/* The last two of three strings are of no meaning to the shim. */
static void xen_domain(void *arg, uint16_t domid, bool comes)
{
	struct xen *xen = arg;
	char payload[32];
	int n = snprintf(payload, sizeof(payload), "%u%c1%c1", domid, 0, 0);

	xen->introduced[domid] = comes;
	control(xen, comes ? XS_INTRODUCE : XS_RELEASE, payload,
		comes ? (size_t)n + 1 : strlen(payload) + 1);
}

/* An event that is not to come has come by the time that a later question is
 * answered; one that is to come may take its time. */
static bool xen_take(void *arg, unsigned int connection, bool event, struct wire_message *message)
{
	struct xen *xen = arg;
	struct kept *kept = NULL;

	if (event) {
		ask(xen, connection, XS_GET_DOMAIN_PATH, "0", 2);
		kept = await(xen, connection, false, clock_ms() + ANSWER_MS);
		free(kept);
	}
	free(xen->last_taken);
	xen->last_taken = await(xen, connection, event, clock_ms() + (event ? 0 : ANSWER_MS));
	if (xen->last_taken)
		*message = xen->last_taken->message;
	return xen->last_taken;
}

static bool is_comparable(const struct script *script)
{
	for (unsigned int i = 0; i < SCRIPT_STEPS && script->steps[i]; i++)
		if (script->steps[i][0] == '3') /* a domain has one ring */
			return false;
	return true;
}

/* Whether all is as the rule's mark says. */
static bool run_one(struct xen *xen, const struct script *script)
{
	const struct stage stage = { .arg = xen,
				     .feed = xen_feed,
				     .take = xen_take,
				     .domain = xen_domain,
				     .fail = xen_fail };
	bool holds;

	xen->text[0] = '\0';
	start(xen);
	if (!setjmp(xen->failed))
		script_run(script, &stage, 0);
	holds = !xen->text[0];
	stop(xen);
	if (holds && script->differs)
		printf("FAILED %s: marked as different, but is not\n", script->name);
	else if (!holds && !script->differs)
		printf("FAILED %s\n", xen->text);
	return holds == !script->differs;
}

int main(int argc, char **argv)
{
	static const struct script *const tables[] = { rules_nodes, rules_watches,
						       rules_transactions, rules_permissions,
						       rules_domains };
	static struct xen xen;
	unsigned int same = 0, different = 0, left_out = 0, wrong = 0;

	if (argc != 3) {
		fprintf(stderr, "usage: test_against_xen PROGRAM SHIM\n");
		return 2;
	}
	xen.daemon = argv[1];
	xen.shim = argv[2];
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		for (const struct script *script = tables[i]; script->name; script++) {
			if (!is_comparable(script)) {
				left_out++;
				continue;
			}
			if (!run_one(&xen, script))
				wrong++;
			else if (script->differs)
				different++;
			else
				same++;
		}
	printf("%u rules hold there, too, %u are ours on purpose, %u cannot be compared, %u are "
	       "wrong\n",
	       same, different, left_out, wrong);
	return wrong ? 1 : 0;
}
