#include "backend/config.h"

#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/nearest.h"
#include "backend/options_bridge.h"

enum { SECTION_BYTES = 128, KEYS_MAX = 32, KEY_BYTES = 32, LINE_BYTES = 1024 };

enum section_kind { SECTION_NONE, SECTION_BAD, SECTION_DAEMON, SECTION_BRIDGE, SECTION_VIF };

struct parser {
	const char *path;
	enum config_kind kind;
	struct options *options;
	struct attachments *vifs;
	FILE *file;
	unsigned int line, errors;
	enum section_kind section;
	char sections[NETWORKS_MAX + 1][SECTION_BYTES]; /* daemon and bridges seen */
	unsigned int nr_sections;
	struct attachment vif;		/* of the open section */
	char seen[KEYS_MAX][KEY_BYTES]; /* keys of the open section */
	unsigned int nr_seen;
};

static void complain(struct parser *parser, unsigned int line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void complain(struct parser *parser, unsigned int line, const char *format, ...)
{
	char text[400];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fprintf(stderr, "%s:%u: error: %s\n", parser->path, line, text);
	parser->errors++;
}

static void put_vif(struct parser *parser)
{
	int err;

	if (parser->section != SECTION_VIF)
		return;
	err = attachments_put(parser->vifs, &parser->vif);
	if (err)
		complain(parser, parser->vif.line, "too many vifs: %s", strerror(-err));
}

static bool is_new_section(struct parser *parser, const char *text)
{
	for (unsigned int i = 0; i < parser->nr_sections; i++)
		if (!strcmp(parser->sections[i], text)) {
			complain(parser, parser->line, "[%s] stands twice", text);
			return false;
		}
	if (parser->nr_sections <= NETWORKS_MAX)
		strcpy(parser->sections[parser->nr_sections++], text);
	return true;
}

static enum section_kind open_bridge(struct parser *parser, const char *name)
{
	const char *wrong = options_add_bridge(parser->options, name);

	if (!wrong)
		return SECTION_BRIDGE;
	complain(parser, parser->line, "[bridge %.40s]: %s", name, wrong);
	return SECTION_BAD;
}

/* DOM.N; a domain's name may have dots of its own. */
static enum section_kind open_vif(struct parser *parser, const char *name)
{
	const char *dot = strrchr(name, '.');
	size_t length = dot ? (size_t)(dot - name) : 0;

	parser->vif = (struct attachment){ .configured = parser->kind == CONFIG_OPERATORS,
					   .line = parser->line };
	if (!length || length >= sizeof(parser->vif.domain) || dot[1] < '0' ||
	    dot[1] >= '0' + VIFSPEC_DEVIDS || dot[2] ||
	    strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") !=
		    strlen(name)) {
		complain(parser, parser->line,
			 "[vif %.80s]: a domain's name, a dot and a number from 0 to 7 are wanted",
			 name);
		return SECTION_BAD;
	}
	memcpy(parser->vif.domain, name, length);
	parser->vif.spec.has_devid = true;
	parser->vif.spec.devid = (uint32_t)(dot[1] - '0');
	if (!attachments_find(parser->vifs, parser->vif.domain, parser->vif.spec.devid))
		return SECTION_VIF;
	complain(parser, parser->line, "[vif %s] stands twice", name);
	return SECTION_BAD;
}

static enum section_kind open_section(struct parser *parser, const char *text)
{
	static const char *const words[] = { "daemon", "bridge", "vif" };
	char first[KEY_BYTES], hint[64];

	if (!strncmp(text, "vif ", 4))
		return open_vif(parser, text + 4 + strspn(text + 4, " "));
	if (parser->kind == CONFIG_OPERATORS && !strcmp(text, "daemon"))
		return is_new_section(parser, text) ? SECTION_DAEMON : SECTION_BAD;
	if (parser->kind == CONFIG_OPERATORS && !strncmp(text, "bridge ", 7))
		return open_bridge(parser, text + 7 + strspn(text + 7, " "));
	snprintf(first, sizeof(first), "%.*s", (int)strcspn(text, " "), text);
	complain(parser, parser->line,
		 "unknown section [%.60s]%s; there are [daemon], [bridge "
		 "NAME] and [vif DOM.N]",
		 text, nearest_hint(first, words, 3, hint, sizeof(hint)));
	return SECTION_BAD;
}

static void section_line(struct parser *parser, char *line)
{
	char text[SECTION_BYTES], *end = strchr(line, ']');

	put_vif(parser);
	parser->nr_seen = 0;
	parser->section = SECTION_BAD;
	if (!end)
		return; /* the library says so */
	*end = '\0';
	if (end - line > SECTION_BYTES) {
		complain(parser, parser->line, "section's name is longer than %d characters",
			 SECTION_BYTES - 1);
	} else {
		strcpy(text, line + 1);
		parser->section = open_section(parser, text);
	}
	strcpy(line, "[s]\n"); /* short, so that the library takes it */
}

/* A line as the library wants it: not indented, which would continue the last
 * value, and without a comment behind it. */
static char *read_line(char *out, int size, void *arg)
{
	struct parser *parser = arg;
	char line[LINE_BYTES], *text;
	size_t length;

	if (!fgets(line, sizeof(line), parser->file))
		return NULL;
	parser->line++;
	length = strlen(line);
	if (length == sizeof(line) - 1 && line[length - 1] != '\n')
		for (int c; (c = getc(parser->file)) != EOF && c != '\n';)
			;
	text = line + strspn(line, " \t\r");
	for (char *hash = strchr(text, '#'); hash; hash = strchr(hash + 1, '#'))
		if (hash == text || hash[-1] == ' ' || hash[-1] == '\t') {
			strcpy(hash, "\n");
			break;
		}
	if (*text == '[')
		section_line(parser, text);
	length = strlen(text);
	if (length >= (size_t)size) {
		complain(parser, parser->line, "line is longer than %d characters", size - 1);
		strcpy(text, "\n");
	}
	return strcpy(out, text);
}

static bool is_new_key(struct parser *parser, const char *key)
{
	for (unsigned int i = 0; i < parser->nr_seen; i++)
		if (!strncmp(parser->seen[i], key, KEY_BYTES - 1))
			return false;
	if (parser->nr_seen < KEYS_MAX)
		snprintf(parser->seen[parser->nr_seen++], KEY_BYTES, "%s", key);
	return true;
}

static void vif_key(struct parser *parser, const char *key, const char *value)
{
	static const char *const unserved[] = { "devid", "backend" };
	char error[VIFSPEC_ERROR_BYTES];
	unsigned int i = 0;

	if (parser->kind == CONFIG_OPERATORS)
		while (i < 2 && strcmp(key, unserved[i]))
			i++;
	if (parser->kind == CONFIG_OPERATORS && i < 2)
		complain(parser, parser->line, "key '%s' is not served here", key);
	else if (vifspec_set(&parser->vif.spec, key, value, error))
		complain(parser, parser->line, "%s", error);
}

static int take_key(void *arg, const char *section, const char *key, const char *value)
{
	struct parser *parser = arg;
	char error[OPTIONS_ERROR_BYTES] = "";

	(void)section; /* cut by the library: ours is whole */
	if (parser->section == SECTION_BAD)
		return 1;
	if (!is_new_key(parser, key)) {
		complain(parser, parser->line, "key '%s' stands twice", key);
		return 1;
	}
	if (parser->section == SECTION_NONE)
		complain(parser, parser->line, "key '%s' before any section", key);
	else if (parser->section == SECTION_VIF)
		vif_key(parser, key, value);
	else if (parser->section == SECTION_DAEMON)
		options_set(parser->options, key, value, error);
	else
		options_set_bridge(parser->options, key, value, error);
	if (error[0])
		complain(parser, parser->line, "%s", error);
	return 1;
}

/* What only the whole file shows. */
static void check_vif(struct parser *parser, const struct attachment *vif)
{
	const struct vifspec *spec = &vif->spec;
	unsigned int i = 0;

	if (spec->script[0] && !parser->options->scripts.dir[0])
		complain(parser, vif->line,
			 "[vif %s.%u]: script '%s': no scripts are allowed; name their directory "
			 "with 'scripts' in [daemon]",
			 vif->domain, spec->devid, spec->script);
	while (i < parser->options->nr_networks &&
	       strcmp(parser->options->networks[i].name, spec->bridge))
		i++;
	if (spec->type == VIFSPEC_BRIDGED && spec->bridge[0] && parser->options->nr_networks &&
	    i == parser->options->nr_networks)
		complain(parser, vif->line, "[vif %s.%u]: bridge '%s': there is no such section",
			 vif->domain, spec->devid, spec->bridge);
}

unsigned int config_load(const char *path, enum config_kind kind, struct options *options,
			 struct attachments *vifs)
{
	struct parser parser = { .path = path, .kind = kind, .options = options, .vifs = vifs };
	int malformed;

	parser.file = fopen(path, "re");
	if (!parser.file) {
		fprintf(stderr, "%s:0: error: cannot be read: %s\n", path, strerror(errno));
		return 1;
	}
	malformed = ini_parse_stream(read_line, &parser, take_key, &parser);
	if (malformed > 0)
		complain(&parser, (unsigned int)malformed,
			 "neither [SECTION] nor KEY = VALUE nor a comment");
	if (ferror(parser.file))
		complain(&parser, parser.line, "cannot be read: %s", strerror(errno));
	fclose(parser.file);
	put_vif(&parser);
	for (unsigned int i = 0; kind == CONFIG_OPERATORS && i < vifs->nr; i++)
		check_vif(&parser, &vifs->list[i]);
	return parser.errors;
}

bool config_path_default(char *path, size_t size)
{
	const char *named = getenv("SPLITVIF_CONFIG"), *home = getenv("XDG_CONFIG_HOME");

	if (named && *named)
		return snprintf(path, size, "%s", named) < (int)size;
	if (geteuid() && home && *home)
		snprintf(path, size, "%s/splitvif/splitvifd.conf", home);
	else
		snprintf(path, size, "/etc/splitvif/splitvifd.conf");
	return access(path, R_OK) == 0;
}
