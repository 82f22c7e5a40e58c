/*
How often each recruiter used a template family and reached the outcome, and the same of that recruiter's other approaches.
Grain: one row per `outcome, template_id, recruiter_id`.
Counts: judged approaches; `others` is a family here.
Why: a family that one recruiter uses has that recruiter's rate; only their other approaches tell what is usual.
Weakness: candidates whom a recruiter wrote to with the family and without count as written to with it alone.
+++
[columns]
n = "judged approaches of the recruiter with the family"
k = "those that reached the outcome"
n_elsewhere = "judged approaches of the recruiter with other texts"
k_elsewhere = "those that reached the outcome"
n_candidates_elsewhere = "candidates whom the recruiter wrote to with other texts alone"
+++
*/
with recruiters as (
    select
        outcome,
        recruiter_id,
        count(*) as n,
        count(*) filter (where happened) as k,
        count(distinct candidate_id) as n_candidates
    from int_template_outcomes
    group by outcome, recruiter_id
),

users as (
    select
        outcome,
        template_id,
        recruiter_id,
        count(*) as n,
        count(*) filter (where happened) as k,
        count(distinct candidate_id) as n_candidates
    from int_template_outcomes
    group by outcome, template_id, recruiter_id
)

select
    users.outcome,
    users.template_id,
    users.recruiter_id,
    users.n,
    users.k,
    recruiters.n - users.n as n_elsewhere,
    recruiters.k - users.k as k_elsewhere,
    recruiters.n_candidates - users.n_candidates as n_candidates_elsewhere
from users
inner join recruiters on users.outcome = recruiters.outcome and users.recruiter_id = recruiters.recruiter_id
order by users.outcome, users.template_id, users.recruiter_id
