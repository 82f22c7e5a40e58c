"""Random histories of exports: nights one after another, one full rebuild, and a fresh home that is fed in another order
must publish the same tables: `python -m tests.histories --examples 300`.

A night that is not the last takes in and measures, and no more: relating and publishing write nothing that a later
night reads but runs, hypotheses and what weeks said first, which "the same answer" leaves out. For the same reason the
comments and macros of the published files are left out: they are made of what is compared.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

from hypothesis import HealthCheck, Phase, given, seed
from hypothesis import settings as with_settings
from hypothesis import strategies as st

import sql.reading
from flows import keeping, pipeline, store
from flows.config import (
    ApproachSettings,
    LinkedInSettings,
    OpeningSettings,
    OutcomeSettings,
    PrivacySettings,
    Settings,
    TableSettings,
)
from flows.intake import take_in
from flows.store import Home
from tests.homes import NOW, snapshot_tables

BODIES = (
    "Hi there, may I ask what you work on?",
    "We offer a great role in Berlin. We pay well. Interested?",
    "Hallo, wir suchen Leute. Darf ich fragen, was Sie machen?",
    "Bonjour, êtes-vous ouvert à un échange ?",
    "Yes, tell me more.",
    "No thanks, please do not write again.",
    "Ok",
    "Do you use Python, Kafka or Go? Our team of ten does. The salary is 90k.",
)
EVENTS = ("interview", "declined", "Onsite", "hired")
START = datetime(2026, 1, 5, 9, tzinfo=UTC)
LINKEDIN_HEADER = (
    "CONVERSATION ID,CONVERSATION TITLE,FROM,SENDER PROFILE URL,TO,RECIPIENT PROFILE URLS,DATE,SUBJECT,CONTENT,FOLDER"
)

ATS = {"thread_id": "Thread", "sent_at": "At", "sender_id": "Who", "sender_role": "Role", "body": "Text"}


@dataclass(frozen=True)
class Message:
    thread: int
    day: int
    is_recruiter: bool
    body: int

    @property
    def sent_at(self) -> datetime:
        return START + timedelta(days=self.day, minutes=self.thread)

    @property
    def recruiter(self) -> int:
        return self.thread % 3


@dataclass(frozen=True)
class Export:
    """One file: `kind` messages, ats, linkedin or outcomes; an outcome is `(thread, event, day)`."""

    number: int
    kind: str
    folder: str
    messages: tuple[Message, ...] = ()
    outcomes: tuple[tuple[int, int, int], ...] = ()

    def write(self, top: Path) -> Path:
        folder = top / self.folder
        folder.mkdir(parents=True, exist_ok=True)
        if self.kind == "linkedin":
            # Two archives must not be taken for one another's newer state by their names.
            path = folder / f"Basic_LinkedInDataExport_03-{self.number + 1:02}-2026.zip"
            entry = zipfile.ZipInfo("messages.csv", (2026, 3, 1, 0, 0, 0))
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr(entry, self._linkedin())
            return path
        path = folder / f"{self.kind}-{self.number}.csv"
        path.write_text(self._text(), encoding="utf-8")
        return path

    def _text(self) -> str:
        if self.kind == "outcomes":
            rows = [
                f"t{thread},{EVENTS[event]},{START + timedelta(days=day):%Y-%m-%dT%H:%M:%SZ},2026-10-01T00:00:00Z"
                for thread, event, day in self.outcomes
            ]
            return "\n".join(["thread_id,event,occurred_at,observed_until", *rows]) + "\n"
        names = ATS if self.kind == "ats" else {name: name for name in ATS}
        rows = [
            f"t{m.thread},{m.sent_at:%Y-%m-%dT%H:%M:%SZ},{f'r{m.recruiter}' if m.is_recruiter else f'c{m.thread}'},"
            f'{"recruiter" if m.is_recruiter else "candidate"},"{BODIES[m.body]}"'
            for m in self.messages
        ]
        return "\n".join([",".join(names.values()), *rows]) + "\n"

    def _linkedin(self) -> str:
        rows = []
        for m in self.messages:
            people = [
                ("Sam Rec", "https://www.linkedin.com/in/sam-rec"),
                (f"C {m.thread}", f"https://www.linkedin.com/in/c-{m.thread}"),
            ]
            (sender, sender_url), (to, to_url) = people if m.is_recruiter else people[::-1]
            rows.append(
                f'2-{m.thread},,{sender},{sender_url},{to},{to_url},{m.sent_at:%Y-%m-%d %H:%M:%S} UTC,,"{BODIES[m.body]}",INBOX'
            )
        return "\n".join([LINKEDIN_HEADER, *rows]) + "\n"


@dataclass(frozen=True)
class Night:
    """What happens before one run: exports arrive, earlier ones are retracted, settings and rules change."""

    arriving: tuple[int, ...]
    retracted: tuple[int, ...]
    settings: Settings
    rules: int


@dataclass(frozen=True)
class History:
    exports: tuple[Export, ...]
    nights: tuple[Night, ...]
    other_order: tuple[int, ...]

    def remaining(self) -> list[int]:
        """Exports that count at the end, in the other order: none that was retracted and did not arrive again."""
        there: set[int] = set()
        for night in self.nights:
            there |= set(night.arriving)
            there -= set(night.retracted)
        return [number for number in self.other_order if number in there]


MESSAGES = st.builds(
    Message,
    thread=st.integers(0, 5),
    day=st.integers(0, 240),
    is_recruiter=st.booleans(),
    body=st.integers(0, len(BODIES) - 1),
)


@st.composite
def settings_of_a_night(draw: st.DrawFn) -> Settings:
    ats = TableSettings(  # type: ignore[call-arg]
        match="ats*.csv",
        kind="messages",
        columns=ATS if draw(st.booleans()) else {name: theirs for name, theirs in ATS.items() if name != "body"},
        time_zone=draw(st.sampled_from([None, "Europe/Berlin"])),
    )
    return Settings(
        time_zone=draw(st.sampled_from(["UTC", "America/New_York"])),
        linkedin=LinkedInSettings(owner=draw(st.sampled_from(["sam-rec", "c-1"]))),
        tables=[ats] if draw(st.integers(0, 3)) else [],
        approach=ApproachSettings(silence_days=draw(st.sampled_from([30, 90])), reopen_days_after_end=30),
        outcomes=OutcomeSettings(
            conversion_event=draw(st.sampled_from(["interview", "hired"])),
            stages=draw(st.sampled_from([{}, {"onsite": "interview"}])),
            minimum_link_rate=draw(st.sampled_from([0.0, 0.5])),
        ),
        opening=OpeningSettings(sell_first_offers=draw(st.sampled_from([1, 2]))),  # type: ignore[call-arg]
        privacy=PrivacySettings(hash_thread_ids=draw(st.booleans()), minimum_candidates=draw(st.sampled_from([1, 5]))),
    )


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Three to six exports that overlap, over two to four nights."""
    pool = draw(st.lists(MESSAGES, min_size=6, max_size=24, unique_by=lambda m: (m.thread, m.day)))
    edited = [Message(m.thread, m.day, m.is_recruiter, (m.body + 1) % len(BODIES)) for m in pool]
    exports: list[Export] = []
    for number in range(draw(st.integers(3, 6))):
        kind = draw(st.sampled_from(["messages", "messages", "ats", "linkedin", "outcomes"]))
        folder = draw(st.sampled_from(["a", "b"]))
        if kind == "outcomes":
            rows = st.tuples(st.integers(0, 6), st.integers(0, len(EVENTS) - 1), st.integers(0, 240))
            exports.append(Export(number, kind, folder, outcomes=tuple(draw(st.lists(rows, min_size=1, max_size=4)))))
        else:
            chosen = draw(st.lists(st.sampled_from([*pool, *edited]), min_size=1, max_size=16))
            exports.append(Export(number, kind, folder, tuple(chosen)))
    contents = [(export.kind, export.messages, export.outcomes) for export in exports]
    # One file's bytes are one export, whatever the file is called.
    exports = [export for place, export in enumerate(exports) if contents.index(contents[place]) == place]
    numbers = range(len(exports))
    exports = [Export(n, e.kind, e.folder, e.messages, e.outcomes) for n, e in zip(numbers, exports, strict=True)]
    arrivals = [draw(st.integers(0, 2)) for _ in numbers]
    nights: list[Night] = []
    there: set[int] = set()
    for place in range(draw(st.integers(2, 4))):
        # Some arrive a second time, a retracted one among them or the very same bytes again.
        arriving = tuple(
            n for n in numbers if arrivals[n] == place or (place > arrivals[n] and not draw(st.integers(0, 5)))
        )
        there |= set(arriving)
        gone = draw(st.sampled_from(sorted(there))) if len(there) > 1 and not draw(st.integers(0, 2)) else None
        there -= {gone}
        nights.append(
            Night(arriving, () if gone is None else (gone,), draw(settings_of_a_night()), draw(st.integers(0, 1)))
        )
    return History(tuple(exports), tuple(nights), tuple(draw(st.permutations(numbers))))


