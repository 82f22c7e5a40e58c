/*
Approaches by how busy the month was for the recruiter who wrote, measured against the same recruiter's other months.
Grain: one row per outcome and approach of a month that is placed.
Counts: full months by first contacts, in thirds of each recruiter's own: lean, usual, busy. A recruiter's first month is left out
(it began part of the way), and so is a month with an approach whose window is still open; so are recruiters with fewer than
three such months.
Why: recruiters who write to many differ from those who write to few; only a recruiter's own months can be compared.
Weakness: months differ in what there was to offer, too.
+++
[columns]
key = "outcome and kind of month"
month = "first day of the month of the first message, in the report's time zone"
contacts = "people the recruiter wrote to for the first time in that month"
happened = "the outcome was reached; null where unknown"
+++
*/
with approaches as (
    select
        approaches.recruiter_id,
        approaches.candidate_id,
        date_trunc('month', approaches.started_at at time zone getvariable('time_zone'))::date as month,
        approaches.is_first_contact,
        unnest([
            { 'outcome': 'interested_30d', 'happened': stages.interested_30d, 'is_open': reply.is_reply_open_30d },
            { 'outcome': 'discussion', 'happened': reply.discussion, 'is_open': reply.is_reply_open_30d },
            {
                'outcome': 'converted_60d',
                'happened': conversion.converted_60d,
                'is_open': conversion.is_conversion_open_60d
            }
        ], recursive := true)
    from int_approaches as approaches
    inner join reply on approaches.thread_id = reply.thread_id and approaches.approach_no = reply.approach_no
    inner join stages on approaches.thread_id = stages.thread_id and approaches.approach_no = stages.approach_no
    inner join conversion
        on approaches.thread_id = conversion.thread_id and approaches.approach_no = conversion.approach_no
    where approaches.is_outreach
),

months as (
    select
        outcome,
        recruiter_id,
        month,
        count(*) filter (where is_first_contact) as contacts,
        count(happened) as n_judged,
        bool_or(is_open) as is_open
    from approaches
    group by outcome, recruiter_id, month
    qualify row_number() over (partition by outcome, recruiter_id order by month) > 1
),

placed as (
    select
        outcome,
        recruiter_id,
        month,
        contacts,
        ntile(3) over (partition by outcome, recruiter_id order by contacts, month) as third
    from months
    where not is_open and n_judged > 0
    qualify count(*) over (partition by outcome, recruiter_id) >= 3
)

select
    { 'outcome': placed.outcome, 'volume': ['lean', 'usual', 'busy'][placed.third] } as key,
    placed.recruiter_id,
    approaches.candidate_id,
    placed.month,
    placed.contacts,
    approaches.happened
from placed
inner join approaches
    on
        placed.outcome = approaches.outcome
        and placed.recruiter_id = approaches.recruiter_id
        and placed.month = approaches.month
