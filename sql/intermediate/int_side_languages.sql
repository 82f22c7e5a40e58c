/*
The language each side writes in, per approach.
Grain: one row per `thread_id, approach_no, side`.
Counts: the language the source declares; else what the stop words say; else the detector's, by characters.
Why: stop words are quick and tell the supported languages apart; a detector knows the others.
Weakness: a side of a few words stays `und`; two languages in one side are one, the more frequent.
+++
[columns]
language = "ISO 639-1 code, or und where undecided"
+++
*/
with detected as (
    select
        messages.thread_id,
        messages.approach_no,
        messages.side,
        languages.language,
        row_number() over (
            partition by messages.thread_id, messages.approach_no, messages.side
            order by sum(counts.chars) desc, languages.language asc
        ) as place
    from int_sided_messages as messages
    inner join text_languages as languages on messages.body_hash = languages.body_hash
    inner join text_counts as counts on messages.body_hash = counts.body_hash
    where languages.language != 'und'
    group by messages.thread_id, messages.approach_no, messages.side, languages.language
)

select
    votes.thread_id,
    votes.approach_no,
    votes.side,
    coalesce(votes.declared, votes.voted, detected.language, 'und') as language
from int_side_votes as votes
left join detected
    on
        votes.thread_id = detected.thread_id
        and votes.approach_no = detected.approach_no
        and votes.side = detected.side
        and detected.place = 1
