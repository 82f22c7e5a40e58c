-- The 95 % interval of k out of n that stand by themselves (Wilson): wilson(12, 80).low and .high. Approaches of one recruiter
-- are alike: over several recruiters it is too narrow; take rate * n_effective and n_effective, where a table has them.
create or replace macro wilson(k, n) as
case when n > 0 then { 'low': wilson_low(k::double / n, n), 'high': wilson_high(k::double / n, n) } end;

-- Was a week unusual? from usual_range('replied_30d'): every week of a metric of metric_week for everybody, with the centre and
-- limits of the judged weeks before the newest one (at most 26, at least 8), as in the weekly report. Shares: Laney's p' limits,
-- which allow for weeks that differ by more than chance; the rest: individuals and moving range. `until` gives the limits as a
-- report of an earlier week drew them: usual_range('replied_30d', until := '2026-03-02'). Of a group: usual_range('replied_30d',
-- grouped_by := 'channel', part := 'email').
create or replace macro usual_range(metric_name, until := null, grouped_by := 'all', part := 'all') as table
    with known as (
        select
            case
                when count(*) = 0 then error('metric_week has no metric ' || metric_name || ' of ' || grouped_by || ' ' || part)
                else metric_name
            end as metric
        from metric_week
        where metric = metric_name and group_by = grouped_by and group_value = part
    ),

    weeks as ( -- noqa: ST03
        select
            metric_week.metric as key,
            week,
            kind,
            unit,
            state,
            value,
            numerator,
            denominator,
            n_approaches,
            n_open,
            week <= coalesce(until::date, week) as may_be_newest
        from metric_week
        inner join known on metric_week.metric = known.metric
        where metric_week.group_by = grouped_by and metric_week.group_value = part
    )

    select
        week,
        round(value, 9) as value,
        numerator,
        denominator,
        n_approaches,
        n_open,
        state,
        n_baseline,
        round(centre, 9) as centre,
        round(lower_limit, 9) as lower_limit,
        round(upper_limit, 9) as upper_limit,
        place
    from process_limits('weeks')
    order by week;

-- A recruiter's weeks beside everybody's: from recruiter_week('p_...'), one row per metric and week. A week of one recruiter
-- moves by five points for no reason more often than not: read many or none. The table of this name holds all recruiters.
create or replace macro recruiter_week(recruiter) as table
    with known as (
        select case when count(*) = 0 then error('recruiter_week has no recruiter ' || recruiter) else recruiter end as id
        from recruiter_week
        where recruiter_id = recruiter
    )

    select
        own.metric,
        own.week,
        own.n_approaches,
        own.n_open,
        own.value,
        own.low,
        own.high,
        own.state,
        everybody.value as everybody_value,
        everybody.low as everybody_low,
        everybody.high as everybody_high
    from recruiter_week as own
    inner join known on own.recruiter_id = known.id
    left join metric_week as everybody
        on own.metric = everybody.metric and own.week = everybody.week and everybody.group_by = 'all'
    order by own.metric, own.week;

-- What became of a hundred people whose first message was of one style, beside all: from funnel_of('sell_first'). Styles differ
-- in recruiters, jobs and months too: associations compares them within.
create or replace macro funnel_of(style) as table
    select
        own.stage,
        own.window_days,
        own.n_contacted,
        own.per_100,
        round(100 * own.low, 9) as per_100_low,
        round(100 * own.high, 9) as per_100_high,
        everybody.per_100 as everybody_per_100,
        own.state,
        own.reason
    from funnel as own
    left join funnel as everybody on own.stage = everybody.stage and everybody.opening_style = 'all'
    where own.opening_style = style::opening_style
    order by own.stage_no;

-- What cannot be judged yet: from open_windows(), one row per metric and week with an open window, and the first day the exports
-- must show for the week to be judged as a whole.
create or replace macro open_windows() as table
    with windows as (
        select column_name as metric, any_value(maturity_days) as maturity_days
        from data_dictionary
        where kind = 'outcome'
        group by column_name
    )

    select
        weekly.metric,
        weekly.week,
        weekly.n_open,
        weekly.n_approaches as n_judged,
        round(weekly.n_open / (weekly.n_open + weekly.n_approaches), 9) as open_share,
        -- What is no outcome is measured at an age of 30 days.
        weekly.week + (7 + coalesce(windows.maturity_days, 30))::integer as judged_from
    from metric_week as weekly
    left join windows on weekly.metric = windows.metric
    where weekly.group_by = 'all' and weekly.n_open > 0
    order by weekly.metric, weekly.week;

-- What a name means, wherever it stands: from what_is('talk_share') finds tables, columns, metrics and macros whose name or
-- meaning holds the word.
create or replace macro what_is(word) as table
    select table_name, column_name, meaning, kind, unit, observation, maturity_days, related_to, equivalents
    from data_dictionary
    where contains(lower(coalesce(column_name, table_name)), lower(word)) or contains(lower(meaning), lower(word))
    order by
        coalesce(column_name, table_name) != word, kind is null, not contains(coalesce(column_name, table_name), lower(word)),
        table_name, column_name;
