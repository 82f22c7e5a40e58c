/*
Messages of all exports, each once, as the newest export that holds it shows it.
Grain: one row per `message_key`.
Counts: every kept row of every export; the same row in two exports is one message, two equal rows in one export are two.
Why: re-exports overlap by design, and the newest one has the names, roles and line breaks as they stand now.
Weakness: a message edited between two exports of a source without message ids appears as two.
+++
[columns]
message_key = "content-derived id of the message"
thread_id = "conversation id as the source gives it"
is_human = "written by a person: auto-replies, bounces, system rows and reactions are not"
+++
*/
with ranked_readings as (
    select
        message_rows.*,
        readings.observed_until,
        row_number() over newest_first as reading_no,
        bool_or(message_rows.is_group) over every_reading as is_group_anywhere,
        bool_or(message_rows.kind = 'invitation_note') over every_reading as is_note_anywhere
    from message_rows
    inner join readings on message_rows.file_id = readings.file_id
    window
        newest_first as (
            partition by message_rows.message_key
            order by readings.observed_until desc, message_rows.file_id asc, message_rows.row_no asc
        ),
        every_reading as (partition by message_rows.message_key)
)

select
    message_key,
    file_id,
    thread_id,
    sent_at,
    sender_id,
    sender_role,
    role_method,
    recipient_id,
    recruiter_id,
    candidate_id,
    coalesce(is_group_anywhere, false) as is_group,
    coalesce(has_subject, false) as has_subject,
    coalesce(subject_is_reply, false) as subject_is_reply,
    body_hash,
    channel,
    language,
    team,
    job,
    observed_until,
    position,
    case when is_note_anywhere then 'invitation_note' else kind end as kind,
    kind in ('message', 'invitation_note') as is_human
from ranked_readings
where reading_no = 1
