/*
Does contacting fewer people go with more from each, and with more in all?
Grain: one row per `outcome, volume`.
Counts: each recruiter's own full months in thirds by people first contacted (see `int_volume_values`): of 100 contacted, and
per month.
Why: "fewer, better conversations" is two claims: a higher rate per 100 contacted, and no fewer in a month. Recruiters are
compared with themselves.
Weakness: descriptive; the tested form is `contacts_28d_before` in `associations`. `per_month` counts recruiters alike,
`per_100` approaches.
+++
published = true

[columns]
outcome = "interested_30d, discussion or converted_60d"
volume = "lean, usual or busy: the third of the recruiter's own months"
volume_no = "order of the thirds: 1, 2, 3"
n_months = "recruiter-months"
contacts_per_month = "people first contacted, on average of those months"
n_approaches = "judged approaches of those months"
n_outcomes = "approaches with the outcome"
n_candidates = "distinct candidates among the judged"
n_recruiters = "recruiters"
n_effective = "judged approaches after allowing for likeness within recruiters"
per_100 = "outcomes per 100 contacted"
per_100_low = "lower end of its 95 % interval"
per_100_high = "upper end of its 95 % interval"
per_month = "outcomes per recruiter-month, on average of recruiters"
per_month_low = "lower end of its 95 % interval, by t over recruiters; null below two"
per_month_high = "upper end of its 95 % interval"
reason = "why there are no numbers"
+++
*/
with by_month as (
    select
        key,
        recruiter_id,
        month,
        any_value(contacts) as contacts,
        count(*) filter (where happened) as n_outcomes
    from int_volume_values
    group by key, recruiter_id, month
),

by_recruiter as (
    select
        key,
        recruiter_id,
        count(*) as n_months,
        sum(contacts) as contacts,
        sum(n_outcomes)::double / count(*) as per_month
    from by_month
    group by key, recruiter_id
),

months as (
    select
        key,
        sum(n_months)::bigint as n_months,
        share(sum(contacts), sum(n_months)) as contacts_per_month,
        avg(per_month) as per_month,
        case when count(*) > 1 then t_975(count(*) - 1) * stddev_samp(per_month) / sqrt(count(*)) end as half
    from by_recruiter
    group by key
),

decided as (
    select
        rates.*,
        months.* exclude (key),
        coalesce(
            refusals.reason,
            case
                when min(rates.n_candidates) over (partition by rates.key.outcome) < getvariable('minimum_candidates')
                    then 'too few candidates'
            end
        ) as reason
    from clustered_rates('int_volume_values') as rates
    inner join months on rates.key = months.key
    left join int_refusals as refusals on rates.key.outcome = refusals.outcome
)

select
    unnest(key),
    list_position(['lean', 'usual', 'busy'], key.volume) as volume_no,
    n_months,
    case when reason is null then round(contacts_per_month, 9) end as contacts_per_month,
    n_approaches,
    case when reason is null then n_events end as n_outcomes,
    n_candidates,
    n_recruiters,
    case when reason is null then n_effective end as n_effective,
    case when reason is null then round(100 * rate, 9) end as per_100,
    case when reason is null then round(100 * low, 9) end as per_100_low,
    case when reason is null then round(100 * high, 9) end as per_100_high,
    case when reason is null then round(per_month, 9) end as per_month,
    case when reason is null and half is not null then round(greatest(per_month - half, 0), 9) end as per_month_low,
    case when reason is null then round(per_month + half, 9) end as per_month_high,
    reason
from decided
order by key.outcome, volume_no
