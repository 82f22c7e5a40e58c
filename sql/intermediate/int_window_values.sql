/*
What each approach adds to the judged rates that stand beside the curves.
Grain: one row per `thread_id, approach_no`, outcome and window.
Counts: outreach; `happened` is null where the window is open or the outcome unknown.
Why: a curve uses who is still watched, a fixed window only who was watched to its end; both are shown.
Weakness: an opening that only greets has no style; it stands under `none`, for which there is no curve.
+++
[columns]
key = "outcome, opening_style and day (the length of the window)"
+++
*/
with windows as (
    select
        recruiter_id,
        candidate_id,
        coalesce(opening_style, 'none') as opening_style,
        unnest([
            { 'outcome': 'replied', 'day': 7, 'happened': replied_7d },
            { 'outcome': 'replied', 'day': 14, 'happened': replied_14d },
            { 'outcome': 'replied', 'day': 30, 'happened': replied_30d },
            { 'outcome': 'converted', 'day': 30, 'happened': converted_30d },
            { 'outcome': 'converted', 'day': 60, 'happened': converted_60d },
            { 'outcome': 'converted', 'day': 90, 'happened': converted_90d }
        ], recursive := true)
    from approach_metrics
    where is_outreach
)

select
    { 'outcome': outcome, 'opening_style': opening_style, 'day': day::bigint } as key,
    recruiter_id,
    candidate_id,
    happened
from windows
