/*
Sentences that take up what the other side wrote in the turn before, by the kind they would be otherwise.
Grain: one row per `message_key, kind`.
Counts: sentences of turns after the first; asks stay asks.
Why: listening shows in what is taken up. Whether a sentence does, the macro `takes_up` decides, from the sentence's cue and
the rare words of the turn before that its own side had not used already; rare by a fixed list, so that no number depends on
what else was measured.
Where a text of the conversation is no longer held, its sentences stay as they were counted last (`erased_turns`).
Weakness: what is taken up in other words shares none; see docs/accuracy.md for what is missed. A re-contact after a long
silence begins a new approach and has no turn before.
+++
[columns]
kind = "the kind that the body alone gives the sentence"
n_sentences = "sentences that reflect instead"
+++
*/
with used as (
    select distinct
        turns.thread_id,
        turns.approach_no,
        turns.turn_no,
        turns.side,
        unnest(words.words) as word
    from int_turns as turns
    inner join text_words as words
        on turns.body_hash = words.body_hash and turns.side_language = words.language
),

first_uses as (
    select thread_id, approach_no, side, word, min(turn_no) as turn_no
    from used
    group by thread_id, approach_no, side, word
),

turn_words as (
    select used.thread_id, used.approach_no, used.turn_no, list(used.word) as words
    from used
    left join first_uses as earlier
        on
            used.thread_id = earlier.thread_id
            and used.approach_no = earlier.approach_no
            and used.side != earlier.side
            and used.word = earlier.word
            and used.turn_no > earlier.turn_no
    where earlier.word is null
    group by used.thread_id, used.approach_no, used.turn_no
)

select
    message_key,
    kind,
    n_sentences
from erased_turns
where kind is not null
union all
select
    turns.message_key,
    sentences.kind,
    count(*) as n_sentences
from int_turns as turns
inner join text_sentences as sentences
    on turns.body_hash = sentences.body_hash and turns.side_language = sentences.language
left join turn_words
    on
        turns.thread_id = turn_words.thread_id
        and turns.approach_no = turn_words.approach_no
        and turns.turn_no = turn_words.turn_no + 1
where
    turns.turn_no > 1
    and turns.message_key not in (select erased.message_key from erased_turns as erased)
    and takes_up(
        sentences.kind, sentences.rule, sentences.has_hint, sentences.is_of_you, sentences.has_you,
        coalesce(len(list_intersect(sentences.words, turn_words.words)), 0)
    )
group by turns.message_key, sentences.kind
