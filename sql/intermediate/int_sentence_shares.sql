/*
Shares of what the sentences of one side do, over an opening, up to the landmark, and whole.
Grain: one row per `thread_id, approach_no, side, scope`; `approach_no` is null for the whole thread.
Counts: shares divide by the side's sentences that are not social, the social share by all; null without such sentences.
Why: the formulas stand once, whatever they are summed over.
Weakness: kinds are null as soon as one text of the sum is in a language without rules; questions are known everywhere.
+++
[columns]
scope = "opening, landmark (7 days after the first reply) or whole"
+++
*/
with scoped as (
    select
        messages.*,
        unnest(list_filter(
            [
                'whole',
                case when messages.is_first then 'opening' end,
                case when messages.sent_at <= landmark.landmark_at then 'landmark' end
            ],
            lambda scope: scope is not null
        )) as scope
    from int_approach_messages as messages
    left join landmark on messages.thread_id = landmark.thread_id and messages.approach_no = landmark.approach_no
),

sums as (
    select
        thread_id,
        approach_no,
        side,
        scope,
        sum(sentences)::bigint as sentences,
        sum(plain_sentences)::bigint as plain_sentences,
        known_sum(ask_sentences) as ask_sentences,
        known_sum(tell_sentences) as tell_sentences,
        known_sum(reflect_sentences) as reflect_sentences,
        known_sum(social_sentences) as social_sentences,
        sum(plain_question_sentences)::bigint as question_sentences,
        known_sum(request_sentences) as request_sentences,
        known_sum(ask_permission_sentences) as ask_permission_sentences
    from scoped
    group by grouping sets ((thread_id, approach_no, side, scope), (thread_id, side, scope))
)

select
    thread_id,
    approach_no,
    side,
    scope,
    share(ask_sentences, plain_sentences) as ask_share,
    share(tell_sentences, plain_sentences) as tell_share,
    share(reflect_sentences, plain_sentences) as reflect_share,
    share(social_sentences, sentences) as social_share,
    share(question_sentences, plain_sentences) as question_share,
    share(request_sentences, plain_sentences) as request_share,
    share(ask_permission_sentences, plain_sentences) as permission_share,
    ask_balance(ask_sentences, tell_sentences) as ask_balance,
    share(ask_sentences, tell_sentences) as ask_per_tell
from sums
