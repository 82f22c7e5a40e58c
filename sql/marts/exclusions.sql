/*
Rows that are no messages or outcomes of ours, by reason.
Grain: one row per `file_id, reason`.
Counts: drafts, spam, sponsored messages, empty system rows, invitations without a note, ...
Why: what is left out on purpose is shown, too.
Weakness: none known.
+++
published = true

[columns]
reason = "why the rows were left out"
n_rows = "how many"
+++
*/
select
    file_id,
    reason,
    n_rows
from exclusion_counts
order by file_id, reason
