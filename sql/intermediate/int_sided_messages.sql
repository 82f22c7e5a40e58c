/*
Human messages of measured threads, with their side and the approach they belong to.
Grain: one row per `message_key`.
Counts: an approach opens with a recruiter's message and ends before the next one that follows 90 days (setting) without any
message, or 30 days (setting) after a decline, an opt-out or another end. What comes before the first opening is approach 0.
Why: one conversation per pair is kept for ever, so the unit of outreach is not the thread.
Weakness: two job openings pitched within weeks of each other are one approach.
+++
[columns]
side = "recruiter or candidate"
approach_no = "1, 2, ... ; 0 for what a candidate began"
message_no = "1, 2, ... within the approach"
is_first = "the one message that opens the approach"
+++
*/
with recursive sided as (
    select
        messages.message_key,
        messages.thread_id,
        messages.thread_seq,
        messages.sent_at,
        messages.sender_id,
        messages.body_hash,
        messages.kind,
        messages.language,
        threads.opened_by,
        case when messages.claim = 'counterpart' then threads.counterpart_role else messages.claim end as side,
        lag(messages.sent_at) over (partition by messages.thread_id order by messages.thread_seq) as previous_at
    from int_human_messages as messages
    inner join int_threads as threads on messages.thread_id = threads.thread_id
    where threads.out_of_metrics_reason is null
),

endings as (
    select links.thread_id, outcomes.occurred_at
    from stg_outcomes as outcomes
    inner join int_outcome_threads as links on outcomes.outcome_key = links.outcome_key
    where
        outcomes.event in ('declined', 'opted_out', 'hired', 'rejected', 'withdrawn', 'closed')
        and outcomes.occurred_at is not null
),

recruiter_messages as (
    select
        thread_id,
        thread_seq,
        sent_at,
        opened_by = 'recruiter'
        and row_number() over (partition by thread_id order by thread_seq) = 1 as is_first_of_recruiter,
        coalesce(sent_at >= previous_at + to_days(getvariable('silence_days')), false) as is_after_silence
    from sided
    where side = 'recruiter'
),

pieces as (
    select thread_id, min(thread_seq) as thread_seq, arg_min(sent_at, thread_seq) as started_at
    from sided
    where side is not null
    group by thread_id
    union all
    select
        messages.thread_id,
        min(messages.thread_seq) as thread_seq,
        arg_min(messages.sent_at, messages.thread_seq) as started_at
    from pieces
    inner join recruiter_messages as messages
        on pieces.thread_id = messages.thread_id and pieces.thread_seq < messages.thread_seq
    left join endings
        on
            messages.thread_id = endings.thread_id
            and pieces.started_at <= endings.occurred_at
            and endings.occurred_at + to_days(getvariable('reopen_days_after_end')) <= messages.sent_at
    where messages.is_first_of_recruiter or messages.is_after_silence or endings.thread_id is not null
    group by messages.thread_id
),

starts as (
    select
        sided.*,
        sided.side = 'recruiter' and pieces.thread_seq is not null and (
            coalesce(recruiter_messages.is_first_of_recruiter, false)
            or pieces.thread_seq > min(sided.thread_seq) over (partition by sided.thread_id)
        ) as is_first
    from sided
    left join pieces on sided.thread_id = pieces.thread_id and sided.thread_seq = pieces.thread_seq
    left join recruiter_messages
        on sided.thread_id = recruiter_messages.thread_id and sided.thread_seq = recruiter_messages.thread_seq
    where sided.side is not null
),

numbered as (
    select
        *,
        sum(is_first::integer) over (partition by thread_id order by thread_seq)::bigint as approach_no
    from starts
)

select
    message_key,
    thread_id,
    approach_no,
    row_number() over (partition by thread_id, approach_no order by thread_seq) as message_no,
    side,
    sent_at,
    sender_id,
    body_hash,
    kind,
    language,
    is_first
from numbered
