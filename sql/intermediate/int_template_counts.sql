/*
How many approaches of a template family reached an outcome.
Grain: one row per `outcome, template_id`.
Counts: judged approaches; nothing where even all together are about too few candidates.
Why: what `template_rates` shows as counted; the estimates beside it are made in sql/shrinkage.py.
Weakness: with few users `n_effective` is itself a rough estimate.
+++
[columns]
n_judged = "judged approaches"
n_reached = "those that reached the outcome"
n_effective = "judged approaches after allowing for likeness within recruiters; at most n_judged"
rate = "n_reached / n_judged"
+++
*/
with keyed as ( -- noqa: ST03
    select { 'outcome': outcome, 'template_id': template_id } as key, recruiter_id, candidate_id, happened
    from int_template_outcomes
)

select
    unnest(key),
    n_approaches as n_judged,
    n_events as n_reached,
    n_candidates,
    n_recruiters,
    n_effective,
    round(rate, 9) as rate
from clustered_rates('keyed')
where n_candidates >= getvariable('minimum_candidates')
order by key
