/*
What each approach adds to each weekly metric, as numerator and denominator.
Grain: one row per `thread_id, approach_no, metric`.
Counts: judged approaches with their numbers; approaches whose window is open with nulls and `is_open`.
Why: rates of weeks are quotients of sums, so that any grouping can be added up from integers.
Weakness: whole-conversation metrics are taken at a fixed age of 30 days, later messages are not in them.
+++
[columns]
is_open = "the approach's window is open: it counts later"
numerator = "what is counted; the value itself for means and quantiles"
denominator = "what it is counted of"
+++
*/
with outreach as (
    select *, not is_closed(observed_until, started_at, 30) as is_younger_than_30d
    from approach_metrics
    where is_outreach
)

select
    thread_id, approach_no, 'replied_7d' as metric, 'proportion' as kind, 'share' as unit,
    replied_7d::bigint as numerator, (replied_7d is not null)::bigint as denominator, is_reply_open_7d as is_open
from outreach
union all
select
    thread_id, approach_no, 'replied_14d', 'proportion', 'share',
    replied_14d::bigint, (replied_14d is not null)::bigint, is_reply_open_14d
from outreach
union all
select
    thread_id, approach_no, 'replied_30d', 'proportion', 'share',
    replied_30d::bigint, (replied_30d is not null)::bigint, is_reply_open_30d
from outreach
union all
select
    thread_id, approach_no, 'discussion', 'proportion', 'share',
    discussion::bigint, (discussion is not null)::bigint, is_reply_open_30d
from outreach
union all
select
    thread_id, approach_no, 'converted_60d', 'proportion', 'share',
    converted_60d::bigint, (converted_60d is not null)::bigint, is_conversion_open_60d
from outreach
union all
select
    thread_id, approach_no, 'talk_share', 'ratio', 'share',
    case
        when not is_younger_than_30d and recruiter_words_30d > 0 and candidate_words_30d > 0
            then recruiter_words_30d
    end,
    case
        when not is_younger_than_30d and recruiter_words_30d > 0 and candidate_words_30d > 0
            then recruiter_words_30d + candidate_words_30d
        else 0
    end,
    is_younger_than_30d
from outreach
union all
select
    thread_id, approach_no, 'question_share_opening', 'ratio', 'share',
    question_sentences_opening, coalesce(plain_sentences_opening, 0), false
from outreach
union all
select
    thread_id, approach_no, 'request_share_opening', 'ratio', 'share',
    request_sentences_opening,
    case when request_sentences_opening is null then 0 else coalesce(plain_sentences_opening, 0) end,
    false
from outreach
union all
select
    thread_id, approach_no, 'ask_share_opening', 'ratio', 'share',
    ask_sentences_opening,
    case when ask_sentences_opening is null then 0 else coalesce(plain_sentences_opening, 0) end,
    false
from outreach
union all
select
    thread_id, approach_no, 'tell_share_opening', 'ratio', 'share',
    tell_sentences_opening,
    case when ask_sentences_opening is null then 0 else coalesce(plain_sentences_opening, 0) end,
    false
from outreach
union all
select
    thread_id, approach_no, 'ask_balance_opening', 'ratio', 'share',
    ask_sentences_opening,
    case when ask_sentences_opening is null then 0 else coalesce(ask_sentences_opening + tell_sentences_opening, 0) end,
    false
from outreach
union all
select
    thread_id, approach_no, 'sell_first', 'proportion', 'share',
    sell_first::bigint, (sell_first is not null)::bigint,
    false
from outreach
union all
select
    thread_id, approach_no, 'reaction_first', 'proportion', 'share',
    reaction_first::bigint, (reaction_first is not null)::bigint,
    false
from outreach
union all
select
    thread_id, approach_no, 'first_message_words', 'quantile', 'words',
    first_message_words, (first_message_words is not null)::bigint, false
from outreach
union all
select
    thread_id, approach_no, 'first_message_words_mean', 'mean', 'words',
    first_message_words, (first_message_words is not null)::bigint, false
from outreach
union all
select
    thread_id, approach_no, 'first_message_chars', 'quantile', 'characters',
    first_message_chars, (first_message_chars is not null)::bigint, false
from outreach
