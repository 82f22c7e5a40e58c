/* Which opening styles win replies but little interest? Of 100 contacted; styles differ in recruiters, jobs and months too. */
select
    opening_style,
    any_value(n_contacted) filter (where stage = 'replied') as n_contacted,
    any_value(per_100) filter (where stage = 'replied') as replied_per_100,
    any_value(per_100) filter (where stage = 'interested') as interested_per_100,
    any_value(per_100) filter (where stage = 'declined') as declined_per_100,
    any_value(per_100) filter (where stage = 'hired') as hired_per_100,
    any_value(rate) filter (where stage = 'interested') / any_value(rate) filter (where stage = 'replied')
        as interested_share_of_replies
from funnel
group by opening_style
order by opening_style
