/*
Who wrote how much, and in what shape.
Grain: one row per `thread_id, approach_no`, approach 0 included.
Counts: human messages of both sides; shares only where both sides wrote something countable.
Why: talk share says who did the talking once there was a conversation; without an answer it would be 1 by definition.
Weakness: it contains the outcome (who is answered writes on), so it is described and never related to replies.
+++
[columns]
recruiter_words = "words by the recruiter's side"
candidate_words = "words by the candidate's side"
recruiter_chars = "characters by the recruiter's side"
candidate_chars = "characters by the candidate's side"
recruiter_messages = "messages by the recruiter's side"
candidate_messages = "messages by the candidate's side"
recruiter_words_after_reply = "words by the recruiter's side after the candidate's first message"
candidate_words_after_reply = "words by the candidate's side after their first message"
recruiter_words_30d = "words by the recruiter's side in the first 30 days"
candidate_words_30d = "words by the candidate's side in the first 30 days"
recruiter_asks = "sentences that ask by the recruiter's side; null without rules for the language"
recruiter_tells = "sentences that tell by the recruiter's side; null without rules for the language"
recruiter_reflections = "sentences that take up the turn before by the recruiter's side; null without rules for the language"
recruiter_questions = "sentences with a question mark by the recruiter's side"
recruiter_requests = "sentences that ask or invite to act by the recruiter's side; null without rules for the language"
recruiter_plain_sentences = "sentences by the recruiter's side that are not social"
candidate_asks = "sentences that ask by the candidate's side; null without rules for the language"
candidate_tells = "sentences that tell by the candidate's side; null without rules for the language"
candidate_reflections = "sentences that take up the turn before by the candidate's side; null without rules for the language"
candidate_questions = "sentences with a question mark by the candidate's side"
candidate_requests = "sentences that ask or invite to act by the candidate's side; null without rules for the language"
candidate_plain_sentences = "sentences by the candidate's side that are not social"
messages = "human messages of both sides"
turns = "runs of messages by one side"
candidate_turns = "runs of messages by the candidate"

[metric.talk_share]
title = "Recruiter talk share"
meaning = "recruiter words / all words, only where both sides wrote words"
kind = "ratio"
unit = "share"
observation = "whole"
equivalents = "Gong: talk-to-listen ratio, of speaking time"

[metric.talk_share_chars]
title = "Recruiter talk share in characters"
meaning = "recruiter characters / all characters, only where both sides wrote"
kind = "ratio"
unit = "share"
observation = "whole"

[metric.talk_share_messages]
title = "Recruiter share of messages"
meaning = "recruiter messages / all messages, only where the candidate wrote"
kind = "ratio"
unit = "share"
observation = "whole"

[metric.talk_share_after_reply]
title = "Recruiter talk share after the first reply"
meaning = "recruiter words / all words after the candidate's first message; 1 where only the recruiter went on"
kind = "ratio"
unit = "share"
observation = "whole"

[metric.longest_monologue_words]
title = "Longest monologue"
meaning = "most recruiter words in one turn, follow-ups merged"
kind = "quantile"
unit = "words"
observation = "whole"
equivalents = "Gong: longest monologue, in seconds"

[metric.candidate_longest_words]
title = "Candidate's longest story"
meaning = "most candidate words in one turn"
kind = "quantile"
unit = "words"
observation = "whole"
equivalents = "Gong: longest customer story, in seconds"

[metric.turn_taking_index]
title = "Turn-taking index"
meaning = "(turns - 1) / (messages - 1): 1 when every message answers the one before; null for a single message"
kind = "ratio"
unit = "share"
observation = "whole"

+++
*/
with placed as (
    select
        messages.*,
        messages.sent_at <= approaches.started_at + interval 30 days as is_within_30d,
        messages.message_no > min(messages.message_no) filter (where messages.side = 'candidate') over (
            partition by messages.thread_id, messages.approach_no
        ) as is_after_reply
    from int_approach_messages as messages
    inner join int_approaches as approaches
        on messages.thread_id = approaches.thread_id and messages.approach_no = approaches.approach_no
),

