/*
Texts of sides whose language neither the source nor the stop words decide.
Grain: one row per `body_hash`.
Counts: every text of such a side.
Why: a detector is slow and errs on short texts, so it sees only what is left.
Weakness: none known.
+++
[columns]
body_hash = "the text"
+++
*/
select distinct messages.body_hash
from int_sided_messages as messages
inner join int_side_votes as votes
    on
        messages.thread_id = votes.thread_id
        and messages.approach_no = votes.approach_no
        and messages.side = votes.side
        and (messages.is_first or not votes.of_opening)
where votes.declared is null and votes.voted is null
