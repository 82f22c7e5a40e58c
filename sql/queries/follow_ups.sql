/* Of those who were silent for a week, how many answered in the three weeks after, by the follow-ups they had got by then? */
-- The macro reads this by name.
with silent as ( -- noqa: ST03
    select
        { 'follow_ups': least(followups_unanswered_7d, 2) } as key,
        recruiter_id,
        candidate_id,
        replied_8_to_30d as happened
    from approach_metrics
    where is_outreach and followups_unanswered_7d is not null
)

select
    case key.follow_ups when 0 then 'none' when 1 then 'one' else 'two or more' end as follow_ups,
    n_approaches,
    n_candidates,
    n_recruiters,
    case when n_candidates >= 5 then rate end as reply_rate,
    case when n_candidates >= 5 then low end as rate_low,
    case when n_candidates >= 5 then high end as rate_high
from clustered_rates('silent')
order by key.follow_ups
