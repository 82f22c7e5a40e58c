/*
How the columns of an export differ from those of the export of the same source before it.
Grain: one row per `file_id, member, change, column_name`.
Counts: columns by their names without case, spaces and underscores; `earlier` is by the end of what the exports show, whatever
the order of reading.
Why: sources change their exports without a word, and what no longer stands in a file is missed weeks later.
Weakness: in JSON lines a key that no row uses is gone; of more than 500 columns only the first are compared.
+++
published = true

[columns]
source_id = "where the export comes from: the archive's owner, or a keyed hash of shape, folder and name without digits"
earlier_file_id = "the earlier export of that source"
change = """\
new, gone, renamed (another name at the same place), moved (the first column that stands elsewhere), new part or gone part"""
column_name = "the column, as the export spells it; hidden where it looks like an address or is very long; null for a part"
earlier_name = "what a renamed column was called"
is_newest = "true in the newest export of the source"
+++
*/
with named as (
    select
        file_id,
        member,
        position,
        shown_name(name) as column_name,
        trim(regexp_replace(lower(name), '[\s_]+', ' ', 'g')) as plain_name
    from export_columns
    qualify row_number() over (partition by file_id, member, plain_name order by position) = 1
),

pairs as (
    select
        *,
        row_number() over (partition by source_id, shape order by observed_until desc nulls last, file_id desc) = 1
            as is_newest
    from stg_sources
    where has_columns
),

parts as (
    select distinct file_id, member
    from named
),

common_parts as (
    select pairs.file_id, pairs.earlier_file_id, pairs.has_order, parts.member
    from pairs
    inner join parts on pairs.file_id = parts.file_id
    semi join parts as earlier on pairs.earlier_file_id = earlier.file_id and parts.member = earlier.member
),

new_columns as (
    select common_parts.*, named.position, named.column_name
    from common_parts
    inner join named on common_parts.file_id = named.file_id and common_parts.member = named.member
    anti join named as earlier
        on
            common_parts.earlier_file_id = earlier.file_id
            and named.member = earlier.member
            and named.plain_name = earlier.plain_name
),

gone_columns as (
    select common_parts.*, named.position, named.column_name
    from common_parts
    inner join named on common_parts.earlier_file_id = named.file_id and common_parts.member = named.member
    anti join named as later
        on
            common_parts.file_id = later.file_id
            and named.member = later.member
            and named.plain_name = later.plain_name
),

kept_columns as (
    select
        common_parts.file_id,
        common_parts.member,
        named.column_name,
        row_number() over (partition by common_parts.file_id, common_parts.member order by named.position) as place,
        row_number() over (partition by common_parts.file_id, common_parts.member order by earlier.position)
            as earlier_place
    from common_parts
    inner join named on common_parts.file_id = named.file_id and common_parts.member = named.member
    inner join named as earlier
        on
            common_parts.earlier_file_id = earlier.file_id
            and named.member = earlier.member
            and named.plain_name = earlier.plain_name
    where common_parts.has_order
),

changes as (
    select
        coalesce(new_columns.file_id, gone_columns.file_id) as file_id,
        coalesce(new_columns.member, gone_columns.member) as member,
        case
            when gone_columns.file_id is null then 'new'
            when new_columns.file_id is null then 'gone'
            else 'renamed'
        end as change,
        coalesce(new_columns.column_name, gone_columns.column_name) as column_name,
        case when new_columns.file_id is not null then gone_columns.column_name end as earlier_name
    from new_columns
    full join gone_columns
        on
            new_columns.file_id = gone_columns.file_id
            and new_columns.member = gone_columns.member
            and new_columns.position = gone_columns.position
            and new_columns.has_order
    union all
    select file_id, member, 'moved', arg_min(column_name, place), null
    from kept_columns
    where place != earlier_place
    group by file_id, member
    union all
    select pairs.file_id, parts.member, 'new part', null, null
    from pairs
    inner join parts on pairs.file_id = parts.file_id
    anti join parts as earlier on pairs.earlier_file_id = earlier.file_id and parts.member = earlier.member
    where pairs.earlier_file_id is not null
    union all
    select pairs.file_id, parts.member, 'gone part', null, null
    from pairs
    inner join parts on pairs.earlier_file_id = parts.file_id
    anti join parts as later on pairs.file_id = later.file_id and parts.member = later.member
)

select
    changes.file_id,
    pairs.source_id,
    pairs.shape,
    changes.member,
    changes.change,
    changes.column_name,
    changes.earlier_name,
    pairs.earlier_file_id,
    pairs.observed_until,
    pairs.is_newest
from changes
inner join pairs on changes.file_id = pairs.file_id
order by changes.file_id, changes.member, changes.change, changes.column_name
