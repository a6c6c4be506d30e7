/*
 * stream receive ADDRESS PORT SEED BYTES
 * stream send ADDRESS PORT SEED BYTES [KIB]
 *
 * One TCP connection, by IPv4 or IPv6, over which BYTES of a pattern go, and
 * nothing else. Every
 * word of the pattern tells its own place and its seed, so a byte that is
 * wrong, missing, doubled, moved or another connection's is noticed, at a small
 * part of what a cryptographic sum costs. With KIB the sender sends so many KiB
 * a second, until SIGUSR1 tells it that there is no need to dawdle. Either end prints one line of JSON;
 * the sender's has what the kernel says of its segments. Exit 0: all of it
 * arrived and was right; 1: it was not; 2: usage.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* Whole words, so that each chunk but the last starts with one. */
enum { CHUNK_BYTES = 256 * 1024, CHUNK_WORDS = CHUNK_BYTES / 8 };

struct stream {
	struct sockaddr_storage address; /* to listen at, or to send to */
	int fd;
	uint64_t seed, bytes;
	uint64_t done;
	double start;
	uint64_t kib_per_s; /* 0: as fast as it goes */
};

static int paced_fd = -1;

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* An odd factor and a shift keep it one to one: no two places look the same. */
static void pattern_fill(uint64_t words[CHUNK_WORDS], uint64_t seed, uint64_t chunk)
{
	uint64_t first = (seed << 48) + chunk * CHUNK_WORDS;

	for (uint64_t i = 0; i < CHUNK_WORDS; i++) {
		uint64_t word = (first + i) * 0x9e3779b97f4a7c15ULL;

		words[i] = word ^ (word >> 31);
	}
}

static size_t chunk_length(const struct stream *stream)
{
	uint64_t left = stream->bytes - stream->done;

	return left < CHUNK_BYTES ? (size_t)left : CHUNK_BYTES;
}

static int fail(const char *what, uint64_t at)
{
	fprintf(stderr, "stream: %s at byte %" PRIu64 "\n", what, at);
	return 1;
}

static int send_all(struct stream *stream)
{
	static uint64_t words[CHUNK_WORDS];

	while (stream->done < stream->bytes) {
		size_t length = chunk_length(stream), sent = 0;

		pattern_fill(words, stream->seed, stream->done / CHUNK_BYTES);
		while (sent < length) {
			ssize_t n = send(stream->fd, (uint8_t *)words + sent, length - sent,
					 MSG_NOSIGNAL);

			if (n < 0)
				return fail(strerror(errno), stream->done + sent);
			sent += (size_t)n;
		}
		stream->done += length;
	}
	return 0;
}

static uint64_t first_difference(const uint8_t *a, const uint8_t *b)
{
	uint64_t i = 0;

	while (a[i] == b[i])
		i++;
	return i;
}

static int receive_all(struct stream *stream)
{
	static uint64_t expected[CHUNK_WORDS], words[CHUNK_WORDS];

	while (stream->done < stream->bytes) {
		size_t length = chunk_length(stream);
		ssize_t n = recv(stream->fd, words, length, MSG_WAITALL);

		if (n != (ssize_t)length)
			return fail(n < 0 ? strerror(errno) : "the stream ends early",
				    stream->done + (n > 0 ? (uint64_t)n : 0));
		pattern_fill(expected, stream->seed, stream->done / CHUNK_BYTES);
		if (memcmp(words, expected, length))
			return fail("the payload is wrong",
				    stream->done + first_difference((uint8_t *)words,
								    (uint8_t *)expected));
		stream->done += length;
	}
	return recv(stream->fd, words, 1, 0) == 0 ? 0 : fail("more than was sent", stream->done);
}

static void report(const struct stream *stream)
{
	double seconds = now() - stream->start;

	printf("\"bytes\": %" PRIu64 ", \"seconds\": %.3f, \"gbit_per_s\": %.3f", stream->done,
	       seconds, (double)stream->done * 8 / 1e9 / seconds);
}

