/*
 * Messages of the control socket (ctl.sock, AF_UNIX SOCK_STREAM): one request,
 * one reply, and the connection is over. Numbers are little endian.
 *
 *     request  { u32 length, then `length` bytes: arguments, each ended by a NUL }
 *     reply    { s32 code, u32 length, then `length` bytes of text }
 *
 * The options come first among the arguments ("--json", "--pretty"), then the
 * words of the command. The code is the exit status of whoever asked. With
 * code 0 the text is what was asked for; with any other it is one complaint
 * ("cannot ...: object: reason; cure") without program name and newline.
 *
 * Only bytes here: whoever has the descriptor reads until *_size() says that
 * the message is whole, and then takes it apart. Nothing is trusted but what
 * was checked.
 */
#ifndef IO_CTL_MESSAGE_H
#define IO_CTL_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

enum {
	CTL_REQUEST_HEAD_BYTES = 4,
	CTL_REQUEST_MAX_BYTES = 64 << 10, /* of arguments */
	CTL_REQUEST_MAX_ARGS = 256,
	CTL_REPLY_HEAD_BYTES = 8,
	CTL_REPLY_MAX_BYTES = 16 << 20, /* of text */
};

/* The arguments point into the message. */
struct ctl_request {
	unsigned int argc;
	char *argv[CTL_REQUEST_MAX_ARGS + 1]; /* the last one used is followed by NULL */
};

struct ctl_reply {
	int32_t code;
	uint32_t length;
	const char *text; /* points into the message; not ended by a NUL */
};

/* A whole message, for the caller to free. 0, -ENOMEM, -EINVAL without any
 * argument, -E2BIG beyond the bounds. */
int ctl_request_encode(const char *const *argv, unsigned int argc, void **message, size_t *length);

/* How long the message that begins with these bytes is, head included; 0 while
 * too little is there to tell. -EMSGSIZE beyond the bounds, -EPROTO for a
 * request without arguments. */
int64_t ctl_request_size(const void *bytes, size_t length);
int64_t ctl_reply_size(const void *bytes, size_t length);

/* Takes a whole message apart. 0, or -EPROTO: its length is not the announced
 * one, or it does not end with a NUL, or has too many arguments. */
int ctl_request_decode(void *message, size_t length, struct ctl_request *request);
int ctl_reply_decode(const void *message, size_t length, struct ctl_reply *reply);

/* The head of a reply; the text follows it as it is. 0, or -EMSGSIZE. */
int ctl_reply_encode_head(uint8_t head[CTL_REPLY_HEAD_BYTES], int32_t code, size_t length);

#endif
