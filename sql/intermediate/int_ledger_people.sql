/*
The people of the burn ledger, under the style of their first approach and under `all`.
Grain: one row per `key, candidate_id`.
Counts: everybody of candidate_metrics; people of whom no approach counts have no first style and stand under `all` alone.
Why: the ratio of lost to won is the odds of having been won among those who were either.
Weakness: none of its own.
+++
[columns]
key = "first_style: opening_style of the first approach, or all"
happened = "true: won; false: lost; null: neither, or not judged"
+++
*/
with cells as (
    select
        *,
        unnest(case
            when state = 'not_counted' then ['all']
            else ['all', coalesce(first_style, 'unsupported')]
        end) as style
    from candidate_metrics
)

select
    { 'first_style': style } as key,
    candidate_id,
    first_recruiter_id as recruiter_id,
    n_approaches,
    state,
    fate,
    is_lost,
    case when fate = 'won' then true when is_lost then false end as happened
from cells
