#include "backend/options_bridge.h"

#include <stdio.h>
#include <string.h>

#include "backend/nearest.h"
#include "backend/options_value.h"

static const char *stream_parse(const char *path, struct network_config *network)
{
	if (*path != '/')
		return "the stream's path starts with /";
	if (strlen(path) >= sizeof(network->stream))
		return "a socket's path has at most 107 bytes";
	strcpy(network->stream, path);
	return NULL;
}

static const char *word_parse(char *word, struct network_config *network)
{
	unsigned long number;

	if (!strncmp(word, "uplink=", 7))
		network->tap[0] = network->stream[0] = '\0';
	if (!strcmp(word, "uplink=none"))
		return NULL;
	if (!strncmp(word, "uplink=tap:", 11))
		return options_value_name(word + 11, network->tap)
			       ? "the tap's name has 1 to 15 characters"
			       : NULL;
	else if (!strncmp(word, "uplink=stream:", 14))
		return stream_parse(word + 14, network);
	else if (!strncmp(word, "uplink=", 7))
		return "uplink is tap:IF, stream:PATH or none";
	else if (!strncmp(word, "ip=", 3))
		return options_value_cidr(word + 3, network)
			       ? "ip is ADDRESS/PREFIX, prefix 8 to 30"
			       : NULL;
	else if (!strncmp(word, "macs=", 5)) {
		if (options_value_number(word + 5, 1, NETWORK_FDB_ENTRIES_MAX, &number))
			return "macs is a number from 1 to 65536";
		network->macs = (uint32_t)number;
	} else if (strncmp(word, "mtu=", 4))
		return "words are uplink=, ip=, mtu=, macs=";
	else if (options_value_number(word + 4, 68, 65521, &number))
		return "mtu is a number from 68 to 65521";
	else
		network->mtu = (uint32_t)number;
	return NULL;
}

const char *options_add_bridge(struct options *options, const char *name)
{
	struct network_config network = { .mtu = 1500, .macs = NETWORK_MACS_PER_PORT };

	if (options->nr_networks == NETWORKS_MAX)
		return "at most 16 bridges";
	if (options_value_name(name, network.name))
		return "the bridge's name has 1 to 15 characters";
	for (unsigned int i = 0; i < options->nr_networks; i++)
		if (!strcmp(options->networks[i].name, network.name))
			return "the bridge was named before";
	options->networks[options->nr_networks++] = network;
	return NULL;
}

static bool is_one_of(const char *key, const char *const *keys, size_t n)
{
	while (n && strcmp(key, keys[n - 1]))
		n--;
	return n;
}

void options_set_bridge(struct options *options, const char *key, const char *value,
			char error[OPTIONS_ERROR_BYTES])
{
	static const char *const keys[] = { "uplink", "ip", "mtu", "macs" };
	char word[256], hint[64];
	const char *wrong;

	if (!is_one_of(key, keys, sizeof(keys) / sizeof(keys[0]))) {
		snprintf(error, OPTIONS_ERROR_BYTES, "unknown key '%.40s'%s", key,
			 nearest_hint(key, keys, sizeof(keys) / sizeof(keys[0]), hint,
				      sizeof(hint)));
		return;
	}
	snprintf(word, sizeof(word), "%s=%s", key, value);
	wrong = word_parse(word, &options->networks[options->nr_networks - 1]);
	if (wrong)
		snprintf(error, OPTIONS_ERROR_BYTES, "%s '%.80s': %s", key, value, wrong);
}

const char *options_parse_bridge(struct options *options, const char *text)
{
	const char *wrong;
	char copy[256], *rest = copy, *word;

	if (strlen(text) >= sizeof(copy))
		return "too long";
	strcpy(copy, text);
	wrong = options_add_bridge(options, strsep(&rest, ","));
	while (!wrong && (word = strsep(&rest, ",")))
		wrong = word_parse(word, &options->networks[options->nr_networks - 1]);
	return wrong;
}
