/*
 * A guest that floods the store by every one of its connections: watches,
 * transactions, deep paths, events that it never reads. Meanwhile an honest
 * guest comes, attaches within a second and goes, again and again; afterwards
 * everything is as before.
 */
#include "support/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "e2e/hostile.h"
#include "store/wire.h"
#include "support/clock.h"

enum {
	CONNECTIONS = 7, /* beside its first one */
	ATTACHES = 3,
	ATTACH_MS = 1000,
	FLOOD_LEAST = 100, /* requests, before the first attach */
	REQUESTS_BYTES = 128 * 1024,
};

static struct stage stage;

struct request {
	uint32_t type;
	bool in_transaction; /* the one begun last */
	const char *payload; /* "|" is a NUL, "#" a number that grows */
};

struct flood {
	const char *name;
	struct request once[2];
	unsigned int once_times;
	struct request again[4];
	bool reads;
	bool deep; /* "*" in a payload is a path of a thousand names */
};

static const struct flood floods[] = {
	{ "watches set and dropped",
	  .again = { { XS_WATCH, false, "data/#|t|" }, { XS_UNWATCH, false, "data/#|t|" } },
	  .reads = true },
	{ "as many watches as it may, and more", .again = { { XS_WATCH, false, "data|#|" } },
	  .reads = true },
	{ "watches that all fire", .once = { { XS_WATCH, false, "data|#|" } }, .once_times = 16,
	  .again = { { XS_WRITE, false, "data/x|y" } }, .reads = true },
	{ "events never read", .once = { { XS_WATCH, false, "data|#|" } }, .once_times = 16,
	  .again = { { XS_WRITE, false, "data/x|y" } } },
	{ "answers never read", .again = { { XS_GET_DOMAIN_PATH, false, "0|" } } },
	{ "transactions begun and left", .again = { { XS_TRANSACTION_START, false, "|" } },
	  .reads = true },
	{ "transactions that write and end",
	  .again = { { XS_TRANSACTION_START, false, "|" },
		     { XS_WRITE, true, "data/a/#|x" },
		     { XS_RM, true, "data/a|" },
		     { XS_TRANSACTION_END, true, "T|" } },
	  .reads = true },
	{ "nodes made until it may not", .again = { { XS_WRITE, false, "data/#|x" } },
	  .reads = true },
	{ "a deep path made and removed",
	  .again = { { XS_WRITE, false, "data*|x" }, { XS_RM, false, "data/d|" } }, .reads = true,
	  .deep = true },
	{ "watches reset",
	  .again = { { XS_WATCH, false, "data|#|" }, { XS_RESET_WATCHES, false, "|" } },
	  .reads = true },
	{ "no such thing", .again = { { 99, false, "x|" }, { XS_READ, false, "//|" } },
	  .reads = true },
};

/* One of the attacker's connections. */
struct hose {
	int fd;
	uint32_t number, transaction;
	char *bytes;
	size_t length, sent;
};

struct attack {
	const struct flood *flood;
	struct hose hoses[CONNECTIONS];
	atomic_bool stop;
	atomic_ulong requests;
};

/* The payload as it is sent; its length. */
static size_t spell(const struct flood *flood, const char *text, uint32_t number, char *payload)
{
	char *at = payload;

	for (; *text; text++) {
		if (*text == '#')
			at += sprintf(at, "%u", number);
		else if (*text == '*' && flood->deep)
			for (unsigned int i = 0; i < 990; i++)
				at = stpcpy(at, "/d");
		else
			*at++ = *text == '|' ? '\0' : *text;
	}
	return (size_t)(at - payload);
}

static void add_request(struct hose *hose, const struct flood *flood, const struct request *request)
{
	char payload[WIRE_PAYLOAD_BYTES];
	struct xsd_sockmsg header = { .type = request->type, .req_id = hose->number };

	if (request->type == XS_TRANSACTION_START)
		hose->transaction++;
	header.tx_id = request->in_transaction ? hose->transaction : 0;
	header.len = (uint32_t)spell(flood, request->payload, hose->number, payload);
	memcpy(hose->bytes + hose->length, &header, sizeof(header));
	memcpy(hose->bytes + hose->length + sizeof(header), payload, header.len);
	hose->length += sizeof(header) + header.len;
}

static void add_requests(struct hose *hose, const struct flood *flood,
			 const struct request *requests, unsigned int nr)
{
	for (unsigned int i = 0; i < nr && requests[i].payload; i++)
		add_request(hose, flood, &requests[i]);
	hose->number++;
}

