/*
Whether people who were not won are approached again, and answer then, by what came before.
Grain: one row per `split, value`.
Counts: people with an identity and an earlier approach of a known style whose replies can be counted, not known to have
converted; a share only of those followed long enough. The two halves differ: not every next approach comes within 180 days.
Why: the reply to the next approach by the earlier style is METRICS' test of burning; its verdict stands in associations
(previous_sell_first and replied_30d, within recruiter, language and month).
Weakness: the split by earlier outcome shows selection, whether or not anything was burnt: `note` says so.
+++
published = true

[columns]
split = "earlier style or earlier outcome"
value = "sell_first, mixed, reaction_first, all; ignored, declined, answered, opted_out, of the first 30 days"
n_not_won = "approaches to people not won within 180 days or by the next one, followed for 180 days"
n_approached_again = "of them: the next approach, by any recruiter, came within 180 days"
share_approached_again = "n_approached_again / n_not_won"
again_low = "lower end of its 95 % interval"
again_high = "upper end of its 95 % interval"
n_judged = "next approaches whose 30 days are over"
n_replied = "of them: answered within 30 days"
reply_rate = "n_replied / n_judged"
reply_low = "lower end of its 95 % interval"
reply_high = "upper end of its 95 % interval"
n_candidates = "distinct candidates among the judged"
n_recruiters = "distinct recruiters among the judged"
suppressed = "true where a number is withheld because too few candidates stand behind it"
reason = "why numbers are withheld or refused"
note = "how to read the split"
+++
*/
with rates as (
    select unnest(key), * exclude (key)
    from clustered_rates('int_recontact_people')
),

refusal as (
    select min(reason) as reason
    from int_refusals
    where outcome = 'replied_30d'
),

ranked as (
    select
        *,
        bool_or(n_candidates < getvariable('minimum_candidates')) over (
            partition by split, part, value = 'all'
        ) as has_small,
        coalesce(sum(n_candidates) over (
            partition by split, part, value = 'all'
            order by n_candidates, value rows between unbounded preceding and 1 preceding
        ), 0) as n_in_smaller_groups
    from rates
),

decided as (
    select
        ranked.*,
        refusal.reason,
        ranked.n_candidates < getvariable('minimum_candidates')
        or (ranked.has_small and ranked.n_in_smaller_groups < getvariable('minimum_candidates')) as is_withheld,
        refusal.reason is null and not is_withheld as is_shown
    from ranked
    cross join refusal
)

select
    split,
    value,
    coalesce(sum(n_approaches) filter (where part = 'again'), 0)::bigint as n_not_won,
    any_value(n_events) filter (where part = 'again' and is_shown) as n_approached_again,
    any_value(rate) filter (where part = 'again' and is_shown) as share_approached_again,
    any_value(low) filter (where part = 'again' and is_shown) as again_low,
    any_value(high) filter (where part = 'again' and is_shown) as again_high,
    coalesce(sum(n_approaches) filter (where part = 'reply'), 0)::bigint as n_judged,
    any_value(n_events) filter (where part = 'reply' and is_shown) as n_replied,
    any_value(rate) filter (where part = 'reply' and is_shown) as reply_rate,
    any_value(low) filter (where part = 'reply' and is_shown) as reply_low,
    any_value(high) filter (where part = 'reply' and is_shown) as reply_high,
    coalesce(sum(n_candidates) filter (where part = 'reply'), 0)::bigint as n_candidates,
    coalesce(sum(n_recruiters) filter (where part = 'reply'), 0)::bigint as n_recruiters,
    bool_or(is_withheld) as suppressed,
    coalesce(any_value(reason), case when bool_or(is_withheld) then 'too few candidates' end) as reason,
    case
        when split = 'earlier style' then 'For a verdict see associations: previous_sell_first and replied_30d.'
        else 'With nothing burnt at all, selection alone gives 10.0 against 12.9 % (simulated): no verdict.'
    end as note
from decided
where value != 'not known'
group by split, value
order by split, value
