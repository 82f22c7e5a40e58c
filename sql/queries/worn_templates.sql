/*
Which templates wear out: are later replies to a text rarer than those of its first eight weeks? A falling rate goes with other
users and jobs as well as with age. Only where both times are about five candidates.
*/
with uses as (
    select
        approach_metrics.template_id,
        approach_metrics.candidate_id,
        approach_metrics.recruiter_id,
        approach_metrics.replied_30d,
        approach_metrics.week < templates.first_used + interval 8 weeks as is_early
    from approach_metrics
    inner join templates on approach_metrics.template_id = templates.template_id
    where approach_metrics.is_outreach and approach_metrics.replied_30d is not null
),

counted as (
    select
        template_id,
        count(distinct recruiter_id) as n_recruiters,
        count(*) filter (where is_early) as n_early,
        count(*) filter (where is_early and replied_30d) as k_early,
        count(*) filter (where not is_early) as n_later,
        count(*) filter (where not is_early and replied_30d) as k_later
    from uses
    group by template_id
    having
        count(distinct candidate_id) filter (where is_early) >= 5
        and count(distinct candidate_id) filter (where not is_early) >= 5
)

select
    template_id,
    n_recruiters,
    n_early,
    k_early / n_early as early_rate,
    n_later,
    k_later / n_later as later_rate,
    wilson(k_later, n_later).low as later_low,
    wilson(k_later, n_later).high as later_high,
    wilson(k_later, n_later).high < wilson(k_early, n_early).low as are_intervals_apart
from counted
order by are_intervals_apart desc, later_rate - early_rate asc, template_id asc
