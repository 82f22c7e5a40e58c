/*
What became of every person we wrote to.
Grain: one row per `candidate_id`, people with an identity of their own and at least one outreach approach.
Counts: approaches whose replies can be counted and that met no process under way; the others stay out, counted. Replies
within 90 days of their approach; dated events within 90 days of the last one. `fate` is the best known of won, opted out, and
the last answer: declined, or `answered`, which is neither a win nor a no, as most friendly answers are; else ignored.
Why: an approach can fail today and cost the next one, so the person is followed until 90 days after the last approach. Without
an outcome source, or by a conversion without a date, nobody can be called not won: no fate then, for winners neither.
Weakness: only who is approached again can be silent at a later approach, so a team that never does loses few; two recruiters
who write in one week make a second approach. A reply in a language without rules is `answered`.
+++
published = true

[columns]
n_approaches = "approaches that count; the other columns speak of these"
n_uncountable = "further approaches whose replies cannot be counted (invitation notes)"
n_in_process = "further approaches made while the candidate was in process already"
n_recruiters = "recruiters who wrote to the candidate"
first_approached_at = "when the first approach began, UTC"
last_approached_at = "when the last approach began, UTC"
first_recruiter_id = "keyed hash of the recruiter of the first approach"
first_style = "opening_style of the first approach"
last_style = "opening_style of the last approach"
n_replied = "approaches answered within 90 days, so far"
state = """\
judged; open (90 days after an approach are not seen to their end); unknown (no outcome source, or a conversion without \
a date); in_process (somebody not won who was in process at another approach); not_counted (no approach counts)"""
fate = "won, opted_out, declined, answered or ignored, 90 days after the last approach; null unless judged"
is_lost = "opted out, or silent for 30 days at a second or later approach, and not won; null unless judged"
+++
*/
with ordered as (
    select
        *,
        is_counted and replied_at <= started_at + interval 90 days as is_answered_90d,
        row_number() over (partition by candidate_id, is_counted order by candidate_approach_no) > 1 as is_later,
        max(started_at) filter (where is_counted) over (partition by candidate_id) + interval 90 days as judged_at
    from int_candidate_approaches
    where is_outreach
),

answers as (
    select
        *,
        coalesce(is_answered_90d and reply_opted_out, false) or coalesce(opted_out_at <= judged_at, false)
            as has_opted_out,
        case
            when is_answered_90d and reply_class = 'declined' or declined_at <= started_at + interval 90 days
                then 'declined'
            when is_answered_90d then 'answered'
        end as answer_90d
    from ordered
),

people as (
    select
        candidate_id,
        count(*) filter (where is_counted) as n_approaches,
        count(*) filter (where not is_judgeable) as n_uncountable,
        count(*) filter (where is_judgeable and is_in_process) as n_in_process,
        bool_or(is_in_process) as was_in_process,
        count(distinct recruiter_id) filter (where is_counted) as n_recruiters,
        min(started_at) filter (where is_counted) as first_approached_at,
        max(started_at) filter (where is_counted) as last_approached_at,
        arg_min(recruiter_id, candidate_approach_no) filter (where is_counted) as first_recruiter_id,
        arg_min_null(opening_style, candidate_approach_no) filter (where is_counted) as first_style,
        arg_max_null(opening_style, candidate_approach_no) filter (where is_counted) as last_style,
        count(*) filter (where is_answered_90d) as n_replied,
        bool_and(is_closed(observed_until, started_at, 90)) filter (where is_counted) as is_seen,
        bool_and(outcome_observed_until >= judged_at) filter (where is_counted) as is_outcome_seen,
        bool_or(outcome_observed_until is null or is_converted_undated) filter (where is_counted) as is_unknown,
        coalesce(bool_or(converted_at <= judged_at) filter (where is_counted), false) as is_won,
        coalesce(bool_or(has_opted_out) filter (where is_counted), false) as has_opted_out,
        arg_max(answer_90d, candidate_approach_no) filter (where is_counted) as last_answer,
        coalesce(bool_or(not replied_30d) filter (where is_counted and is_later), false) as is_silent_later
    from answers
    group by candidate_id
),

placed as (
    select
        *,
        case
            when n_approaches = 0 then 'not_counted'
            when is_unknown then 'unknown'
            when not is_seen or not is_outcome_seen then 'open'
            when was_in_process and not is_won then 'in_process'
            else 'judged'
        end as state
    from people
)

select
    candidate_id,
    n_approaches,
    n_uncountable,
    n_in_process,
    n_recruiters,
    first_approached_at,
    last_approached_at,
    first_recruiter_id,
    first_style,
    last_style,
    n_replied,
    state,
    case
        when state != 'judged' then null
        when is_won then 'won'
        when has_opted_out then 'opted_out'
        else coalesce(last_answer, 'ignored')
    end as fate,
    case when state = 'judged' then not is_won and (has_opted_out or is_silent_later) end as is_lost
from placed
order by candidate_id
