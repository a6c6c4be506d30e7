#include "backend/vifspec.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/mac.h"
#include "backend/nearest.h"

enum { MTU_MIN = 68, MTU_MAX = 65521 };

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

int vifspec_wrong(char error[VIFSPEC_ERROR_BYTES], const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error, VIFSPEC_ERROR_BYTES, format, args);
	va_end(args);
	return -EINVAL;
}

/* Digits only, as many as it takes; *end behind them. */
static bool digits(const char *text, uint64_t max, uint64_t *number, const char **end)
{
	char *stop;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*number = strtoull(text, &stop, 10);
	*end = stop;
	return !errno && *number <= max;
}

static bool number(const char *text, uint64_t min, uint64_t max, uint32_t *value)
{
	const char *end;
	uint64_t n;

	if (!digits(text, max, &n, &end) || *end || n < min)
		return false;
	*value = (uint32_t)n;
	return true;
}

/* A name as the kernel takes it for an interface. */
static bool device_name(const char *text, char name[16])
{
	size_t length = strlen(text);

	if (!length || length > 15 || strpbrk(text, "/ \t\n:%") || !strcmp(text, ".") ||
	    !strcmp(text, ".."))
		return false;
	memcpy(name, text, length + 1);
	return true;
}

/* All of these: NULL, or what is wanted instead. */

static const char *set_mac(struct vifspec *spec, const char *value)
{
	if (strlen(value) == 17 && strspn(value, "0123456789abcdefABCDEF:") == 17 &&
	    mac_parse(value, spec->mac) && mac_is_station(spec->mac))
		return NULL;
	return "a unicast address like 00:16:3e:00:00:01";
}

static const char *set_bridge(struct vifspec *spec, const char *value)
{
	return device_name(value, spec->bridge) ? NULL : "a bridge's name of 1 to 15 characters";
}

static const char *set_vifname(struct vifspec *spec, const char *value)
{
	return device_name(value, spec->vifname) ? NULL
						 : "an interface's name of 1 to 15 characters";
}

static const char *set_gatewaydev(struct vifspec *spec, const char *value)
{
	return device_name(value, spec->gatewaydev) ? NULL
						    : "an interface's name of 1 to 15 characters";
}

static const char *set_mtu(struct vifspec *spec, const char *value)
{
	return number(value, MTU_MIN, MTU_MAX, &spec->mtu) ? NULL : "a number from 68 to 65521";
}

static const char *set_devid(struct vifspec *spec, const char *value)
{
	spec->has_devid = true;
	return number(value, 0, VIFSPEC_DEVIDS - 1, &spec->devid) ? NULL : "a number from 0 to 7";
}

static const char *set_type(struct vifspec *spec, const char *value)
{
	if (strcmp(value, "vif") && strcmp(value, "own-tap"))
		return "vif or own-tap (no device is emulated here)";
	spec->type = strcmp(value, "vif") ? VIFSPEC_OWN_TAP : VIFSPEC_BRIDGED;
	return NULL;
}

uint32_t vifspec_ip(const char *ip, uint8_t *prefix)
{
	size_t length = strcspn(ip, "/");
	char address[INET_ADDRSTRLEN];
	struct in_addr parsed;
	uint32_t bits = 0;

	if (length >= sizeof(address) || (ip[length] && !number(ip + length + 1, 1, 32, &bits)))
		return 0;
	memcpy(address, ip, length);
	address[length] = '\0';
	if (prefix)
		*prefix = (uint8_t)bits;
	return inet_pton(AF_INET, address, &parsed) == 1 ? parsed.s_addr : 0;
}

static const char *set_ip(struct vifspec *spec, const char *value)
{
	if (strlen(value) >= sizeof(spec->ip) || !vifspec_ip(value, NULL))
		return "an IPv4 address like 10.77.0.5 or 10.77.0.5/24";
	strcpy(spec->ip, value);
	return NULL;
}

/* Where it lies, and whether it may run at all, is for others to check. */
static const char *set_script(struct vifspec *spec, const char *value)
{
	size_t length = strlen(value);

	if (!length || length >= sizeof(spec->script) || strpbrk(value, " \t\n"))
		return "a script's name of 1 to 127 characters without spaces";
	memcpy(spec->script, value, length + 1);
	return NULL;
}

static const char *set_backend(struct vifspec *spec, const char *value)
{
	(void)spec;
	return strcmp(value, "0") && strcmp(value, "Domain-0") ? "0: there is no other backend"
							       : NULL;
}

static const char *set_rate(struct vifspec *spec, const char *value)
{
	return rate_read(value, &spec->rate)
		       ? NULL
		       : "a rate like 10Mb/s, 250KB/s or 1MB/s@20ms, at least a byte each "
			 "interval of at most 1s, or 5MB@2s, bytes each interval,";
}

static const char *set_trusted(struct vifspec *spec, const char *value)
{
	spec->untrusted = false;
	return strcmp(value, "1") ? "no value" : NULL;
}

