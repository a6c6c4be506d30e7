#include "io/ctl_message.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint32_t get_u32(const void *bytes)
{
	uint32_t value;

	memcpy(&value, bytes, sizeof(value));
	return le32toh(value);
}

static void put_u32(void *bytes, uint32_t value)
{
	value = htole32(value);
	memcpy(bytes, &value, sizeof(value));
}

int ctl_request_encode(const char *const *argv, unsigned int argc, void **message, size_t *length)
{
	size_t bytes = 0, at = CTL_REQUEST_HEAD_BYTES;
	unsigned int i;
	uint8_t *made;

	if (!argc)
		return -EINVAL;
	if (argc > CTL_REQUEST_MAX_ARGS)
		return -E2BIG;
	for (i = 0; i < argc; i++) {
		bytes += strlen(argv[i]) + 1;
		if (bytes > CTL_REQUEST_MAX_BYTES)
			return -E2BIG;
	}
	made = malloc(CTL_REQUEST_HEAD_BYTES + bytes);
	if (!made)
		return -ENOMEM;
	put_u32(made, (uint32_t)bytes);
	for (i = 0; i < argc; i++) {
		size_t size = strlen(argv[i]) + 1;

		memcpy(made + at, argv[i], size);
		at += size;
	}
	*message = made;
	*length = at;
	return 0;
}

int64_t ctl_request_size(const void *bytes, size_t length)
{
	uint32_t size;

	if (length < CTL_REQUEST_HEAD_BYTES)
		return 0;
	size = get_u32(bytes);
	if (!size)
		return -EPROTO;
	if (size > CTL_REQUEST_MAX_BYTES)
		return -EMSGSIZE;
	return CTL_REQUEST_HEAD_BYTES + (int64_t)size;
}

int64_t ctl_reply_size(const void *bytes, size_t length)
{
	uint32_t size;

	if (length < CTL_REPLY_HEAD_BYTES)
		return 0;
	size = get_u32((const uint8_t *)bytes + 4);
	if (size > CTL_REPLY_MAX_BYTES)
		return -EMSGSIZE;
	return CTL_REPLY_HEAD_BYTES + (int64_t)size;
}

int ctl_request_decode(void *message, size_t length, struct ctl_request *request)
{
	int64_t size = ctl_request_size(message, length);
	char *end = (char *)message + length, *at = (char *)message + CTL_REQUEST_HEAD_BYTES;

	request->argc = 0;
	if (size <= 0 || (size_t)size != length || end[-1])
		return -EPROTO;
	for (; at < end; at += strlen(at) + 1) {
		if (request->argc == CTL_REQUEST_MAX_ARGS)
			return -EPROTO;
		request->argv[request->argc++] = at;
	}
	request->argv[request->argc] = NULL;
	return 0;
}

int ctl_reply_decode(const void *message, size_t length, struct ctl_reply *reply)
{
	int64_t size = ctl_reply_size(message, length);

	if (size <= 0 || (size_t)size != length)
		return -EPROTO;
	reply->code = (int32_t)get_u32(message);
	reply->length = (uint32_t)(length - CTL_REPLY_HEAD_BYTES);
	reply->text = (const char *)message + CTL_REPLY_HEAD_BYTES;
	return 0;
}

int ctl_reply_encode_head(uint8_t head[CTL_REPLY_HEAD_BYTES], int32_t code, size_t length)
{
	if (length > CTL_REPLY_MAX_BYTES)
		return -EMSGSIZE;
	put_u32(head, (uint32_t)code);
	put_u32(head + 4, (uint32_t)length);
	return 0;
}
