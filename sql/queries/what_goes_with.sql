/* What goes with replies, interest and conversions, clear findings first, and how sure is each? Goes with, never leads to. */
select
    metric,
    outcome,
    verdict,
    iqr_low as from_value,
    iqr_high as to_value,
    100 * adjusted_difference as points,
    100 * adjusted_low as points_low,
    100 * adjusted_high as points_high,
    q,
    is_confounded,
    n_approaches,
    n_recruiters
from associations
where slice = 'all' and verdict != 'too little data'
order by verdict not in ('higher', 'lower'), q, metric, outcome
