/*
What can be looked at again after a while: talk share a week into the answer, follow-ups a week into the silence.
Grain: one row per `thread_id, approach_no`, outreach only.
Counts: landmark = 7 days after the first reply, among approaches that had by then neither converted nor been declined, opted
out of or closed; landmark_unanswered = 7 days after the first message, among approaches without an answer by then.
Why: only what lies after the landmark may be called an outcome, so that the metric cannot contain it.
Weakness: people who leave before the landmark, or nobody knows when, are not looked at: `is_left_out_of_landmark`.
+++
[columns]
landmark_at = "7 days after the first reply, where the approach was still open and was seen that long"
is_left_out_of_landmark = "answered, but converted, declined, opted out or closed before the landmark"

[metric.talk_share_landmark]
title = "Recruiter talk share a week after the first reply"
meaning = "recruiter words / all words up to 7 days after the first reply, among approaches still open then"
kind = "ratio"
unit = "share"
observation = "landmark"
related = true

[metric.followups_unanswered_7d]
title = "Follow-ups in the first week of silence"
meaning = "messages the recruiter added in the first 7 days, among approaches unanswered at day 7"
kind = "count"
unit = "messages"
observation = "landmark_unanswered"
related = true

[outcome.converted_60d_after_landmark]
title = "conversion within 60 days after the landmark"
meaning = "first conversion event in the 60 days after the landmark; null while open, unknown or left out"
start = "landmark"
maturity_days = 60
related = true

[outcome.replied_8_to_30d]
title = "reply on day 8 to 30"
meaning = "the candidate answered after day 7 and by day 30, among approaches unanswered at day 7"
start = "landmark_unanswered"
maturity_days = 30
related = true
+++
*/
with endings as (
    select thread_id, approach_no, min(occurred_at) as ended_at
    from int_outcome_approaches
    where event in ('declined', 'opted_out', 'hired', 'rejected', 'withdrawn', 'closed')
    group by thread_id, approach_no
),

undated_ends as (
    select distinct links.thread_id
    from int_outcome_threads as links
    inner join stg_outcomes as outcomes on links.outcome_key = outcomes.outcome_key
    where
        outcomes.occurred_at is null
        and outcomes.event in ('declined', 'opted_out', 'hired', 'rejected', 'withdrawn', 'closed')
),

clocks as (
    select
        approaches.thread_id,
        approaches.approach_no,
        approaches.started_at,
        approaches.observed_until,
        approaches.is_judgeable,
        replies.replied_at,
        conversions.converted_at,
        conversions.converted_60d is not null or conversions.is_conversion_open_60d as is_conversion_known,
        conversions.outcome_observed_until,
        replies.replied_at + interval 7 days as due_at,
        coalesce(
            least(endings.ended_at, conversions.converted_at) <= replies.replied_at + interval 7 days, false
        )
        or undated_ends.thread_id is not null as is_over
    from int_approaches as approaches
    inner join reply as replies
        on approaches.thread_id = replies.thread_id and approaches.approach_no = replies.approach_no
    inner join conversion as conversions
        on approaches.thread_id = conversions.thread_id and approaches.approach_no = conversions.approach_no
    left join undated_ends on approaches.thread_id = undated_ends.thread_id
    left join endings
        on approaches.thread_id = endings.thread_id and approaches.approach_no = endings.approach_no
),

sums as (
    select
        messages.thread_id,
        messages.approach_no,
        sum(messages.words) filter (where messages.side = 'recruiter' and messages.sent_at <= clocks.due_at)
            as recruiter_words,
        sum(messages.words) filter (where messages.side = 'candidate' and messages.sent_at <= clocks.due_at)
            as candidate_words,
        bool_and(messages.words is not null) filter (where messages.sent_at <= clocks.due_at) as has_words,
        count(*) filter (
            where messages.side = 'recruiter' and not messages.is_first
            and messages.sent_at <= clocks.started_at + interval 7 days
        ) as followups_7d
    from int_approach_messages as messages
    inner join clocks on messages.thread_id = clocks.thread_id and messages.approach_no = clocks.approach_no
    group by messages.thread_id, messages.approach_no
),

placed as (
    select
        clocks.*,
        case when sums.has_words then sums.recruiter_words end as recruiter_words,
        case when sums.has_words then sums.candidate_words end as candidate_words,
        sums.followups_7d,
        coalesce(clocks.observed_until >= clocks.due_at and not clocks.is_over, false) as is_at_landmark,
        clocks.is_judgeable
        and is_closed(clocks.observed_until, clocks.started_at, 7)
        and coalesce(clocks.replied_at > clocks.started_at + interval 7 days, true) as is_unanswered_7d
    from clocks
    inner join sums on clocks.thread_id = sums.thread_id and clocks.approach_no = sums.approach_no
)

select
    thread_id,
    approach_no,
    case when is_at_landmark then due_at end as landmark_at,
    replied_at is not null and is_over as is_left_out_of_landmark,
    case
        when is_at_landmark then share_of_two(recruiter_words, candidate_words)
    end as talk_share_landmark,
    case
        when is_at_landmark and is_conversion_known
            then judged(outcome_observed_until, due_at, converted_at, 60)
    end as converted_60d_after_landmark,
    case when is_unanswered_7d then followups_7d end as followups_unanswered_7d,
    case
        when is_unanswered_7d
            then judged(observed_until, started_at, replied_at, 30)
    end as replied_8_to_30d
from placed
