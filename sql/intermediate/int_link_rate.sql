/*
How many of the outcome sources' candidates we know from a conversation.
Grain: one row.
Counts: distinct candidates (or threads, where an event names only a thread).
Why: a source that links to almost nobody says nothing about these conversations; below the minimum its rates are refused.
Weakness: a source that holds every applicant of the company links to few by nature.
+++
[columns]
link_rate = "share of the outcome sources' subjects that link to a thread; null without outcomes"
+++
*/
with subjects as (
    select
        coalesce(candidate_id, thread_id) as subject_id,
        bool_or(outcome_key in (select links.outcome_key from int_outcome_threads as links)) as is_linked
    from stg_outcomes
    group by coalesce(candidate_id, thread_id)
)

select
    count(*) as n_subjects,
    count(*) filter (where is_linked) as n_linked,
    share(count(*) filter (where is_linked), count(*)) as link_rate
from subjects
