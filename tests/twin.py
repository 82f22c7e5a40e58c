"""The definitions of METRICS.md once more, slowly and in plain Python: what the SQL must agree with."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from itertools import groupby
from typing import Any

DAY = timedelta(days=1)
IN_PROCESS = ("applied", "screen", "interview", "offer")
ENDINGS = ("declined", "opted_out", "hired", "rejected", "withdrawn", "closed")
CONVERSIONS = ("interview", "offer", "hired")
"""An interview, or a step that nobody takes without one."""
EVENTS_90D = ("interested", "declined", "opted_out", "interview", "offer", "hired")
SCRIPTS_WITHOUT_SPACES = ("CJK UNIFIED", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR")


@dataclass(frozen=True)
class Message:
    """One row of a message table; `candidate` is the candidate the row names."""

    thread: str
    at: datetime
    sender: str
    side: str
    body: str
    kind: str = "message"
    candidate: str | None = None
    job: str | None = None

    @property
    def is_human(self) -> bool:
        return self.kind in ("message", "invitation_note")


@dataclass(frozen=True)
class Outcome:
    """One row of an outcome table; without a date it happened some time before the table was made."""

    event: str
    at: datetime | None
    thread: str | None = None
    candidate: str | None = None
    job: str | None = None


@dataclass(frozen=True, eq=False)
class World:
    """All that the exports show: messages in file order, and until when they were seen."""

    messages: Sequence[Message] = field(repr=False)
    seen_until: datetime
    outcomes: Sequence[Outcome] = field(default=(), repr=False)
    outcomes_seen_until: datetime | None = None
    """None without any outcome table."""
    covers_everybody: bool = True
    """The outcome table lies in the folder of the messages."""


@dataclass(frozen=True)
class Approach:
    """The human messages of one approach, in order of writing."""

    thread: str
    no: int
    messages: tuple[Message, ...]

    @property
    def start(self) -> datetime:
        return self.messages[0].at

    @property
    def recruiter(self) -> str | None:
        """Who sent the first message; None where only the candidate wrote."""
        return next((message.sender for message in self.messages if message.side == "recruiter"), None)


Row = dict[str, Any]


def count_words(body: str) -> int | None:
    """Words of letters, marks and digits, joined by apostrophes and hyphens; None for scripts without spaces."""
    text = " ".join(piece for piece in body.split() if not _is_address(piece))
    letters = [c for c in text if unicodedata.category(c)[0] in "LN"]
    unspaced = [c for c in text if unicodedata.name(c, "").startswith(SCRIPTS_WITHOUT_SPACES)]
    if 2 * len(unspaced) > len(letters):
        return None
    words, inside = 0, False
    for place, character in enumerate(text):
        following = text[place + 1 : place + 2]
        if _is_word_part(character):
            words += not inside
            inside = True
        elif not (inside and character in "'’-" and _is_word_part(following)):
            inside = False
    return words


def _is_address(piece: str) -> bool:
    return piece.startswith(("http://", "https://", "www.")) or "@" in piece


def _is_word_part(character: str) -> bool:
    return bool(character) and unicodedata.category(character)[0] in "LMN"


def approach_rows(world: World) -> list[Row]:
    """One row per approach, named as the columns of `approach_metrics`."""
    return [_approach_row(world, approach) for approach in _all_approaches(world)]


def thread_rows(world: World) -> list[Row]:
    """One row per thread with a human message, named as the columns of `thread_metrics`."""
    measured = approach_rows(world)
    rows = {thread: [row for row in measured if row["thread_id"] == thread] for thread in _threads(world)}
    return [_thread_row(world, thread, rows[thread]) for thread in _threads(world)]


@cache
def _threads(world: World) -> list[str]:
    return sorted({message.thread for message in world.messages if message.is_human})


@cache
def _thread_messages(world: World, thread: str) -> list[Message]:
    """The human messages in order of writing; messages of one second stay in the order of the file."""
    return sorted((m for m in world.messages if m.thread == thread and m.is_human), key=lambda m: m.at)


def _reason_not_measured(world: World, thread: str) -> str | None:
    rows = [message for message in world.messages if message.thread == thread]
    recruiters = {message.sender for message in rows if message.side == "recruiter" and message.is_human}
    candidates = {message.sender for message in rows if message.side == "candidate" and message.is_human}
    named = {message.candidate for message in rows if message.candidate}
    if len(candidates) > 1:
        return "group"
    if len(recruiters) > 1 and not (candidates | named):
        return "internal"
    return None if recruiters else "no recruiter"


@cache
def _recruiter(world: World, thread: str) -> str | None:
    """The recruiter of a thread; None where several wrote, since none of them opened it."""
    senders = {m.sender for m in _thread_messages(world, thread) if m.side == "recruiter"}
    return next(iter(senders)) if len(senders) == 1 else None


@cache
def _candidate(world: World, thread: str) -> str | None:
    rows = [message for message in world.messages if message.thread == thread]
    wrote = [message.sender for message in rows if message.side == "candidate" and message.is_human]
    return next(iter([*wrote, *(message.candidate for message in rows if message.candidate)]), None)


@cache
def _job(world: World, thread: str) -> str | None:
    return next((m.job for m in world.messages if m.thread == thread and m.job), None)


@cache
def _all_approaches(world: World) -> tuple[Approach, ...]:
    measured = [thread for thread in _threads(world) if _reason_not_measured(world, thread) is None]
    return tuple(approach for thread in measured for approach in _approaches(world, thread))


def _approaches(world: World, thread: str) -> Iterable[Approach]:
    """An approach opens with a recruiter's message: the first of a thread that a recruiter opened, one after 90 days
    of silence, or one 30 days after something ended the approach that was going on."""
    messages = _thread_messages(world, thread)
    opener = messages[0].side
    endings = [o.at for o in world.outcomes if o.event in ENDINGS and o.at and thread in linked_threads(world, o)]
    no = 0
    current: list[Message] = []
    for message in messages:
        is_first_of_recruiter = opener == "recruiter" and no == 0
        is_after_silence = bool(current) and message.at - current[-1].at >= 90 * DAY
        is_after_end = bool(current) and any(
            current[0].at <= ending and message.at >= ending + 30 * DAY for ending in endings
        )
        if message.side == "recruiter" and (is_first_of_recruiter or is_after_silence or is_after_end):
            if current:
                yield Approach(thread, no, tuple(current))
            no, current = no + 1, []
        current.append(message)
    yield Approach(thread, no, tuple(current))


@cache
def linked_threads(world: World, outcome: Outcome) -> list[str]:
    """The thread an outcome names, else all threads of its candidate; never one that is about another job."""

    def fits(thread: str) -> bool:
        job = _job(world, thread)
        return outcome.job is None or job is None or job == outcome.job

    threads = [thread for thread in _threads(world) if fits(thread)]
    named = [thread for thread in threads if thread == outcome.thread]
    of_candidate = [t for t in threads if outcome.candidate and _candidate(world, t) == outcome.candidate]
    return named or of_candidate


@cache
def _credited(world: World, outcome: Outcome) -> Approach | None:
    """The latest approach that began at or before the event, or before the source was last looked at."""
    at = outcome.at or world.outcomes_seen_until
    threads = linked_threads(world, outcome)
    begun = [a for a in _all_approaches(world) if a.no >= 1 and a.thread in threads and at and a.start <= at]
    latest = max((approach.start for approach in begun), default=None)
    return min((a for a in begun if a.start == latest), key=lambda a: a.thread, default=None)


@cache
def _outcomes_seen_until(world: World, approach: Approach) -> datetime | None:
    """Until when missing events mean no for this approach; None where no source covers the recruiter."""
    if world.outcomes_seen_until is None:
        return None
    linked = {thread for outcome in world.outcomes for thread in linked_threads(world, outcome)}
    recruiters = {other.recruiter for other in _all_approaches(world) if other.thread in linked}
    is_covered = world.covers_everybody or approach.recruiter in recruiters or approach.thread in linked
    return world.outcomes_seen_until if is_covered else None


def _words(messages: Iterable[Message]) -> int | None:
    """The sum, unknown as soon as one part is unknown."""
    counts = [count_words(message.body) for message in messages]
    return None if None in counts else sum(count for count in counts if count is not None)


def _chars(messages: Iterable[Message]) -> int:
    return sum(len(message.body.strip()) for message in messages)


def _side(messages: Iterable[Message], side: str) -> list[Message]:
    return [message for message in messages if message.side == side]


def _share_of_words(messages: Sequence[Message]) -> float | None:
    if _words(messages) is None:
        return None
    recruiter, candidate = _words(_side(messages, "recruiter")), _words(_side(messages, "candidate"))
    return recruiter / (recruiter + candidate) if recruiter and candidate else None


def _turns(messages: Iterable[Message]) -> list[list[Message]]:
    return [list(run) for _, run in groupby(messages, key=lambda message: message.side)]


def _longest(turns: Sequence[Sequence[Message]], side: str) -> int | None:
    lengths = [_words(turn) for turn in turns if turn[0].side == side]
    return max((length for length in lengths if length is not None), default=None) if None not in lengths else None


def _judged(seen_until: datetime | None, start: datetime, at: datetime | None, days: int) -> bool | None:
    """Yes or no once everything up to the end of the window was seen."""
    if seen_until is None or seen_until < start + days * DAY:
        return None
    return at is not None and at <= start + days * DAY


def _approach_row(world: World, approach: Approach) -> Row:
    row = {
        "thread_id": approach.thread,
        "approach_no": approach.no,
        "recruiter_id": approach.recruiter or _recruiter(world, approach.thread),
        "candidate_id": _candidate(world, approach.thread),
        "candidate_known": _candidate(world, approach.thread) is not None,
        "candidate_approach_no": _candidate_approach_no(world, approach),
        "started_at": approach.start,
        "is_outreach": approach.no >= 1,
        "opened_by_note": approach.no >= 1 and approach.messages[0].kind == "invitation_note",
        "observed_until": world.seen_until,
        "handovers": max(len({m.sender for m in _side(approach.messages, "recruiter")}) - 1, 0),
    }
    row |= _conversation(approach.messages)
    if approach.no >= 1:
        row |= _opening(world, approach)
        row |= _reply(world, approach)
        row |= _conversion(world, approach)
        row |= _landmark(world, approach, row)
    return row


def _candidate_approach_no(world: World, approach: Approach) -> int | None:
    candidate = _candidate(world, approach.thread)
    if candidate is None or approach.no == 0:
        return None
    same = [a for a in _all_approaches(world) if a.no >= 1 and _candidate(world, a.thread) == candidate]
    return sorted(same, key=lambda a: (a.start, a.thread, a.no)).index(approach) + 1


def _conversation(messages: Sequence[Message]) -> Row:
    recruiter, candidate = _side(messages, "recruiter"), _side(messages, "candidate")
    turns = _turns(messages)
    has_words = _words(messages) is not None
    first_answer = messages.index(candidate[0]) if candidate else len(messages)
    after = messages[first_answer + 1 :]
    young = [message for message in messages if message.at <= messages[0].at + 30 * DAY]
    young_words = _words(young) is not None
    listened, told = _words(_side(after, "candidate")), _words(_side(after, "recruiter"))
    chars = {"recruiter": _chars(recruiter), "candidate": _chars(candidate)}
    return {
        "recruiter_words": _words(recruiter) if has_words else None,
        "candidate_words": _words(candidate) if has_words else None,
        "recruiter_chars": chars["recruiter"],
        "candidate_chars": chars["candidate"],
        "recruiter_messages": len(recruiter),
        "candidate_messages": len(candidate),
        "messages": len(messages),
        "turns": len(turns),
        "candidate_turns": sum(turn[0].side == "candidate" for turn in turns),
        "recruiter_words_after_reply": told if has_words else None,
        "candidate_words_after_reply": listened if has_words else None,
        "recruiter_words_30d": _words(_side(young, "recruiter")) if young_words else None,
        "candidate_words_30d": _words(_side(young, "candidate")) if young_words else None,
        "longest_monologue_words": _longest(turns, "recruiter"),
        "candidate_longest_words": _longest(turns, "candidate"),
        "talk_share": _share_of_words(messages),
        "talk_share_chars": chars["recruiter"] / sum(chars.values()) if all(chars.values()) else None,
        "talk_share_messages": len(recruiter) / len(messages) if candidate else None,
        "talk_share_after_reply": _over(told, listened) if has_words else None,
        "turn_taking_index": (len(turns) - 1) / (len(messages) - 1) if len(messages) > 1 else None,
    }


def _over(part: int | None, rest: int | None) -> float | None:
    return part / (part + rest) if part is not None and rest is not None and part + rest > 0 else None


def _opening(world: World, approach: Approach) -> Row:
    first, *others = approach.messages
    run = 0
    for message in others:
        if message.side == "candidate" or message.at > first.at + timedelta(minutes=10):
            break
        run += 1
    chars = len(first.body.strip())
    bins = ((400, "<= 400"), (800, "401-800"), (1200, "801-1200"))
    return {
        "first_message_words": count_words(first.body),
        "first_message_chars": chars,
        "first_message_bin": next((name for limit, name in bins if chars <= limit), "> 1200"),
        "opening_run_messages": run,
        "contacts_28d_before": _new_contacts_before(world, approach),
    }


def _new_contacts_before(world: World, approach: Approach) -> int:
    """People this recruiter approached for the first time in the 28 days before."""
    first_contacts: dict[str, datetime] = {}
    for other in _all_approaches(world):
        if other.no >= 1 and other.recruiter == approach.recruiter:
            person = _candidate(world, other.thread) or f"unknown, of {other.thread}"
            first_contacts[person] = min(other.start, first_contacts.get(person, other.start))
    return sum(approach.start - 28 * DAY <= at < approach.start for at in first_contacts.values())


def _reply(world: World, approach: Approach) -> Row:
    start = approach.start
    answer = next((message for message in approach.messages if message.side == "candidate"), None)
    replied_at = answer.at if answer else None
    before = approach.messages[1 : approach.messages.index(answer) if answer else None]
    is_judgeable = approach.messages[0].kind != "invitation_note"
    candidate_turns = [turn for turn in _turns(approach.messages) if turn[0].side == "candidate"]
    discussed = sum(turn[0].at <= start + 30 * DAY for turn in candidate_turns) >= 2
    row: Row = {
        "replied_at": replied_at,
        "reply_hours": (replied_at - start) / timedelta(hours=1) if replied_at else None,
        "reply_words": count_words(answer.body) if answer else None,
        "followups_before_reply": len(before),
    }
    for days in (7, 14, 30):
        judged = _judged(world.seen_until, start, replied_at, days)
        row[f"replied_{days}d"] = judged if is_judgeable else None
        row[f"is_reply_open_{days}d"] = is_judgeable and judged is None
    is_mature = row["replied_30d"] is not None
    ignored = _ignored(world, approach, was_answered=bool(row["replied_30d"])) if is_mature else None
    return row | {"discussion": discussed if is_mature else None, "ignored_30d": ignored}


def _ignored(world: World, approach: Approach, *, was_answered: bool) -> bool | None:
    """Neither answered nor opted out of within 30 days; unknown where somebody opted out, nobody knows when."""
    opt_outs = [o for o in world.outcomes if o.event == "opted_out" and _credited(world, o) == approach]
    if any(o.at and o.at <= approach.start + 30 * DAY for o in opt_outs):
        return False
    return None if _has_undated(world, approach, "opted_out") else not was_answered


def _conversion(world: World, approach: Approach) -> Row:
    start = approach.start
    seen_until = _outcomes_seen_until(world, approach)
    credited = [o for o in world.outcomes if _credited(world, o) == approach]
    was_in_process = _was_in_process(world, approach)

    def first(event: str) -> datetime | None:
        return min((o.at for o in credited if o.event == event and o.at), default=None)

    def within_90d(event: str) -> bool | None:
        has_undated = _has_undated(world, approach, event)
        is_ever_seen = any(o.event == event for o in world.outcomes)
        happened_at = first(event)
        is_yes = happened_at is not None and happened_at <= start + 90 * DAY
        if was_in_process or (has_undated and not is_yes) or not is_ever_seen:
            return None
        return _judged(seen_until, start, happened_at, 90)

    converted_at = min((o.at for o in credited if o.event in CONVERSIONS and o.at), default=None)
    has_undated = any(_has_undated(world, approach, event) for event in CONVERSIONS)
    is_known = seen_until is not None and not was_in_process
    row: Row = {
        "outcome_observed_until": seen_until,
        "already_in_process": was_in_process if seen_until else None,
        "converted_at": converted_at,
        "converted_ever": any(o.event in CONVERSIONS for o in credited) if is_known else None,
    }
    for days in (30, 60, 90):
        is_yes = converted_at is not None and converted_at <= start + days * DAY
        is_judgeable = is_known and (is_yes or not has_undated)
        row[f"converted_{days}d"] = _judged(seen_until, start, converted_at, days) if is_judgeable else None
    return row | {f"{event}_90d": within_90d(event) for event in EVENTS_90D}


def _has_undated(world: World, approach: Approach, event: str) -> bool:
    """Something of the kind happened to the thread, nobody knows when: any of its approaches may have led there."""
    return any(
        outcome.event == event and outcome.at is None and approach.thread in linked_threads(world, outcome)
        for outcome in world.outcomes
    )


def _was_in_process(world: World, approach: Approach) -> bool:
    """The last thing known before the first message was an application, a screen, an interview or an offer."""
    earlier = [
        (outcome.at, outcome.event in ENDINGS, outcome.event)
        for outcome in world.outcomes
        if outcome.event in IN_PROCESS + ENDINGS
        and outcome.at
        and outcome.at < approach.start
        and approach.thread in linked_threads(world, outcome)
    ]
    return bool(earlier) and max(earlier)[2] in IN_PROCESS


def _landmark(world: World, approach: Approach, row: Row) -> Row:
    start, replied_at = approach.start, row["replied_at"]
    landmark = replied_at + 7 * DAY if replied_at else None
    credited = [o for o in world.outcomes if _credited(world, o) == approach]
    is_over = landmark is not None and any(
        o.at is not None and o.at <= landmark and o.event in (*ENDINGS, *CONVERSIONS) for o in credited
    )
    is_over = is_over or (replied_at is not None and any(_has_undated(world, approach, end) for end in ENDINGS))
    is_there = landmark is not None and world.seen_until >= landmark and not is_over
    until_landmark = [m for m in approach.messages if landmark and m.at <= landmark]
    can_convert = row["outcome_observed_until"] is not None and not row["already_in_process"]
    has_undated = any(_has_undated(world, approach, event) for event in CONVERSIONS)
    week = start + 7 * DAY
    is_silent = row["replied_7d"] is False
    followups = [m for m in approach.messages[1:] if m.side == "recruiter" and m.at <= week]
    return {
        "landmark_at": landmark if is_there else None,
        "is_left_out_of_landmark": is_over,
        "talk_share_landmark": _share_of_words(until_landmark) if is_there else None,
        "converted_60d_after_landmark": (
            _judged(row["outcome_observed_until"], landmark, row["converted_at"], 60)
            if landmark and is_there and can_convert and not has_undated
            else None
        ),
        "followups_unanswered_7d": len(followups) if is_silent else None,
        "replied_8_to_30d": _judged(world.seen_until, start, replied_at, 30) if is_silent else None,
    }


FROM_FIRST_APPROACH = (
    "first_message_words", "first_message_chars", "first_message_bin", "followups_before_reply", "replied_at",
    "reply_hours", "reply_words", "replied_7d", "replied_14d", "replied_30d", "discussion", "converted_at",
    "converted_30d", "converted_60d", "converted_90d", "converted_ever", "already_in_process",
    "outcome_observed_until",
)  # fmt: skip
SUMMED = (
    "recruiter_words", "candidate_words", "recruiter_chars", "candidate_chars", "recruiter_messages",
    "candidate_messages", "messages", "turns", "candidate_turns", "recruiter_words_after_reply",
    "candidate_words_after_reply",
)  # fmt: skip


def _thread_row(world: World, thread: str, rows: Sequence[Row]) -> Row:
    """Sums over the approaches; opening, reply and conversion of the first approach, where there is one."""
    messages = _thread_messages(world, thread)
    outreach = [row for row in rows if row["approach_no"] >= 1]
    result: Row = {
        "thread_id": thread,
        "out_of_metrics_reason": _reason_not_measured(world, thread),
        "n_approaches": len(outreach),
        "first_message_at": messages[0].at,
    }
    if not rows:
        return result
    result |= {name: _known(sum, [row[name] for row in rows]) for name in SUMMED}
    result |= {name: (outreach[0][name] if outreach else None) for name in FROM_FIRST_APPROACH}
    steps = result["messages"] - len(rows)
    told, listened = result["recruiter_words_after_reply"], result["candidate_words_after_reply"]
    chars = result["recruiter_chars"], result["candidate_chars"]
    return result | {
        "longest_monologue_words": _longest_of(rows, "longest_monologue_words"),
        "candidate_longest_words": _longest_of(rows, "candidate_longest_words"),
        "talk_share": _share_of_words(messages),
        "talk_share_chars": chars[0] / sum(chars) if all(chars) else None,
        "talk_share_messages": (
            result["recruiter_messages"] / result["messages"] if result["candidate_messages"] else None
        ),
        "talk_share_after_reply": _over(told, listened),
        "turn_taking_index": (result["turns"] - len(rows)) / steps if steps else None,
    }


def _known(total: Callable[[list[Any]], Any], values: Sequence[Any]) -> Any:
    return None if None in values else total(list(values))


def _longest_of(rows: Sequence[Row], name: str) -> int | None:
    return max((row[name] for row in rows if row[name] is not None), default=None)
