/*
Messages of measured approaches with their counts and their turn.
Grain: one row per `message_key`.
Counts: words, characters and sentences of the message's own text; a sentence that takes up the turn before is `reflect`.
Why: everything later is sums over this table; it is materialised once because medians over windows are slow.
Weakness: quoted text of an e-mail counts as the writer's where the source has not removed it.
+++
[columns]
turn_no = "1, 2, ... ; a turn is a run of messages by one side"
plain_sentences = "sentences that are not social (greeting, thanks, closing): what shares divide by"
marked_sentences = "sentences with a question mark of any script"
plain_question_sentences = "questions that are not mere politeness (how are you?)"
ask_sentences = "sentences that ask: open, closed, permission, process"
tell_sentences = "sentences that tell: of the offer, the writer, anything else, or in a rhetorical question"
+++
*/
with reflections as (
    select
        message_key,
        sum(n_sentences)::bigint as reflect,
        (sum(n_sentences) filter (where kind = 'tell_offer'))::bigint as tell_offer,
        (sum(n_sentences) filter (where kind = 'tell_self'))::bigint as tell_self,
        (sum(n_sentences) filter (where kind = 'tell_other'))::bigint as tell_other
    from int_reflections
    group by message_key
),

counted as (
    select
        messages.*,
        counts.words,
        counts.chars,
        features.sentences,
        features.marked_sentences,
        features.question_sentences,
        features.plain_question_sentences,
        features.request_sentences,
        features.ask_open_sentences,
        features.ask_closed_sentences,
        features.ask_permission_sentences,
        features.ask_process_sentences,
        features.ask_rhetorical_sentences,
        features.tell_offer_sentences - coalesce(reflections.tell_offer, 0) as tell_offer_sentences,
        features.tell_self_sentences - coalesce(reflections.tell_self, 0) as tell_self_sentences,
        features.tell_other_sentences - coalesce(reflections.tell_other, 0) as tell_other_sentences,
        case when features.social_sentences is not null then coalesce(reflections.reflect, 0) end as reflect_sentences,
        features.social_sentences,
        features.us_sentences,
        features.you_words,
        features.we_words,
        features.offers_before_ask,
        features.last_kind
    from int_turns as messages
    left join text_counts as counts on messages.body_hash = counts.body_hash
    left join text_features as features
        on messages.body_hash = features.body_hash and messages.side_language = features.language
    left join reflections on messages.message_key = reflections.message_key
)

select
    *,
    sentences - coalesce(social_sentences, 0) as plain_sentences,
    ask_open_sentences + ask_closed_sentences + ask_permission_sentences + ask_process_sentences as ask_sentences,
    tell_offer_sentences + tell_self_sentences + tell_other_sentences + ask_rhetorical_sentences as tell_sentences
from counted
