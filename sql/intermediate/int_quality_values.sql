/*
What the data of a week were like, per source: how much came, and how much of it is usable.
Grain: one row per `metric, source_kind, source, week`.
Counts: outreach by the week of its first message, threads by the week of theirs, outcomes by the week they happened in, exports
by the week in which their view ends. Only weeks that are over where the inbox's view ends; a week without outreach counts as 0
in `volume`, from the source's first week on.
Why: what breaks in a source shows in its counts and shares before anybody misses a row.
Weakness: exports of one source overlap, so their set-aside shares are alike by nature.
+++
[columns]
metric = "volume, unanswered, unknown_roles, assumed_roles, main_language, first_message_words, set_aside or link_rate"
source_kind = "all, inbox or channel"
source = "all, the recruiter's id, or the channel"
is_open = "some of what belongs to the week is still to be seen"
n_rows = "approaches, threads, outcomes or rows behind the number"
n_candidates = "distinct candidates among them; null where the number is not about people, or only how many came"
+++
*/
with outreach as (
    select
        approaches.*,
        opening.first_message_words,
        coalesce(approaches.language, 'und') as text_language,
        judged(approaches.observed_until, approaches.started_at, approaches.first_candidate_at, 7) as replied_in_a_week
    from int_approaches as approaches
    left join opening
        on approaches.thread_id = opening.thread_id and approaches.approach_no = opening.approach_no
    where approaches.is_outreach and approaches.week <= last_whole_week(approaches.observed_until)
),

placed as (
    select
        *,
        unnest([
            { 'source_kind': 'all', 'source': 'all' },
            { 'source_kind': 'inbox', 'source': recruiter_id },
            { 'source_kind': 'channel', 'source': channel }
        ], recursive := true)
    from outreach
),

languages as (
    select source_kind, source, text_language as main_language
    from placed
    group by source_kind, source, text_language
    qualify row_number() over (
        partition by source_kind, source order by count(*) desc, text_language asc
    ) = 1
),

-- Until when the inboxes of a source are seen whole.
sources as (
    select source_kind, source, recruiter_id, min(week) as first_week, max(last_whole_week(observed_until)) as last_week
    from placed
    group by source_kind, source, recruiter_id
),

spans as (
    select source_kind, source, min(first_week) as first_week, max(last_week) as last_week
    from sources
    group by source_kind, source
),

calendar as (
    select
        source_kind,
        source,
        unnest(generate_series(first_week::timestamp, last_week::timestamp, interval 7 days))::date as week
    from spans
),

-- An inbox whose newest export lags behind has more to bring; one that has not been seen for eight weeks will not.
waiting as (
    select
        calendar.source_kind,
        calendar.source,
        calendar.week,
        bool_or(sources.last_week < calendar.week and sources.last_week > calendar.week - 56) as is_open
    from calendar
    inner join sources on calendar.source_kind = sources.source_kind and calendar.source = sources.source
    group by all
),

volumes as (
    select
        waiting.source_kind,
        waiting.source,
        waiting.week,
        count(placed.thread_id) as n,
        any_value(waiting.is_open) as is_open
    from waiting
    left join placed
        on waiting.source_kind = placed.source_kind and waiting.source = placed.source and waiting.week = placed.week
    group by all
),

shares as (
    select
        placed.source_kind,
        placed.source,
        placed.week,
        count(*) as n,
        count(distinct placed.candidate_id) as n_candidates,
        count(*) filter (where placed.is_countable and placed.replied_in_a_week is not null) as n_judged,
        count(distinct placed.candidate_id) filter (
            where placed.is_countable and placed.replied_in_a_week is not null
        ) as n_judged_candidates,
        count(*) filter (where placed.is_countable and not placed.replied_in_a_week) as n_unanswered,
        bool_or(placed.is_countable and placed.replied_in_a_week is null) as is_waiting,
        count(*) filter (where placed.role_method = 'assumed_counterpart') as n_assumed,
        count(*) filter (where placed.text_language = languages.main_language) as n_main_language,
        median(placed.first_message_words) as median_words,
        count(placed.first_message_words) as n_words,
        count(distinct placed.candidate_id) filter (where placed.first_message_words is not null) as n_word_candidates
    from placed
    inner join languages on placed.source_kind = languages.source_kind and placed.source = languages.source
    group by placed.source_kind, placed.source, placed.week
),

thread_weeks as (
    select
        messages.thread_id,
        report_week(min(messages.sent_at)) as week,
        max(messages.observed_until) as observed_until
    from stg_messages as messages
    where messages.is_human
    group by messages.thread_id
),

roles as (
    select
        thread_weeks.week,
        count(*) as n,
        count(*) filter (where threads.out_of_metrics_reason in ('role unknown', 'no recruiter')) as n_unknown
    from int_threads as threads
    inner join thread_weeks on threads.thread_id = thread_weeks.thread_id
    where not threads.is_group and thread_weeks.week <= last_whole_week(thread_weeks.observed_until)
    group by thread_weeks.week
),

links as (
    select
        report_week(occurred_at) as week,
        count(*) as n,
        count(*) filter (where outcome_key in (select int_outcome_threads.outcome_key from int_outcome_threads))
            as n_linked,
        count(distinct coalesce(candidate_id, thread_id)) as n_candidates
    from stg_outcomes
    where occurred_at is not null and report_week(occurred_at) <= last_whole_week(observed_until)
    group by report_week(occurred_at)
),

set_aside as (
    select
        report_week(readings.observed_until) as week,
        unnest(case
            when readings.owner_id is not null and readings.owner_role = 'recruiter'
                then [
                    { 'source_kind': 'all', 'source': 'all' }, { 'source_kind': 'inbox', 'source': readings.owner_id }
                ]
            else [{ 'source_kind': 'all', 'source': 'all' }]
        end, recursive := true),
        readings.rows_in,
        readings.rows_set_aside
    from readings
    where readings.observed_until is not null
)

select
    'volume' as metric, source_kind, source, week, 'count' as kind, 'first messages' as unit,
    n::bigint as numerator, null::bigint as denominator, n::double as value,
    n::bigint as n_rows, null::bigint as n_candidates, is_open
from volumes
union all
select
    'unanswered', source_kind, source, week, 'proportion', 'share',
    n_unanswered, n_judged, share(n_unanswered, n_judged), n_judged as n_rows, n_judged_candidates, is_waiting
from shares
where n_judged > 0 or is_waiting
union all
select
    'assumed_roles', source_kind, source, week, 'proportion', 'share',
    n_assumed, n, share(n_assumed, n), n as n_rows, n_candidates, false
from shares
union all
select
    'main_language', source_kind, source, week, 'proportion', 'share',
    n_main_language, n, share(n_main_language, n), n as n_rows, n_candidates, false
from shares
union all
select
    'first_message_words', source_kind, source, week, 'quantile', 'words',
    null, null, median_words, n_words, n_word_candidates, false
from shares
where n_words > 0
union all
select
    'unknown_roles', 'all', 'all', week, 'proportion', 'share',
    n_unknown, n, share(n_unknown, n), n as n_rows, n as n_candidates, false
from roles
union all
select
    'link_rate', 'all', 'all', week, 'proportion', 'share',
    n_linked, n, share(n_linked, n), n as n_rows, n_candidates, false
from links
union all
select
    'set_aside', source_kind, source, week, 'proportion', 'share',
    sum(rows_set_aside)::bigint, sum(rows_in)::bigint, share(sum(rows_set_aside), sum(rows_in)),
    sum(rows_in)::bigint, null, false
from set_aside
where rows_in > 0
group by source_kind, source, week
