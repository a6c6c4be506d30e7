#include "backend/luggage.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "backend/device_keys.h"
#include "backend/kept_tuning.h"
#include "io/log.h"

enum { LUGGAGE_NAME_BYTES = ATTACHMENT_NAME_BYTES + 16 };

static const char attached[] = "attached", asked[] = "asked";

static void vif_name(const char *domain, uint32_t devid, char name[LUGGAGE_NAME_BYTES])
{
	snprintf(name, LUGGAGE_NAME_BYTES, "%s.%u", domain, devid);
}

static void spec_of(const struct toolstack *toolstack, const struct device *device,
		    struct vifspec *spec)
{
	const char *dir = device->backend_path;

	*spec = (struct vifspec){ .has_devid = true,
				  .devid = device->devid,
				  .type = device->own_tap ? VIFSPEC_OWN_TAP : VIFSPEC_BRIDGED,
				  .mtu = device->mtu,
				  .rate = device->rate };
	memcpy(spec->mac, device->mac, sizeof(spec->mac));
	memcpy(spec->script, device->script, sizeof(spec->script));
	if (!device->own_tap)
		device_key_text(toolstack->store, dir, XENBUS_KEY_BRIDGE, spec->bridge,
				sizeof(spec->bridge));
	device_key_text(toolstack->store, dir, XENBUS_KEY_IP, spec->ip, sizeof(spec->ip));
	device_key_text(toolstack->store, dir, XENBUS_KEY_VIFNAME, spec->vifname,
			sizeof(spec->vifname));
	device_key_text(toolstack->store, dir, XENBUS_KEY_GATEWAYDEV, spec->gatewaydev,
			sizeof(spec->gatewaydev));
}

void luggage_pack(const struct toolstack *toolstack, const struct device *device,
		  char text[LUGGAGE_BYTES])
{
	const struct attachment *attachment =
		attachments_find(&toolstack->attachments, device->domain_name, device->devid);
	char words[VIFSPEC_TEXT_BYTES], value[32];
	struct vifspec spec;
	int n;

	spec_of(toolstack, device, &spec);
	spec.untrusted = attachment && attachment->spec.untrusted;
	vifspec_print(&spec, ',', words, sizeof(words));
	n = snprintf(text, LUGGAGE_BYTES, "%s %s", attachment ? attached : asked, words);
	for (int word = 0; word < TUNING_WORDS && n < LUGGAGE_BYTES; word++) {
		if (!(device->tuning.set & 1ull << word))
			continue;
		tuning_value_text(&device->tuning, (enum tuning_word)word, value, sizeof(value));
		n += snprintf(text + n, LUGGAGE_BYTES - (size_t)n, " %s=%s",
			      tuning_word_name((enum tuning_word)word), value);
	}
	for (int i = 0; i < OFFLOADS && n < LUGGAGE_BYTES; i++)
		if (!(device->offloads & 1u << i))
			n += snprintf(text + n, LUGGAGE_BYTES - (size_t)n, " %s=off",
				      offload_key(i));
}

struct settings {
	struct tuning tuning;
	uint32_t off; /* offloads */
};

/* "WORD=VALUE", which is cut in two. 0 or -errno. */
static int setting_parse(char *text, struct settings *settings)
{
	char *value = strchr(text, '=');
	int word, offload;

	if (!value)
		return -EINVAL;
	*value++ = '\0';
	word = tuning_word_parse(text);
	if (word >= 0)
		return tuning_set(&settings->tuning, (enum tuning_word)word, value);
	offload = offload_parse(text);
	if (offload < 0 || strcmp(value, "off"))
		return -EINVAL;
	settings->off |= 1u << offload;
	return 0;
}

static int settings_parse(char *words, struct settings *settings, char error[VIFSPEC_ERROR_BYTES])
{
	struct tuning *tuning = &settings->tuning;
	const char *why = NULL;
	char *text;

	settings->off = 0;
	tuning_init(tuning);
	while ((text = strsep(&words, " ")) != NULL)
		if (setting_parse(text, settings))
			return vifspec_wrong(error, "'%.40s' cannot be set here", text);
	tuning_settle(tuning, tuning->set);
	return tuning_check(tuning, &why) ? vifspec_wrong(error, "%s", why) : 0;
}

