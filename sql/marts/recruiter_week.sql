/*
Weekly metrics of single recruiters, for their own page and for analysts; never for ranking.
Grain: one row per `recruiter_id, week, metric`.
Counts: as metric_week; a recruiter is a group of one.
Why: with nothing changed at all most recruiter-weeks move by five points or more, so read many weeks or none.
Weakness: intervals take a recruiter's approaches as independent.
+++
published = true

[columns]
state = "judged, open (some windows are), empty, withheld (too few candidates) or refused"
+++
*/
with decided as (
    select
        week_values.*,
        refusals.reason,
        case
            when refusals.reason is not null then 'refused'
            when week_values.n_candidates = 0 and week_values.n_open = 0 then 'empty'
            when week_values.n_candidates > 0 and week_values.n_candidates < getvariable('minimum_candidates')
                then 'withheld'
            when week_values.n_open > 0 then 'open'
            else 'judged'
        end as state
    from int_week_values as week_values
    left join int_refusals as refusals on week_values.metric = refusals.outcome
    where week_values.group_by = 'recruiter'
)

select
    metric,
    kind,
    unit,
    group_value as recruiter_id,
    week,
    shown(state, numerator) as numerator,
    shown(state, denominator) as denominator,
    shown(state, value) as value,
    shown(state, low) as low,
    shown(state, high) as high,
    n_approaches,
    n_open,
    n_candidates,
    shown(state, n_effective) as n_effective,
    state,
    reason
from decided
order by metric, recruiter_id, week
