/*
How many people an opening wins, and how many it burns.
Grain: one row per `first_style`: the style of the first approach to the person, and `all`.
Counts: people whose fate is judged, 90 days after the last approach; the others beside them. Lost: see candidate_metrics.
Why: the claim is of ten burnt for one won, so both are counted and the ratio is tested against ten. Its interval is Wilson's
for the share of won among won or lost, clustered by the recruiter of the first approach, turned into odds: the linearised
variance of the ratio, with ends that stay above 0. It covers 93 to 97 % with 12 to 100 recruiters of unequal size, up to 99 %
with 6, as on the log scale but narrower; 92 % where most recruiters win nobody (sim).
Weakness: styles differ in whom they were sent to; the ratio says what goes with a style, not what the style did. One recruiter's
people count as independent.
+++
published = true

[columns]
first_style = "opening_style of the first approach to the person, or all; unsupported also where nothing was said"
n_candidates = "people whose fate is judged"
n_open = "people not yet followed for 90 days after the last approach"
n_unknown = "people of whom no outcome source says whether, or when, they were won"
n_left_out = "people in process without having been won, and, under all only, those of whom no approach counts"
n_recruiters = "recruiters of the first approach to the judged"
n_approached_again = "of the judged: approached at least twice; only they can be lost by silence"
n_won = "of the judged: converted"
n_declined = "of the judged: the last answer was a no"
n_ignored = "of the judged: never answered"
n_opted_out = "of the judged: asked for no more messages"
n_answered = "of the judged: answered, neither won nor declined"
n_lost = "of the judged: opted out, or silent at a second or later approach, and not won"
lost_per_won = "n_lost / n_won; null below 5 won, where withheld or refused"
low = "lower end of its 95 % interval"
high = "upper end of its 95 % interval"
ten_times = "the interval against ten lost for one won: below, above or cannot say; null without a ratio"
suppressed = "true where the numbers are withheld because too few candidates stand behind them"
reason = "why numbers are missing"
+++
*/
with counts as (
    select
        key,
        count(*) filter (where state = 'judged') as n_candidates,
        count(*) filter (where state = 'open') as n_open,
        count(*) filter (where state = 'unknown') as n_unknown,
        count(*) filter (where state in ('in_process', 'not_counted')) as n_left_out,
        count(distinct recruiter_id) filter (where state = 'judged') as n_recruiters,
        count(*) filter (where state = 'judged' and n_approaches > 1) as n_approached_again,
        count(*) filter (where fate = 'won') as n_won,
        count(*) filter (where fate = 'declined') as n_declined,
        count(*) filter (where fate = 'ignored') as n_ignored,
        count(*) filter (where fate = 'opted_out') as n_opted_out,
        count(*) filter (where fate = 'answered') as n_answered,
        count(*) filter (where is_lost) as n_lost
    from int_ledger_people
    group by key
),

refusal as (
    select min(reason) as reason
    from int_refusals
    where outcome in ('replied_30d', 'converted_90d')
),

ranked as (
    select
        *,
        bool_or(n_candidates between 1 and getvariable('minimum_candidates') - 1) over (
            partition by key.first_style = 'all'
        ) as has_small,
        coalesce(sum(n_candidates) over (
            partition by key.first_style = 'all', n_candidates = 0
            order by n_candidates, key rows between unbounded preceding and 1 preceding
        ), 0) as n_in_smaller_groups
    from counts
),

decided as (
    select
        ranked.*,
        case
            when refusal.reason is not null then refusal.reason
            when ranked.n_candidates = 0 and ranked.n_unknown > 0 then 'no outcome source says who was won, and when'
            when ranked.n_candidates = 0 then 'nobody is followed for 90 days yet'
            when
                ranked.n_candidates < getvariable('minimum_candidates')
                or (ranked.has_small and ranked.n_in_smaller_groups < getvariable('minimum_candidates'))
                then 'too few candidates'
        end as missing
    from ranked
    cross join refusal
),

shown as (
    select
        decided.*,
        won.low as won_low,
        won.high as won_high,
        decided.missing is null as is_shown,
        decided.missing is null and decided.n_won >= 5 as has_ratio
    from decided
    left join clustered_rates('int_ledger_people') as won on decided.key = won.key
)

select
    key.first_style,
    n_candidates,
    n_open,
    n_unknown,
    n_left_out,
    n_recruiters,
    case when is_shown then n_approached_again end as n_approached_again,
    case when is_shown then n_won end as n_won,
    case when is_shown then n_declined end as n_declined,
    case when is_shown then n_ignored end as n_ignored,
    case when is_shown then n_opted_out end as n_opted_out,
    case when is_shown then n_answered end as n_answered,
    case when is_shown then n_lost end as n_lost,
    case when has_ratio then round(n_lost / n_won, 9) end as lost_per_won,
    case when has_ratio then round(odds(1 - won_high), 6) end as low,
    case when has_ratio then round(odds(1 - won_low), 6) end as high,
    case
        when has_ratio and odds(1 - won_low) < 10 then 'below'
        when has_ratio and odds(1 - won_high) > 10 then 'above'
        when has_ratio then 'cannot say'
    end as ten_times,
    coalesce(missing = 'too few candidates', false) as suppressed,
    coalesce(missing, case when n_won < 5 then 'fewer than 5 won' end) as reason
from shown
order by key
