/*
The language each side writes in, per approach.
Grain: one row per `thread_id, approach_no, side`.
Counts: the language the source declares; else the one whose stop words occur most in all that the side wrote.
Why: a short message alone is often undecidable, the whole side seldom is.
Weakness: languages without a lexicon are `und`; so is a side with fewer than two stop words, or with a tie.
+++
[columns]
language = "ISO 639-1 code, or und where undecided"
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
    select thread_id, approach_no, side, min(lower(left(language, 2))) as declared
    from int_sided_messages
    group by thread_id, approach_no, side
)

select
    sides.thread_id,
    sides.approach_no,
    sides.side,
    coalesce(
        sides.declared,
        case when votes.n >= 2 and votes.n > coalesce(votes.n_next, 0) then votes.language end,
        'und'
    ) as language
from sides
left join votes
    on
        sides.thread_id = votes.thread_id
        and sides.approach_no = votes.approach_no
        and sides.side = votes.side
        and votes.place = 1