static int attachment_parse(struct attachment *attachment, char **words,
			    char error[VIFSPEC_ERROR_BYTES])
{
	const char *kind = strsep(words, " "), *spec = strsep(words, " ");

	if (!spec || (strcmp(kind, attached) != 0 && strcmp(kind, asked) != 0))
		return vifspec_wrong(
			error, "'%.40s': 'attached' or 'asked' and a vifspec are wanted", kind);
	if (vifspec_parse(&attachment->spec, spec, error))
		return -EINVAL;
	attachment->passing = strcmp(kind, asked) == 0;
	return attachment->spec.has_devid ? 0 : vifspec_wrong(error, "a vif without its devid");
}

static int attachment_expect(struct toolstack *toolstack, const struct attachment *attachment,
			     char error[VIFSPEC_ERROR_BYTES])
{
	const struct vifspec *spec = &attachment->spec;
	const struct attachment *there =
		attachments_find(&toolstack->attachments, attachment->domain, spec->devid);

	if (there && !there->expected)
		return 0;
	if (spec->type == VIFSPEC_BRIDGED && !network_find(toolstack->networks, spec->bridge))
		return vifspec_wrong(
			error,
			"bridge %s: no such bridge there; name one with bridge=", spec->bridge);
	if (attachments_put(&toolstack->attachments, attachment))
		return vifspec_wrong(error, "no room for its vif %u; see that daemon's log",
				     spec->devid);
	if (!attachment->passing && attachments_save(&toolstack->attachments))
		log_warning("toolstack", "%s.%u will not outlive this daemon", attachment->domain,
			    spec->devid);
	return 0;
}

int luggage_unpack(struct toolstack *toolstack, const char *domain, const char *bridge,
		   const char *text, char error[VIFSPEC_ERROR_BYTES])
{
	struct attachment attachment = { .expected = true };
	char copy[LUGGAGE_BYTES], name[LUGGAGE_NAME_BYTES], *words = copy;
	struct settings settings;

	if (strlen(text) >= sizeof(copy) || strlen(domain) >= sizeof(attachment.domain))
		return vifspec_wrong(error, "a line that is too long");
	strcpy(copy, text);
	strcpy(attachment.domain, domain);
	if (attachment_parse(&attachment, &words, error) || settings_parse(words, &settings, error))
		return -EINVAL;
	if (bridge[0] && attachment.spec.type == VIFSPEC_BRIDGED)
		snprintf(attachment.spec.bridge, sizeof(attachment.spec.bridge), "%s", bridge);
	if (attachment_expect(toolstack, &attachment, error))
		return -EINVAL;
	vif_name(domain, attachment.spec.devid, name);
	if (kept_tuning_expect(devices_kept_tuning(toolstack->devices), name, &settings.tuning,
			       settings.off))
		log_warning("vif", "%s: its settings will not outlive this daemon", name);
	return 0;
}

/* All that is known of the name but by the configuration file, or of it what was
 * expected only. */
static void drop(struct toolstack *toolstack, const char *domain, bool only_expected)
{
	struct attachments *attachments = &toolstack->attachments;
	struct kept_tuning **kept = devices_kept_tuning(toolstack->devices);
	char name[LUGGAGE_NAME_BYTES];
	int err = 0;

	for (uint32_t devid = 0; devid < VIFSPEC_DEVIDS; devid++) {
		const struct attachment *attachment = attachments_find(attachments, domain, devid);

		if (attachment && !attachment->configured &&
		    (attachment->expected || !only_expected))
			attachments_remove(attachments, domain, devid);
		vif_name(domain, devid, name);
		if (!only_expected || kept_tuning_is_expected(*kept, name))
			err |= kept_tuning_forget(kept, name);
	}
	err |= attachments_save(attachments);
	if (err)
		log_warning("toolstack", "%s: what it had may come back with the next daemon",
			    domain);
}

void luggage_take_back(struct toolstack *toolstack, const char *domain)
{
	drop(toolstack, domain, true);
}

void luggage_settle(struct toolstack *toolstack, const char *domain)
{
	char name[LUGGAGE_NAME_BYTES];

	for (uint32_t devid = 0; devid < VIFSPEC_DEVIDS; devid++) {
		struct attachment *attachment =
			attachments_find(&toolstack->attachments, domain, devid);

		if (attachment)
			attachment->expected = false;
		vif_name(domain, devid, name);
		kept_tuning_settle(*devices_kept_tuning(toolstack->devices), name);
	}
}

void luggage_forget(struct toolstack *toolstack, const char *domain)
{
	drop(toolstack, domain, false);
}
