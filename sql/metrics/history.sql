/*
What the candidate had met before this approach: how the approach before it opened, and what came of it.
Grain: one row per `thread_id, approach_no`, outreach only.
Counts: the one approach before this by any recruiter; null for a first one, for people without an identity, where replies
to the earlier one cannot be counted, and for people who had converted before this one began.
Why: all not won who are approached again, whatever they answered: people who answer anybody are overrepresented among those
who answered, so a split by the earlier answer differs where nothing was burnt (10.0 against 12.9 % (sim)).
Weakness: without an outcome source, or by an event without a date, nobody is known to have converted; the earlier approach
may be days old, where recruiters do not know of each other.
+++
[columns]
previous_style = "opening_style of the candidate's previous approach; null without one, or after a conversion"
previous_outcome = "what had come of it within 30 days: answered, declined, opted_out, ignored; null where not yet known then"

[metric.previous_sell_first]
title = "Approached before by selling first"
meaning = "the candidate's previous approach opened sell_first; null without one, after a conversion or without a style"
kind = "proportion"
unit = "share"
observation = "opening"
related = true

[metric.previous_reaction_first]
title = "Approached before by asking for a reaction first"
meaning = "the candidate's previous approach opened reaction_first; null as for previous_sell_first"
kind = "proportion"
unit = "share"
observation = "opening"
+++
*/
select
    approaches.thread_id,
    approaches.approach_no,
    earlier.opening_style as previous_style,
    nullif(earlier.opening_style, 'unsupported') = 'sell_first' as previous_sell_first,
    nullif(earlier.opening_style, 'unsupported') = 'reaction_first' as previous_reaction_first,
    case
        when earlier.replied_at < approaches.started_at or earlier.started_at + interval 30 days <= approaches.started_at
            then earlier.answer_30d
    end as previous_outcome
from int_approaches as approaches
left join int_candidate_approaches as earlier
    on
        approaches.candidate_known
        and approaches.candidate_id = earlier.candidate_id
        and approaches.candidate_approach_no = earlier.candidate_approach_no + 1
        and earlier.is_judgeable
        and coalesce(approaches.started_at <= earlier.first_converted_at, true)
where approaches.is_outreach
