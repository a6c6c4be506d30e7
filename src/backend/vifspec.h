/*
 * What an operator wants of a vif, in xl's words:
 * "mac=00:16:3e:00:00:01,bridge=xenbr0,mtu=1500". Pure: text in, a struct or
 * one line of complaint out, and back.
 *
 * Source: xl-network-configuration(5). Of its words `model` and the type
 * `ioemu` belong to emulated devices and are refused; the type `own-tap` is
 * ours. What is left out is the toolstack's to choose.
 */
#ifndef BACKEND_VIFSPEC_H
#define BACKEND_VIFSPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend/credit.h"

enum {
	VIFSPEC_DEVIDS = 8, /* vifs of one domain */
	VIFSPEC_SCRIPT_BYTES = 128,
	VIFSPEC_IP_BYTES = 20,
	VIFSPEC_ERROR_BYTES = 256,
	VIFSPEC_TEXT_BYTES = 512,
};

enum vifspec_type {
	VIFSPEC_BRIDGED, /* type=vif: a port of one of our bridges */
	VIFSPEC_OWN_TAP, /* type=own-tap: a TAP of its own, for the host to bridge or route */
};

struct vifspec {
	bool has_devid;
	uint32_t devid;
	enum vifspec_type type;
	char bridge[16];	   /* empty: the default one */
	uint8_t mac[6];		   /* all zero: to be generated */
	uint32_t mtu;		   /* 0: the bridge's */
	char ip[VIFSPEC_IP_BYTES]; /* "10.77.0.5" or "10.77.0.5/24"; empty: none named */
	char vifname[16];	   /* of the TAP; empty: vif<domid>.<devid> */
	char script[VIFSPEC_SCRIPT_BYTES];
	char gatewaydev[16]; /* for vif-route */
	struct rate rate;    /* from the guest */
	bool untrusted;
};

/* Says what is wrong; -EINVAL. */
int vifspec_wrong(char error[VIFSPEC_ERROR_BYTES], const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* 0, or -EINVAL with what is wrong in `error`. Each word at most once; an empty
 * text wants nothing in particular. */
int vifspec_parse(struct vifspec *spec, const char *text, char error[VIFSPEC_ERROR_BYTES]);

/* One word of it: the same results; -ENOENT for a key that there is not. */
int vifspec_set(struct vifspec *spec, const char *key, const char *value,
		char error[VIFSPEC_ERROR_BYTES]);

/* The address of its `ip`, network order, 0 for none; *prefix (NULL: nobody
 * asks) is 0 where none is named. */
uint32_t vifspec_ip(const char *ip, uint8_t *prefix);

/* All keys, for hints. */
const char *const *vifspec_keys(size_t *nr);

/* "key=value" words joined by `separator`, so that vifspec_parse() takes them
 * where that is ','. False: they do not fit. */
bool vifspec_print(const struct vifspec *spec, char separator, char *text, size_t size);

#endif
