/*
Everything measured about one approach of a recruiter to a candidate.
Grain: one row per `thread_id, approach_no`.
Counts: all approaches of measured threads; approach 0 (begun by the candidate) has no opening, reply or conversion.
Why: the approach is the unit of outreach; a thread can hold several, years apart.
Weakness: see the file that defines each metric.
+++
published = true

[columns]
thread_id = "conversation id as the source gives it (or its hash, by configuration)"
approach_no = "1, 2, ... ; 0 for what a candidate began"
recruiter_id = "keyed hash of the sender of the first message"
candidate_id = "keyed hash of the candidate"
channel = "linkedin, email, ...; unknown when not said"
language = "ISO 639-1 code of the recruiter's text in the approach; und where undecided"
team = "the recruiter's team, where the source says it"
job = "the job, where the source says it"
is_outreach = "opened by a recruiter, from a first message that the export shows"
handovers = "recruiters who took over after the first"
+++
*/
select
    approaches.thread_id,
    approaches.approach_no,
    approaches.recruiter_id,
    approaches.candidate_id,
    approaches.candidate_known,
    approaches.candidate_approach_no,
    approaches.channel,
    approaches.language,
    approaches.team,
    approaches.job,
    approaches.role_method,
    approaches.started_at,
    approaches.week,
    approaches.is_outreach,
    approaches.first_message_known,
    approaches.opened_by_note,
    approaches.is_inbox_incomplete,
    approaches.observed_until,
    conversion.outcome_observed_until,
    opening.* exclude (thread_id, approach_no),
    history.* exclude (thread_id, approach_no),
    reply.* exclude (thread_id, approach_no, candidate_turns_30d),
    stages.* exclude (thread_id, approach_no),
    conversion.* exclude (thread_id, approach_no, outcome_observed_until),
    conversation.* exclude (thread_id, approach_no),
    ask_tell.* exclude (thread_id, approach_no),
    approaches.handovers,
    landmark.* exclude (thread_id, approach_no)
from int_approaches as approaches
inner join conversation
    on approaches.thread_id = conversation.thread_id and approaches.approach_no = conversation.approach_no
inner join ask_tell
    on approaches.thread_id = ask_tell.thread_id and approaches.approach_no = ask_tell.approach_no
left join opening on approaches.thread_id = opening.thread_id and approaches.approach_no = opening.approach_no
left join history on approaches.thread_id = history.thread_id and approaches.approach_no = history.approach_no
left join reply on approaches.thread_id = reply.thread_id and approaches.approach_no = reply.approach_no
left join stages on approaches.thread_id = stages.thread_id and approaches.approach_no = stages.approach_no
left join conversion
    on approaches.thread_id = conversion.thread_id and approaches.approach_no = conversion.approach_no
left join landmark on approaches.thread_id = landmark.thread_id and approaches.approach_no = landmark.approach_no
order by approaches.thread_id, approaches.approach_no
