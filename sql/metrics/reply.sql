/*
Whether and when the candidate answered.
Grain: one row per `thread_id, approach_no`, outreach only.
Counts: the candidate's first human message after the first message; an emoji is a reply, a reaction or an auto-reply is not.
Why: a window is judged only when the inbox was seen to its end; younger approaches are open (null), never unanswered.
Weakness: an answer by telephone is not seen.
+++
[columns]
replied_at = "when the candidate's first message of the approach was sent, UTC"
reply_words = "words in that message"
reply_class = "interested, declined or other, of the first reply; null without a reply or without rules for its language"
reply_class_method = "label: an event of an outcome source within 7 days after the reply; rules: by phrases (docs/accuracy.md)"
reply_opted_out = "the first reply, or a label, asks for no more messages; null as reply_class"
is_reply_open_7d = "true while nobody can say yet whether a reply came within 7 days"
is_reply_open_14d = "the same for 14 days"
is_reply_open_30d = "the same for 30 days"
candidate_turns_30d = "turns of the candidate in the 30 days after the first message"

[metric.reply_hours]
title = "Hours until the reply"
meaning = "hours from the first message to the candidate's first message"
kind = "quantile"
unit = "hours"
observation = "whole"

[metric.followups_before_reply]
title = "Follow-ups before the reply"
meaning = "messages the recruiter added after the first before the candidate answered, or until the end of the approach"
kind = "count"
unit = "messages"
observation = "before_reply"

[outcome.replied_7d]
title = "reply within 7 days"
meaning = "the candidate answered within 7 days; null while the window is open or replies cannot be counted"
start = "opening"
maturity_days = 7
related = true

[outcome.replied_14d]
title = "reply within 14 days"
meaning = "the candidate answered within 14 days; null while the window is open or replies cannot be counted"
start = "opening"
maturity_days = 14
related = true

[outcome.replied_30d]
title = "reply within 30 days"
meaning = "the candidate answered within 30 days; null while the window is open or replies cannot be counted"
start = "opening"
maturity_days = 30
related = true
equivalents = """\
LinkedIn: accepted or declined within 30 days, of the InMails sent, a mean over the chart's intervals; \
Gem: replied, of the messages opened; \
SourceWhale: replied, of the messages sent, manual steps without an answer left out"""

[outcome.discussion]
title = "discussion within 30 days"
meaning = "at least two candidate turns within 30 days; null while the window is open or replies cannot be counted"
start = "opening"
maturity_days = 30
related = true
+++
*/
with first_replies as (
    select
        thread_id,
        approach_no,
        min(sent_at) as replied_at,
        arg_min_null(words, message_no) as reply_words,
        min(message_no) as reply_no
    from int_approach_messages
    where side = 'candidate'
    group by thread_id, approach_no
),

counts as (
    select
        messages.thread_id,
        messages.approach_no,
        count(*) filter (
            where messages.side = 'recruiter' and not messages.is_first
            and (replies.reply_no is null or messages.message_no < replies.reply_no)
        ) as followups_before_reply,
        count(distinct messages.turn_no) filter (
            where messages.side = 'candidate' and messages.sent_at <= approaches.started_at + interval 30 days
        ) as candidate_turns_30d
    from int_approach_messages as messages
    inner join int_approaches as approaches
        on messages.thread_id = approaches.thread_id and messages.approach_no = approaches.approach_no
    left join first_replies as replies
        on messages.thread_id = replies.thread_id and messages.approach_no = replies.approach_no
    group by messages.thread_id, messages.approach_no
),

labels as (
    select
        replies.thread_id,
        replies.approach_no,
        arg_min(outcomes.event, (outcomes.occurred_at, outcomes.event)) as event,
        bool_or(outcomes.event = 'opted_out') as opted_out
    from first_replies as replies
    inner join int_outcome_approaches as outcomes
        on
            replies.thread_id = outcomes.thread_id
            and replies.approach_no = outcomes.approach_no
            and outcomes.event in ('interested', 'declined', 'opted_out')
            and outcomes.occurred_at between replies.replied_at and replies.replied_at + interval 7 days
    group by replies.thread_id, replies.approach_no
)

select
    approaches.thread_id,
    approaches.approach_no,
    counts.followups_before_reply,
    counts.candidate_turns_30d,
    replies.replied_at,
    elapsed_hours(approaches.started_at, replies.replied_at) as reply_hours,
    replies.reply_words,
    case
        when labels.event = 'opted_out' then 'declined'
        else coalesce(labels.event, said.reply_class)
    end as reply_class,
    case when labels.event is not null then 'label' when said.reply_class is not null then 'rules' end
        as reply_class_method,
    coalesce(labels.opted_out or said.opted_out, labels.opted_out, said.opted_out) as reply_opted_out,
    case
        when approaches.is_judgeable
            then judged(approaches.observed_until, approaches.started_at, replies.replied_at, 7)
    end as replied_7d,
    case
        when approaches.is_judgeable
            then judged(approaches.observed_until, approaches.started_at, replies.replied_at, 14)
    end as replied_14d,
    case
        when approaches.is_judgeable
            then judged(approaches.observed_until, approaches.started_at, replies.replied_at, 30)
    end as replied_30d,
    case
        when approaches.is_judgeable and is_closed(approaches.observed_until, approaches.started_at, 30)
            then counts.candidate_turns_30d >= 2
    end as discussion,
    approaches.is_judgeable and not is_closed(approaches.observed_until, approaches.started_at, 7) as is_reply_open_7d,
    approaches.is_judgeable and not is_closed(approaches.observed_until, approaches.started_at, 14) as is_reply_open_14d,
    approaches.is_judgeable and not is_closed(approaches.observed_until, approaches.started_at, 30) as is_reply_open_30d
from int_approaches as approaches
inner join counts on approaches.thread_id = counts.thread_id and approaches.approach_no = counts.approach_no
left join first_replies as replies
    on approaches.thread_id = replies.thread_id and approaches.approach_no = replies.approach_no
left join labels on approaches.thread_id = labels.thread_id and approaches.approach_no = labels.approach_no
left join int_first_replies as texts
    on approaches.thread_id = texts.thread_id and approaches.approach_no = texts.approach_no
left join text_replies as said on texts.body_hash = said.body_hash and texts.language = said.language
where approaches.is_outreach
