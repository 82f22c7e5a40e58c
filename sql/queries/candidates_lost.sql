/* How many people were lost for each one won, by the style of the first message they got? Lost: see burn_ledger. */
select
    first_style,
    n_candidates,
    n_won,
    n_declined,
    n_ignored,
    n_opted_out,
    n_lost,
    lost_per_won,
    low,
    high,
    ten_times,
    reason
from burn_ledger
order by first_style
