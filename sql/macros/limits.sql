-- Where the weeks of a figure fall while nothing changes: centre and half width, from the judged weeks before the newest one
-- (at most 26, at least 8). Shares: Laney's p' limits, which allow for weeks that differ by more than chance; the rest:
-- individuals and moving range. `rows_of` names a table with `key` (a struct or a name), `week`, `kind`, `unit`, `state`,
-- `value`, `numerator`, `denominator` and `may_be_newest`, a row per week.
create or replace macro process_limits(rows_of) as table
    with weeks as (
        select
            *,
            max(week) filter (where state = 'judged' and value is not null and may_be_newest)
                over (partition by key) as newest
        from query_table(rows_of)
    ),

    baseline as (
        select *
        from weeks
        where state = 'judged' and value is not null and week < newest
        qualify row_number() over (partition by key order by week desc) <= 26
    ),

    centres as (
        select
            key,
            count(*) filter (where kind != 'proportion' or denominator > 0) as n_baseline,
            case
                when any_value(kind) = 'proportion' then sum(numerator) / nullif(sum(denominator), 0)::double
                else avg(value)
            end as centre
        from baseline
        group by key
    ),

    scores as (
        select
            baseline.key,
            baseline.week,
            case
                when baseline.kind != 'proportion' then baseline.value
                -- A share that was never or always 1 has no spread to score by.
                when centres.centre > 0 and centres.centre < 1
                    then
                        (baseline.numerator / baseline.denominator - centres.centre)
                        / sqrt(centres.centre * (1 - centres.centre) / baseline.denominator)
                else 0
            end as score
        from baseline
        inner join centres on baseline.key = centres.key
        where baseline.kind != 'proportion' or baseline.denominator > 0
    ),

    moves as (
        select key, abs(score - lag(score) over (partition by key order by week)) as moved
        from scores
    ),

    -- 1.128: from the mean moving range to a standard deviation.
    spread as (
        select key, avg(moved) / 1.128 as sigma
        from moves
        group by key
    ),

    halves as (
        select
            weeks.*,
            centres.centre,
            coalesce(centres.n_baseline, 0) as n_baseline,
            case
                when coalesce(centres.n_baseline, 0) < 8 or weeks.state != 'judged' then null
                when weeks.kind != 'proportion' then 3 * spread.sigma
                when weeks.denominator > 0
                    -- Never narrower than chance: a calm spell must not make the next ordinary week look odd.
                    then
                        3 * greatest(spread.sigma, 1)
                        * sqrt(centres.centre * (1 - centres.centre) / weeks.denominator)
            end as half
        from weeks
        left join centres on weeks.key = centres.key
        left join spread on weeks.key = spread.key
    ),

    limits as (
        select
            *,
            case when half is not null then greatest(centre - half, 0) end as lower_limit,
            case
                when half is null then null
                when kind = 'proportion' or unit = 'share' then least(centre + half, 1)
                else centre + half
            end as upper_limit
        from halves
    )

    select
        *,
        case
            when half is null or value is null then 'unjudged'
            when value > upper_limit then 'above'
            when value < lower_limit then 'below'
            else 'usual'
        end as place
    from limits;
