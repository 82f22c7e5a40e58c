/* Which sources are unlike their own weeks before, how clearly, and how many would be by chance? */
select
    metric,
    source_kind,
    source,
    week,
    value,
    low,
    high,
    n_rows,
    place,
    needs_look,
    count(*) over () as n_compared,
    count(*) filter (where place != 'usual') over () as n_outside,
    round(sum(chance_outside) over (), 1) as n_outside_by_chance
from quality_weeks
where is_compared
order by needs_look desc, place = 'usual', metric asc, source_kind asc, source asc
