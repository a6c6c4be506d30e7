#include "store/client.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/transport.h"

enum {
	TRANSACTION_ATTEMPTS = 32,
	DIRECTORY_ATTEMPTS = 8, /* a long list that changes while it is read */
};

/* A request of a path and bytes after its NUL. */
static int call_path(struct store_client *client, uint32_t type, uint32_t transaction,
		     const char *path, const void *bytes, size_t length, struct answer *answer)
{
	char payload[WIRE_PAYLOAD_BYTES];
	size_t path_bytes = strlen(path) + 1;

	if (path_bytes > sizeof(payload) || length > sizeof(payload) - path_bytes)
		return -E2BIG;
	memcpy(payload, path, path_bytes);
	if (length)
		memcpy(payload + path_bytes, bytes, length);
	return transport_call(client, type, transaction, payload, path_bytes + length, answer);
}

static int call_plain(struct store_client *client, uint32_t type, uint32_t transaction,
		      const char *path, const void *bytes, size_t length)
{
	struct answer answer;

	return call_path(client, type, transaction, path, bytes, length, &answer);
}

int store_read(struct store_client *client, uint32_t transaction, const char *path, char *value,
	       size_t size)
{
	struct answer answer;
	int rc = call_path(client, XS_READ, transaction, path, NULL, 0, &answer);
	size_t length;

	if (rc)
		return rc;
	if (size) {
		length = answer.length < size ? answer.length : size - 1;
		memcpy(value, answer.payload, length);
		value[length] = '\0';
	}
	return (int)answer.length;
}

int store_write(struct store_client *client, uint32_t transaction, const char *path,
		const void *value, size_t length)
{
	return call_plain(client, XS_WRITE, transaction, path, value, length);
}

int store_printf(struct store_client *client, uint32_t transaction, const char *path,
		 const char *format, ...)
{
	char value[STORE_VALUE_BYTES];
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(value, sizeof(value), format, arguments);
	va_end(arguments);
	if (length < 0)
		return -EINVAL;
	if ((size_t)length >= sizeof(value))
		return -E2BIG;
	return store_write(client, transaction, path, value, (size_t)length);
}

int store_read_number(struct store_client *client, uint32_t transaction, const char *dir,
		      const char *key, uint64_t max, uint64_t *number)
{
	char path[STORE_PATH_BYTES + 1];
	char text[24];
	uint64_t value = 0;
	int length = snprintf(path, sizeof(path), "%s/%s", dir, key);

	if (length < 0 || (size_t)length >= sizeof(path))
		return -EINVAL;
	length = store_read(client, transaction, path, text, sizeof(text));
	if (length < 0)
		return length;
	if (length == 0 || length >= (int)sizeof(text) ||
	    strspn(text, "0123456789") != (size_t)length)
		return -EINVAL;
	for (const char *digit = text; *digit; digit++)
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*digit - '0'), &value))
			return -EINVAL;
	if (value > max)
		return -EINVAL;
	*number = value;
	return 0;
}

int store_mkdir(struct store_client *client, uint32_t transaction, const char *path)
{
	return call_plain(client, XS_MKDIR, transaction, path, NULL, 0);
}

int store_remove(struct store_client *client, uint32_t transaction, const char *path)
{
	return call_plain(client, XS_RM, transaction, path, NULL, 0);
}

static int count_names(const char *names, size_t length)
{
	int nr = 0;

	for (size_t i = 0; i < length; i++)
		nr += names[i] == '\0';
	return nr;
}

/* One reading of a list that is longer than a message, part after part. Its
 * length, or -EAGAIN if it changed meanwhile. */
