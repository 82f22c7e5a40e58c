/*
The counts of one message; never its text.
Grain: one row per `message_id`.
Counts: human messages of measured threads.
Why: every sum above can be taken again from here.
Weakness: kinds are known only where the language has rules.
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
question_sentences = "questions: by a mark of any script, or by grammar where no mark ends them"
marked_sentences = "sentences with a question mark of any script"
plain_question_sentences = "questions but for mere politeness (how are you?): what question shares count"
request_sentences = "sentences that ask or invite to act; null without rules for the language"
ask_open_sentences = "sentences that ask for an answer in the reader's own words; null without rules for the language"
ask_closed_sentences = "sentences that ask for yes or no, this or that, or one fact; null without rules for the language"
ask_permission_sentences = "sentences that ask leave; null without rules for the language"
ask_process_sentences = "sentences that ask for a step: call, slot, document, application; null without rules for the language"
ask_rhetorical_sentences = "sentences in question form that want no answer; null without rules for the language"
tell_offer_sentences = "sentences that tell of the job, the company, pay or stack; null without rules for the language"
tell_self_sentences = "sentences that tell of the writer; null without rules for the language"
tell_other_sentences = "sentences that tell of anything else; null without rules for the language"
reflect_sentences = "sentences that take up what the other side wrote in the turn before; null without rules for the language"
social_sentences = "sentences that greet, thank, wish, apologise, close or sign; null without rules for the language"
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
    marked_sentences,
    plain_question_sentences,
    request_sentences,
    ask_open_sentences,
    ask_closed_sentences,
    ask_permission_sentences,
    ask_process_sentences,
    ask_rhetorical_sentences,
    tell_offer_sentences,
    tell_self_sentences,
    tell_other_sentences,
    reflect_sentences,
    social_sentences
from int_approach_messages
order by thread_id, approach_no, message_no
