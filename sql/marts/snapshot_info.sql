/*
What this snapshot is and how much of it can be judged.
Grain: one row.
Counts: all approaches and threads.
Why: a report must say what it could not see before it says what it saw.
Weakness: none known.
+++
published = true

[columns]
published_at = "when the snapshot was made, UTC"
time_zone = "time zone of the weeks"
schema_version = "version of these tables; a changed meaning raises it"
version = "version of talkshare"
conversion_event = "the event that counts as a conversion"
link_rate = "share of the outcome sources' candidates that link to a conversation"
reply_refused_reason = "why reply rates are refused; null when they are not"
conversion_refused_reason = "why conversion rates are refused; null when they are not"
share_assumed_candidates = "share of approaches whose candidate is assumed to be one"
share_with_subject = "share of LinkedIn threads with a subject line: a hint at InMails, which no column names"
n_threads = "threads"
n_approaches = "approaches opened by a recruiter"
n_groups = "group threads, not measured"
n_unmeasured_threads = "threads not measured for any reason"
n_first_message_unknown = "approaches whose first message the export does not show"
n_incomplete_inboxes = "recruiters whose inbox seems to lack its unanswered conversations, out of reply rates"
n_approaches_in_incomplete_inboxes = "approaches of theirs"
n_note_openers = "approaches opened by an invitation note, out of reply rates"
n_already_in_process = "approaches to candidates who were in process already, out of conversion rates"
n_unsupported_language = "approaches in a language without rules"
n_texts_erased = "texts that are no longer held: forgotten, or older than they may be kept; what was counted in them stays"
n_left_out_of_landmark = "answered approaches that ended before the landmark"
+++
*/
with approaches as (
    select
        count(*) filter (where approach_no >= 1) as n_approaches,
        share(count(*) filter (where role_method = 'assumed_counterpart'), count(*)) as share_assumed_candidates,
        count(*) filter (where approach_no >= 1 and not first_message_known) as n_first_message_unknown,
        count(distinct recruiter_id) filter (where is_inbox_incomplete) as n_incomplete_inboxes,
        count(*) filter (where is_inbox_incomplete and is_outreach) as n_approaches_in_incomplete_inboxes,
        count(*) filter (where opened_by_note) as n_note_openers,
        count(*) filter (where already_in_process) as n_already_in_process,
        count(*) filter (where is_outreach and opening_style = 'unsupported')
            as n_unsupported_language,
        count(*) filter (where is_left_out_of_landmark) as n_left_out_of_landmark
    from approach_metrics
),

threads as (
    select
        count(*) as n_threads,
        count(*) filter (where is_group) as n_groups,
        count(*) filter (where out_of_metrics_reason is not null) as n_unmeasured_threads,
        share(
            count(*) filter (where channel = 'linkedin' and has_subject), count(*) filter (where channel = 'linkedin')
        ) as share_with_subject
    from int_threads
)

select
    getvariable('published_at') as published_at,
    getvariable('time_zone') as time_zone,
    getvariable('schema_version') as schema_version,
    getvariable('version') as version,
    getvariable('conversion_event') as conversion_event,
    int_link_rate.link_rate,
    replies.reason as reply_refused_reason,
    conversions.reason as conversion_refused_reason,
    approaches.*,
    threads.*,
    (select count(*) from erased_texts) as n_texts_erased
from approaches
cross join threads
cross join int_link_rate
left join int_refusals as replies on replies.outcome = 'replied_30d'
left join int_refusals as conversions on conversions.outcome = 'converted_60d'
