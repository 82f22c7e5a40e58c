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
select
    recruiter_id,
    max(observed_until) as observed_until,
    bool_or(is_owner) as is_owner
from stg_inbox_exports
group by recruiter_id
