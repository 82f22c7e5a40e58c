/*
Which threads an outcome speaks of.
Grain: one row per `outcome_key, thread_id`.
Counts: threads with the outcome's thread id; else all threads of its candidate; never a thread known to be about another job.
Why: a stage of another job says nothing about this conversation.
Weakness: where neither side names the job, a candidate's outcomes meet all their threads.
+++
[columns]
link_method = "thread_id or candidate_id"
+++
*/
with by_thread as (
    select outcomes.outcome_key, threads.thread_id, 'thread_id' as link_method
    from stg_outcomes as outcomes
    inner join int_threads as threads on outcomes.thread_id = threads.thread_id
    where outcomes.job is null or threads.job is null or lower(outcomes.job) = lower(threads.job)
),

by_candidate as (
    select outcomes.outcome_key, threads.thread_id, 'candidate_id' as link_method
    from stg_outcomes as outcomes
    inner join int_threads as threads on outcomes.candidate_id = threads.candidate_id
    where
        outcomes.outcome_key not in (select by_thread.outcome_key from by_thread)
        and (outcomes.job is null or threads.job is null or lower(outcomes.job) = lower(threads.job))
)

from by_thread
union all
from by_candidate
