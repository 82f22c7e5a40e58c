/*
Threads with the two sides resolved, or the reason why they are not.
Grain: one row per `thread_id`.
Counts: every thread with a kept row; groups, internal talks and threads without a resolved side keep their row with a reason.
Why: in an archive the other person is a candidate only if the owner wrote first (an invitation note is writing), or if an
outcome source says so.
Weakness: friends and vendors whom a recruiter wrote to first are taken for candidates; `role_method` says so.
+++
[columns]
role_method = "declared; assumed_counterpart (the other one of a two-person thread the owner opened); outcome_source"
has_subject = "some message of the thread carries a subject line"
opened_by = "who wrote the first human message; an invitation note is one"
out_of_metrics_reason = "why it is not measured: no human message, group, internal, no recruiter, role unknown; else null"
first_message_known = "false when the export begins in the middle of the thread (its first subject is a reply's)"
candidate_known = "false when the candidate has no identity of their own; the thread is then its own candidate"
+++
*/
with openers as (
    select
        thread_id,
        arg_min(claim, thread_seq) as opener_claim,
        not coalesce(arg_min(subject_is_reply, thread_seq), false) as first_message_known,
        min(thread_seq) filter (where claim = 'recruiter') as first_recruiter_seq
    from int_human_messages
    group by thread_id
),

facts as (
    select
        thread_id,
        bool_or(is_group) as is_group,
        bool_or(has_subject) as has_subject,
        min(channel) filter (where channel != 'unknown') as channel,
        max(team) as team,
        max(job) as job,
        count(*) as n_rows
    from stg_messages
    group by thread_id
),

outcome_people as (
    select distinct candidate_id
    from stg_outcomes
    where candidate_id is not null
),

people as (
    select
        people.thread_id,
        count(distinct people.person_id) filter (where people.claim = 'recruiter') as n_recruiters,
        bool_or(people.claim = 'candidate') as has_candidate,
        bool_or(people.claim = 'counterpart') as has_counterpart,
        bool_or(people.claim = 'counterpart' and outcome_people.candidate_id is not null) as is_in_outcomes,
        arg_min(people.person_id, (people.identity_rank, people.person_id)) filter (
            where people.claim = 'recruiter'
        ) as recruiter_id,
        arg_min(people.person_id, (people.identity_rank, people.person_id)) filter (
            where people.claim = 'candidate'
        ) as candidate_id,
        arg_min(people.identity_rank, (people.identity_rank, people.person_id)) filter (
            where people.claim = 'candidate'
        ) as candidate_rank,
        arg_min(people.person_id, (people.identity_rank, people.person_id)) filter (
            where people.claim = 'counterpart'
        ) as counterpart_id,
        arg_min(people.identity_rank, (people.identity_rank, people.person_id)) filter (
            where people.claim = 'counterpart'
        ) as counterpart_rank
    from int_thread_people as people
    left join outcome_people on people.person_id = outcome_people.candidate_id
    group by people.thread_id
),

assigned as (
    select
        facts.*,
        openers.opener_claim,
        openers.first_message_known,
        coalesce(people.n_recruiters, 0) as n_recruiters,
        coalesce(people.has_candidate, false) as has_candidate,
        coalesce(people.has_counterpart, false) as has_counterpart,
        people.* exclude (thread_id, n_recruiters, has_candidate, has_counterpart),
        case
            when not coalesce(people.has_counterpart, false) or facts.is_group then null
            when
                people.n_recruiters > 0 and not people.has_candidate
                and (openers.opener_claim = 'recruiter' or people.is_in_outcomes) then 'candidate'
            when people.n_recruiters = 0 and people.has_candidate and openers.opener_claim = 'counterpart'
                then 'recruiter'
        end as counterpart_role
    from facts
    left join openers on facts.thread_id = openers.thread_id
    left join people on facts.thread_id = people.thread_id
)

select
    thread_id,
    coalesce(channel, 'unknown') as channel,
    team,
    job,
    coalesce(is_group, false) as is_group,
    coalesce(has_subject, false) as has_subject,
    counterpart_role,
    coalesce(first_message_known, false) as first_message_known,
    case when counterpart_role = 'recruiter' then counterpart_id else recruiter_id end as recruiter_id,
    coalesce(
        case when counterpart_role = 'candidate' then counterpart_id else candidate_id end,
        'u_' || left(published_id(thread_id), 16)
    ) as candidate_id,
    coalesce(case when counterpart_role = 'candidate' then counterpart_rank else candidate_rank end, 3) < 3
        as candidate_known,
    case
        when counterpart_role is not null and opener_claim = 'recruiter' then 'assumed_counterpart'
        when counterpart_role = 'candidate' then 'outcome_source'
        when counterpart_role = 'recruiter' then 'assumed_counterpart'
        when has_candidate or n_recruiters > 0 then 'declared'
    end as role_method,
    case
        when opener_claim = 'counterpart' then counterpart_role
        else opener_claim
    end as opened_by,
    case
        when opener_claim is null then 'no human message'
        when is_group then 'group'
        when n_recruiters > 1 and not has_candidate and not has_counterpart then 'internal'
        when n_recruiters = 0 and coalesce(counterpart_role, '') != 'recruiter' then 'no recruiter'
        when has_counterpart and counterpart_role is null and not has_candidate then 'role unknown'
    end as out_of_metrics_reason
from assigned
