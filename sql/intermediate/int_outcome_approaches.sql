/*
The one approach that each outcome is credited to.
Grain: one row per `outcome_key`.
Counts: the latest approach to the candidate that began at or before the event; for an event without a date, the latest that
began while the source was looking.
Why: an interview belongs to the talk that was going on, not to one that ended a year ago.
Weakness: where two recruiters wrote to one candidate in the same weeks the later one gets the credit; `n_rivals` counts that.
+++
[columns]
n_rivals = "other approaches to the candidate that began in the 90 days before the event"
+++
*/
select
    outcomes.outcome_key,
    outcomes.event,
    outcomes.occurred_at,
    outcomes.observed_until,
    approaches.thread_id,
    approaches.approach_no,
    approaches.started_at,
    greatest(count(*) filter (
        where approaches.started_at > coalesce(outcomes.occurred_at, outcomes.observed_until) - interval 90 days
    ) over (partition by outcomes.outcome_key) - 1, 0) as n_rivals
from stg_outcomes as outcomes
inner join int_outcome_threads as links on outcomes.outcome_key = links.outcome_key
inner join int_approaches as approaches
    on
        links.thread_id = approaches.thread_id
        and approaches.approach_no >= 1
        and coalesce(outcomes.occurred_at, outcomes.observed_until) >= approaches.started_at
qualify row_number() over (
    partition by outcomes.outcome_key
    order by approaches.started_at desc, approaches.thread_id asc, approaches.approach_no desc
) = 1
