/*
Rows that failed a check, by reason; never the rows themselves.
Grain: one row per `file_id, member, reason`.
Counts: rows set aside by the readers and by the expectations; the rows stay in quarantine, private.
Why: nothing is dropped without a trace.
Weakness: a row that fails several expectations counts under all of them joined as one reason.
+++
published = true

[columns]
member = "kind of table inside the export the rows stand in: messages, invitations or outcomes"
reason = "why the rows were set aside"
n_rows = "how many"
+++
*/
select
    file_id,
    case
        when lower(member) like 'invitation%' then 'invitations' when lower(member) like '%outcome%' then 'outcomes' else
            'messages'
    end
        as member,
    reason,
    count(*) as n_rows
from set_aside_rows
group by all
order by file_id, member, reason