static const char *set_untrusted(struct vifspec *spec, const char *value)
{
	spec->untrusted = true;
	return strcmp(value, "1") ? "no value" : NULL;
}

static const char *const keys[] = { "mac",     "bridge", "gatewaydev", "netdev",   "type",
				    "vifname", "script", "ip",	       "backend",  "rate",
				    "devid",   "mtu",	 "trusted",    "untrusted" };

static const char *(*const setters[])(struct vifspec *spec, const char *value) = {
	set_mac, set_bridge,  set_gatewaydev, set_gatewaydev, set_type, set_vifname, set_script,
	set_ip,	 set_backend, set_rate,	      set_devid,      set_mtu,	set_trusted, set_untrusted
};

_Static_assert(COUNT(keys) == COUNT(setters), "each key has its setter");

const char *const *vifspec_keys(size_t *nr)
{
	*nr = COUNT(keys);
	return keys;
}

static size_t find_key(const char *key)
{
	size_t i = 0;

	while (i < COUNT(keys) && strcmp(keys[i], key))
		i++;
	return i;
}

int vifspec_set(struct vifspec *spec, const char *key, const char *value,
		char error[VIFSPEC_ERROR_BYTES])
{
	size_t i = find_key(key);
	const char *wanted;
	char hint[64];

	if (!strcmp(key, "model"))
		return vifspec_wrong(
			error, "model '%.40s': no device is emulated here; leave it out", value);
	if (i == COUNT(keys)) {
		vifspec_wrong(error, "unknown key '%.40s'%s", key,
			      nearest_hint(key, keys, COUNT(keys), hint, sizeof(hint)));
		return -ENOENT;
	}
	wanted = setters[i](spec, value);
	return wanted ? vifspec_wrong(error, "%s '%.80s': %s is wanted", key, value, wanted) : 0;
}

int vifspec_parse(struct vifspec *spec, const char *text, char error[VIFSPEC_ERROR_BYTES])
{
	char copy[VIFSPEC_TEXT_BYTES], *rest = copy, *word;
	uint32_t seen = 0;

	*spec = (struct vifspec){ .mtu = 0 };
	if (strlen(text) >= sizeof(copy))
		return vifspec_wrong(error, "longer than %d characters", VIFSPEC_TEXT_BYTES - 1);
	strcpy(copy, text);
	while ((word = strsep(&rest, ",")) != NULL) {
		char *value = strchr(word, '=');
		size_t key;

		if (!*word) /* as xl: a comma too many */
			continue;
		if (value)
			*value++ = '\0';
		key = find_key(word);
		if (key < COUNT(keys) && seen & 1u << key)
			return vifspec_wrong(error, "'%s' twice; name it once", word);
		if (!value && key < COUNT(keys) && !strstr(word, "trusted"))
			return vifspec_wrong(error, "'%s' without a value; write %s=...", word,
					     word);
		if (vifspec_set(spec, word, value ? value : "1", error))
			return -EINVAL;
		seen |= 1u << key;
	}
	return 0;
}

struct printer {
	char *text;
	size_t size, length;
	char separator;
};

static void print(struct printer *printer, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void print(struct printer *printer, const char *format, ...)
{
	char word[VIFSPEC_TEXT_BYTES];
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(word, sizeof(word), format, args);
	va_end(args);
	if (printer->length + (size_t)length + 2 <= printer->size) {
		char *end = printer->text + printer->length;

		if (printer->length)
			*end++ = printer->separator;
		memcpy(end, word, (size_t)length + 1);
	}
	printer->length += (size_t)length + (printer->length != 0);
}

bool vifspec_print(const struct vifspec *spec, char separator, char *text, size_t size)
{
	struct printer printer = { text, size, 0, separator };
	char rate[RATE_TEXT_BYTES];

	text[0] = '\0';
	if (spec->has_devid)
		print(&printer, "devid=%u", spec->devid);
	if (spec->type == VIFSPEC_OWN_TAP)
		print(&printer, "type=own-tap");
	if (mac_is_station(spec->mac))
		print(&printer, "mac=" MAC_FORMAT, MAC_ARGS(spec->mac));
	if (spec->bridge[0])
		print(&printer, "bridge=%s", spec->bridge);
	if (spec->mtu)
		print(&printer, "mtu=%u", spec->mtu);
	if (spec->ip[0])
		print(&printer, "ip=%s", spec->ip);
	if (spec->vifname[0])
		print(&printer, "vifname=%s", spec->vifname);
	if (spec->script[0])
		print(&printer, "script=%s", spec->script);
	if (spec->gatewaydev[0])
		print(&printer, "gatewaydev=%s", spec->gatewaydev);
	if (spec->rate.bytes) {
		rate_print(&spec->rate, rate);
		print(&printer, "rate=%s", rate);
	}
	if (spec->untrusted)
		print(&printer, "untrusted=1");
	return printer.length < size;
}
