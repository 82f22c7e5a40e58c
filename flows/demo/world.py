"""What happens in the invented world: who writes to whom, who answers, and what becomes of it."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from random import Random
from uuid import UUID

from flows.demo.people import RECRUITERS, STYLES, Candidate, Recruiter, invent_candidate, pick
from flows.demo.texts import (
    BANKS,
    Facts,
    candidate_turn,
    from_template,
    invent_facts,
    opening,
    recruiter_turn,
    saved_template,
    say,
)

HOUR, DAY = 3600, 86_400
WEEKS = 39
"""How many weeks before `until` the openings lie."""
REPLY_30D = {"sell_first": 0.14, "mixed": 0.19, "reaction_first": 0.25}
"""Reply probability within 30 days at a recruiter of offset 0: the built-in effect of the style."""
REPLY_LATER = 0.012
REPLY_MEDIAN_HOURS, REPLY_SPREAD = 20.0, 1.8
"""Reply hours are log-normal: about one in eight after 7 days, one in sixteen after 14."""
REPLY_CLASSES = {"interested": 0.50, "other": 0.13, "declined": 0.33, "opted_out": 0.04}
INTERVIEW_IF_OPEN = 0.40
"""Interview probability of replies that neither decline nor opt out: about a quarter of all replies."""
SELL_FROM_TEMPLATE = 0.45
HIDDEN_SHARE, INBOUND_SHARE, RECONTACT_SHARE, NOTE_SHARE, AUTO_REPLY_SHARE = 0.015, 0.04, 0.015, 0.05, 0.05
SHARED_CANDIDATE_SHARE = 0.05


@dataclass(slots=True)
class Message:
    """One message; `at` is in seconds since 1970, UTC."""

    at: int
    by_recruiter: bool
    body: str
    kind: str = "message"


@dataclass(slots=True)
class Event:
    """One outcome of a thread."""

    at: int
    event: str
    reason_side: str = "unknown"


@dataclass(slots=True)
class Approach:
    """The built-in truth of one attempt at a conversation."""

    style: str
    language: str
    recruiter: str
    p_reply_30d: float
    started_at: int
    replied_at: int | None
    """None where no human answer came before the export."""
    interview_at: int | None = None
    by_note: bool = False
    """Opened by an invitation note; leaves reply denominators."""
    thread_id: str = ""


@dataclass(slots=True)
class Thread:
    """One conversation between a recruiter and somebody else."""

    thread_id: str
    recruiter: Recruiter
    candidate: Candidate
    language: str
    subject: str
    messages: list[Message] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    approaches: list[Approach] = field(default_factory=list)
    is_hidden: bool = False
    """The other side appears as `LinkedIn Member`, without an address."""
    is_inbound: bool = False


@dataclass(frozen=True)
class World:
    """Everything that happened before `until`."""

    threads: list[Thread]
    since: int
    until: int


def invent_world(rng: Random, threads: int, until: date) -> World:
    """`threads` outreach conversations of all recruiters, and the inbound ones beside them."""
    end = at_midnight(until)
    people = _People(rng)
    made: list[Thread] = []
    for recruiter, size in zip(RECRUITERS, sizes(threads), strict=True):
        templates = {x: [saved_template(rng, x, recruiter) for _ in range(3)] for x in recruiter.languages}
        day = _Diary(rng, recruiter, end, templates, people)
        made += [day.outreach() for _ in range(size)]
        made += [day.inbound() for _ in range(round(size * INBOUND_SHARE) or 1)]
    return World([t for t in made if t.messages], end - WEEKS * 7 * DAY, end)


def sizes(threads: int) -> list[int]:
    """How many of `threads` each recruiter gets; the sum is `threads`."""
    total = sum(r.size for r in RECRUITERS)
    edges, below = [0], 0.0
    for recruiter in RECRUITERS:
        below += recruiter.size
        edges.append(round(threads * below / total))
    return [b - a for a, b in pairwise(edges)]


def reply_probability(recruiter: Recruiter, style: str) -> float:
    """Probability of a reply within 30 days: style plus recruiter, nothing else."""
    mean = sum(r.size * r.offset for r in RECRUITERS) / sum(r.size for r in RECRUITERS)
    return REPLY_30D[style] + recruiter.offset - mean


def at_midnight(day: date) -> int:
    """Seconds since 1970 at 00:00 UTC."""
    return int(datetime.combine(day, time(), UTC).timestamp())


def conversation_id(rng: Random) -> str:
    """A LinkedIn conversation id, base64 padding included."""
    text = f"{UUID(int=rng.getrandbits(128), version=4)}_{rng.choice(('010', '012', '100'))}"
    return "2-" + base64.b64encode(text.encode()).decode()


@dataclass
class _People:
    """Hands out candidates; some are met again by another recruiter."""

    rng: Random
    count: int = 0
    known: list[tuple[str, Candidate]] = field(default_factory=list)
    met: set[str] = field(default_factory=set)
    """Slugs of people more than one recruiter wrote to; a thread with outcomes never keeps one of them."""

    def new(self) -> Candidate:
        self.count += 1
        return invent_candidate(self.rng, self.count)

    def perhaps_known(self, recruiter: Recruiter) -> Candidate | None:
        """Somebody another recruiter wrote to without any outcome, so that outcomes stay unambiguous."""
        if recruiter.is_agency or not self.known or self.rng.random() >= SHARED_CANDIDATE_SHARE:
            return None
        slot = int(self.rng.random() * len(self.known))
        whose, candidate = self.known[slot]
        if whose == recruiter.slug:
            return None
        self.known[slot] = self.known[-1]
        self.known.pop()
        self.met.add(candidate.slug)
        return candidate


@dataclass
class _Diary:
    """One recruiter's months of writing."""

    rng: Random
    recruiter: Recruiter
    end: int
    templates: dict[str, list[str]]
    people: _People

    def outreach(self) -> Thread:
        """A conversation the recruiter opens; now and then again a year later."""
        rng, recruiter = self.rng, self.recruiter
        thread, facts = self._thread()
        thread.is_hidden = not recruiter.is_agency and rng.random() < HIDDEN_SHARE
        start = self._working_time()
        if rng.random() < RECONTACT_SHARE:
            self._approach(thread, facts, start - rng.randint(340, 420) * DAY)
            thread.events = [e for e in thread.events if e.event in ("declined", "opted_out")]
            if thread.approaches:
                thread.approaches[-1].interview_at = None
            self._approach(thread, facts, start, again=True)
        else:
            self._approach(thread, facts, start)
        self._close(thread)
        return thread

    def inbound(self) -> Thread:
        """A conversation the other side opens."""
        rng = self.rng
        thread, facts = self._thread()
        bank = BANKS[thread.language]
        thread.is_inbound = True
        start = self._working_time()
        thread.messages.append(Message(start, False, say(rng, bank.inbound, facts)))
        self._talk(thread, facts, start, rng.randint(1, 6))
        self._close(thread)
        return thread

    def _thread(self) -> tuple[Thread, Facts]:
        language, rng = self._language(), self.rng
        known = self.people.perhaps_known(self.recruiter)
        candidate = known or self.people.new()
        facts = invent_facts(rng, language, self.recruiter, candidate)
        subject = say(rng, BANKS[language].subjects, facts) if rng.random() < 0.6 else ""
        thread_id = f"m-{rng.getrandbits(48):012x}" if self.recruiter.is_agency else conversation_id(rng)
        thread = Thread(thread_id, self.recruiter, candidate, language, subject)
        return thread, facts

    def _language(self) -> str:
        languages = self.recruiter.languages
        return self.rng.choices(tuple(languages), tuple(languages.values()))[0]

    def _working_time(self) -> int:
        """A weekday between 7 and 18 UTC within the weeks before the end."""
        monday = self.end - self.end % DAY - WEEKS * 7 * DAY
        while True:
            at = monday + int(self.rng.random() * WEEKS * 7) * DAY
            if datetime.fromtimestamp(at, UTC).weekday() < 5:
                return at + 7 * HOUR + int(self.rng.random() * 11 * HOUR)

    def _approach(self, thread: Thread, facts: Facts, start: int, again: bool = False) -> None:
        rng, recruiter, bank = self.rng, self.recruiter, BANKS[thread.language]
        style = rng.choices(STYLES, recruiter.styles)[0]
        if style == "sell_first" and rng.random() < SELL_FROM_TEMPLATE:
            text = from_template(pick(rng, tuple(self.templates[thread.language])), facts)
        else:
            text = opening(rng, style, bank, facts)
        if again:
            greeting, rest = text.split("\n", 1)
            text = f"{greeting}\n{say(rng, bank.again, facts)}\n{rest}" if style != "reaction_first" else text
        approach = Approach(
            style,
            thread.language,
            recruiter.slug,
            reply_probability(recruiter, style),
            start,
            None,
            by_note=self._fits_a_note(thread, style, text),
            thread_id=thread.thread_id,
        )
        thread.approaches.append(approach)
        kind = "invitation_note" if approach.by_note else "message"
        thread.messages.append(Message(start, True, text, kind))
        if rng.random() < 0.03:
            soon = start + rng.randint(20, 500)
            thread.messages.append(Message(soon, True, say(rng, bank.postscript, facts)))
        if recruiter.is_agency and rng.random() < AUTO_REPLY_SHARE:
            notice = say(rng, bank.auto_reply, facts)
            thread.messages.append(Message(start + rng.randint(5, 90), False, notice, "auto_reply"))
        replied_at = self._reply_time(start, approach.p_reply_30d)
        self._follow_up(thread, facts, start, replied_at)
        if replied_at is not None:
            approach.replied_at = replied_at
            self._answered(thread, facts, approach, replied_at)

    def _fits_a_note(self, thread: Thread, style: str, text: str) -> bool:
        """Some short openings travel as the note of an invitation, which LinkedIn cuts at 300 characters."""
        possible = not (self.recruiter.is_agency or thread.is_hidden or thread.messages)
        short = style == "reaction_first" and len(text) <= 290
        return possible and short and self.rng.random() < NOTE_SHARE

    def _reply_time(self, start: int, probability: float) -> int | None:
        rng, draw = self.rng, self.rng.random()
        if draw < probability:
            hours = 1000.0
            while hours > 700:
                hours = REPLY_MEDIAN_HOURS * rng.lognormvariate(0, REPLY_SPREAD)
            return self._awake(start + max(90, int(hours * HOUR)))
        if draw < probability + REPLY_LATER:
            return self._awake(start + int(rng.uniform(31, 60) * DAY))
        return None

    def _follow_up(self, thread: Thread, facts: Facts, start: int, replied_at: int | None) -> None:
        """Up to three reminders, 4 to 9 days apart, for as long as nobody answers; they change nothing."""
        at = start
        for _ in range(self.rng.choices((0, 1, 2, 3), (0.35, 0.35, 0.20, 0.10))[0]):
            at = self._awake(at + int(self.rng.uniform(4, 9) * DAY))
            if replied_at is not None and at >= replied_at:
                return
            thread.messages.append(Message(at, True, say(self.rng, BANKS[thread.language].follow_up, facts)))

    def _answered(self, thread: Thread, facts: Facts, approach: Approach, at: int) -> None:
        rng, bank = self.rng, BANKS[thread.language]
        what = rng.choices(tuple(REPLY_CLASSES), tuple(REPLY_CLASSES.values()))[0]
        text = say(rng, getattr(bank, what), facts)
        if what in ("interested", "other") and rng.random() < 0.06:
            text = pick(rng, ("👍", "🙂👍", "❤️", "🙏"))
        thread.messages.append(Message(at, False, text))
        if what in ("declined", "opted_out"):
            thread.events.append(Event(at + rng.randint(1, 36) * HOUR, what, "candidate"))
            if rng.random() < 0.6:
                later = self._awake(at + rng.randint(1, 30) * HOUR)
                thread.messages.append(Message(later, True, say(rng, bank.goodbye, facts)))
            return
        if what == "interested":
            thread.events.append(Event(at + rng.randint(1, 40) * HOUR, "interested"))
        self._talk(thread, facts, at, rng.randint(2, 10))
        if rng.random() < INTERVIEW_IF_OPEN:
            approach.interview_at = self._process(thread, at)

    def _talk(self, thread: Thread, facts: Facts, at: int, messages: int) -> None:
        """The rest of the conversation; how much a recruiter talks has no bearing on what comes of it."""
        rng, recruiter, bank = self.rng, self.recruiter, BANKS[thread.language]
        by_recruiter = True
        for _ in range(messages):
            at = self._awake(at + max(60, int(min(5 * rng.lognormvariate(0, 1.2), 140) * HOUR)))
            if by_recruiter:
                extra = min(6, int(rng.expovariate(1 / recruiter.verbosity)))
                text = recruiter_turn(rng, bank, facts, extra, recruiter.curiosity)
            else:
                text = candidate_turn(rng, bank, facts)
            thread.messages.append(Message(at, by_recruiter, text))
            by_recruiter = not by_recruiter if rng.random() < 0.85 else by_recruiter

    def _process(self, thread: Thread, replied_at: int) -> int:
        """Screen, interview and what follows; the time of the interview."""
        rng, events = self.rng, thread.events
        at = self._office(replied_at + int(rng.uniform(1, 5) * DAY))
        if rng.random() < 0.85:
            events.append(Event(at, "screen"))
        interview = at = self._office(at + int(rng.uniform(2, 24) * DAY))
        events.append(Event(at, "interview"))
        if rng.random() < 0.30:
            at = self._office(at + int(rng.uniform(6, 20) * DAY))
            events.append(Event(at, "offer", "company"))
            last = ("hired", "company") if rng.random() < 0.6 else ("withdrawn", "candidate")
        else:
            last = ("rejected", "company") if rng.random() < 0.7 else ("withdrawn", "candidate")
        events.append(Event(self._office(at + int(rng.uniform(3, 18) * DAY)), *last))
        return interview

    def _close(self, thread: Thread) -> None:
        """Forget what the export cannot know yet, and who cannot be linked."""
        thread.messages = sorted((m for m in thread.messages if m.at < self.end), key=lambda m: m.at)
        events = [] if thread.is_hidden else [e for e in thread.events if e.at < self.end]
        thread.events = sorted(events, key=lambda e: e.at)
        for approach in thread.approaches:
            approach.replied_at = _before(approach.replied_at, self.end)
            approach.interview_at = None if thread.is_hidden else _before(approach.interview_at, self.end)
        if thread.events and thread.candidate.slug in self.people.met:
            namesake = self.people.new()
            name = namesake.name.replace(namesake.first, thread.candidate.first, 1)
            slug = namesake.slug.replace(namesake.first.lower(), thread.candidate.first.lower(), 1)
            thread.candidate = Candidate(namesake.number, thread.candidate.first, name, slug)
        if not (thread.recruiter.is_agency or thread.events or thread.is_hidden or thread.is_inbound):
            self.people.known.append((self.recruiter.slug, thread.candidate))

    def _awake(self, at: int) -> int:
        return at + 7 * HOUR if at % DAY < 5 * HOUR else at

    def _office(self, at: int) -> int:
        """The same day between 9 and 16 UTC, to the minute, and never at a weekend."""
        at = at - at % DAY + 9 * HOUR + int(self.rng.random() * 7 * 60) * 60
        weekend = datetime.fromtimestamp(at, UTC).weekday() - 4
        return at + (3 - weekend) * DAY if weekend > 0 else at


def _before(at: int | None, end: int) -> int | None:
    return at if at is not None and at < end else None


def moment(at: int) -> datetime:
    """Seconds since 1970 as an aware UTC time."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=at)
