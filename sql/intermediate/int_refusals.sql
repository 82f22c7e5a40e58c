/*
Outcomes whose rates are refused, and why.
Grain: one row per `outcome`.
Counts: replies are refused when many approaches show (almost) no unanswered one, unless declared complete; conversions when
too few outcomes link. Single inboxes like that are left out of reply rates by `int_approaches`; here all are counted.
Why: exports that lack the unanswered threads turn 15 % into 25 %; a rate over them would be a fiction.
Weakness: a small and truly popular team looks like an incomplete export until it is declared complete.
+++
[columns]
outcome = "name of the refused outcome"
reason = "the sentence shown instead of the rate"
+++
*/
with replies as (
    select
        count(was_answered) filter (where is_countable) as n_judged,
        count(*) filter (where is_countable and was_answered) as n_replied
    from int_approaches
),

reply_refusal as (
    select
        n_replied::varchar || ' of ' || n_judged::varchar
        || ' judged approaches were answered: the export seems to lack unanswered conversations.'
        || ' Declare it complete under [completeness] if it is.' as reason
    from replies
    where seems_incomplete(n_judged, n_replied)
),

conversion_refusal as (
    select
        n_linked::varchar || ' of ' || n_subjects::varchar
        || ' candidates in the outcome sources link to a conversation; conversion rates need '
        || round(100 * getvariable('minimum_link_rate'))::integer::varchar || ' %.' as reason
    from int_link_rate
    where link_rate < getvariable('minimum_link_rate')
)

select
    unnest([
        'replied_7d', 'replied_14d', 'replied_30d', 'discussion', 'replied_8_to_30d',
        'interested_30d', 'declined_30d', 'other_reply_30d', 'ignored_30d', 'opted_out_30d'
    ]) as outcome,
    reason
from reply_refusal
union all
select
    unnest([
        'converted_30d', 'converted_60d', 'converted_90d', 'converted_60d_after_landmark',
        'interested_90d', 'declined_90d', 'opted_out_90d', 'interview_90d', 'offer_90d', 'hired_90d'
    ]) as outcome,
    reason
from conversion_refusal
