/*
The approaches to people we know, in the order they came, each with its answer.
Grain: one row per `thread_id, approach_no`, candidates with an identity of their own only.
Counts: every recruiter's approaches to the person; `is_counted` where replies can be counted and no process was under way.
Why: what an approach does to the next one shows only when a person's approaches stand side by side.
Weakness: two people with one identity, or one with two, are not told apart here.
+++
[columns]
is_counted = "replies to it can be counted, and nothing says the candidate was in process already"
answer_30d = "what came within 30 days: opted_out, declined, answered, ignored; null while open or where it cannot be counted"
opted_out_at = "first dated event that says the candidate asked for no more mail"
declined_at = "first dated event that says the candidate declined"
first_converted_at = "the candidate's first conversion after the first message of any approach"
next_started_at = "when the candidate's next approach began, by whomever"
+++
*/
with events as (
    select
        thread_id,
        approach_no,
        min(occurred_at) filter (where event = 'opted_out') as opted_out_at,
        min(occurred_at) filter (where event = 'declined') as declined_at
    from int_outcome_approaches
    group by thread_id, approach_no
)

select
    approaches.thread_id,
    approaches.approach_no,
    approaches.candidate_id,
    approaches.candidate_approach_no,
    approaches.recruiter_id,
    approaches.started_at,
    approaches.observed_until,
    approaches.is_outreach,
    approaches.is_judgeable,
    approaches.is_judgeable and not coalesce(conversion.already_in_process, false) as is_counted,
    coalesce(conversion.already_in_process, false) as is_in_process,
    opening.opening_style,
    reply.replied_at,
    reply.replied_30d,
    reply.reply_class,
    reply.reply_opted_out,
    case
        when not reply.replied_30d then 'ignored'
        when reply.replied_30d and reply.reply_opted_out then 'opted_out'
        when reply.replied_30d and reply.reply_class = 'declined' then 'declined'
        when reply.replied_30d then 'answered'
    end as answer_30d,
    events.opted_out_at,
    events.declined_at,
    conversion.outcome_observed_until,
    conversion.converted_at,
    coalesce(conversion.converted_ever and conversion.converted_at is null, false) as is_converted_undated,
    min(conversion.converted_at) over (partition by approaches.candidate_id) as first_converted_at,
    lead(approaches.started_at) over (
        partition by approaches.candidate_id order by approaches.candidate_approach_no
    ) as next_started_at
from int_approaches as approaches
left join opening on approaches.thread_id = opening.thread_id and approaches.approach_no = opening.approach_no
left join reply on approaches.thread_id = reply.thread_id and approaches.approach_no = reply.approach_no
left join conversion
    on approaches.thread_id = conversion.thread_id and approaches.approach_no = conversion.approach_no
left join events on approaches.thread_id = events.thread_id and approaches.approach_no = events.approach_no
where approaches.candidate_known and approaches.approach_no >= 1
