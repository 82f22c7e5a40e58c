/*
Who was approached again, and who answered then, by what came before.
Grain: one row per `key, thread_id, approach_no`.
Counts: `again`: approaches with a known style followed for 180 days and not converted by the next or by then, and whether
the next came. `reply`: approaches after one of a known style, with metric previous_sell_first, and whether they were answered.
Why: the reply to a next approach means little without the share that got one.
Weakness: `again` sees the recruiter's own inbox to its end; a colleague's may end before.
+++
[columns]
key = "split, value and part: earlier style or earlier outcome; its value, or all; again or reply"
happened = "again: approached again within 180 days; reply: answered within 30 days, null while open"
+++
*/
with followed as (
    select
        'again' as part,
        thread_id,
        approach_no,
        recruiter_id,
        candidate_id,
        opening_style as style,
        answer_30d as answer,
        coalesce(next_started_at <= started_at + interval 180 days, false) as happened
    from int_candidate_approaches
    where
        is_judgeable
        and nullif(opening_style, 'unsupported') is not null
        and is_closed(observed_until, started_at, 180)
        and coalesce(first_converted_at >= least(next_started_at, started_at + interval 180 days), true)
),

approached_again as (
    select
        'reply' as part,
        history.thread_id,
        history.approach_no,
        approaches.recruiter_id,
        approaches.candidate_id,
        history.previous_style as style,
        history.previous_outcome as answer,
        reply.replied_30d as happened
    from history
    inner join int_approaches as approaches
        on history.thread_id = approaches.thread_id and history.approach_no = approaches.approach_no
    inner join reply on history.thread_id = reply.thread_id and history.approach_no = reply.approach_no
    where history.previous_sell_first is not null
),

everything as (
    from followed
    union all
    from approached_again
),

cells as (
    select
        *,
        unnest([
            { 'split': 'earlier style', 'value': 'all' },
            { 'split': 'earlier style', 'value': style },
            { 'split': 'earlier outcome', 'value': coalesce(answer, 'not known') }
        ]) as cell
    from everything
)

select
    { 'split': cell.split, 'value': cell.value, 'part': part } as key,
    thread_id,
    approach_no,
    recruiter_id,
    candidate_id,
    happened
from cells