def differences(history: History, folder: Path) -> list[str]:
    """Names of the tables in which nights, a rebuild and a fresh home fed in another order do not agree."""
    with _light(), mock.patch.dict(os.environ, {store.KEY_VARIABLE: "one key for all homes"}):
        home = Home(folder / "nights")
        for place, night in enumerate(history.nights):
            is_last = place == len(history.nights) - 1
            _live(home, history, night, now=NOW + timedelta(days=place), is_last=is_last)
        nights = snapshot_tables(home)
        last = history.nights[-1]
        with _rules(last.rules):
            pipeline.run(home, last.settings, now=NOW + timedelta(days=9), rebuild=True)
        rebuilt = snapshot_tables(home)
        fresh = Home(folder / "fresh")
        for number in history.remaining():
            history.exports[number].write(fresh.create().inbox)
            _take_in(fresh, last.settings, NOW)
        with _rules(last.rules):
            pipeline.run(fresh, last.settings, now=NOW)
        other = snapshot_tables(fresh)
    return [f"rebuild: {name}" for name in _differing(nights, rebuilt)] + [
        f"other order: {name}" for name in _differing(nights, other)
    ]


def _differing(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))


def _live(home: Home, history: History, night: Night, *, now: datetime, is_last: bool) -> None:
    for number in night.arriving:
        history.exports[number].write(home.create().inbox)
    home.create()
    with _rules(night.rules):
        _take_in(home, night.settings, now)
        for number in night.retracted:
            _retract(home, history.exports[number])
        if is_last:
            pipeline.run(home, night.settings, now=now)
        else:
            pipeline.measure(home, night.settings, database=home.database, now=now)


