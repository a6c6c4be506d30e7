#include "bench/lab/findings.h"

#include <errno.h>

static void judge_claim(struct finding *finding, unsigned int i)
{
	const struct lab_claim *claim = &finding->experiment->claims[i];
	struct judge unflagged;

	judge_init(&finding->claims[i].all);
	judge_init(&unflagged);
	claim->judge(&finding->claims[i].all, &finding->all);
	claim->judge(&unflagged, &finding->unflagged);
	finding->claims[i].unflagged = unflagged.verdict;
	finding->claims[i].verdict =
		verdict_agree(finding->claims[i].all.verdict, unflagged.verdict);
}

static int find(struct finding *finding, const struct lab_experiment *experiment,
		const struct schedule *schedule)
{
	unsigned int sweep = schedule_sweep_of(schedule, experiment);
	int err;

	finding->experiment = experiment;
	finding->rows = &schedule->sweeps[sweep];
	finding->missing = schedule->missing[sweep][0] ? schedule->missing[sweep] : NULL;
	if (finding->missing)
		return 0;
	err = summaries_init(&finding->all, finding->rows, false);
	if (!err)
		err = summaries_init(&finding->unflagged, finding->rows, true);
	for (unsigned int i = 0; !err && i < LAB_CLAIMS_MAX && experiment->claims[i].source; i++) {
		judge_claim(finding, i);
		finding->nr_claims++;
	}
	return err;
}

int findings_init(struct findings *findings, const struct choice *choice,
		  const struct schedule *schedule)
{
	int err = 0;

	*findings = (struct findings){ .nr = choice->nr };
	for (unsigned int i = 0; !err && i < choice->nr; i++)
		err = find(&findings->list[i], choice->list[i], schedule);
	if (err)
		findings_fini(findings);
	return err;
}

void findings_fini(struct findings *findings)
{
	for (unsigned int i = 0; i < findings->nr; i++) {
		summaries_fini(&findings->list[i].all);
		summaries_fini(&findings->list[i].unflagged);
	}
}
