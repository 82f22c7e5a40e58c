/*
Outcome events as the exports tell them.
Grain: one row per `outcome_id`.
Counts: every event once; stages that the stage map does not know are `unmapped`, never dropped.
Why: conversions can be traced to the event that made them.
Weakness: free-text stages and reasons stay in the private store.
+++
published = true

[columns]
outcome_id = "keyed id of the event, the same in every run"
thread_id = "the conversation it names, where it names one"
candidate_id = "keyed hash of the candidate, where it names one"
event = "interested, declined, opted_out, applied, screen, interview, offer, hired, rejected, withdrawn, closed, ..., unmapped"
occurred_at = "when it happened, UTC; null when the source has only a current stage"
evidence = "event_log, timestamp_field, stage_history, snapshot, free_text, manual"
reason_side = "who ended it: company, candidate, other, unknown"
observed_until = "until when its source shows what happened"
is_linked = "true if a thread of ours was found for it"
+++
*/
select
    published_id(outcomes.outcome_key) as outcome_id,
    outcomes.thread_id,
    outcomes.candidate_id,
    outcomes.event,
    outcomes.occurred_at,
    outcomes.evidence,
    outcomes.reason_side,
    outcomes.observed_until,
    outcomes.outcome_key in (select links.outcome_key from int_outcome_threads as links) as is_linked
from stg_outcomes as outcomes
order by outcome_id
