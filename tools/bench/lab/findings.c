#include "bench/lab/findings.h"

#include <errno.h>

#include "bench/progress.h"

static void judge_claim(struct finding *finding, unsigned int i)
{
	const struct lab_claim *claim = &finding->experiment->claims[i];
	struct judge unflagged;

	judge_init(&finding->claims[i].all);
	judge_init(&unflagged);
	claim->judge(&finding->claims[i].all, finding->all);
	claim->judge(&unflagged, finding->unflagged);
	finding->claims[i].unflagged = unflagged.verdict;
	finding->claims[i].verdict =
		verdict_agree(finding->claims[i].all.verdict, unflagged.verdict);
}

static void find(struct findings *findings, struct finding *finding,
		 const struct lab_experiment *experiment, const struct schedule *schedule)
{
	unsigned int sweep = schedule_sweep_of(schedule, experiment);

	finding->experiment = experiment;
	finding->rows = &schedule->sweeps[sweep];
	finding->all = &findings->all[sweep];
	finding->unflagged = &findings->unflagged[sweep];
	finding->missing = schedule->missing[sweep][0] ? schedule->missing[sweep] : NULL;
	if (finding->missing)
		return;
	for (unsigned int i = 0; i < LAB_CLAIMS_MAX && experiment->claims[i].source; i++) {
		judge_claim(finding, i);
		finding->nr_claims++;
	}
}

static int sum_up(struct findings *findings, const struct schedule *schedule, unsigned int sweep)
{
	const struct rows *rows = &schedule->sweeps[sweep];
	int err;

	progress_show("summing up '%s'", rows->sweep->name);
	err = summaries_init(&findings->all[sweep], rows, false);
	return err ? err : summaries_init(&findings->unflagged[sweep], rows, true);
}

int findings_init(struct findings *findings, const struct choice *choice,
		  const struct schedule *schedule)
{
	int err = 0;

	*findings = (struct findings){ .nr = choice->nr };
	for (unsigned int i = 0; !err && i < schedule->nr_sweeps; i++)
		err = sum_up(findings, schedule, i);
	for (unsigned int i = 0; !err && i < choice->nr; i++)
		find(findings, &findings->list[i], choice->list[i], schedule);
	if (err)
		findings_fini(findings);
	return err;
}

void findings_fini(struct findings *findings)
{
	for (unsigned int i = 0; i < CHOICE_MAX; i++) {
		summaries_fini(&findings->all[i]);
		summaries_fini(&findings->unflagged[i]);
	}
}
