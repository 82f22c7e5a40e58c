/*
Which exports come from the same place, so that one can be compared with the one before it.
Grain: one row per `file_id`.
Counts: archives of one owner; tables of one shape whose names differ in digits and signs only, in one folder.
Why: a change of columns or counts says something only beside the earlier export of the same source.
Weakness: a table that is named anew for every export (`final`, `final new`) is a source of its own each time.
+++
[columns]
source_id = "where the export comes from: the archive's owner, or a keyed hash of shape, folder and name without digits"
earlier_file_id = "the export of this source whose view ends just before; null for the first"
has_order = "the file's columns have an order: not so in JSON lines, whose keys stand as the first rows have them"
+++
*/
with sources as (
    select
        file_id,
        shape,
        observed_until,
        file_id in (select export_columns.file_id from export_columns) as has_columns,
        not regexp_matches(lower(name), '\.(jsonl|ndjson)$') as has_order,
        coalesce(
            owner_id,
            's_' || left(published_id(
                concat_ws(chr(31), shape, letters_of(folder), letters_of(name))
            ), 20)
        ) as source_id
    from readings
)

select
    *,
    lag(file_id) over (
        partition by source_id, shape, has_columns
        order by observed_until asc nulls first, file_id asc
    ) as earlier_file_id
from sources
