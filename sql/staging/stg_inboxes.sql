/*
Until when each recruiter's inbox was seen.
Grain: one row per `recruiter_id`.
Counts: the owner of an archive, and every recruiter who sent something in a table.
Why: silence is an answer only while somebody was looking; the newest covering export says until when that was.
Weakness: a table that covers several recruiters is taken to cover each of them to its end.
+++
[columns]
observed_until = "until when the exports of this recruiter's inbox show what happened"
is_owner = "true if the recruiter owns an archive"
+++
*/
with owners as (
    select owner_id as recruiter_id, observed_until, true as is_owner
    from readings
    where owner_id is not null and owner_role = 'recruiter'
),

table_senders as (
    select distinct message_rows.sender_id as recruiter_id, readings.observed_until, false as is_owner
    from message_rows
    inner join readings on message_rows.file_id = readings.file_id
    where readings.owner_id is null and message_rows.sender_role = 'recruiter'
)

select
    recruiter_id,
    max(observed_until) as observed_until,
    bool_or(is_owner) as is_owner
from (
    from owners
    union all
    from table_senders
) as seen
group by recruiter_id
