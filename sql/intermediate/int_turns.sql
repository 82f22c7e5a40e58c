/*
Messages of measured approaches with their turn and the language of their side.
Grain: one row per `message_key`.
Counts: a turn is a run of messages by one side within an approach.
Why: what a text is read for depends on the turns before and after it.
Weakness: an opening in another language than what follows is read in its own.
+++
[columns]
side_language = "ISO 639-1 code, or und where undecided"
turn_no = "1, 2, ... ; a turn is a run of messages by one side"
+++
*/
with marked as (
    select
        messages.* exclude (language),
        languages.language as side_language,
        coalesce(
            messages.side != lag(messages.side) over (
                partition by messages.thread_id, messages.approach_no order by messages.message_no
            ),
            true
        ) as is_turn_start
    from int_sided_messages as messages
    inner join int_side_languages as languages
        on
            messages.thread_id = languages.thread_id
            and messages.approach_no = languages.approach_no
            and messages.side = languages.side
            and messages.is_first = languages.of_opening
)

select
    * exclude (is_turn_start),
    sum(is_turn_start::integer) over (
        partition by thread_id, approach_no order by message_no
    )::bigint as turn_no
from marked
