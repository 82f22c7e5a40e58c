/*
What the first message of an approach looks like.
Grain: one row per `thread_id, approach_no`, outreach only.
Counts: exactly one message, the one that opens the approach; `opening_run_messages` (ten minutes) are kept apart.
Why: the first message is complete before anything can answer it, so it may be related to every outcome.
Weakness: the words of greeting and signature count in length; kinds are found by rules that err (docs/accuracy.md).
+++
[columns]
first_message_bin = "LinkedIn's bins of the first message's characters: <= 400, 401-800, 801-1200, > 1200"
opening_run_messages = "messages the recruiter added within ten minutes of the first, before any answer"
question_sentences_opening = "sentences of the first message that are questions, but for mere politeness (how are you?)"
ask_sentences_opening = "sentences of the first message that ask; null without rules for the language"
tell_sentences_opening = "sentences of the first message that tell; null without rules for the language"
tell_offer_sentences_opening = "sentences of the first message that tell of job, company, pay or stack; null without rules"
us_sentences_opening = "sentences of the first message that speak of us and not of the reader; null without rules"
you_words_opening = "words of the first message that address the reader; null without rules for the language"
we_words_opening = "words of the first message that speak of us; null without rules for the language"
request_sentences_opening = "sentences of the first message that ask or invite to act; null without rules for the language"
plain_sentences_opening = "sentences of the first message that are not greeting, thanks or closing"
template_id = """\
same id = same template family: first messages that are near copies (Jaccard similarity of .8 or more on runs of five words, \
names, numbers and links masked), and what such copies link"""

[metric.first_message_words]
title = "First-message length"
meaning = "words in the message that opens the approach; null for scripts without spaces"
kind = "quantile"
unit = "words"
observation = "opening"
related = true
equivalents = "Gem, Lemlist: words in the first message"

[metric.first_message_chars]
title = "First-message length in characters"
meaning = "characters in the message that opens the approach, outer white space removed"
kind = "quantile"
unit = "characters"
observation = "opening"
related = true
equivalents = "LinkedIn: characters of an InMail, in bins of 400"

[metric.first_message_sentences]
title = "Sentences in the first message"
meaning = "sentences in the message that opens the approach; a line break ends a sentence"
kind = "quantile"
unit = "sentences"
observation = "opening"

[metric.flesch_reading_ease]
title = "Readability of the first message"
meaning = "Flesch reading ease of the first message by textstat in its own language (en, de, es, fr); null elsewhere"
kind = "score"
unit = "points"
observation = "opening"
related = true

[metric.opening_style]
title = "Opening style"
meaning = """\
sell_first: half or more of the first message's sentences tell of the offer, or two or more do before it asks; \
reaction_first: one at most does, and the last sentence asks (leave, open or closed); mixed: the rest; unsupported \
language. Greetings and closings do not count; the cut points are settings, fixed before outcomes are looked at"""
kind = "class"
unit = "class"
observation = "opening"

[metric.sell_first]
title = "Openings that sell first"
meaning = "opening_style is sell_first; null where the style is unknown"
kind = "proportion"
unit = "share"
observation = "opening"
related = true

[metric.reaction_first]
title = "Openings that ask for a reaction first"
meaning = "opening_style is reaction_first; null where the style is unknown"
kind = "proportion"
unit = "share"
observation = "opening"
related = true

[metric.technologies_named]
title = "Technologies named in the first message"
meaning = "distinct technologies of sql/lexicons/technologies.toml that the first message names"
kind = "count"
unit = "technologies"
observation = "opening"
related = true

[metric.numbers]
title = "Numbers in the first message"
meaning = "numbers written in digits in the first message, outside addresses and words"
kind = "count"
unit = "numbers"
observation = "opening"

[metric.money_figures]
title = "Amounts of money in the first message"
meaning = "amounts of money (a salary, mostly): numbers with a currency, or in thousands as in 80k, in the first message"
kind = "count"
unit = "figures"
observation = "opening"

[metric.links]
title = "Links in the first message"
meaning = "web addresses in the first message"
kind = "count"
unit = "links"
observation = "opening"

[metric.bullets]
title = "List items in the first message"
meaning = "lines of the first message that begin like the item of a list"
kind = "count"
unit = "lines"
observation = "opening"

[metric.you_share]
title = "You against we in the first message"
meaning = "words that address the reader, of the words that address the reader or speak of us, in the first message"
kind = "ratio"
unit = "share"
observation = "opening"
related = true

[metric.us_share]
title = "Sentences about us in the first message"
meaning = "sentences that speak of us and not of the reader, of the first message's sentences that are not social"
kind = "ratio"
unit = "share"
observation = "opening"

[metric.own_text_share]
title = "Own text in the first message"
meaning = "runs of five words that no other first message has, of all in the first message; names, numbers and links masked"
kind = "ratio"
unit = "share"
observation = "opening"

[metric.contacts_28d_before]
title = "New contacts in the 28 days before"
meaning = "people this recruiter wrote to for the first time in the 28 days before the approach began"
kind = "count"
unit = "people"
observation = "opening"
related = true
+++
*/
with first_messages as (
    select *
    from int_approach_messages
    where is_first
),

