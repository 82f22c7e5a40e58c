/*
Whose missing event means no, and until when.
Grain: one row per `recruiter_id`.
Counts: recruiters whose messages lie in the folder of an outcome table, all recruiters where the mapping says so, and
recruiters with at least one linked event.
Why: no outcome source is not the same as no outcome.
Weakness: a source that sees a recruiter only in part is taken to see them whole.
+++
[columns]
outcome_observed_until = "until when the outcome sources that cover the recruiter show what happened"
+++
*/
with sources as (
    select file_id, folder, covers, observed_until
    from readings
    where shape in ('canonical_outcomes', 'declared_outcomes')
),

everyone as (
    select inboxes.recruiter_id, sources.observed_until
    from sources
    cross join stg_inboxes as inboxes
    where sources.covers = 'all'
),

same_folder as (
    select message_rows.sender_id as recruiter_id, sources.observed_until
    from sources
    inner join readings on sources.folder = readings.folder
    inner join message_rows on readings.file_id = message_rows.file_id
    where sources.covers = 'folder' and message_rows.sender_role = 'recruiter'
),

linked as (
    select approaches.recruiter_id, outcomes.observed_until
    from stg_outcomes as outcomes
    inner join int_outcome_threads as links on outcomes.outcome_key = links.outcome_key
    inner join int_approaches as approaches on links.thread_id = approaches.thread_id
)

select
    recruiter_id,
    max(observed_until) as outcome_observed_until
from (
    from everyone
    union all
    from same_folder
    union all
    from linked
) as seen
where recruiter_id is not null
group by recruiter_id
