/*
Weekly metrics of the team and of its groups.
Grain: one row per `group_by, group_value, week, metric`.
Counts: approaches that began in the week; a week is `open` while the window of any of its approaches is open.
Why: a cohort is judged when its window has closed, so that the newest week never looks bad for being new.
Weakness: numbers of groups below the minimum of candidates are withheld, and larger ones with them until those withheld
hold the minimum together, so that subtraction finds nothing about fewer.
+++
published = true

[columns]
metric = "name of the metric or outcome, see data_dictionary; talk_share here is of the first 30 days"
kind = "proportion, ratio, mean or quantile (the median)"
unit = "share, words, characters"
group_by = "all, team, channel or language"
group_value = "the group; `all` for everybody"
week = "Monday of the week of the first message, in the report's time zone"
numerator = "sum of what is counted; null for quantiles"
denominator = "sum of what it is counted of; null for quantiles"
value = "numerator / denominator, or the median; null where withheld, refused or empty"
low = "lower end of the 95 % interval"
high = "upper end of the 95 % interval"
n_approaches = "judged approaches"
n_open = "approaches whose window is open"
n_candidates = "distinct candidates among the judged"
n_recruiters = "distinct recruiters among the judged"
n_effective = "judged approaches after allowing for likeness within recruiters"
state = "judged, open (some windows are), empty, withheld (too few candidates) or refused"
suppressed = "true where the value is withheld because too few candidates stand behind it"
reason = "why the value is refused"
+++
*/
with ranked as (
    select
        week_values.*,
        refusals.reason,
        bool_or(is_few(n_candidates, getvariable('minimum_candidates'))) over (
            partition by week_values.metric, week_values.week, week_values.group_by
        ) as has_few,
        coalesce(sum(week_values.n_candidates) over (
            by_size rows between unbounded preceding and 1 preceding
        ), 0) as n_in_smaller_groups
    from int_week_values as week_values
    left join int_refusals as refusals on week_values.metric = refusals.outcome
    where week_values.group_by != 'recruiter'
    window
        by_size as (
            partition by week_values.metric, week_values.week, week_values.group_by, week_values.n_candidates = 0
            order by week_values.n_candidates, week_values.group_value
        )
),

decided as (
    select
        *,
        case
            when reason is not null then 'refused'
            when n_candidates = 0 and n_open = 0 then 'empty'
            when is_withheld(n_candidates, getvariable('minimum_candidates'), has_few, n_in_smaller_groups)
                then 'withheld'
            when n_open > 0 then 'open'
            else 'judged'
        end as state
    from ranked
)

select
    metric,
    kind,
    unit,
    group_by,
    group_value,
    week,
    shown(state, numerator) as numerator,
    shown(state, denominator) as denominator,
    shown(state, value) as value,
    shown(state, low) as low,
    shown(state, high) as high,
    n_approaches,
    n_open,
    n_candidates,
    n_recruiters,
    shown(state, n_effective) as n_effective,
    state,
    state = 'withheld' as suppressed,
    reason
from decided
order by metric, group_by, group_value, week
