/* How many convert within 60 days, by channel? Refused, with the reason, where too few outcomes link to conversations. */
-- The macro reads this by name.
with approaches as ( -- noqa: ST03
    select { 'channel': channel } as key, recruiter_id, candidate_id, converted_60d as happened
    from approach_metrics
    where is_outreach
)

select
    rates.key.channel,
    rates.n_approaches,
    rates.n_candidates,
    rates.n_recruiters,
    case when info.conversion_refused_reason is null and rates.n_candidates >= 5 then rates.rate end as conversion_rate,
    case when info.conversion_refused_reason is null and rates.n_candidates >= 5 then rates.low end as rate_low,
    case when info.conversion_refused_reason is null and rates.n_candidates >= 5 then rates.high end as rate_high,
    info.conversion_refused_reason as reason
from clustered_rates('approaches') as rates
cross join snapshot_info as info
order by rates.key.channel
