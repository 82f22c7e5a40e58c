/*
What the first month made of an approach: interested, declined, another reply, ignored or opted out.
Grain: one row per `thread_id, approach_no`, outreach only.
Counts: exactly one of the five per approach, judged as `replied_30d` is; an opt-out, in a first reply or as a dated event,
comes before what else a reply says, and a reply that is neither yes nor no, or in a language without rules, is `other`.
Why: replies alone reward bait; where the opening is in a language without reply rules, interested, declined, opted out and
other are null for everybody, a label or not: an outcome must not become known, or unknown, by the answer.
Weakness: without an outcome source only opt-outs said in the first reply are seen; rules err (docs/accuracy.md).
+++
[outcome.interested_30d]
title = "interested within 30 days"
meaning = """\
answered within 30 days, and the first reply is interested (reply_class); null while open or uncounted, and where the \
opening's language has no reply rules"""
start = "opening"
maturity_days = 30
related = true

[outcome.declined_30d]
title = "declined within 30 days"
meaning = "answered within 30 days, the first reply declines and does not opt out; null as interested_30d"
start = "opening"
maturity_days = 30

[outcome.other_reply_30d]
title = "another reply within 30 days"
meaning = "answered within 30 days, neither interested nor declined nor opted out; null as interested_30d"
start = "opening"
maturity_days = 30

[outcome.ignored_30d]
title = "ignored for 30 days"
meaning = "no answer and no opt-out event within 30 days; null while open or uncounted"
start = "opening"
maturity_days = 30

[outcome.opted_out_30d]
title = "opted out within 30 days"
meaning = """\
a first reply within 30 days, or an event dated within them, asks for no more messages; null as interested_30d. An opt-out \
event without a date, and none with one, makes all five null"""
start = "opening"
maturity_days = 30
+++
*/
with opening_languages as (
    select thread_id, approach_no, side_language in (select language from reply_languages) as has_reply_rules
    from int_approach_messages
    where is_first
),

opt_outs as (
    select thread_id, approach_no, min(occurred_at) as opted_out_at
    from int_outcome_approaches
    where event = 'opted_out'
    group by thread_id, approach_no
),

undated_opt_outs as (
    select distinct links.thread_id
    from int_outcome_threads as links
    inner join stg_outcomes as outcomes on links.outcome_key = outcomes.outcome_key
    where outcomes.event = 'opted_out' and outcomes.occurred_at is null
),

ends as (
    select
        approaches.thread_id,
        approaches.approach_no,
        openings.has_reply_rules,
        case
            when reply.replied_30d is null then null
            when opt_outs.opted_out_at <= approaches.started_at + interval 30 days then 'opted_out'
            when undated_opt_outs.thread_id is not null then null
            when not reply.replied_30d then 'ignored'
            when reply.reply_opted_out then 'opted_out'
            else coalesce(reply.reply_class, 'other')
        end as first_month
    from int_approaches as approaches
    inner join reply on approaches.thread_id = reply.thread_id and approaches.approach_no = reply.approach_no
    left join opening_languages as openings
        on approaches.thread_id = openings.thread_id and approaches.approach_no = openings.approach_no
    left join opt_outs on approaches.thread_id = opt_outs.thread_id and approaches.approach_no = opt_outs.approach_no
    left join undated_opt_outs on approaches.thread_id = undated_opt_outs.thread_id
    where approaches.is_outreach
)

select
    thread_id,
    approach_no,
    case when has_reply_rules then first_month = 'interested' end as interested_30d,
    case when has_reply_rules then first_month = 'declined' end as declined_30d,
    case when has_reply_rules then first_month = 'other' end as other_reply_30d,
    first_month = 'ignored' as ignored_30d,
    case when has_reply_rules then first_month = 'opted_out' end as opted_out_30d
from ends
