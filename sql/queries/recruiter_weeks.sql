/* How did one recruiter's weeks go, beside everybody's? Put the id in place of the select; the first one stands in for it. */
select
    week,
    metric,
    n_approaches,
    n_open,
    value,
    low,
    high,
    everybody_value,
    state
from recruiter_week((select min(recruiter_week.recruiter_id) from recruiter_week))
where metric in ('replied_30d', 'talk_share', 'first_message_words')
order by week desc, metric asc
