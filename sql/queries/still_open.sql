/* How much cannot be judged yet, and until when must the exports reach for it? */
select
    metric,
    sum(n_open)::bigint as n_open,
    count(*) as n_open_weeks,
    min(week) as oldest_open_week,
    min(judged_from) as next_judged_from,
    max(judged_from) as all_judged_from
from open_windows()
group by metric
order by n_open desc, metric asc
