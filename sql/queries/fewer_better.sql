/* Do months in which a recruiter contacts fewer people bring more from each, and as many in all? */
select
    outcome,
    volume,
    contacts_per_month,
    per_100,
    per_100_low,
    per_100_high,
    per_month,
    per_month_low,
    per_month_high,
    n_months,
    n_recruiters,
    reason
from volume
order by outcome, volume
