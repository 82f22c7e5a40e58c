/*
Which texts must be read, in which language, and for what.
Grain: one row per `body_hash, language`.
Counts: every text of a measured approach in the language of its side.
Why: reading text is the dear step, so each distinct text is read once per language and rule version, and kept; its load is
wanted of openings only, its single sentences and rare words only where one turn may take up another.
Weakness: a text used in two languages is read twice, and so is an opening when it is first answered.
+++
[columns]
is_opening = "the text opens an approach somewhere"
takes_up = "the text answers a turn of the other side somewhere"
is_taken_up = "a turn of the other side follows the text somewhere"
+++
*/
with placed as (
    select
        *,
        max(turn_no) over (partition by thread_id, approach_no) as last_turn_no
    from int_turns
)

select
    body_hash,
    side_language as language,
    bool_or(is_first) as is_opening,
    bool_or(turn_no > 1) as takes_up,
    bool_or(turn_no < last_turn_no) as is_taken_up
from placed
group by body_hash, side_language
