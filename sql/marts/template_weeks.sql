/*
Template families over time: how a text spreads over recruiters, and the replies to it from week to week.
Grain: one row per `template_id, week` of its use, for the families of `templates`.
Counts: outreach approaches that began in the week; replies within 30 days, of those judged.
Why: a falling rate of a text goes with much besides its age: with who uses it, for which jobs; intervals respect recruiters.
Weakness: most weeks are about too few candidates and withheld, some more so that neither the family's total nor the week's
tells of fewer than the minimum by subtraction; combinations of several tables are not looked at.
+++
published = true

[columns]
week = "Monday of the week of the first message, in the report's time zone"
weeks_in_use = "weeks since the family was first used; 0 in the first one"
n_approaches = "approaches of the week that began with the family"
n_recruiters = "recruiters who used it in the week"
n_recruiters_so_far = "recruiters who had used it by the end of the week"
n_judged = "approaches of the week whose 30 days are over"
n_open = "approaches of the week whose 30 days are not over"
n_candidates = "distinct candidates among the judged"
n_replied = "judged approaches answered within 30 days; null where withheld"
n_effective = "judged approaches after allowing for likeness within recruiters; at most n_judged"
rate = "n_replied / n_judged; null where withheld, refused or empty"
low = "lower end of the rate's 95 % interval"
high = "upper end of the rate's 95 % interval"
state = "judged, open (some windows are), empty, withheld (too few candidates) or refused"
+++
*/
with uses as (
    select
        template_id,
        week,
        recruiter_id,
        candidate_id,
        replied_30d as happened,
        is_reply_open_30d as is_open,
        { 'template_id': template_id, 'week': week } as key,
        week = min(week) over (partition by template_id, recruiter_id) as is_first_week
    from approach_metrics
    where is_outreach and template_id is not null
),

-- The macros read this and others by name.
weeks_of_families as ( -- noqa: ST03
    select template_id as whole, week as part, candidate_id
    from uses
    where happened is not null
),

shown_in_families as (
    from shown_parts('weeks_of_families')
),

families_of_weeks as ( -- noqa: ST03
    select
        uses.week as whole,
        case when shown.is_shown then uses.template_id else 'others' end as part,
        uses.candidate_id
    from uses
    inner join shown_in_families as shown on uses.template_id = shown.whole and uses.week = shown.part
    where uses.happened is not null
),

shown_in_weeks as (
    from shown_parts('families_of_weeks')
),

rates as (
    from clustered_rates('uses')
),

used as (
    select
        template_id,
        week,
        count(*) as n_approaches,
        count(distinct recruiter_id) as n_recruiters,
        count(distinct recruiter_id) filter (where is_first_week) as n_new_recruiters,
        count(happened) as n_judged,
        count(*) filter (where is_open) as n_open,
        count(distinct candidate_id) filter (where happened is not null) as n_candidates
    from uses
    group by template_id, week
),

decided as (
    select
        used.*,
        case
            when refusals.reason is not null then 'refused'
            when used.n_judged = 0 and used.n_open = 0 then 'empty'
            when used.n_judged > 0 and not coalesce(shown_in_weeks.is_shown, false) then 'withheld'
            when used.n_open > 0 then 'open'
            else 'judged'
        end as state
    from used
    left join shown_in_weeks on used.week = shown_in_weeks.whole and used.template_id = shown_in_weeks.part
    left join int_refusals as refusals on refusals.outcome = 'replied_30d'
)

select
    decided.template_id,
    decided.week,
    date_diff('week', templates.first_used, decided.week) as weeks_in_use,
    decided.n_approaches,
    decided.n_recruiters,
    (sum(decided.n_new_recruiters) over (partition by decided.template_id order by decided.week))::bigint
        as n_recruiters_so_far,
    decided.n_judged,
    decided.n_open,
    decided.n_candidates,
    shown(decided.state, rates.n_events) as n_replied,
    shown(decided.state, rates.n_effective) as n_effective,
    round(shown(decided.state, rates.rate), 9) as rate,
    shown(decided.state, rates.low) as low,
    shown(decided.state, rates.high) as high,
    decided.state
from decided
inner join templates on decided.template_id = templates.template_id
left join rates on decided.template_id = rates.key.template_id and decided.week = rates.key.week
order by decided.template_id, decided.week
