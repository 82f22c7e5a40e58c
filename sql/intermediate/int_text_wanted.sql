/*
Which texts must be read, in which language.
Grain: one row per `body_hash, language`.
Counts: every text of a measured approach in the language of its side; readability is wanted for opening messages only.
Why: reading text is the dear step, so each distinct text is read once per language and rule version, and kept.
Weakness: a text used in two languages is read twice.
+++
[columns]
is_opening = "true if the text opens an approach somewhere"
+++
*/
select
    messages.body_hash,
    languages.language,
    bool_or(messages.is_first) as is_opening
from int_sided_messages as messages
inner join int_side_languages as languages
    on
        messages.thread_id = languages.thread_id
        and messages.approach_no = languages.approach_no
        and messages.side = languages.side
group by messages.body_hash, languages.language
