/* How many of those first contacted in a week answered within 30 days, and which weeks were unusual? Open weeks have no place. */
select
    week,
    n_approaches,
    n_open,
    value as reply_rate,
    lower_limit,
    upper_limit,
    place
from usual_range('replied_30d')
where state in ('judged', 'open')
order by week desc
