/*
What each approach adds to each stage of the funnel.
Grain: one row per `thread_id, approach_no`, stage, and style: its own and `all`.
Counts: outreach; `happened` is null where the stage is open or unknown, and `is_open` says which.
Why: one long table gives every stage the same rate with the same interval.
Weakness: an opening that only greets has no style; it stands under `none`, or subtraction from `all` would show it.
+++
[columns]
key = "opening_style and stage"
happened = "the stage was reached in its window; null while open or unknown"
is_open = "the window of the stage is open, and it can be judged later"
is_reply_known = "whether the approach was answered is known, whatever is known of the stage"
+++
*/
with outreach as (
    select
        *,
        outcome_observed_until is not null
        and not already_in_process
        and not is_closed(outcome_observed_until, started_at, 90) as is_outcome_open_90d
    from approach_metrics
    where is_outreach
),

styled as (
    select *, unnest([coalesce(opening_style, 'none'), 'all']) as funnel_style
    from outreach
),

staged as (
    select
        funnel_style,
        recruiter_id,
        candidate_id,
        replied_30d is not null as is_reply_known,
        unnest([
            { 'stage': 'replied', 'happened': replied_30d, 'is_open': is_reply_open_30d },
            { 'stage': 'interested', 'happened': interested_30d, 'is_open': is_reply_open_30d },
            { 'stage': 'discussion', 'happened': discussion, 'is_open': is_reply_open_30d },
            { 'stage': 'interview', 'happened': interview_90d, 'is_open': is_outcome_open_90d },
            { 'stage': 'offer', 'happened': offer_90d, 'is_open': is_outcome_open_90d },
            { 'stage': 'hired', 'happened': hired_90d, 'is_open': is_outcome_open_90d },
            { 'stage': 'declined', 'happened': declined_30d, 'is_open': is_reply_open_30d },
            { 'stage': 'other', 'happened': other_reply_30d, 'is_open': is_reply_open_30d },
            { 'stage': 'ignored', 'happened': ignored_30d, 'is_open': is_reply_open_30d },
            { 'stage': 'opted out', 'happened': opted_out_30d, 'is_open': is_reply_open_30d }
        ], recursive := true)
    from styled
)

select
    { 'opening_style': funnel_style, 'stage': stage } as key,
    recruiter_id,
    candidate_id,
    happened,
    is_open,
    is_reply_known
from staged
