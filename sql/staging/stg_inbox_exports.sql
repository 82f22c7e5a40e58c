/*
Which exports show which recruiter's inbox.
Grain: one row per `recruiter_id, file_id`.
Counts: an archive shows its owner's inbox; a table that of every recruiter who sent something in it.
Why: when an inbox was last looked into, and how often it usually is, can be seen only export by export.
Weakness: a table that covers several recruiters is taken to cover each of them to its end.
+++
[columns]
observed_until = "until when the export shows what happened"
is_owner = "true if the recruiter owns the archive"
+++
*/
select owner_id as recruiter_id, file_id, observed_until, true as is_owner
from readings
where owner_id is not null and owner_role = 'recruiter'
union all
select distinct message_rows.sender_id, readings.file_id, readings.observed_until, false
from message_rows
inner join readings on message_rows.file_id = readings.file_id
where readings.owner_id is null and message_rows.sender_role = 'recruiter'
