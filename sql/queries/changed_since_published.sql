/* Which weekly rates say something else than when they were first published, and by how much at most? */
select
    metric,
    count(*) as n_weeks,
    count(first_judged_at) as n_judged_weeks,
    count(*) filter (where is_restated) as n_restated,
    count(*) filter (where suppressed) as n_withheld,
    100 * max(abs(change)) as largest_change_points,
    max(week) filter (where is_restated) as newest_restated_week
from restatements
group by metric
order by metric