static int read_parts(struct store_client *client, uint32_t transaction, const char *path,
		      char *names, size_t size)
{
	struct answer answer;
	char generation[24] = "", offset[24];
	size_t length = 0;

	for (;;) {
		int digits = snprintf(offset, sizeof(offset), "%zu", length);
		int rc = call_path(client, XS_DIRECTORY_PART, transaction, path, offset,
				   (size_t)digits + 1, &answer);
		size_t head = rc ? 0 : strnlen(answer.payload, answer.length) + 1;
		size_t part = answer.length - head;
		bool last = part == 1 || (part > 1 && answer.payload[answer.length - 2] == '\0');

		if (rc)
			return rc;
		if (head > sizeof(generation) || head >= answer.length)
			return -EPROTO;
		if (generation[0] && strcmp(generation, answer.payload))
			return -EAGAIN;
		memcpy(generation, answer.payload, head);
		part -= last;
		if (part > size - length)
			return -E2BIG;
		memcpy(names + length, answer.payload + head, part);
		length += part;
		if (last)
			return (int)length;
	}
}

static int directory_in_parts(struct store_client *client, uint32_t transaction, const char *path,
			      char *names, size_t size)
{
	int length = -EAGAIN;

	for (int i = 0; length == -EAGAIN && i < DIRECTORY_ATTEMPTS; i++)
		length = read_parts(client, transaction, path, names, size);
	return length < 0 ? length : count_names(names, (size_t)length);
}

int store_directory(struct store_client *client, uint32_t transaction, const char *path,
		    char *names, size_t size)
{
	struct answer answer;
	int rc = call_path(client, XS_DIRECTORY, transaction, path, NULL, 0, &answer);

	if (rc == -E2BIG)
		return directory_in_parts(client, transaction, path, names, size);
	if (rc)
		return rc;
	if (answer.length > size)
		return -E2BIG;
	memcpy(names, answer.payload, answer.length);
	return count_names(names, answer.length);
}

int store_set_permissions(struct store_client *client, uint32_t transaction, const char *path,
			  const char *permissions, size_t length)
{
	return call_plain(client, XS_SET_PERMS, transaction, path, permissions, length);
}

int store_get_permissions(struct store_client *client, uint32_t transaction, const char *path,
			  char *permissions, size_t size)
{
	struct answer answer;
	int rc = call_path(client, XS_GET_PERMS, transaction, path, NULL, 0, &answer);

	if (rc)
		return rc;
	if (answer.length > size)
		return -E2BIG;
	memcpy(permissions, answer.payload, answer.length);
	return (int)answer.length;
}

int store_watch(struct store_client *client, const char *path, const char *token)
{
	return call_plain(client, XS_WATCH, 0, path, token, strlen(token) + 1);
}

int store_unwatch(struct store_client *client, const char *path, const char *token)
{
	return call_plain(client, XS_UNWATCH, 0, path, token, strlen(token) + 1);
}

static int start_transaction(struct store_client *client, uint32_t *transaction)
{
	struct answer answer;
	int rc = transport_call(client, XS_TRANSACTION_START, 0, "", 1, &answer);

	if (rc)
		return rc;
	*transaction = (uint32_t)strtoul(answer.payload, NULL, 10);
	return *transaction ? 0 : -EPROTO;
}

static int abort_transaction(struct store_client *client, uint32_t transaction)
{
	return call_plain(client, XS_TRANSACTION_END, transaction, "F", NULL, 0);
}

int store_snapshot(struct store_client *client,
		   int (*body)(struct store_client *client, uint32_t transaction, void *arg),
		   void *arg)
{
	uint32_t transaction;
	int rc = start_transaction(client, &transaction);

	if (rc)
		return rc;
	rc = body(client, transaction, arg);
	abort_transaction(client, transaction);
	return rc;
}

int store_transact(struct store_client *client,
		   int (*body)(struct store_client *client, uint32_t transaction, void *arg),
		   void *arg)
{
	uint32_t transaction;
	int rc = -EAGAIN;

	for (int i = 0; rc == -EAGAIN && i < TRANSACTION_ATTEMPTS; i++) {
		rc = start_transaction(client, &transaction);
		if (rc)
			return rc;
		rc = body(client, transaction, arg);
		if (rc) {
			abort_transaction(client, transaction);
			return rc;
		}
		rc = call_plain(client, XS_TRANSACTION_END, transaction, "T", NULL, 0);
	}
	return rc;
}
