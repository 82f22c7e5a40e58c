/*
What became of the candidate, as far as an outcome source says.
Grain: one row per `thread_id, approach_no`, outreach only.
Counts: the first event after the first message, within a closed window, that is the conversion event (setting; default:
interview ever entered) or a later step of screen, interview, offer, hired: stages are skipped, and nobody is hired unseen.
Why: no source is not a no: without a source that covers the recruiter or names the candidate everything here is null.
Weakness: an event without a date says only that it happened by the end of what was seen, so its windows are null.
+++
[columns]
converted_at = "when the first conversion event after the first message happened, UTC"
outcome_observed_until = "until when the outcome sources that cover the approach show what happened"
already_in_process = "an application, screen, interview or offer was open before the first message: out of rates, counted"
is_conversion_open_60d = "true while nobody can say yet whether a conversion came within 60 days"

[outcome.converted_30d]
title = "conversion within 30 days"
meaning = "first conversion event within 30 days of the first message; null while open, unknown or already in process"
start = "opening"
maturity_days = 30

[outcome.converted_60d]
title = "conversion within 60 days"
meaning = "first conversion event within 60 days of the first message; null while open, unknown or already in process"
start = "opening"
maturity_days = 60
related = true
equivalents = "Ashby: a reply is the conversion"

[outcome.converted_90d]
title = "conversion within 90 days"
meaning = "first conversion event within 90 days of the first message; null while open, unknown or already in process"
start = "opening"
maturity_days = 90

[outcome.converted_ever]
title = "conversion by the end of what was seen"
meaning = "a conversion event, dated or not, by the end of what the source shows; no window, so never related"
start = "opening"

[outcome.interested_90d]
title = "interested within 90 days"
meaning = "an event says the candidate was interested; null without a source that ever says so"
start = "opening"
maturity_days = 90

[outcome.declined_90d]
title = "declined within 90 days"
meaning = "an event says the candidate declined; null without a source that ever says so"
start = "opening"
maturity_days = 90

[outcome.opted_out_90d]
title = "opted out within 90 days"
meaning = "an event says the candidate asked for no more mail; null without a source that ever says so"
start = "opening"
maturity_days = 90

[outcome.interview_90d]
title = "interview within 90 days"
meaning = "an event says an interview stage was entered; null without a source that ever says so"
start = "opening"
maturity_days = 90

[outcome.offer_90d]
title = "offer within 90 days"
meaning = "an event says an offer was made; null without a source that ever says so"
start = "opening"
maturity_days = 90

[outcome.hired_90d]
title = "hire within 90 days"
meaning = "an event says the candidate was hired; null without a source that ever says so"
start = "opening"
maturity_days = 90
+++
*/
with earlier_events as (
    select
        approaches.thread_id,
        approaches.approach_no,
        arg_max(
            outcomes.event,
            (
                outcomes.occurred_at,
                outcomes.event not in ('applied', 'screen', 'interview', 'offer'),
                outcomes.outcome_key
            )
        ) as last_event
    from int_approaches as approaches
    inner join int_outcome_threads as links on approaches.thread_id = links.thread_id
    inner join stg_outcomes as outcomes
        on links.outcome_key = outcomes.outcome_key and approaches.started_at > outcomes.occurred_at
    where
        outcomes.event in (
            'applied', 'screen', 'interview', 'offer', 'declined', 'opted_out', 'hired', 'rejected', 'withdrawn', 'closed'
        )
    group by approaches.thread_id, approaches.approach_no
),

ladder as (
    select unnest(['screen', 'interview', 'offer', 'hired']) as step, unnest([1, 2, 3, 4]) as height
),

conversion_events as (
    select reached.step as event
    from ladder as reached
    inner join ladder as wanted on reached.height >= wanted.height
    where wanted.step = getvariable('conversion_event')
),

credited as (
    select
        thread_id,
        approach_no,
        min(occurred_at) filter (where event in (from conversion_events)) as converted_at,
        bool_or(event in (from conversion_events)) as has_conversion,
        min(occurred_at) filter (where event = 'interested') as interested_at,
        min(occurred_at) filter (where event = 'declined') as declined_at,
        min(occurred_at) filter (where event = 'opted_out') as opted_out_at,
        min(occurred_at) filter (where event = 'interview') as interview_at,
        min(occurred_at) filter (where event = 'offer') as offer_at,
        min(occurred_at) filter (where event = 'hired') as hired_at
    from int_outcome_approaches
    group by thread_id, approach_no
),

