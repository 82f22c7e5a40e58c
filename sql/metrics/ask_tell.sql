/*
How much of what each side writes asks, tells, takes up what the other wrote, or is social.
Grain: one row per `thread_id, approach_no`, approach 0 included.
Counts: sentences by kind (docs/sentence_kinds.md); kinds are null in languages without rules, questions are known everywhere.
Why: in annotated conversations the share of telling and of reflecting tells good from bad, the number of question marks
does not. `ask_balance` is the form that is related: it is known unless nothing is asked or told; `ask_per_tell` is for display.
Weakness: rules err; how often, per language and kind, stands in docs/accuracy.md. An opening, of a re-contact too, has no turn
before to reflect.
+++
[metric.ask_share]
title = "Asking"
meaning = "asking sentences (open, closed, permission, process) of those not social; recruiter"
kind = "ratio"
unit = "share"
observation = "whole"

[metric.tell_share]
title = "Telling"
meaning = "telling sentences (offer, self, other, rhetorical) of those not social; recruiter"
kind = "ratio"
unit = "share"
observation = "whole"

[metric.reflect_share]
title = "Reflecting"
meaning = "sentences that take up the other side's turn before, of those not social; recruiter"
kind = "ratio"
unit = "share"
observation = "whole"

[metric.social_share]
title = "Greeting and thanking"
meaning = "greetings, thanks, wishes, apologies, closings, signatures, of all sentences; recruiter"
kind = "ratio"
unit = "share"
observation = "whole"

[metric.question_share]
title = "Questions"
meaning = "questions (by mark; by grammar where no mark ends it) of the sentences not social; recruiter"
kind = "ratio"
unit = "share"
observation = "whole"

[metric.request_share]
title = "Requests"
meaning = "demands and invitations to act, of the sentences not social; recruiter"
kind = "ratio"
unit = "share"
observation = "whole"

[metric.permission_share]
title = "Asking permission"
meaning = "sentences that ask leave, of those not social; recruiter"
kind = "ratio"
unit = "share"
observation = "whole"

[metric.ask_balance]
title = "Ask against tell"
meaning = "asking sentences of those that ask or tell; recruiter"
kind = "ratio"
unit = "share"
observation = "whole"

[metric.ask_per_tell]
title = "Asks per tell"
meaning = "asking sentences per telling one; null where nothing is told; recruiter"
kind = "ratio"
unit = "per sentence"
observation = "whole"

[metric.ask_share_opening]
title = "Asking in the first message"
meaning = "asking sentences (open, closed, permission, process) of those not social; first message"
kind = "ratio"
unit = "share"
observation = "opening"

[metric.tell_share_opening]
title = "Telling in the first message"
meaning = "telling sentences (offer, self, other, rhetorical) of those not social; first message"
kind = "ratio"
unit = "share"
observation = "opening"

[metric.reflect_share_opening]
title = "Reflecting in the first message"
meaning = "sentences that take up the other side's turn before, of those not social; first message"
kind = "ratio"
unit = "share"
observation = "opening"

[metric.social_share_opening]
title = "Greeting and thanking in the first message"
meaning = "greetings, thanks, wishes, apologies, closings, signatures, of all sentences; first message"
kind = "ratio"
unit = "share"
observation = "opening"

[metric.question_share_opening]
title = "Questions in the first message"
meaning = "questions (by mark; by grammar where no mark ends it) of the sentences not social; first message"
kind = "ratio"
unit = "share"
observation = "opening"
related = true

[metric.request_share_opening]
title = "Requests in the first message"
meaning = "demands and invitations to act, of the sentences not social; first message"
kind = "ratio"
unit = "share"
observation = "opening"
related = true

[metric.permission_share_opening]
title = "Asking permission in the first message"
meaning = "sentences that ask leave, of those not social; first message"
kind = "ratio"
unit = "share"
observation = "opening"
related = true

[metric.ask_balance_opening]
title = "Ask against tell in the first message"
meaning = "asking sentences of those that ask or tell; first message"
kind = "ratio"
unit = "share"
observation = "opening"
related = true

[metric.ask_per_tell_opening]
title = "Asks per tell in the first message"
meaning = "asking sentences per telling one; null where nothing is told; first message"
kind = "ratio"
unit = "per sentence"
observation = "opening"

[metric.ask_share_landmark]
title = "Asking up to a week after the first reply"
meaning = "asking sentences (open, closed, permission, process) of those not social; up to a week after the reply"
kind = "ratio"
unit = "share"
observation = "landmark"

[metric.tell_share_landmark]
title = "Telling up to a week after the first reply"
meaning = "telling sentences (offer, self, other, rhetorical) of those not social; up to a week after the reply"
kind = "ratio"
unit = "share"
observation = "landmark"

[metric.reflect_share_landmark]
title = "Reflecting up to a week after the first reply"
meaning = "sentences that take up the other side's turn before, of those not social; up to a week after the reply"
kind = "ratio"
unit = "share"
observation = "landmark"
related = true

[metric.social_share_landmark]
title = "Greeting and thanking up to a week after the first reply"
meaning = "greetings, thanks, wishes, apologies, closings, signatures, of all sentences; up to a week after the reply"
kind = "ratio"
unit = "share"
observation = "landmark"

[metric.question_share_landmark]
title = "Questions up to a week after the first reply"
meaning = "questions (by mark; by grammar where no mark ends it) of the sentences not social; up to a week after the reply"
kind = "ratio"
unit = "share"
observation = "landmark"

[metric.request_share_landmark]
title = "Requests up to a week after the first reply"
meaning = "demands and invitations to act, of the sentences not social; up to a week after the reply"
kind = "ratio"
unit = "share"
observation = "landmark"

[metric.permission_share_landmark]
title = "Asking permission up to a week after the first reply"
meaning = "sentences that ask leave, of those not social; up to a week after the reply"
kind = "ratio"
unit = "share"
observation = "landmark"

[metric.ask_balance_landmark]
title = "Ask against tell up to a week after the first reply"
meaning = "asking sentences of those that ask or tell; up to a week after the reply"
kind = "ratio"
unit = "share"
observation = "landmark"
related = true

[metric.ask_per_tell_landmark]
title = "Asks per tell up to a week after the first reply"
meaning = "asking sentences per telling one; null where nothing is told; up to a week after the reply"
kind = "ratio"
unit = "per sentence"
observation = "landmark"

[metric.candidate_ask_share]
title = "Asking by the candidate"
meaning = "asking sentences (open, closed, permission, process) of those not social; candidate"
kind = "ratio"
unit = "share"
observation = "whole"

[metric.candidate_tell_share]
title = "Telling by the candidate"
meaning = "telling sentences (offer, self, other, rhetorical) of those not social; candidate"
kind = "ratio"
unit = "share"
observation = "whole"

[metric.candidate_reflect_share]
title = "Reflecting by the candidate"
meaning = "sentences that take up the other side's turn before, of those not social; candidate"
kind = "ratio"
unit = "share"
observation = "whole"

[metric.candidate_social_share]
title = "Greeting and thanking by the candidate"
meaning = "greetings, thanks, wishes, apologies, closings, signatures, of all sentences; candidate"
kind = "ratio"
unit = "share"
observation = "whole"

[metric.candidate_question_share]
title = "Questions by the candidate"
meaning = "questions (by mark; by grammar where no mark ends it) of the sentences not social; candidate"
kind = "ratio"
unit = "share"
observation = "whole"

[metric.candidate_request_share]
title = "Requests by the candidate"
meaning = "demands and invitations to act, of the sentences not social; candidate"
kind = "ratio"
unit = "share"
observation = "whole"

[metric.candidate_permission_share]
title = "Asking permission by the candidate"
meaning = "sentences that ask leave, of those not social; candidate"
kind = "ratio"
unit = "share"
observation = "whole"

[metric.candidate_ask_balance]
title = "Ask against tell by the candidate"
meaning = "asking sentences of those that ask or tell; candidate"
kind = "ratio"
unit = "share"
observation = "whole"

[metric.candidate_ask_per_tell]
title = "Asks per tell by the candidate"
meaning = "asking sentences per telling one; null where nothing is told; candidate"
kind = "ratio"
unit = "per sentence"
observation = "whole"
+++
*/
select
    approaches.thread_id,
    approaches.approach_no,
    whole.ask_share,
    whole.tell_share,
    whole.reflect_share,
    whole.social_share,
    whole.question_share,
    whole.request_share,
    whole.permission_share,
    whole.ask_balance,
    whole.ask_per_tell,
    openings.ask_share as ask_share_opening,
    openings.tell_share as tell_share_opening,
    openings.reflect_share as reflect_share_opening,
    openings.social_share as social_share_opening,
    openings.question_share as question_share_opening,
    openings.request_share as request_share_opening,
    openings.permission_share as permission_share_opening,
    openings.ask_balance as ask_balance_opening,
    openings.ask_per_tell as ask_per_tell_opening,
    landmarks.ask_share as ask_share_landmark,
    landmarks.tell_share as tell_share_landmark,
    landmarks.reflect_share as reflect_share_landmark,
    landmarks.social_share as social_share_landmark,
    landmarks.question_share as question_share_landmark,
    landmarks.request_share as request_share_landmark,
    landmarks.permission_share as permission_share_landmark,
    landmarks.ask_balance as ask_balance_landmark,
    landmarks.ask_per_tell as ask_per_tell_landmark,
    candidates.ask_share as candidate_ask_share,
    candidates.tell_share as candidate_tell_share,
    candidates.reflect_share as candidate_reflect_share,
    candidates.social_share as candidate_social_share,
    candidates.question_share as candidate_question_share,
    candidates.request_share as candidate_request_share,
    candidates.permission_share as candidate_permission_share,
    candidates.ask_balance as candidate_ask_balance,
    candidates.ask_per_tell as candidate_ask_per_tell
from int_approaches as approaches
left join int_sentence_shares as whole
    on
        approaches.thread_id = whole.thread_id
        and approaches.approach_no = whole.approach_no
        and whole.side = 'recruiter'
        and whole.scope = 'whole'
left join int_sentence_shares as openings
    on
        approaches.thread_id = openings.thread_id
        and approaches.approach_no = openings.approach_no
        and openings.side = 'recruiter'
        and openings.scope = 'opening'
left join int_sentence_shares as landmarks
    on
        approaches.thread_id = landmarks.thread_id
        and approaches.approach_no = landmarks.approach_no
        and landmarks.side = 'recruiter'
        and landmarks.scope = 'landmark'
left join int_sentence_shares as candidates
    on
        approaches.thread_id = candidates.thread_id
        and approaches.approach_no = candidates.approach_no
        and candidates.side = 'candidate'
        and candidates.scope = 'whole'
