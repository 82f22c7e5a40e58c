-- Too few people to show a number about.
create or replace macro is_few(n_candidates, minimum) as n_candidates between 1 and minimum - 1;

-- Nor one that subtraction would find: where a group holds too few, the next larger ones go with it until those withheld hold
-- the minimum together. `n_in_smaller_groups`: candidates of the groups before it, by size.
create or replace macro is_withheld(n_candidates, minimum, has_few, n_in_smaller_groups) as
is_few(n_candidates, minimum) or (n_candidates > 0 and has_few and n_in_smaller_groups < minimum);

-- May a number leave the circle that may see single recruiters? It must be about 5 recruiters, and what is left out of its whole
-- as well: with a part of fewer, the smallest part of 5 goes too. Not their sum: one recruiter may stand in several parts.
create or replace macro is_of_enough_recruiters(n_recruiters, whole, part) as
n_recruiters >= 5
and not (
    bool_or(n_recruiters between 1 and 4) over (partition by whole)
    and row_number() over (partition by whole order by n_recruiters < 5, n_recruiters, part) = 1
);

-- Subtracting one published number from the other would tell about fewer candidates than the minimum.
create or replace macro differ_by_few(n_approaches, n_candidates, other_approaches, other_candidates) as
coalesce(
    n_approaches != other_approaches
    and abs(n_candidates - other_candidates) < getvariable('minimum_candidates'),
    false
);

-- Which parts of a whole may be shown when the whole itself is public: those with the minimum of candidates, unless what is
-- held back would then be about fewer and subtraction would tell. From the smallest part on, parts are held back until those
-- together hold the minimum. `rows_of` names a table with `whole`, `part` and `candidate_id`, a row per approach.
create or replace macro shown_parts(rows_of) as table
    with parts as (
        select whole, part, count(*) as n_approaches, count(distinct candidate_id) as n_candidates
        from query_table(rows_of)
        group by whole, part
    ),

    placed as (
        select *, row_number() over (partition by whole order by n_candidates, part) as place
        from parts
    ),

    -- A candidate of several parts counts in the first one: the sums are of distinct people.
    first_places as (
        select approaches.whole, approaches.candidate_id, min(placed.place) as place
        from query_table(rows_of) as approaches
        inner join placed on approaches.whole = placed.whole and approaches.part = placed.part
        group by approaches.whole, approaches.candidate_id
    ),

    added as (
        select whole, place, count(*) as n_new
        from first_places
        group by whole, place
    )

    select
        placed.whole,
        placed.part,
        placed.n_approaches,
        placed.n_candidates,
        placed.n_candidates >= getvariable('minimum_candidates')
        and (
            min(placed.n_candidates) over (partition by placed.whole) >= getvariable('minimum_candidates')
            or coalesce(sum(added.n_new) over (
                partition by placed.whole order by placed.place rows between unbounded preceding and 1 preceding
            ), 0) >= getvariable('minimum_candidates')
        ) as is_shown
    from placed
    left join added on placed.whole = added.whole and placed.place = added.place;

-- The name of a column, unless it may be data in the place of a name: an address, a number, or a text.
create or replace macro shown_name(name) as
case
    when regexp_matches(name, '@|://|[0-9]{7,}') then '(hidden: looks like an address or a number)'
    when length(name) > 60 then '(hidden: ' || length(name) || ' characters)'
    else regexp_replace(name, '[\p{C}\p{Zl}\p{Zp}]', '', 'g')
end;

-- What stays the same in the names of exports that come again and again: without dates, numbers and signs.
create or replace macro letters_of(name) as regexp_replace(lower(name), '[^\p{L}]+', '', 'g');
