/*
Judged rates of fixed windows, beside the curves.
Grain: one row per `outcome, opening_style, day`.
Counts: approaches whose window is closed; `day` is its length.
Why: what a curve estimates for a day can be held against what was seen by that day.
Weakness: null where refused or withheld: few candidates, or a style that would tell the number of one with few.
+++
[columns]
day = "days of the window"
+++
*/
with rates as (
    select unnest(key), * exclude (key)
    from clustered_rates('int_window_values')
),

sized as (
    select
        rates.*,
        refusals.reason is not null as is_refused,
        bool_or(is_few(rates.n_candidates, getvariable('minimum_candidates'))) over (
            partition by rates.outcome, rates.day
        ) as has_few,
        coalesce(sum(rates.n_candidates) over (
            partition by rates.outcome, rates.day
            order by rates.n_candidates, rates.opening_style
            rows between unbounded preceding and 1 preceding
        ), 0) as n_in_smaller_groups
    from rates
    left join int_refusals as refusals on rates.outcome || '_' || rates.day::varchar || 'd' = refusals.outcome
),

decided as (
    select
        *,
        not is_refused
        and not is_withheld(n_candidates, getvariable('minimum_candidates'), has_few, n_in_smaller_groups) as is_shown
    from sized
)

select
    outcome,
    opening_style,
    day,
    case when is_shown then n_approaches end as window_n,
    case when is_shown then rate end as window_share,
    case when is_shown then low end as window_low,
    case when is_shown then high end as window_high
from decided
