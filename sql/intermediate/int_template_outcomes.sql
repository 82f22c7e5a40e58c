/*
What became of approaches, by the family of their first message, as far as families may be told apart.
Grain: one row per approach and judged outcome.
Counts: outreach; an outcome that is listed here and not refused.
Why: a family about too few candidates, or used once, goes into `others`, and so do the smallest of the rest where `others`
would else be about too few: totals are public, and what is left of them must not be about a few people.
Weakness: a family can be shown for replies and not yet for conversions, which are judged later.
+++
[columns]
outcome = "replied_30d, interested_30d, discussion or converted_60d; see data_dictionary"
template_id = "the template family, or `others`: one-off texts and families too small to show"
happened = "the outcome was reached"
+++
*/
with listed as (
    select
        template_id,
        recruiter_id,
        candidate_id,
        unnest([
            { 'outcome': 'replied_30d', 'happened': replied_30d },
            { 'outcome': 'interested_30d', 'happened': interested_30d },
            { 'outcome': 'discussion', 'happened': discussion },
            { 'outcome': 'converted_60d', 'happened': converted_60d }
        ], recursive := true)
    from approach_metrics
    where is_outreach and template_id is not null
),

judged as (
    select listed.*, listed.outcome as whole, listed.template_id as part
    from listed
    left join int_refusals as refusals on listed.outcome = refusals.outcome
    where listed.happened is not null and refusals.outcome is null
),

families as (
    from shown_parts('judged')
)

select
    judged.outcome,
    case when families.is_shown and families.n_approaches >= 2 then judged.template_id else 'others' end as template_id,
    judged.recruiter_id,
    judged.candidate_id,
    judged.happened
from judged
inner join families on judged.whole = families.whole and judged.part = families.part