static void pace(uint64_t bytes_per_s)
{
	setsockopt(paced_fd, SOL_SOCKET, SO_MAX_PACING_RATE, &bytes_per_s, sizeof(bytes_per_s));
}

static void hurry(int number)
{
	(void)number;
	pace(UINT64_MAX);
}

/* The buffer, too, or the kernel would hold the better part of it. */
static void dawdle(struct stream *stream)
{
	struct sigaction action = { .sa_handler = hurry, .sa_flags = SA_RESTART };
	int buffer = 64 * 1024;

	paced_fd = stream->fd;
	setsockopt(paced_fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof(buffer));
	pace(stream->kib_per_s * 1024);
	sigaction(SIGUSR1, &action, NULL);
}

static int run_sender(struct stream *stream)
{
	struct tcp_info info = { 0 };
	socklen_t length = sizeof(info);
	char nothing;

	stream->fd = socket(stream->address.ss_family, SOCK_STREAM, 0);
	if (connect(stream->fd, (struct sockaddr *)&stream->address, sizeof(stream->address)))
		return fail(strerror(errno), 0);
	stream->start = now();
	if (stream->kib_per_s)
		dawdle(stream);
	if (send_all(stream))
		return 1;
	shutdown(stream->fd, SHUT_WR);
	if (recv(stream->fd, &nothing, 1, 0)) /* it hangs up when all is checked */
		return fail("the receiver is not content", stream->done);
	if (getsockopt(stream->fd, IPPROTO_TCP, TCP_INFO, &info, &length))
		return fail(strerror(errno), stream->done);
	printf("{");
	report(stream);
	printf(", \"segments\": %u, \"resent\": %u}\n", info.tcpi_data_segs_out,
	       info.tcpi_total_retrans);
	return 0;
}

static int run_receiver(struct stream *stream)
{
	int yes = 1, listener = socket(stream->address.ss_family, SOCK_STREAM, 0);
	struct linger abort_it = { .l_onoff = 1 };

	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (bind(listener, (struct sockaddr *)&stream->address, sizeof(stream->address)) ||
	    listen(listener, 1))
		return fail(strerror(errno), 0);
	stream->fd = accept(listener, NULL, NULL);
	if (stream->fd < 0)
		return fail(strerror(errno), 0);
	stream->start = now();
	if (receive_all(stream)) { /* a reset tells the sender */
		setsockopt(stream->fd, SOL_SOCKET, SO_LINGER, &abort_it, sizeof(abort_it));
		close(stream->fd);
		return 1;
	}
	close(stream->fd);
	printf("{");
	report(stream);
	printf("}\n");
	return 0;
}

static bool parse_number(const char *text, uint64_t most, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end && !errno && *value > 0 && *value <= most;
}

static bool parse_address(const char *text, const char *port, struct sockaddr_storage *address)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;
	uint64_t number;

	if (!parse_number(port, 65535, &number))
		return false;
	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons((uint16_t)number);
		return true;
	}
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons((uint16_t)number);
	return inet_pton(AF_INET6, text, &v6->sin6_addr) == 1;
}

int main(int argc, char **argv)
{
	struct stream stream = { .fd = -1 };

	if (argc < 6 || argc > 7 || (strcmp(argv[1], "send") != 0 && strcmp(argv[1], "receive") != 0) ||
	    !parse_address(argv[2], argv[3], &stream.address) ||
	    !parse_number(argv[4], 65535, &stream.seed) ||
	    !parse_number(argv[5], 1ULL << 48, &stream.bytes) ||
	    (argc == 7 && !parse_number(argv[6], 1 << 20, &stream.kib_per_s))) {
		fprintf(stderr, "usage: stream send|receive ADDRESS PORT SEED BYTES [KIB]\n");
		return 2;
	}
	return strcmp(argv[1], "send") == 0 ? run_sender(&stream) : run_receiver(&stream);
}
