"""Tables of the invented world: agency files in canonical form, a stage export, the settings."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from flows.demo.people import invent_candidate
from flows.demo.world import DAY, Message, Thread, at_midnight, moment

AGENCY_MESSAGES = (
    "thread_id", "sent_at", "sender_id", "sender_role", "candidate_id", "body", "channel", "team", "kind",
)  # fmt: skip
AGENCY_OUTCOMES = (
    "thread_id",
    "candidate_id",
    "event",
    "occurred_at",
    "evidence",
    "reason_side",
    "observed_until",
)
ATS_COLUMNS = ("Candidate Profile", "Stage", "Entered At", "Recruiter")
ATS_ZONE = "Europe/Berlin"
STAGES = {
    "Replied - interested": "interested",
    "Phone Screen": "screen",
    "Onsite": "interview",
    "Offer extended": "offer",
    "Hired": "hired",
    "Archived - declined": "declined",
    "Archived - not a fit": "rejected",
    "Archived - withdrew": "withdrawn",
    "Do not contact": "opted_out",
}
UNKNOWN_STAGE = "Parking lot"

SETTINGS = """\
# Settings of the demo. Every key has a default; only what differs from it stands here.

time_zone = "Europe/Berlin"        # weeks of the report begin on Monday in this zone

# The applicant system exports its stages under its own column names.
[[tables]]
match = "ats_stage_export*.csv"
kind = "outcomes"
covers = "all"                     # it keeps every recruiter's candidates: no row means it did not happen
columns = {{ candidate_id = "Candidate Profile", event = "Stage", occurred_at = "Entered At" }}
constants = {{ evidence = "stage_history" }}
time_format = "%Y-%m-%d %H:%M"     # 2026-05-03 14:22
time_zone = "{zone}"        # the export writes local times without saying so
observed_until = {until}T00:00:00Z # the day the export was made
# Its column "Recruiter" holds display names, which identify nobody; it is left out on purpose.

[outcomes]
conversion_event = "interview"

# Stage as the system writes it -> one of our events. "{unknown}" is missing on purpose: a stage nobody has
# explained yet is counted as `unmapped` and listed, never guessed.
[outcomes.stages]
{stages}
"""


def write_agency_messages(path: Path, threads: list[Thread], rng: Random) -> Counter[str]:
    """The agency's `messages.csv` in file order of time, with three broken rows; counts by kind of row."""
    rows: list[tuple[int, tuple[str, ...]]] = []
    counts: Counter[str] = Counter()
    for thread in threads:
        for message in thread.messages:
            rows.append((message.at, _agency_cells(thread, message)))
            counts[message.kind] += 1
    rows.sort(key=lambda row: row[0])
    first = threads[0]
    broken = _agency_cells(first, Message(first.messages[0].at, True, "Are you open to a chat?"))
    lines = [_odd(broken, rng, "12.05.26 around noon"), _odd(broken, rng, "2099-01-01T00:00:00Z")]
    text = _csv([AGENCY_MESSAGES, *(cells for _, cells in rows), *lines])
    shifted = list(_odd(broken, rng, broken[1]))
    shifted[5] = "Hi, are you open to a chat?"
    _write(path, text + ",".join(shifted) + "\n")
    return counts + Counter(broken_date=1, broken_future=1, broken_comma=1)


def write_agency_outcomes(path: Path, threads: list[Thread], until: date) -> Counter[str]:
    """The agency's `outcomes.csv`; counts by event."""
    end = _iso(at_midnight(until))
    rows = [
        (t.thread_id, t.candidate.address, e.event, _iso(e.at), "event_log", e.reason_side, end)
        for t in threads
        for e in t.events
    ]
    rows.sort(key=lambda row: (row[3], row[0]))
    _write(path, _csv([AGENCY_OUTCOMES, *rows]))
    return Counter(row[2] for row in rows)


def write_ats(path: Path, threads: list[Thread], rng: Random, until: date) -> tuple[Counter[str], int]:
    """The stage export for the LinkedIn candidates; counts by our event, and rows of strangers."""
    stage_of = {event: stage for stage, event in STAGES.items()}
    zone, rows, counts = ZoneInfo(ATS_ZONE), [], Counter[str]()

    def add(address: str, stage: str, at: int, recruiter: str) -> None:
        rows.append((f"{moment(at).astimezone(zone):%Y-%m-%d %H:%M}", address, stage, recruiter))
        counts[STAGES.get(stage, "unmapped")] += 1

    for thread in threads:
        for event in thread.events:
            add(_spelling(thread.candidate.url, rng), stage_of[event.event], event.at, thread.recruiter.name)
        if thread.events and rng.random() < 0.02:
            add(thread.candidate.url, UNKNOWN_STAGE, thread.events[0].at, thread.recruiter.name)
    if not counts["unmapped"]:
        add(threads[0].candidate.url, UNKNOWN_STAGE, threads[0].messages[-1].at, threads[0].recruiter.name)
    strangers = 1 + len(threads) // 150
    for _ in range(strangers):
        at = at_midnight(until) - rng.randint(2, 200) * DAY + 10 * 3600
        add(invent_candidate(rng, 500_000_000 + rng.getrandbits(24)).url, "Phone Screen", at, "Front Desk")
    rows.sort()
    _write(path, _csv([ATS_COLUMNS, *((who, stage, at, by) for at, who, stage, by in rows)]))
    return counts, strangers


def write_settings(path: Path, until: date) -> None:
    """`talkshare.toml` with the mapping of the stage export."""
    stages = "\n".join(f'"{stage}" = "{event}"' for stage, event in STAGES.items())
    text = SETTINGS.format(zone=ATS_ZONE, until=until.isoformat(), unknown=UNKNOWN_STAGE, stages=stages)
    _write(path, text)


def _agency_cells(thread: Thread, message: Message) -> tuple[str, ...]:
    who, recruiter = thread.candidate.address, thread.recruiter
    sender, role = (recruiter.id_text, "recruiter") if message.by_recruiter else (who, "candidate")
    body, team = message.body, recruiter.team or ""
    return (thread.thread_id, _iso(message.at), sender, role, who, body, "email", team, message.kind)


def _odd(cells: tuple[str, ...], rng: Random, sent_at: str) -> tuple[str, ...]:
    """The row under a thread of its own, at a time that is none or cannot be."""
    stranger = f"odd{rng.getrandbits(24):06x}@mail.example.org"
    return (f"m-{rng.getrandbits(48):012x}", sent_at, *cells[2:4], stranger, *cells[5:])


def _spelling(url: str, rng: Random) -> str:
    """The profile address as people paste it."""
    draw = rng.random()
    if draw < 0.05:
        return url + "/"
    if draw < 0.10:
        return url + "/?trk=ats"
    return url.replace("https://www.", "https://") if draw < 0.13 else url


def _iso(at: int) -> str:
    return f"{moment(at):%Y-%m-%dT%H:%M:%SZ}"


def _csv(rows: Iterable[Iterable[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
