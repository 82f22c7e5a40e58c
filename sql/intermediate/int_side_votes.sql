/*
What the stop words and the source say about the language of each side, per approach.
Grain: one row per `thread_id, approach_no, side`.
Counts: the language whose stop words occur most in all that the side wrote, where it leads clearly.
Why: a short message alone is often undecidable, the whole side seldom is.
Weakness: languages without a lexicon share stop words with their relatives; few stop words among many words are no vote.
+++
[columns]
declared = "the language the source declares"
voted = "ISO 639-1 code; null where the stop words leave it undecided"
+++
*/
with votes as (
    select
        messages.thread_id,
        messages.approach_no,
        messages.side,
        words.language,
        sum(words.n) as n,
        row_number() over by_votes as place,
        lead(sum(words.n)) over by_votes as n_next
    from int_sided_messages as messages
    inner join text_stop_words as words on messages.body_hash = words.body_hash
    group by messages.thread_id, messages.approach_no, messages.side, words.language
    window
        by_votes as (
            partition by messages.thread_id, messages.approach_no, messages.side
            order by sum(words.n) desc, words.language asc
        )
),

sides as (
    select
        messages.thread_id,
        messages.approach_no,
        messages.side,
        min(lower(left(messages.language, 2))) as declared,
        sum(counts.words) as words
    from int_sided_messages as messages
    left join text_counts as counts on messages.body_hash = counts.body_hash
    group by messages.thread_id, messages.approach_no, messages.side
)

select
    sides.thread_id,
    sides.approach_no,
    sides.side,
    sides.declared,
    case when is_clear_vote(votes.n, votes.n_next, sides.words) then votes.language end as voted
from sides
left join votes
    on
        sides.thread_id = votes.thread_id
        and sides.approach_no = votes.approach_no
        and sides.side = votes.side
        and votes.place = 1
