/*
How much of the words were the recruiter's in conversations that ended in a conversion, and in others? Descriptive: a whole
conversation contains its outcome, so this never says what talking less would do.
*/
select
    case converted_60d when true then 'converted' when false then 'not converted' else 'open or unknown' end as ending,
    count(*) as n_conversations,
    quantile_cont(talk_share, 0.25) as lower_quartile,
    median(talk_share) as median_talk_share,
    quantile_cont(talk_share, 0.75) as upper_quartile,
    sum(recruiter_words) / sum(recruiter_words + candidate_words) as talk_share_of_all_words
from approach_metrics
where is_outreach and talk_share is not null
group by ending
having count(distinct candidate_id) >= 5
order by ending
