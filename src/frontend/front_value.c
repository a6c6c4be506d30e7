#include "frontend/front_value.h"

#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int front_value_number(const char *text, uint64_t min, uint64_t max, uint64_t *number)
{
	char *end;

	errno = 0;
	*number = strtoull(text, &end, 10);
	if (errno || end == text || *end || text[0] < '0' || text[0] > '9' || *number < min ||
	    *number > max)
		return -EINVAL;
	return 0;
}

int front_value_mac(const char *text, uint8_t mac[6])
{
	unsigned int bytes[6];
	int end = 0;

	if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%n", &bytes[0], &bytes[1], &bytes[2], &bytes[3],
		   &bytes[4], &bytes[5], &end) != 6 ||
	    text[end] || strlen(text) != 17 || strspn(text, "0123456789abcdefABCDEF:") != 17)
		return -EINVAL;
	for (int i = 0; i < 6; i++)
		mac[i] = (uint8_t)bytes[i];
	return mac[0] & 1 || !(mac[0] | mac[1] | mac[2] | mac[3] | mac[4] | mac[5]) ? -EINVAL : 0;
}

int front_value_ip(const char *text, uint32_t *ip)
{
	return inet_pton(AF_INET, text, ip) == 1 && *ip ? 0 : -EINVAL;
}

int front_value_cidr(const char *text, uint32_t *ip, uint8_t *prefix)
{
	const char *slash = strchr(text, '/');
	char address[16];
	uint64_t bits;

	if (!slash)
		return front_value_ip(text, ip);
	if ((size_t)(slash - text) >= sizeof(address) ||
	    front_value_number(slash + 1, 1, 32, &bits))
		return -EINVAL;
	memcpy(address, text, (size_t)(slash - text));
	address[slash - text] = '\0';
	*prefix = (uint8_t)bits;
	return front_value_ip(address, ip);
}

int front_value_duration(const char *text, double *seconds)
{
	char *end;

	*seconds = strtod(text, &end);
	return end == text || *end || !isfinite(*seconds) || *seconds <= 0 || *seconds > 1e6
		       ? -EINVAL
		       : 0;
}
