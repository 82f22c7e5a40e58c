/*
What the stop words and the source say about the language of each side, per approach, and of its opening alone.
Grain: one row per `thread_id, approach_no, side, of_opening`.
Counts: the language whose stop words occur most in all that the side wrote, or in the opening, where it leads clearly.
Why: a short message alone is often undecidable, the whole side seldom is; but an opening must be read as it stood when it
was sent, or what is known of it would depend on whether it was answered.
Weakness: languages without a lexicon share stop words with their relatives; few stop words among many words are no vote.
+++
[columns]
of_opening = "of the message that opens the approach alone"
declared = "the language the source declares most often"
voted = "ISO 639-1 code; null where the stop words leave it undecided"
+++
*/
with units as (
    select thread_id, approach_no, side, body_hash, language, false as of_opening
    from int_sided_messages
    union all
    select thread_id, approach_no, side, body_hash, language, true as of_opening
    from int_sided_messages
    where is_first
),

votes as (
    select
        units.thread_id,
        units.approach_no,
        units.side,
        units.of_opening,
        words.language,
        sum(words.n) as n,
        row_number() over by_votes as place,
        lead(sum(words.n)) over by_votes as n_next
    from units
    inner join text_stop_words as words on units.body_hash = words.body_hash
    group by units.thread_id, units.approach_no, units.side, units.of_opening, words.language
    window
        by_votes as (
            partition by units.thread_id, units.approach_no, units.side, units.of_opening
            order by sum(words.n) desc, words.language asc
        )
),

sides as (
    select
        units.thread_id,
        units.approach_no,
        units.side,
        units.of_opening,
        mode(language_code(units.language) order by units.language) as declared,
        sum(counts.words) as words
    from units
    left join text_counts as counts on units.body_hash = counts.body_hash
    group by units.thread_id, units.approach_no, units.side, units.of_opening
)

select
    sides.thread_id,
    sides.approach_no,
    sides.side,
    sides.of_opening,
    sides.declared,
    case when is_clear_vote(votes.n, votes.n_next, sides.words) then votes.language end as voted
from sides
left join votes
    on
        sides.thread_id = votes.thread_id
        and sides.approach_no = votes.approach_no
        and sides.side = votes.side
        and sides.of_opening = votes.of_opening
        and votes.place = 1
