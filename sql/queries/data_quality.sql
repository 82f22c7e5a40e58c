/* How good is each export: what was set aside and why most, what was left out, did its columns change, how far does it reach? */
with reasons as (
    select file_id, arg_max(reason, n_rows) as main_reason
    from set_aside
    group by file_id
),

changes as (
    select
        file_id,
        string_agg(concat_ws(' ', change, coalesce(column_name, member)), ', ' order by change, column_name) as changed
    from schema_changes
    group by file_id
)

select
    left(source_files.file_id, 12) as file,
    source_files.shape,
    source_files.rows_in,
    source_files.rows_kept,
    source_files.rows_set_aside / nullif(source_files.rows_in, 0) as set_aside_share,
    reasons.main_reason,
    source_files.rows_excluded / nullif(source_files.rows_in, 0) as excluded_share,
    changes.changed as columns_changed,
    source_files.n_warnings,
    source_files.observed_until::date as seen_until,
    source_files.observed_until_method,
    source_files.threading_method
from source_files
left join reasons on source_files.file_id = reasons.file_id
left join changes on source_files.file_id = changes.file_id
order by set_aside_share desc nulls last, file asc
