/*
Outcome events of all exports, each once, as the newest export that holds it shows it.
Grain: one row per `outcome_key`.
Counts: every kept row; the same event in two exports is one; events of older exports stay.
Why: stage histories are exported again and again, and a later export may drop or rename what an earlier one showed.
Weakness: a corrected date makes a second event; conversions read the first.
+++
[columns]
outcome_key = "content-derived id of the event"
+++
*/
select
    outcome_rows.outcome_key,
    outcome_rows.file_id,
    outcome_rows.thread_id,
    outcome_rows.candidate_id,
    outcome_rows.job,
    outcome_rows.event,
    outcome_rows.occurred_at,
    outcome_rows.evidence,
    outcome_rows.reason_side,
    coalesce(outcome_rows.observed_until, readings.observed_until) as observed_until
from outcome_rows
inner join readings on outcome_rows.file_id = readings.file_id
qualify row_number() over (
    partition by outcome_rows.outcome_key
    order by readings.observed_until desc, outcome_rows.file_id asc, outcome_rows.row_no asc
) = 1