/* Full again: many rounds of what it repeats. */
static void fill(struct attack *attack, struct hose *hose)
{
	const struct flood *flood = attack->flood;

	hose->length = 0;
	hose->sent = 0;
	for (unsigned int i = 0; !hose->number && i < flood->once_times; i++)
		add_requests(hose, flood, flood->once, 2);
	hose->number += 1000 * flood->once_times;
	while (hose->length < REQUESTS_BYTES - 4 * (WIRE_HEADER_BYTES + WIRE_PAYLOAD_BYTES))
		add_requests(hose, flood, flood->again, 4);
}

static bool open_hose(struct hose *hose)
{
	struct hypercall reply;

	if (raw_guest_call(&stage.attacker, HYPERCALL_STORE_OPEN, NULL, 0, NULL, 0, &reply) ||
	    reply.nr_fds != 1)
		return false;
	hose->fd = reply.fds[0];
	hose->number = 0;
	hose->transaction = 0;
	hose->length = 0;
	hose->sent = 0;
	return true;
}

/* Whoever was hung up on comes again. */
static void pour(struct attack *attack, struct hose *hose)
{
	char bytes[65536];
	ssize_t n;

	if (hose->fd < 0 && !open_hose(hose))
		return;
	if (hose->sent == hose->length)
		fill(attack, hose);
	n = send(hose->fd, hose->bytes + hose->sent, hose->length - hose->sent,
		 MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n > 0) {
		hose->sent += (size_t)n;
		attack->requests += (unsigned long)n / WIRE_HEADER_BYTES;
	} else if (errno != EAGAIN) {
		close(hose->fd);
		hose->fd = -1;
		return;
	}
	while (attack->flood->reads && recv(hose->fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		continue;
}

static void *attack_run(void *arg)
{
	struct attack *attack = arg;

	while (!attack->stop) {
		for (unsigned int i = 0; i < CONNECTIONS; i++)
			pour(attack, &attack->hoses[i]);
		usleep(100);
	}
	return NULL;
}

static bool attack_prepare(struct attack *attack)
{
	for (unsigned int i = 0; i < CONNECTIONS; i++) {
		attack->hoses[i].fd = -1;
		attack->hoses[i].bytes = malloc(REQUESTS_BYTES);
		if (!attack->hoses[i].bytes)
			return false;
	}
	return true;
}

static void attack_clear(struct attack *attack)
{
	for (unsigned int i = 0; i < CONNECTIONS; i++) {
		if (attack->hoses[i].fd >= 0)
			close(attack->hoses[i].fd);
		free(attack->hoses[i].bytes);
	}
}

/* In ms. Each has a name of its own: the last one's need not be free yet. */
static int64_t attach_one(void)
{
	static unsigned int number;
	char name[32];
	struct raw_guest honest;
	int64_t start = clock_ms(), took;
	int err;

	snprintf(name, sizeof(name), "honest-%u", number++);
	err = raw_guest_open(&honest, stage.daemon.rundir, name, RAW_WAITS);
	took = clock_ms() - start;
	raw_guest_close(&honest);
	if (err)
		hostile_fail(&stage, "an honest guest is not served: %s", strerror(-err));
	return took;
}

/* The longest of some attaches, in ms; of each the better one of three tries, if it
 * takes too long: the machine, too, may stand still. */
static int64_t attach_honestly(void)
{
	int64_t longest = 0;

	for (unsigned int i = 0; i < ATTACHES; i++) {
		int64_t took = attach_one();

		for (int again = 0; again < 2 && took > ATTACH_MS; again++)
			took = attach_one();
		longest = took > longest ? took : longest;
	}
	return longest;
}

static bool run_flood(const struct flood *flood)
{
	struct attack attack = { .flood = flood };
	pthread_t thread;
	int64_t longest;

	hostile_begin_connected(&stage, flood->name);
	if (!attack_prepare(&attack) || pthread_create(&thread, NULL, attack_run, &attack)) {
		hostile_fail(&stage, "out of memory");
		return hostile_end(&stage);
	}
	for (int64_t end = clock_ms() + RAW_TIMEOUT_MS;
	     attack.requests < FLOOD_LEAST && clock_ms() < end;)
		usleep(1000);
	longest = attach_honestly();
	attack.stop = true;
	pthread_join(thread, NULL);
	attack_clear(&attack);
	printf("%-40s honest attach %4lld ms at most\n", flood->name, (long long)longest);
	if (longest > ATTACH_MS)
		hostile_fail(&stage, "an honest attach took %lld ms", (long long)longest);
	if (attack.requests < FLOOD_LEAST)
		hostile_fail(&stage, "that was no flood: %lu requests", attack.requests);
	return hostile_end(&stage);
}

static void test_floods(void **state)
{
	unsigned int failures = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(floods) / sizeof(floods[0]); i++)
		failures += !run_flood(&floods[i]);
	assert_int_equal(failures, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_floods),
	};

	return hostile_run(&stage, tests, sizeof(tests) / sizeof(tests[0]));
}
