/*
The counts of one message; never its text.
Grain: one row per `message_id`.
Counts: human messages of measured threads.
Why: every sum above can be taken again from here.
Weakness: social sentences are known only where the language has rules.
+++
published = true

[columns]
message_id = "keyed id of the message, the same in every run"
message_no = "1, 2, ... within the approach"
turn_no = "1, 2, ... ; a turn is a run of messages by one side"
side = "recruiter or candidate"
sender_id = "keyed hash of the sender"
sent_at = "when it was sent, UTC"
kind = "message or invitation_note"
words = "words; null for scripts without spaces"
chars = "characters, outer white space removed"
sentences = "sentences; a line break ends one"
plain_sentences = "sentences that are not greeting, thanks or closing"
question_sentences = "sentences with a question mark of any script"
request_sentences = "sentences that ask or invite to act; null without rules for the language"
+++
*/
select
    published_id(message_key) as message_id,
    thread_id,
    approach_no,
    message_no,
    turn_no,
    side,
    sender_id,
    sent_at,
    kind,
    side_language as language,
    words,
    chars,
    sentences,
    plain_sentences,
    question_sentences,
    request_sentences
from int_approach_messages
order by thread_id, approach_no, message_no
