/*
The language each side writes in, per approach, and the language of its opening.
Grain: one row per `thread_id, approach_no, side, of_opening`.
Counts: the language the source declares; else what the stop words say; else the detector's, by characters.
Why: stop words are quick and tell the supported languages apart; a detector knows the others.
Weakness: a side of a few words stays `und`; two languages in one side are one, the more frequent.
+++
[columns]
of_opening = "of the message that opens the approach alone"
language = "ISO 639-1 code, or und where undecided"
+++
*/
with detected as (
    select
        votes.thread_id,
        votes.approach_no,
        votes.side,
        votes.of_opening,
        languages.language,
        row_number() over (
            partition by votes.thread_id, votes.approach_no, votes.side, votes.of_opening
            order by sum(counts.chars) desc, languages.language asc
        ) as place
    from int_side_votes as votes
    inner join int_sided_messages as messages
        on
            votes.thread_id = messages.thread_id
            and votes.approach_no = messages.approach_no
            and votes.side = messages.side
            and (messages.is_first or not votes.of_opening)
    inner join text_languages as languages on messages.body_hash = languages.body_hash
    inner join text_counts as counts on messages.body_hash = counts.body_hash
    where languages.language != 'und'
    group by votes.thread_id, votes.approach_no, votes.side, votes.of_opening, languages.language
)

select
    votes.thread_id,
    votes.approach_no,
    votes.side,
    votes.of_opening,
    coalesce(votes.declared, votes.voted, detected.language, 'und') as language
from int_side_votes as votes
left join detected
    on
        votes.thread_id = detected.thread_id
        and votes.approach_no = detected.approach_no
        and votes.side = detected.side
        and votes.of_opening = detected.of_opening
        and detected.place = 1