undated as (
    select
        links.thread_id,
        list(distinct outcomes.event) as undated_events,
        bool_or(outcomes.event in (from conversion_events)) as has_undated_conversion
    from int_outcome_threads as links
    inner join stg_outcomes as outcomes on links.outcome_key = outcomes.outcome_key
    where outcomes.occurred_at is null
    group by links.thread_id
),

seen_events as (
    select
        coalesce(bool_or(event = 'interested'), false) as sees_interested,
        coalesce(bool_or(event = 'declined'), false) as sees_declined,
        coalesce(bool_or(event = 'opted_out'), false) as sees_opted_out,
        coalesce(bool_or(event = 'interview'), false) as sees_interview,
        coalesce(bool_or(event = 'offer'), false) as sees_offer,
        coalesce(bool_or(event = 'hired'), false) as sees_hired
    from stg_outcomes
),

linked_sources as (
    select links.thread_id, max(outcomes.observed_until) as observed_until
    from int_outcome_threads as links
    inner join stg_outcomes as outcomes on links.outcome_key = outcomes.outcome_key
    group by links.thread_id
),

covered as (
    select
        approaches.thread_id,
        approaches.approach_no,
        approaches.started_at,
        greatest(coverage.outcome_observed_until, linked_sources.observed_until) as outcome_observed_until,
        coalesce(earlier_events.last_event in ('applied', 'screen', 'interview', 'offer'), false) as was_in_process,
        credited.* exclude (thread_id, approach_no),
        coalesce(undated.undated_events, []) as undated_events,
        coalesce(undated.has_undated_conversion, false) as has_undated_conversion,
        seen_events.*
    from int_approaches as approaches
    cross join seen_events
    left join int_outcome_coverage as coverage on approaches.recruiter_id = coverage.recruiter_id
    left join linked_sources on approaches.thread_id = linked_sources.thread_id
    left join undated on approaches.thread_id = undated.thread_id
    left join earlier_events
        on approaches.thread_id = earlier_events.thread_id and approaches.approach_no = earlier_events.approach_no
    left join credited
        on approaches.thread_id = credited.thread_id and approaches.approach_no = credited.approach_no
    where approaches.is_outreach
)

select
    thread_id,
    approach_no,
    converted_at,
    outcome_observed_until,
    case when outcome_observed_until is not null then was_in_process end as already_in_process,
    case
        when not was_in_process
            then judged_beside_undated(outcome_observed_until, started_at, converted_at, 30, has_undated_conversion)
    end as converted_30d,
    case
        when not was_in_process
            then judged_beside_undated(outcome_observed_until, started_at, converted_at, 60, has_undated_conversion)
    end as converted_60d,
    case
        when not was_in_process
            then judged_beside_undated(outcome_observed_until, started_at, converted_at, 90, has_undated_conversion)
    end as converted_90d,
    case
        when outcome_observed_until is not null and not was_in_process
            then coalesce(has_conversion, false)
    end as converted_ever,
    case
        when not was_in_process and sees_interested
            then judged_beside_undated(
                outcome_observed_until, started_at, interested_at, 90, 'interested' in undated_events
            )
    end as interested_90d,
    case
        when not was_in_process and sees_declined
            then judged_beside_undated(
                outcome_observed_until, started_at, declined_at, 90, 'declined' in undated_events
            )
    end as declined_90d,
    case
        when not was_in_process and sees_opted_out
            then judged_beside_undated(
                outcome_observed_until, started_at, opted_out_at, 90, 'opted_out' in undated_events
            )
    end as opted_out_90d,
    case
        when not was_in_process and sees_interview
            then judged_beside_undated(
                outcome_observed_until, started_at, interview_at, 90, 'interview' in undated_events
            )
    end as interview_90d,
    case
        when not was_in_process and sees_offer
            then judged_beside_undated(
                outcome_observed_until, started_at, offer_at, 90, 'offer' in undated_events
            )
    end as offer_90d,
    case
        when not was_in_process and sees_hired
            then judged_beside_undated(
                outcome_observed_until, started_at, hired_at, 90, 'hired' in undated_events
            )
    end as hired_90d,
    outcome_observed_until is not null
    and not was_in_process
    and (not has_undated_conversion or converted_at is not null)
    and not is_closed(outcome_observed_until, started_at, 60) as is_conversion_open_60d
from covered
