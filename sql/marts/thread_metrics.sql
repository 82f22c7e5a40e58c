/*
Everything measured about one thread.
Grain: one row per `thread_id`.
Counts: sums and shares over all messages of the thread; opening, reply and conversion are those of its first approach.
Why: analysts think in conversations; where a thread holds several approaches, `approach_metrics` is the finer table.
Weakness: groups, internal talks and threads without a resolved side keep a row with `out_of_metrics_reason` and nulls.
+++
published = true

[columns]
is_group = "more than two people take part; not measured"
n_approaches = "approaches opened by a recruiter in this thread"
first_message_at = "when the first human message of the thread was sent, UTC"
+++
*/
with sums as (
    select
        thread_id,
        count(*) filter (where approach_no >= 1) as n_approaches,
        count(*) as n_pieces,
        sum(recruiter_words)::bigint as recruiter_words,
        sum(candidate_words)::bigint as candidate_words,
        bool_and(recruiter_words is not null) as has_words,
        sum(recruiter_chars)::bigint as recruiter_chars,
        sum(candidate_chars)::bigint as candidate_chars,
        sum(recruiter_messages)::bigint as recruiter_messages,
        sum(candidate_messages)::bigint as candidate_messages,
        sum(recruiter_words_after_reply)::bigint as recruiter_words_after_reply,
        sum(candidate_words_after_reply)::bigint as candidate_words_after_reply,
        sum(messages)::bigint as messages,
        sum(turns)::bigint as turns,
        sum(candidate_turns)::bigint as candidate_turns,
        max(longest_monologue_words) as longest_monologue_words,
        max(candidate_longest_words) as candidate_longest_words,
        sum(recruiter_questions)::bigint as recruiter_questions,
        known_sum(coalesce(recruiter_asks, case when recruiter_messages = 0 then 0 end)) as recruiter_asks,
        known_sum(coalesce(recruiter_tells, case when recruiter_messages = 0 then 0 end)) as recruiter_tells,
        known_sum(coalesce(recruiter_reflections, case when recruiter_messages = 0 then 0 end)) as recruiter_reflections,
        known_sum(coalesce(recruiter_requests, case when recruiter_messages = 0 then 0 end)) as recruiter_requests,
        sum(recruiter_plain_sentences)::bigint as recruiter_plain_sentences,
        sum(candidate_questions)::bigint as candidate_questions,
        known_sum(coalesce(candidate_asks, case when candidate_messages = 0 then 0 end)) as candidate_asks,
        known_sum(coalesce(candidate_tells, case when candidate_messages = 0 then 0 end)) as candidate_tells,
        known_sum(coalesce(candidate_reflections, case when candidate_messages = 0 then 0 end)) as candidate_reflections,
        known_sum(coalesce(candidate_requests, case when candidate_messages = 0 then 0 end)) as candidate_requests,
        sum(candidate_plain_sentences)::bigint as candidate_plain_sentences
    from approach_metrics
    group by thread_id
),

counted as (
    select
        * replace (
            case when has_words then recruiter_words end as recruiter_words,
            case when has_words then candidate_words end as candidate_words,
            case when has_words then recruiter_words_after_reply end as recruiter_words_after_reply,
            case when has_words then candidate_words_after_reply end as candidate_words_after_reply
        )
    from sums
),

first_approaches as (
    select *
    from approach_metrics
    qualify row_number() over (partition by thread_id order by approach_no = 0, approach_no) = 1
),

beginnings as (
    select thread_id, min(sent_at) as first_message_at
    from int_human_messages
    group by thread_id
)

select
    threads.thread_id,
    coalesce(firsts.recruiter_id, threads.recruiter_id) as recruiter_id,
    threads.candidate_id,
    threads.candidate_known,
    threads.channel,
    firsts.language,
    threads.team,
    threads.job,
    threads.role_method,
    threads.out_of_metrics_reason,
    threads.is_group,
    threads.opened_by,
    coalesce(counted.n_approaches, 0) as n_approaches,
    beginnings.first_message_at,
    threads.first_message_known,
    firsts.opened_by_note,
    firsts.first_message_words,
    firsts.first_message_chars,
    firsts.first_message_sentences,
    firsts.first_message_bin,
    firsts.flesch_reading_ease,
    firsts.opening_style,
    firsts.technologies_named,
    firsts.ask_share_opening,
    firsts.tell_share_opening,
    firsts.reflect_share_opening,
    firsts.social_share_opening,
    firsts.question_share_opening,
    firsts.request_share_opening,
    firsts.permission_share_opening,
    firsts.ask_balance_opening,
    firsts.ask_per_tell_opening,
    counted.* exclude (thread_id, n_approaches, n_pieces, has_words),
    share_of_two(counted.recruiter_words, counted.candidate_words) as talk_share,
    share_of_two(counted.recruiter_chars, counted.candidate_chars) as talk_share_chars,
    case
        when counted.candidate_messages > 0
            then share(counted.recruiter_messages, counted.messages)
    end as talk_share_messages,
    share(
        counted.recruiter_words_after_reply,
        counted.recruiter_words_after_reply + counted.candidate_words_after_reply
    ) as talk_share_after_reply,
    share(counted.turns - counted.n_pieces, counted.messages - counted.n_pieces) as turn_taking_index,
    recruiter.ask_share,
    recruiter.tell_share,
    recruiter.reflect_share,
    recruiter.social_share,
    recruiter.question_share,
    recruiter.request_share,
    recruiter.permission_share,
    recruiter.ask_balance,
    recruiter.ask_per_tell,
    candidate.ask_share as candidate_ask_share,
    candidate.tell_share as candidate_tell_share,
    candidate.reflect_share as candidate_reflect_share,
    candidate.social_share as candidate_social_share,
    candidate.question_share as candidate_question_share,
    candidate.request_share as candidate_request_share,
    candidate.permission_share as candidate_permission_share,
    candidate.ask_balance as candidate_ask_balance,
    candidate.ask_per_tell as candidate_ask_per_tell,
    firsts.followups_before_reply,
    firsts.replied_at,
    firsts.reply_hours,
    firsts.reply_words,
    firsts.replied_7d,
    firsts.replied_14d,
    firsts.replied_30d,
    firsts.discussion,
    firsts.converted_at,
    firsts.converted_30d,
    firsts.converted_60d,
    firsts.converted_90d,
    firsts.converted_ever,
    firsts.already_in_process,
    firsts.observed_until,
    firsts.outcome_observed_until
from int_threads as threads
left join beginnings on threads.thread_id = beginnings.thread_id
left join counted on threads.thread_id = counted.thread_id
left join int_sentence_shares as recruiter
    on
        threads.thread_id = recruiter.thread_id
        and recruiter.approach_no is null
        and recruiter.side = 'recruiter'
        and recruiter.scope = 'whole'
left join int_sentence_shares as candidate
    on
        threads.thread_id = candidate.thread_id
        and candidate.approach_no is null
        and candidate.side = 'candidate'
        and candidate.scope = 'whole'
left join first_approaches as firsts on threads.thread_id = firsts.thread_id
order by threads.thread_id