def _take_in(home: Home, settings: Settings, now: datetime) -> None:
    take_in(home, settings, now=now, database=home.database)


def _retract(home: Home, export: Export) -> None:
    """What `retract` does before it measures; an export that was refused lies in the inbox, and is taken away there."""
    with tempfile.TemporaryDirectory() as folder:
        path = export.write(Path(folder))
        (home.inbox / export.folder / path.name).unlink(missing_ok=True)
    with closing(store.open_store(home)) as connection:
        rows = connection.execute("select file_id, name from readings").fetchall()
        for file_id, name in rows:
            if Path(name).name == path.name:
                store.move_to_retracted(home, file_id)
                keeping.forget_export(connection, file_id)


@contextmanager
def _rules(number: int) -> Iterator[None]:
    """Other rule files: every kept reading of a text is out of date."""
    version = sql.reading.rule_version
    with mock.patch.object(sql.reading, "rule_version", lambda *of: f"{number}{version(*of)}"):
        yield


@contextmanager
def _light() -> Iterator[None]:
    with ExitStack() as stack:
        stack.enter_context(mock.patch("flows.publishing._explain", lambda *_: None))
        yield


def prove(examples: int, number: int, phases: Sequence[Phase] = (Phase.generate,)) -> int:
    """Try so many histories; returns how many were tried. Raises AssertionError at the first difference."""
    tried = 0

    @seed(number)
    @with_settings(
        max_examples=examples, deadline=None, database=None, phases=phases, suppress_health_check=list(HealthCheck)
    )
    @given(histories())
    def agree(history: History) -> None:
        nonlocal tried
        tried += 1
        if tried % 10 == 0:
            print(f"{tried} histories", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory() as folder:
            found = differences(history, Path(folder))
        if found:
            raise AssertionError(f"{found} differ in {history}")

    agree()
    return tried


def main() -> int:
    """Exit 0 if all histories agree."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    given_ = parser.parse_args()
    tried = prove(given_.examples, given_.seed)
    print(f"{tried} random histories: nights, rebuild and another order agree in every table; 0 differences")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
