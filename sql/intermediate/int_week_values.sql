/*
Weekly metric values with what their intervals need, for groups and for single recruiters.
Grain: one row per `group_by, group_value, week, metric`.
Counts: quotients of sums over judged approaches; medians for quantiles.
Why: intervals respect recruiters: the variance is linearised and summed within recruiter, proportions use Wilson on effective n;
the last digits are rounded off, since sums taken in parallel differ there.
Weakness: with fewer than three recruiters no clustered interval exists; a single recruiter's is unclustered.
+++
[columns]
n_effective = "judged approaches after allowing for likeness within recruiters; at most n_approaches"
+++
*/
with placed as (
    select
        measured.*,
        approaches.week,
        approaches.recruiter_id,
        approaches.candidate_id,
        unnest([
            { 'group_by': 'all', 'group_value': 'all' },
            { 'group_by': 'team', 'group_value': coalesce(approaches.team, 'not said') },
            { 'group_by': 'channel', 'group_value': approaches.channel },
            { 'group_by': 'language', 'group_value': approaches.language },
            { 'group_by': 'recruiter', 'group_value': approaches.recruiter_id }
        ], recursive := true)
    from int_metric_values as measured
    inner join int_approaches as approaches
        on measured.thread_id = approaches.thread_id and measured.approach_no = approaches.approach_no
),

totals as (
    select
        group_by,
        group_value,
        week,
        metric,
        kind,
        unit,
        sum(numerator)::bigint as numerator,
        sum(denominator)::bigint as denominator,
        median(numerator) filter (where denominator > 0) as median_value,
        count(*) filter (where denominator > 0) as n_approaches,
        count(*) filter (where is_open) as n_open,
        count(distinct candidate_id) filter (where denominator > 0) as n_candidates,
        count(distinct recruiter_id) filter (where denominator > 0) as n_recruiters
    from placed
    where group_value is not null
    group by group_by, group_value, week, metric, kind, unit
),

recruiter_sums as (
    select
        group_by, group_value, week, metric, recruiter_id,
        sum(numerator) as numerator,
        sum(denominator) as denominator
    from placed
    where denominator > 0
    group by group_by, group_value, week, metric, recruiter_id
),

variances as (
    select
        totals.group_by,
        totals.group_value,
        totals.week,
        totals.metric,
        sum((sums.numerator - share(totals.numerator, totals.denominator) * sums.denominator) ^ 2)
        * any_value(totals.n_recruiters) / nullif(any_value(totals.n_recruiters) - 1, 0)
        / (any_value(totals.denominator) ^ 2) as variance
    from totals
    inner join recruiter_sums as sums
        on
            totals.group_by = sums.group_by
            and totals.group_value = sums.group_value
            and totals.week = sums.week
            and totals.metric = sums.metric
    group by totals.group_by, totals.group_value, totals.week, totals.metric
),

joined as (
    select
        totals.*,
        variances.variance,
        share(totals.numerator, totals.denominator) as quotient
    from totals
    left join variances
        on
            totals.group_by = variances.group_by
            and totals.group_value = variances.group_value
            and totals.week = variances.week
            and totals.metric = variances.metric
),

effective as (
    select
        *,
        case
            when n_recruiters >= 3 and variance > 0
                then least(n_approaches, quotient * (1 - quotient) / variance)
            else n_approaches
        end as n_effective
    from joined
)

select
    group_by,
    group_value,
    week,
    metric,
    kind,
    unit,
    case when kind != 'quantile' then numerator end as numerator,
    case when kind != 'quantile' then denominator end as denominator,
    n_approaches,
    n_open,
    n_candidates,
    n_recruiters,
    case when kind = 'proportion' then round(n_effective, 6) end as n_effective,
    case when kind = 'quantile' then median_value else quotient end as value,
    round(case
        when kind = 'proportion' and n_effective > 0 then wilson_low(quotient, n_effective)
        when kind in ('ratio', 'mean') and n_recruiters >= 3
            then greatest(quotient - t_975(n_recruiters - 1) * sqrt(variance), 0)
    end, 9) as low,
    round(case
        when kind = 'proportion' and n_effective > 0 then wilson_high(quotient, n_effective)
        when kind = 'ratio' and n_recruiters >= 3
            then least(quotient + t_975(n_recruiters - 1) * sqrt(variance), 1)
        when kind = 'mean' and n_recruiters >= 3
            then quotient + t_975(n_recruiters - 1) * sqrt(variance)
    end, 9) as high
from effective
