/*
What the data of each week were like beside their usual range, per source.
Grain: one row per `metric, source_kind, source, week`.
Counts: weeks that are over where the exports end. Limits as `usual_range` draws them: from the weeks before the newest judged
one, at most 26 and at least 8. One comparison a source and metric: its newest judged week, if it is among the newest four.
Why: a source that breaks is seen as a week that is unlike the weeks before it.
Weakness: by chance alone up to `chance_outside` of the comparisons lie outside, and weeks change for good reasons, too.
`needs_look` asks for more: twelve weeks to compare with, twenty rows of which five make the difference (ten first messages, for
`volume`), and far outside (one and a half times the half width, or nothing at all) or outside twice in a row; by simulation at
most one in 150 does so by chance. Numbers about too few candidates are withheld.
+++
published = true

[columns]
metric = "volume, unanswered, unknown_roles, assumed_roles, main_language, first_message_words, set_aside or link_rate"
source_kind = "all, inbox or channel"
source = "all, the recruiter's id, or the channel"
week = "Monday of the week, in the report's time zone"
kind = "count, proportion, or quantile (the median)"
unit = "first messages, share or words"
numerator = "what is counted; null for medians, and where withheld"
denominator = "what it is counted of; null for counts and medians, and where withheld"
value = "the number, share or median; null where withheld"
n_rows = "approaches, threads, outcomes or rows behind it"
state = "judged, open (more of the week is still to be seen) or withheld (too few candidates)"
centre = "middle of the usual range"
low = "lower end of the usual range; null with fewer than eight weeks to compare with"
high = "upper end of the usual range"
n_baseline = "weeks compared with"
place = "usual, above, below or unjudged"
is_compared = "true in the one week of this source and metric that is compared"
chance_outside = "share of such comparisons that lie outside by chance, at most, by simulation; null where none is made"
needs_look = "compared, and clearly outside"
+++
*/
with ranked as (
    select
        *,
        bool_or(is_few(n_candidates, getvariable('minimum_candidates'))) over (
            partition by metric, source_kind, week
        ) as has_few,
        coalesce(sum(n_candidates) over (
            by_size rows between unbounded preceding and 1 preceding
        ), 0) as n_in_smaller_sources
    from int_quality_values
    window by_size as (partition by metric, source_kind, week order by n_candidates, source)
),

decided as (
    select
        *,
        case
            when coalesce(
                is_withheld(n_candidates, getvariable('minimum_candidates'), has_few, n_in_smaller_sources), false
            ) then 'withheld'
            when is_open then 'open'
            else 'judged'
        end as state
    from ranked
),

weeks as ( -- noqa: ST03
    select
        metric,
        source_kind,
        source,
        { 'metric': metric, 'source_kind': source_kind, 'source': source } as key,
        week,
        kind,
        unit,
        state,
        case when state != 'withheld' then numerator end as numerator,
        case when state != 'withheld' then denominator end as denominator,
        case when state != 'withheld' then value end as value,
        n_rows,
        true as may_be_newest
    from decided
),

limits as (
    select
        *,
        max(newest) over (partition by metric) as newest_of_all,
        lag(place) over (partition by key, state order by week) as place_before
    from process_limits('weeks')
),

compared as (
    select
        *,
        coalesce(week = newest and week > newest_of_all - 28 and place != 'unjudged', false) as is_compared
    from limits
)

select
    metric,
    source_kind,
    source,
    week,
    kind,
    unit,
    numerator,
    denominator,
    round(value, 9) as value,
    n_rows,
    state,
    round(centre, 9) as centre,
    round(lower_limit, 9) as low,
    round(upper_limit, 9) as high,
    n_baseline,
    place,
    is_compared,
    case
        when not is_compared then null
        when n_baseline < 12 then 0.05
        when n_baseline < 20 then 0.03
        else 0.02
    end::double as chance_outside,
    is_compared
    and place != 'usual'
    and n_baseline >= 12
    and case when kind = 'count' then greatest(value, centre) >= 10 else n_rows >= 20 end
    and (kind != 'proportion' or abs(value - centre) * n_rows >= 5)
    and (abs(value - centre) > 1.5 * half or place = place_before or (kind = 'count' and value = 0)) as needs_look
from compared
order by metric, source_kind, source, week
