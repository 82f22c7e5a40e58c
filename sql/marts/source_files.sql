/*
Exports that were read: their shape and counts; never their names.
Grain: one row per `file_id`.
Counts: rows_in = rows_kept + rows_set_aside + rows_already_known + rows_excluded. A row that stands in several exports is
kept once, for the one whose view ends first, and already known in the others, whatever the order of reading.
Why: a number nobody can trace to a file is a rumour.
Weakness: after a retraction the rows move to the next export that holds them.
+++
published = true

[columns]
file_id = "hash of the export's bytes"
shape = "linkedin_archive, canonical_messages, canonical_outcomes, declared_messages, declared_outcomes"
rows_in = "rows of the export"
rows_kept = "rows that this export brought"
rows_already_known = "rows that another export had brought"
rows_set_aside = "rows that failed a check; see set_aside"
rows_excluded = "rows that are no messages or outcomes of ours; see exclusions"
observed_until = "until when the export shows what happened, UTC"
observed_until_method = "declared, archive_name or latest_timestamp"
owner_method = "how the owner of an archive was found"
threading_method = "native, or subject_window where conversation ids had to be made"
n_warnings = "warnings raised while reading"
status = "read"
first_seen_at = "when the export was read first, UTC"
+++
*/
with keyed as (
    select file_id, row_no, member, message_key as row_key from message_rows
    union all
    select file_id, row_no, member, outcome_key as row_key from outcome_rows
),

placed as (
    select
        keyed.file_id,
        row_number() over (
            partition by keyed.row_key
            order by files.observed_until, keyed.file_id, keyed.member, keyed.row_no
        ) as place
    from keyed
    inner join readings as files on keyed.file_id = files.file_id
),

counts as (
    select
        file_id,
        count(*) filter (where place = 1) as rows_kept,
        count(*) filter (where place > 1) as rows_already_known
    from placed
    group by file_id
)

select
    files.file_id,
    files.shape,
    files.rows_in,
    coalesce(counts.rows_kept, 0) as rows_kept,
    files.rows_set_aside,
    coalesce(counts.rows_already_known, 0) as rows_already_known,
    files.rows_excluded,
    files.observed_until,
    files.observed_until_method,
    files.owner_method,
    files.threading_method,
    files.n_warnings,
    'read' as status,
    files.first_seen_at
from readings as files
left join counts on files.file_id = counts.file_id
order by files.file_id
