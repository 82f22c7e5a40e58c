/*
Template families: first messages that are near copies of each other, and how they are used.
Grain: one row per `template_id` used for at least two approaches and about enough candidates.
Counts: outreach approaches, judged or not.
Why: a text that many send is the smallest thing a team can change; its rates stand in `template_rates`.
Weakness: one new message can join two families, and the id of one of them is then gone.
+++
published = true

[columns]
opening_style = "the most frequent opening style of its copies"
language = "the most frequent language of its approaches, ISO 639-1"
n_approaches = "approaches that began with it"
n_candidates = "distinct candidates among them"
n_recruiters = "recruiters who used it"
first_used = "Monday of the week of its first use"
last_used = "Monday of the week of its last use"
median_words = "median of the words in its copies; null for scripts without spaces"
mean_own_text_share = "mean of its copies' own_text_share: how far they are adapted"
+++
*/
select
    template_id,
    mode(opening_style order by opening_style) as opening_style,
    mode(language order by language) as language,
    count(*) as n_approaches,
    count(distinct candidate_id) as n_candidates,
    count(distinct recruiter_id) as n_recruiters,
    min(week) as first_used,
    max(week) as last_used,
    median(first_message_words) as median_words,
    round(avg(own_text_share), 9) as mean_own_text_share
from approach_metrics
where is_outreach and template_id is not null
group by template_id
having count(*) >= 2 and count(distinct candidate_id) >= getvariable('minimum_candidates')
order by template_id
