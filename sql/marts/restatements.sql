/*
What the team's weekly rates said when they were first published, and what they say now.
Grain: one row per `metric, week`, for proportions of everybody.
Counts: weeks of which a value was published while open or judged; a withheld or refused value never enters. A week that was
not over where the exports end was open, whatever the metric.
Why: late exports, retractions and changed rules move numbers that somebody has read; here they can be found.
Weakness: as many approaches do not prove the same approaches. Where fewer candidates than the minimum lie between then and
now, earlier values are withheld, and only whether they changed is said. A retraction leaves what was published before.
+++
published = true

[columns]
metric = "name of the metric or outcome, see data_dictionary"
week = "Monday of the week of the first message, in the report's time zone"
first_published_at = "when a value of this week was first published, UTC"
first_state = "judged or open then; an open week, or one that was not over, is expected to move"
first_value = "the value then; null where withheld"
first_n_approaches = "judged approaches then"
first_n_candidates = "distinct candidates among them"
first_judged_at = "when the week was first published as judged, UTC"
first_judged_value = "the value then; null where withheld"
first_judged_n_approaches = "judged approaches then"
first_judged_n_candidates = "distinct candidates among them"
state = "the week's state now, as in metric_week; gone where no approach is left in it"
value = "the value now; null where withheld, refused or empty"
n_approaches = "judged approaches now"
n_candidates = "distinct candidates among them"
change = "value now minus the first judged value; null where one of them is not shown"
is_restated = "a judged value is another one now, or is shown no more; null before it was judged"
reason = "why, as far as the numbers show: more or fewer approaches, or the same with other outcomes or rules"
suppressed = "true where the first judged value is withheld: too few candidates lie between then and now"
+++
*/
with seen as (
    select max(observed_until) as until_at
    from approach_metrics
),

shown_now as (
    select
        weekly.metric, weekly.week, weekly.state, weekly.value, weekly.n_approaches, weekly.n_candidates,
        weekly.state = 'judged'
        and coalesce((weekly.week + interval 7 days) at time zone getvariable('time_zone') <= seen.until_at, false)
            as is_final
    from metric_week as weekly
    cross join seen
    where weekly.group_by = 'all' and weekly.kind = 'proportion'
),

remembered as (
    select
        coalesce(history.metric, shown_now.metric) as metric,
        coalesce(history.week, shown_now.week) as week,
        coalesce(history.first_published_at, getvariable('published_at')::timestamptz) as first_published_at,
        coalesce(history.first_state, if(shown_now.is_final, 'judged', 'open')) as first_state,
        coalesce(history.first_value, round(shown_now.value, 9)) as first_value,
        coalesce(history.first_n_approaches, shown_now.n_approaches) as first_n_approaches,
        coalesce(history.first_n_candidates, shown_now.n_candidates) as first_n_candidates,
        history.first_judged_at,
        history.first_judged_value,
        history.first_judged_n_approaches,
        history.first_judged_n_candidates,
        history.first_judged_at is null and coalesce(shown_now.is_final, false) as is_judged_now,
        coalesce(shown_now.state, 'gone') as state,
        round(shown_now.value, 9) as value,
        coalesce(shown_now.n_approaches, 0) as n_approaches,
        coalesce(shown_now.n_candidates, 0) as n_candidates
    from shown_now
    full join week_history as history on shown_now.metric = history.metric and shown_now.week = history.week
    where history.metric is not null or shown_now.value is not null
),

judged_once as (
    select
        * exclude (
            first_judged_at, first_judged_value, first_judged_n_approaches, first_judged_n_candidates, is_judged_now
        ),
        case when is_judged_now then getvariable('published_at')::timestamptz else first_judged_at end as first_judged_at,
        case when is_judged_now then value else first_judged_value end as first_judged_value,
        case when is_judged_now then n_approaches else first_judged_n_approaches end as first_judged_n_approaches,
        case when is_judged_now then n_candidates else first_judged_n_candidates end as first_judged_n_candidates
    from remembered
),

compared as (
    select
        *,
        value is not null
        and differ_by_few(first_judged_n_approaches, first_judged_n_candidates, n_approaches, n_candidates)
            as suppressed,
        value is not null and differ_by_few(first_n_approaches, first_n_candidates, n_approaches, n_candidates)
        or differ_by_few(
            first_n_approaches, first_n_candidates, first_judged_n_approaches, first_judged_n_candidates
        ) as is_first_withheld,
        case
            when first_judged_at is not null
                then coalesce(round(value - first_judged_value, 9) != 0, true)
        end as is_restated
    from judged_once
)

select
    metric,
    week,
    first_published_at,
    first_state,
    case when not is_first_withheld then first_value end as first_value,
    first_n_approaches,
    first_n_candidates,
    first_judged_at,
    case when not suppressed then first_judged_value end as first_judged_value,
    first_judged_n_approaches,
    first_judged_n_candidates,
    state,
    value,
    n_approaches,
    n_candidates,
    case when not suppressed then round(value - first_judged_value, 9) end as change,
    is_restated,
    case
        when not coalesce(is_restated, false) then null
        when value is null then 'shown no more: ' || state
        when n_approaches > first_judged_n_approaches then 'more approaches'
        when n_approaches < first_judged_n_approaches then 'fewer approaches'
        else 'as many approaches, with other outcomes or by other rules'
    end as reason,
    suppressed
from compared
order by metric, week
