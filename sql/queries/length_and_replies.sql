/* Does the length of the first message go with replies here, and how large a difference could not have been seen? */
select
    metric,
    outcome,
    iqr_low as from_length,
    iqr_high as to_length,
    100 * adjusted_difference as points,
    100 * adjusted_low as points_low,
    100 * adjusted_high as points_high,
    verdict,
    verdict_reason,
    100 * minimum_detectable_difference as smallest_visible_points,
    n_approaches,
    n_recruiters
from associations
where slice = 'all' and metric like 'first_message_%' and outcome like 'replied_%'
order by metric, outcome
