/*
Human messages in the order they were written, with who the sender claims to be.
Grain: one row per `message_key`.
Counts: messages and invitation notes; auto-replies, bounces, system rows and reactions are out before turns are formed.
Why: counting an out-of-office as a reply is the commonest way to inflate a reply rate.
Weakness: ties within one second fall back on the position in the newest export.
+++
[columns]
thread_seq = "1, 2, ... in order of writing within the thread"
claim = "recruiter, candidate, or counterpart: the other person of an archive, whose role is not settled yet"
+++
*/
select
    messages.message_key,
    messages.thread_id,
    messages.sent_at,
    messages.sender_id,
    messages.body_hash,
    messages.kind,
    messages.language,
    messages.subject_is_reply,
    case
        when messages.sender_role = 'candidate' then 'candidate'
        when messages.sender_role = 'recruiter' or owners.recruiter_id is not null then 'recruiter'
        else 'counterpart'
    end as claim,
    row_number() over (
        partition by messages.thread_id
        order by messages.sent_at, messages.observed_until, messages.position, messages.message_key
    ) as thread_seq
from stg_messages as messages
left join stg_inboxes as owners on messages.sender_id = owners.recruiter_id and owners.is_owner
where messages.is_human
