/*
Messages of measured approaches with their counts and their turn.
Grain: one row per `message_key`.
Counts: words, characters and sentences of the message's own text.
Why: everything later is sums over this table; it is materialised once because medians over windows are slow.
Weakness: quoted text of an e-mail counts as the writer's where the source has not removed it.
+++
[columns]
turn_no = "1, 2, ... ; a turn is a run of messages by one side"
plain_sentences = "sentences that are not social (greeting, thanks, closing): what shares divide by"
+++
*/
with marked as (
    select
        messages.*,
        languages.language as side_language,
        counts.words,
        counts.chars,
        counts.template_id,
        features.sentences,
        features.sentences - features.social_sentences as plain_sentences,
        features.question_sentences,
        features.request_sentences,
        features.flesch_reading_ease,
        coalesce(
            messages.side != lag(messages.side) over (
                partition by messages.thread_id, messages.approach_no order by messages.message_no
            ),
            true
        ) as is_turn_start
    from int_sided_messages as messages
    inner join int_side_languages as languages
        on
            messages.thread_id = languages.thread_id
            and messages.approach_no = languages.approach_no
            and messages.side = languages.side
    left join text_counts as counts on messages.body_hash = counts.body_hash
    left join text_features as features
        on messages.body_hash = features.body_hash and languages.language = features.language
)

select
    * exclude (language, is_turn_start),
    sum(is_turn_start::integer) over (
        partition by thread_id, approach_no order by message_no
    )::bigint as turn_no
from marked