turn_lengths as (
    select thread_id, approach_no, side, turn_no, sum(words) as words, bool_and(words is not null) as has_words
    from placed
    group by thread_id, approach_no, side, turn_no
),

longest as (
    select
        thread_id,
        approach_no,
        count(*) as turns,
        count(*) filter (where side = 'candidate') as candidate_turns,
        case
            when bool_and(has_words) filter (where side = 'recruiter')
                then max(words) filter (where side = 'recruiter')
        end as longest_monologue_words,
        case
            when bool_and(has_words) filter (where side = 'candidate')
                then max(words) filter (where side = 'candidate')
        end as candidate_longest_words
    from turn_lengths
    group by thread_id, approach_no
),

sums as (
    select
        thread_id,
        approach_no,
        count(*) as messages,
        count(*) filter (where side = 'recruiter') as recruiter_messages,
        count(*) filter (where side = 'candidate') as candidate_messages,
        bool_and(words is not null) as has_words,
        bool_and(words is not null) filter (where is_within_30d) as has_words_30d,
        coalesce(sum(words) filter (where side = 'recruiter'), 0)::bigint as recruiter_words,
        coalesce(sum(words) filter (where side = 'candidate'), 0)::bigint as candidate_words,
        coalesce(sum(chars) filter (where side = 'recruiter'), 0)::bigint as recruiter_chars,
        coalesce(sum(chars) filter (where side = 'candidate'), 0)::bigint as candidate_chars,
        coalesce(sum(words) filter (where side = 'recruiter' and is_after_reply), 0)::bigint
            as recruiter_words_after_reply,
        coalesce(sum(words) filter (where side = 'candidate' and is_after_reply), 0)::bigint
            as candidate_words_after_reply,
        coalesce(sum(words) filter (where side = 'recruiter' and is_within_30d), 0)::bigint as recruiter_words_30d,
        coalesce(sum(words) filter (where side = 'candidate' and is_within_30d), 0)::bigint as candidate_words_30d,
        known_sum_where(ask_sentences, side = 'recruiter') as recruiter_asks,
        known_sum_where(tell_sentences, side = 'recruiter') as recruiter_tells,
        known_sum_where(reflect_sentences, side = 'recruiter') as recruiter_reflections,
        known_sum_where(marked_sentences, side = 'recruiter') as recruiter_questions,
        known_sum_where(request_sentences, side = 'recruiter') as recruiter_requests,
        known_sum_where(plain_sentences, side = 'recruiter') as recruiter_plain_sentences,
        known_sum_where(ask_sentences, side = 'candidate') as candidate_asks,
        known_sum_where(tell_sentences, side = 'candidate') as candidate_tells,
        known_sum_where(reflect_sentences, side = 'candidate') as candidate_reflections,
        known_sum_where(marked_sentences, side = 'candidate') as candidate_questions,
        known_sum_where(request_sentences, side = 'candidate') as candidate_requests,
        known_sum_where(plain_sentences, side = 'candidate') as candidate_plain_sentences
    from placed
    group by thread_id, approach_no
),

counted as (
    select
        * replace (
            case when has_words then recruiter_words end as recruiter_words,
            case when has_words then candidate_words end as candidate_words,
            case when has_words then recruiter_words_after_reply end as recruiter_words_after_reply,
            case when has_words then candidate_words_after_reply end as candidate_words_after_reply,
            case when has_words_30d then recruiter_words_30d end as recruiter_words_30d,
            case when has_words_30d then candidate_words_30d end as candidate_words_30d
        )
    from sums
)

select
    counted.* exclude (has_words, has_words_30d),
    longest.turns,
    longest.candidate_turns,
    longest.longest_monologue_words::bigint as longest_monologue_words,
    longest.candidate_longest_words::bigint as candidate_longest_words,
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
    share(longest.turns - 1, counted.messages - 1) as turn_taking_index
from counted
inner join longest on counted.thread_id = longest.thread_id and counted.approach_no = longest.approach_no
