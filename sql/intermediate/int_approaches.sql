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
is_judgeable = "an outreach whose replies can be counted: openers seen only because they were accepted are not"
opened_by_note = "the first message is an invitation note, visible only because it was accepted or is still pending"
candidate_approach_no = "1, 2, ... over all recruiters, by time; null without a candidate identity"
is_first_contact = "the first time this recruiter wrote to this candidate"
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
)

select
    placed.thread_id,
    placed.approach_no,
    placed.resolved_recruiter_id as recruiter_id,
    placed.candidate_id,
    placed.candidate_known,
    placed.channel,
    coalesce(placed.recruiter_language, placed.candidate_language) as language,
    placed.team,
    placed.job,
    placed.role_method,
    placed.started_at,
    placed.ended_before,
    placed.last_at,
    report_week(placed.started_at) as week,
    placed.first_message_known,
    placed.opened_by_note,
    placed.approach_no >= 1 and placed.first_message_known as is_outreach,
    placed.approach_no >= 1 and placed.first_message_known
    and (not placed.opened_by_note or getvariable('invitations_complete')) as is_judgeable,
    greatest(placed.n_recruiters - 1, 0) as handovers,
    placed.first_candidate_at,
    inboxes.observed_until,
    case
        when placed.candidate_known and placed.approach_no >= 1
            then row_number() over (
                partition by placed.candidate_id, placed.candidate_known and placed.approach_no >= 1
                order by placed.started_at, placed.thread_id, placed.approach_no
            )
    end as candidate_approach_no,
    placed.approach_no >= 1 and row_number() over (
        partition by placed.resolved_recruiter_id, placed.candidate_id, placed.approach_no >= 1
        order by placed.started_at, placed.thread_id, placed.approach_no
    ) = 1 as is_first_contact
from placed
left join stg_inboxes as inboxes on placed.resolved_recruiter_id = inboxes.recruiter_id
