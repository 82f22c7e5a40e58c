/*
The inboxes of recruiters: how fresh their exports are, and whether one has gone silent.
Grain: one row per `recruiter_id`.
Counts: exports that show the inbox; weeks that an export shows whole. `stopped`: three exports or more, then none for longer
than the settings' days and three times the usual gap. `old`: fewer exports, the newest older than the settings allow. `quiet`:
exports come, but no first message was sent for three weeks or more, longer than ever after eight active weeks. `closed`: the
settings say so.
Why: an export that no longer comes raises no error and looks like a calm week.
Weakness: holidays and changes of work look the same from here; this is about files, not about how somebody works.
+++
published = true

[columns]
recruiter_id = "keyed hash of the recruiter"
n_exports = "exports that show the inbox, by day on which they end"
observed_until = "until when they show what happened, UTC"
days_unseen = "whole days from then until the snapshot was made"
usual_gap_days = "median of the days between exports; null for fewer than two"
n_active_weeks = "weeks with a first message"
longest_pause_weeks = "the longest time between two of them, in weeks without a first message"
weeks_quiet = "whole weeks seen since the last of them"
is_inbox_incomplete = "the inbox seems to lack its unanswered conversations, and is not declared complete"
state = "fresh, stopped, old, quiet or closed"
+++
*/
with days as (
    select distinct recruiter_id, observed_until::date as seen_on
    from stg_inbox_exports
    where observed_until is not null
),

gaps as (
    select recruiter_id, seen_on - lag(seen_on) over (partition by recruiter_id order by seen_on) as gap_days
    from days
),

exports as (
    select recruiter_id, count(*) as n_exports, median(gap_days) as usual_gap_days
    from gaps
    group by recruiter_id
),

weeks as (
    select distinct recruiter_id, week
    from int_approaches
    where is_outreach
),

pauses as (
    select recruiter_id, week, week - lag(week) over (partition by recruiter_id order by week) as days_apart
    from weeks
),

activity as (
    select
        recruiter_id,
        count(*) as n_active_weeks,
        coalesce(max(days_apart) // 7 - 1, 0) as longest_pause_weeks,
        max(week) as last_week
    from pauses
    group by recruiter_id
),

incomplete as (
    select recruiter_id, bool_or(is_inbox_incomplete) as is_inbox_incomplete
    from int_approaches
    group by recruiter_id
),

facts as (
    select
        inboxes.recruiter_id,
        coalesce(exports.n_exports, 0) as n_exports,
        inboxes.observed_until,
        greatest(floor(elapsed_hours(inboxes.observed_until, getvariable('published_at')) / 24), 0)::bigint
            as days_unseen,
        exports.usual_gap_days,
        coalesce(activity.n_active_weeks, 0) as n_active_weeks,
        activity.longest_pause_weeks,
        greatest((last_whole_week(inboxes.observed_until) - activity.last_week) // 7, 0) as weeks_quiet,
        coalesce(incomplete.is_inbox_incomplete, false) as is_inbox_incomplete
    from stg_inboxes as inboxes
    left join exports on inboxes.recruiter_id = exports.recruiter_id
    left join activity on inboxes.recruiter_id = activity.recruiter_id
    left join incomplete on inboxes.recruiter_id = incomplete.recruiter_id
)

select
    *,
    case
        when list_contains(getvariable('closed_inboxes'), recruiter_id) then 'closed'
        when
            n_exports >= 3 and days_unseen > getvariable('silent_days') and days_unseen > 3 * usual_gap_days
            then 'stopped'
        when n_exports < 3 and days_unseen > getvariable('old_days') then 'old'
        when n_active_weeks >= 8 and weeks_quiet >= 3 and weeks_quiet > longest_pause_weeks then 'quiet'
        else 'fresh'
    end as state
from facts
order by recruiter_id
