#include <stdlib.h>
#include <string.h>

#include "backend/answer.h"
#include "backend/mac.h"
#include "io/log.h"

static const struct domain_info *named_domain(struct answer *answer)
{
	const struct domain_info *domain = NULL;

	if (answer->argc)
		domain = domains_named(answer->reporter->domains, answer->argv[0]);
	if (!domain)
		answer_complain(answer, EXIT_UNKNOWN,
				"no such domain: %s; 'splitvif show' lists those there are",
				answer->argc ? answer->argv[0] : "(none)");
	return domain;
}

/* xl takes a vifspec in one word or in several. */
static int join_words(struct answer *answer, char *text, size_t size)
{
	size_t length = 0;

	text[0] = '\0';
	for (unsigned int i = 1; i < answer->argc; i++) {
		size_t more = strlen(answer->argv[i]);

		if (length + more + 2 > size)
			return answer_complain(answer, EXIT_WORDS,
					       "bad vifspec: longer than %d "
					       "characters",
					       VIFSPEC_TEXT_BYTES - 1);
		if (length)
			text[length++] = ',';
		memcpy(text + length, answer->argv[i], more + 1);
		length += more;
	}
	return 0;
}

/* By command: the domain's name has it from now on. */
static void remember(struct answer *answer, const struct domain_info *domain,
		     const struct vifspec *spec)
{
	struct attachments *attachments = &answer->reporter->toolstack->attachments;
	struct attachment attachment = { .spec = *spec };
	int err;

	snprintf(attachment.domain, sizeof(attachment.domain), "%s", domain->name);
	err = attachments_put(attachments, &attachment);
	if (!err)
		err = attachments_save(attachments);
	if (err)
		log_warning("toolstack", "%s.%u will not outlive this daemon: %s", domain->name,
			    spec->devid, strerror(-err));
}

static void forget(struct answer *answer, const char *domain, uint32_t devid)
{
	struct attachments *attachments = &answer->reporter->toolstack->attachments;
	int err = attachments_remove(attachments, domain, devid) ? attachments_save(attachments)
								 : 0;

	if (err)
		log_warning("toolstack", "%s.%u may come back with the next daemon: %s", domain,
			    devid, strerror(-err));
}

static void tell_attached(struct table *table, const struct domain_info *domain,
			  const struct vifspec *spec)
{
	table_list(table, NULL, NULL, TABLE_COLUMNS);
	table_row(table);
	table_printf(table, "name", "vif", "%s.%u", domain->name, spec->devid);
	table_printf(table, "vif", "as on Xen", "vif%u.%u", domain->domid, spec->devid);
	table_string(table, "bridge", "bridge", spec->bridge[0] ? spec->bridge : NULL);
	table_printf(table, "mac", "mac", MAC_FORMAT, MAC_ARGS(spec->mac));
	table_string(table, "ip", "address", spec->ip[0] ? spec->ip : NULL);
	table_number(table, "mtu", "mtu", spec->mtu);
	table_end(table);
	table_end(table);
}

int report_network_attach(struct answer *answer)
{
	const struct domain_info *domain = named_domain(answer);
	char text[VIFSPEC_TEXT_BYTES], error[VIFSPEC_ERROR_BYTES];
	struct vifspec spec;
	int code;

	if (!domain)
		return EXIT_UNKNOWN;
	code = join_words(answer, text, sizeof(text));
	if (code)
		return code;
	if (vifspec_parse(&spec, text, error))
		return answer_complain(answer, EXIT_WORDS,
				       "bad vifspec: %s; splitvif(8) lists what there is", error);
	if (toolstack_attach(answer->reporter->toolstack, domain, &spec, error))
		return answer_complain(answer, EXIT_FAILED, "%s", error);
	remember(answer, domain, &spec);
	tell_attached(answer->table, domain, &spec);
	answer->wait = (struct report_wait){ true, true, domain->domid, spec.devid };
	return 0;
}

static struct device *find_device(struct devices *devices, uint16_t domid, uint32_t devid)
{
	char name[32];

	snprintf(name, sizeof(name), "vif%u.%u", domid, devid);
	return devices_find(devices, name);
}

/* By number or by MAC address. */
static struct device *named_device(struct answer *answer, uint16_t domid, const char *word)
{
	uint8_t mac[6];
	bool is_mac = mac_parse(word, mac);

	for (struct device *device = devices_first(answer->reporter->devices); device;
	     device = device->next) {
		char devid[16];

		snprintf(devid, sizeof(devid), "%u", device->devid);
		if (device->domid == domid &&
		    (is_mac ? !memcmp(mac, device->mac, 6) : !strcmp(word, devid)))
			return device;
	}
	return NULL;
}

/* A domain that is not there may have vifs that wait for it. */
static bool forget_absent(struct answer *answer)
{
	char *end;
	unsigned long devid = strtoul(answer->argv[1], &end, 10);

	if (*end || end == answer->argv[1] || devid >= VIFSPEC_DEVIDS ||
	    !attachments_find(&answer->reporter->toolstack->attachments, answer->argv[0],
			      (uint32_t)devid))
		return false;
	forget(answer, answer->argv[0], (uint32_t)devid);
	return true;
}

int report_network_detach(struct answer *answer)
{
	const struct domain_info *domain;
	struct device *device;

	if (answer->argc != 2)
		return answer_complain(answer, EXIT_WORDS,
				       "usage: network-detach DOM DEVID|MAC; see 'splitvif -h'");
	domain = named_domain(answer);
	device = domain ? named_device(answer, domain->domid, answer->argv[1]) : NULL;
	table_list(answer->table, NULL, NULL, TABLE_COLUMNS);
	table_end(answer->table);
	if (!device && forget_absent(answer))
		return 0;
	if (!domain)
		return EXIT_UNKNOWN;
	if (!device)
		return answer_complain(answer, EXIT_UNKNOWN,
				       "no such vif: %s of %s; 'splitvif network-list' lists those "
				       "there are",
				       answer->argv[1], domain->name);
	answer->wait = (struct report_wait){ true, false, domain->domid, device->devid };
	forget(answer, domain->name, device->devid);
	toolstack_detach(answer->reporter->toolstack, domain, device);
	return 0;
}

/* A vif whose script failed was not attached: it goes again. */
static bool has_attached(struct reporter *reporter, struct device *device, int *code, char **text,
			 size_t *length)
{
	struct answer answer = { .reporter = reporter };
	const struct domain_info *domain;

	if (!device_is_busy(device) && !device->script_failed)
		return true;
	if (!device->script_failed)
		return false;
	answer_complain(&answer, EXIT_FAILED, "cannot attach %s: script %s: %s", device->name,
			device->script, device->reason);
	free(*text);
	*text = strdup(answer.complaint);
	*length = strlen(answer.complaint);
	*code = EXIT_FAILED;
	forget(&answer, device->domain_name, device->devid);
	domain = domains_named(reporter->domains, device->domain_name);
	if (domain)
		toolstack_detach(reporter->toolstack, domain, device);
	return true;
}

bool report_has_ended(struct reporter *reporter, const struct report_wait *wait, int *code,
		      char **text, size_t *length)
{
	struct device *device = find_device(reporter->devices, wait->domid, wait->devid);

	if (!device || !wait->attached)
		return !device;
	return has_attached(reporter, device, code, text, length);
}
