/* How often do people answer, from the shortest fifth of first messages to the longest, plain and within recruiters? */
select
    bin_no,
    bin_from as from_words,
    bin_to as to_words,
    n_approaches,
    rate as reply_rate,
    rate_low,
    rate_high,
    adjusted_rate as reply_rate_within_recruiters
from dose_response
where metric = 'first_message_words' and outcome = 'replied_30d'
order by bin_no
