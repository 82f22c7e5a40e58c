/*
The first message of the candidate in an approach that a recruiter opened, and the language to read it in.
Grain: one row per `thread_id, approach_no`, answered approaches only.
Counts: the candidate's own language; where that is undecided, as for "no thanks", the language of the opening.
Why: what a first reply says is classed by rules that need a language, and short replies show none.
Weakness: somebody who answers briefly in another language is read by the wrong rules.
+++
[columns]
body_hash = "the text of the reply"
language = "ISO 639-1 code, or und where both sides are undecided"
+++
*/
with firsts as (
    select
        thread_id,
        approach_no,
        arg_min(body_hash, message_no) filter (where side = 'candidate') as body_hash,
        arg_min(side_language, message_no) filter (where side = 'candidate') as reply_language,
        arg_min(side_language, message_no) filter (where is_first) as opening_language
    from int_turns
    group by thread_id, approach_no
)

select
    thread_id,
    approach_no,
    body_hash,
    case when reply_language = 'und' then opening_language else reply_language end as language
from firsts
where body_hash is not null and opening_language is not null
