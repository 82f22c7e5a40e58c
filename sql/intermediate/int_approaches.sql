/*
Approaches: who wrote to whom, from when, seen until when.
Grain: one row per `thread_id, approach_no`.
Counts: the recruiter is the sender of the first message; a handover does not change that, and is counted.
Why: opening, reply and conversion belong to the approach, not to the thread.
Weakness: where an export begins in the middle of a thread the true start is unknown; such approaches are out of rates.
+++
[columns]
started_at = "when the first message was sent, UTC"
week = "Monday of the week of the first message, in the report's time zone"
ended_before = "when the next approach to this thread began; null for the last"
is_outreach = "opened by a recruiter, from a first message that the export shows"
is_judgeable = "an outreach whose replies can be counted: neither seen only because it was accepted, nor from an incomplete inbox"
is_inbox_incomplete = "the recruiter's inbox seems to lack its unanswered conversations, and is not declared complete"
opened_by_note = "the first message is an invitation note, visible only because it was accepted or is still pending"
candidate_approach_no = "1, 2, ... over all recruiters, by time; null without a candidate identity"
is_first_contact = "the first time this recruiter wrote to this candidate"
is_countable = "an outreach not seen only because it was accepted; judgeable unless the inbox is incomplete"
was_answered = "answered within 30 days, whether or not its rate may be shown; null while open"
observed_until = "until when the recruiter's inbox was seen"
+++
*/
with bounds as (
    select
        thread_id,
        approach_no,
        min(sent_at) as started_at,
        max(sent_at) as last_at,
        bool_or(is_first and kind = 'invitation_note') as opened_by_note,
        arg_min(sender_id, message_no) filter (where side = 'recruiter') as recruiter_id,
        count(distinct sender_id) filter (where side = 'recruiter') as n_recruiters,
        arg_min(side_language, message_no) filter (where side = 'recruiter') as recruiter_language,
        arg_min(side_language, message_no) filter (where side = 'candidate') as candidate_language,
        min(sent_at) filter (where side = 'candidate') as first_candidate_at
    from int_approach_messages
    group by thread_id, approach_no
),

placed as (
    select
        bounds.*,
        threads.channel,
        threads.team,
        threads.job,
        threads.candidate_id,
        threads.candidate_known,
        threads.role_method,
        coalesce(bounds.recruiter_id, threads.recruiter_id) as resolved_recruiter_id,
        threads.first_message_known
        or bounds.approach_no > min(bounds.approach_no) over (partition by bounds.thread_id) as first_message_known,
        lead(bounds.started_at) over (partition by bounds.thread_id order by bounds.approach_no) as ended_before
    from bounds
    inner join int_threads as threads on bounds.thread_id = threads.thread_id
),

countable as (
    select
        placed.*,
        inboxes.observed_until,
        placed.approach_no >= 1 and placed.first_message_known
        and (not placed.opened_by_note or getvariable('invitations_complete')) as is_countable,
        judged(inboxes.observed_until, placed.started_at, placed.first_candidate_at, 30) as was_answered
    from placed
    left join stg_inboxes as inboxes on placed.resolved_recruiter_id = inboxes.recruiter_id
),

audited as (
    select
        *,
        seems_incomplete(
            count(was_answered) filter (where is_countable) over by_inbox,
            count(*) filter (where is_countable and was_answered) over by_inbox
        ) as is_inbox_incomplete
    from countable
    window by_inbox as (partition by resolved_recruiter_id)
)

select
    audited.thread_id,
    audited.approach_no,
    audited.resolved_recruiter_id as recruiter_id,
    audited.candidate_id,
    audited.candidate_known,
    audited.channel,
    coalesce(audited.recruiter_language, audited.candidate_language) as language,
    audited.team,
    audited.job,
    audited.role_method,
    audited.started_at,
    audited.ended_before,
    audited.last_at,
    report_week(audited.started_at) as week,
    audited.first_message_known,
    audited.opened_by_note,
    audited.approach_no >= 1 and audited.first_message_known as is_outreach,
    audited.is_countable and not audited.is_inbox_incomplete as is_judgeable,
    audited.is_countable,
    audited.was_answered,
    audited.is_inbox_incomplete,
    greatest(audited.n_recruiters - 1, 0) as handovers,
    audited.first_candidate_at,
    audited.observed_until,
    case
        when audited.candidate_known and audited.approach_no >= 1
            then row_number() over (
                partition by audited.candidate_id, audited.candidate_known and audited.approach_no >= 1
                order by audited.started_at, audited.thread_id, audited.approach_no
            )
    end as candidate_approach_no,
    audited.approach_no >= 1 and row_number() over (
        partition by audited.resolved_recruiter_id, audited.candidate_id, audited.approach_no >= 1
        order by audited.started_at, audited.thread_id, audited.approach_no
    ) = 1 as is_first_contact
from audited