opening_runs as (
    select messages.thread_id, messages.approach_no, count(*) as opening_run_messages
    from int_approach_messages as messages
    inner join int_approaches as approaches
        on messages.thread_id = approaches.thread_id and messages.approach_no = approaches.approach_no
    where
        messages.side = 'recruiter'
        and not messages.is_first
        and messages.turn_no = 1
        and messages.sent_at <= approaches.started_at + interval 10 minutes
    group by messages.thread_id, messages.approach_no
),

volumes as (
    select
        thread_id,
        approach_no,
        coalesce(sum(is_first_contact::integer) over (
            partition by recruiter_id order by started_at
            range between interval 28 days preceding and interval 1 second preceding
        ), 0)::bigint as contacts_28d_before
    from int_approaches
    where approach_no >= 1
)

select
    approaches.thread_id,
    approaches.approach_no,
    first_messages.words as first_message_words,
    first_messages.chars as first_message_chars,
    first_messages.sentences as first_message_sentences,
    case
        when first_messages.chars <= 400 then '<= 400'
        when first_messages.chars <= 800 then '401-800'
        when first_messages.chars <= 1200 then '801-1200'
        when first_messages.chars > 1200 then '> 1200'
    end as first_message_bin,
    load.flesch_reading_ease,
    opening_style(
        first_messages.tell_offer_sentences,
        first_messages.plain_sentences,
        first_messages.offers_before_ask,
        first_messages.last_kind
    ) as opening_style,
    nullif(opening_style, 'unsupported') = 'sell_first' as sell_first,
    nullif(opening_style, 'unsupported') = 'reaction_first' as reaction_first,
    load.technologies as technologies_named,
    load.numbers,
    load.money_figures,
    load.links,
    load.bullets,
    first_messages.you_words as you_words_opening,
    first_messages.we_words as we_words_opening,
    share(first_messages.you_words, first_messages.you_words + first_messages.we_words) as you_share,
    first_messages.us_sentences as us_sentences_opening,
    share(first_messages.us_sentences, first_messages.plain_sentences) as us_share,
    first_messages.ask_sentences as ask_sentences_opening,
    first_messages.tell_sentences as tell_sentences_opening,
    first_messages.tell_offer_sentences as tell_offer_sentences_opening,
    first_messages.plain_question_sentences as question_sentences_opening,
    first_messages.request_sentences as request_sentences_opening,
    first_messages.plain_sentences as plain_sentences_opening,
    published_id(families.family_id) as template_id,
    families.own_text_share,
    coalesce(opening_runs.opening_run_messages, 0) as opening_run_messages,
    volumes.contacts_28d_before
from int_approaches as approaches
inner join first_messages
    on approaches.thread_id = first_messages.thread_id and approaches.approach_no = first_messages.approach_no
inner join volumes on approaches.thread_id = volumes.thread_id and approaches.approach_no = volumes.approach_no
left join text_families as families on first_messages.body_hash = families.body_hash
left join text_load as load
    on first_messages.body_hash = load.body_hash and first_messages.side_language = load.language
left join opening_runs
    on approaches.thread_id = opening_runs.thread_id and approaches.approach_no = opening_runs.approach_no
where approaches.is_outreach
