/*
Who takes part in each thread, and in which role.
Grain: one row per `thread_id, person_id, claim`.
Counts: senders, the other person a message was addressed to, and whoever a table names as recruiter or candidate.
Why: a candidate who never answered is seen only as a recipient.
Weakness: somebody copied in without writing stays unseen where the export names one recipient.
+++
[columns]
person_id = "keyed hash of the person's identity"
identity_rank = "1 for a profile or an address, higher for weaker identities; a hidden account ranks last"
+++
*/
with senders as (
    select thread_id, sender_id as person_id, claim
    from int_human_messages
),

recipients as (
    select
        messages.thread_id,
        messages.recipient_id as person_id,
        case
            when owners.recruiter_id is not null then 'recruiter'
            when messages.role_method = 'declared' and messages.sender_role = 'recruiter' then 'candidate'
            when messages.role_method = 'declared' and messages.sender_role = 'candidate' then 'recruiter'
            when messages.recipient_id = messages.recruiter_id then 'recruiter'
            when messages.recipient_id = messages.candidate_id then 'candidate'
            else 'counterpart'
        end as claim
    from stg_messages as messages
    left join stg_inboxes as owners on messages.recipient_id = owners.recruiter_id and owners.is_owner
),

named_candidates as (
    select thread_id, candidate_id as person_id, 'candidate' as claim
    from stg_messages
),

named_recruiters as (
    select thread_id, recruiter_id as person_id, 'recruiter' as claim
    from stg_messages
),

everyone as (
    from senders
    union all
    from recipients
    union all
    from named_candidates
    union all
    from named_recruiters
)

select distinct
    everyone.thread_id,
    everyone.person_id,
    everyone.claim,
    case identities.kind
        when 'linkedin' then 1 when 'email' then 1 when 'id' then 1 when 'name' then 2 else 3
    end as identity_rank
from everyone
left join identities on everyone.person_id = identities.participant_id
where everyone.person_id is not null
