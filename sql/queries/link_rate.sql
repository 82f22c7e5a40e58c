/* How many outcome events find a conversation of ours, by event, and how do we know of them? */
select
    event,
    evidence,
    count(*) as n_events,
    count(*) filter (where is_linked) as n_linked,
    count(*) filter (where is_linked) / count(*) as link_rate,
    count(*) filter (where occurred_at is null) as n_undated,
    max(observed_until)::date as seen_until
from outcomes
group by event, evidence
order by n_events desc, event asc, evidence asc
