#include "ctl/doctor.h"

#include <errno.h>
#include <stdlib.h>

#include "ctl/probe.h"

/* One line each: "ok    tun device: /dev/net/tun opens", with "; cure" where there is one. */
static void tell(struct table *table, const struct finding *finding)
{
	table_row(table);
	table_string(table, "verdict", NULL, probe_verdict_name(finding->verdict));
	table_string(table, "what", NULL, finding->what);
	table_string(table, "finding", NULL, finding->finding);
	table_string(table, "cure", NULL, *finding->cure ? finding->cure : NULL);
	table_line(table, "%-4s  %s: %s%s%s", probe_verdict_name(finding->verdict), finding->what,
		   finding->finding, *finding->cure ? "; " : "", finding->cure);
	table_end(table);
}

int doctor_run(FILE *out, enum table_format format)
{
	struct table *table = table_create();
	struct finding finding;
	int err, failed = 0;
	size_t length;
	char *text;

	if (!table)
		return -ENOMEM;
	table_list(table, NULL, NULL, TABLE_FIELDS);
	for (unsigned int i = 0; i < probe_count(); i++) {
		probe_run(i, &finding);
		failed += finding.verdict == PROBE_FAIL;
		tell(table, &finding);
	}
	table_end(table);
	err = table_render(table, format, &text, &length);
	table_destroy(table);
	if (err)
		return err;
	fwrite(text, 1, length, out);
	free(text);
	return failed;
}
