/* How good is each export: what was set aside or left out, how far it reaches, and how that is known? */
select
    left(file_id, 12) as file,
    shape,
    rows_in,
    rows_kept,
    rows_set_aside / nullif(rows_in, 0) as set_aside_share,
    rows_excluded / nullif(rows_in, 0) as excluded_share,
    n_warnings,
    observed_until::date as seen_until,
    observed_until_method,
    threading_method
from source_files
order by set_aside_share desc nulls last, file_id asc
