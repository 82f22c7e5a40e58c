/*
What became of a hundred people contacted, by opening style: replied, interested, ... ignored, opted out, side by side.
Grain: one row per `opening_style, stage`.
Counts: every stage has its own denominator, `n_contacted`: the approaches whose window for that stage is closed and known,
answered or not; later stages look at those contacted longer ago. The first month ends in exactly one of interested,
declined, other, ignored and opted out; the later stages are events of an outcome source, each by itself.
Why: an opening can win replies and little interest; per 100 contacted, reply-bait shows.
Weakness: styles are not alike in recruiters, jobs and months: this table describes, `associations` compares. Styles with few
candidates are withheld, and larger ones with them until those withheld hold the minimum together; other and ignored
also, for all, while only few have a known reply and no known class: what is left of a hundred would tell theirs.
+++
published = true

[columns]
opening_style = "sell_first, reaction_first, mixed, unsupported, none (the first message only greets), or `all`"
stage = "replied, interested, discussion, interview, offer, hired, declined, other, ignored or opted out"
stage_no = "order of the stages"
window_days = "days after the first message within which the stage must be reached"
n_contacted = "approaches whose window is closed and of which the stage is known: what the rate divides by"
n_reached = "those that reached the stage in the window; null where withheld or refused"
n_open = "approaches whose window is open"
n_candidates = "distinct candidates among the contacted"
n_recruiters = "distinct recruiters among the contacted"
n_effective = "contacted approaches after allowing for likeness within recruiters"
rate = "n_reached / n_contacted"
low = "lower end of the rate's 95 % interval, for approaches that come in recruiters"
high = "upper end of the interval"
per_100 = "100 * rate"
state = """\
judged, refused, withheld (too few candidates, or they would show), empty (no window is closed), or unknown (no source or \
no rules say)"""
reason = "why there is no number"
+++
*/
with stage_list as (
    select unnest([
        { 'stage_no': 1, 'stage': 'replied', 'outcome': 'replied_30d', 'window_days': 30 },
        { 'stage_no': 2, 'stage': 'interested', 'outcome': 'interested_30d', 'window_days': 30 },
        { 'stage_no': 3, 'stage': 'discussion', 'outcome': 'discussion', 'window_days': 30 },
        { 'stage_no': 4, 'stage': 'interview', 'outcome': 'interview_90d', 'window_days': 90 },
        { 'stage_no': 5, 'stage': 'offer', 'outcome': 'offer_90d', 'window_days': 90 },
        { 'stage_no': 6, 'stage': 'hired', 'outcome': 'hired_90d', 'window_days': 90 },
        { 'stage_no': 7, 'stage': 'declined', 'outcome': 'declined_30d', 'window_days': 30 },
        { 'stage_no': 8, 'stage': 'other', 'outcome': 'other_reply_30d', 'window_days': 30 },
        { 'stage_no': 9, 'stage': 'ignored', 'outcome': 'ignored_30d', 'window_days': 30 },
        { 'stage_no': 10, 'stage': 'opted out', 'outcome': 'opted_out_30d', 'window_days': 30 }
    ], recursive := true)
),

unjudged as (
    select
        key,
        count(*) filter (where happened is null and is_open) as n_open,
        count(*) filter (where happened is null and not is_open) as n_unknown,
        count(distinct candidate_id) filter (where happened is null and is_reply_known) as n_left_out
    from int_funnel_values
    group by key
),

counted as (
    select
        unjudged.key.opening_style,
        unjudged.key.opening_style = 'all' as is_all,
        stage_list.*,
        unjudged.n_open,
        unjudged.n_unknown,
        unjudged.n_left_out,
        coalesce(rates.n_approaches, 0) as n_contacted,
        rates.n_events as n_reached,
        coalesce(rates.n_candidates, 0) as n_candidates,
        coalesce(rates.n_recruiters, 0) as n_recruiters,
        rates.n_effective,
        round(rates.rate, 9) as rate,
        rates.low,
        rates.high,
        refusals.reason as refused_because
    from unjudged
    inner join stage_list on unjudged.key.stage = stage_list.stage
    left join clustered_rates('int_funnel_values') as rates on unjudged.key = rates.key
    left join int_refusals as refusals on stage_list.outcome = refusals.outcome
),

sized as (
    select
        *,
        bool_or(is_few(n_candidates, getvariable('minimum_candidates'))) over (partition by stage, is_all) as has_few,
        coalesce(sum(n_candidates) over (
            partition by stage, is_all
            order by n_candidates, opening_style
            rows between unbounded preceding and 1 preceding
        ), 0) as n_in_smaller_groups,
        stage in ('other', 'ignored')
        and bool_or(is_few(n_left_out, getvariable('minimum_candidates'))) over (partition by stage) as tells_of_few
    from counted
),

decided as (
    select
        *,
        case
            when refused_because is not null then 'refused'
            when n_contacted = 0 and n_unknown > 0 then 'unknown'
            when n_contacted = 0 then 'empty'
            when
                tells_of_few
                or is_withheld(n_candidates, getvariable('minimum_candidates'), has_few, n_in_smaller_groups)
                then 'withheld'
            else 'judged'
        end as state
    from sized
)

select
    opening_style,
    stage,
    stage_no,
    window_days,
    n_contacted,
    shown(state, n_reached) as n_reached,
    n_open,
    n_candidates,
    n_recruiters,
    shown(state, n_effective) as n_effective,
    shown(state, rate) as rate,
    shown(state, low) as low,
    shown(state, high) as high,
    shown(state, round(100 * rate, 9)) as per_100,
    state,
    case
        when state = 'refused' then refused_because
        when state = 'withheld'
            then 'Too few candidates, or their number would follow by subtraction.'
        when state = 'unknown' and window_days = 90
            then 'No outcome source says.'
        when state = 'unknown' and stage in ('replied', 'discussion', 'ignored')
            then 'Replies to these openings cannot be counted.'
        when state = 'unknown'
            then 'Replies to these openings cannot be counted, or no rules read them in this language.'
    end as reason
from decided
order by opening_style, stage_no
