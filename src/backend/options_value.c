#include "backend/options_value.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

int options_value_number(const char *text, unsigned long min, unsigned long max,
			 unsigned long *number)
{
	char *end;

	errno = 0;
	*number = strtoul(text, &end, 10);
	if (errno || end == text || *end || *text == '-' || *number < min || *number > max)
		return -EINVAL;
	return 0;
}

int options_value_cidr(char *text, struct network_config *network)
{
	char *slash = strchr(text, '/');
	unsigned long prefix;

	if (!slash || options_value_number(slash + 1, 8, 30, &prefix))
		return -EINVAL;
	*slash = '\0';
	if (inet_pton(AF_INET, text, &network->ip) != 1)
		return -EINVAL;
	network->prefix = (uint8_t)prefix;
	return 0;
}

int options_value_name(const char *text, char name[16])
{
	size_t length = strlen(text);

	if (!length || length > 15 || strpbrk(text, "/ \t\n:%") || !strcmp(text, ".") ||
	    !strcmp(text, ".."))
		return -EINVAL;
	memcpy(name, text, length + 1);
	return 0;
}
