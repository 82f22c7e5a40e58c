/* Where is the readability of first messages unknown? No formula exists for some languages, and none for texts without words. */
select
    language,
    count(*) as n_first_messages,
    count(flesch_reading_ease) as n_known,
    1 - count(flesch_reading_ease) / count(*) as unknown_share,
    count(*) filter (where first_message_words is null) as n_without_words,
    median(flesch_reading_ease) as median_reading_ease
from approach_metrics
where is_outreach
group by language
order by n_first_messages desc, language asc
