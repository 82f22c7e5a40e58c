"""The SQL and its plain Python twin agree on invented worlds, and the laws of the whole run hold."""

from __future__ import annotations

import math
import random
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from flows import keeping, pipeline, store
from flows.config import Settings
from flows.readers import Reading, fingerprint, read
from flows.readers.discover import discover
from flows.readers.identity import identity
from flows.store import Home
from schemas import SET_ASIDE
from tests import twin
from tests.twin import Message, Outcome, World

NOW = datetime(2026, 1, 1, tzinfo=UTC)
BEGIN = datetime(2024, 3, 4, 10, tzinfo=UTC)
KEY = "a key for tests"
PEOPLE = ("recruiter_id", "candidate_id")

BODIES = (
    "",
    "👍",
    "Hi Ana, I'm hiring a well-known team's lead. Would you be open to a short call?",
    "Hello, thanks for the note and for the details. I am not looking at the moment, but let us keep in touch.",
    "yes",
    "See https://jobs.example/backend?id=7&x=y and write to sam@agency.example",
    "您好，我们正在寻找后端工程师。您有兴趣吗？",
    "OK 谢谢你的消息，我会考虑一下",
    "¿Te interesa? Són 3 dies i l’equip és d'aquí — ok",
    "word " * 85,
    "Longer! " * 160,
)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
SECOND = timedelta(seconds=1)
GAPS = (
    0 * DAY, SECOND, 5 * MINUTE, 10 * MINUTE, 10 * MINUTE + SECOND, DAY, 3 * DAY, 7 * DAY, 7 * DAY + SECOND, 14 * DAY,
    23 * DAY, 30 * DAY, 30 * DAY + SECOND, 60 * DAY, 90 * DAY - SECOND, 90 * DAY, 120 * DAY,
)  # fmt: skip
STARTS = tuple(day * DAY for day in (0, 0, 1, 7, 23, 28, 29, 60, 90, 150))
EVENTS = (
    "interview", "interview", "interview", "interested", "declined", "opted_out", "applied", "screen", "offer",
    "hired", "rejected", "closed", "accepted_invitation",
)  # fmt: skip
EVENT_GAPS = (
    *(day * DAY for day in (-200, -40, -10, 0, 1, 7, 30, 37, 60, 67, 90, 91)), -SECOND, SECOND,
)  # fmt: skip
SHARES = {
    "talk_share", "talk_share_chars", "talk_share_messages", "talk_share_after_reply", "talk_share_landmark",
    "turn_taking_index",
}  # fmt: skip
FIRST_MONTH = ("interested_30d", "declined_30d", "other_reply_30d", "opted_out_30d", "ignored_30d")
NOT_COMPARED = {
    "runs": "*",
    "run_steps": "*",
    "restatements": "*",  # tells what was published before
    "source_files": "first_seen_at",
    "snapshot_info": "published_at",
}
KINDS = ("message",) * 12 + ("invitation_note", "auto_reply", "reaction", "system")

steps = st.tuples(
    st.sampled_from(GAPS),
    st.sampled_from((True, False, True, False, True)),  # by a recruiter
    st.integers(0, 9),  # 0: by the colleague
    st.sampled_from(KINDS),
    st.sampled_from(BODIES),
)
events = st.tuples(
    st.sampled_from(EVENTS), st.sampled_from([*EVENT_GAPS, None]), st.sampled_from(("thread", "candidate", "both"))
)
threads = st.tuples(
    st.sampled_from(STARTS),
    st.integers(0, 2),  # which recruiter
    st.sampled_from(("own", "own", "shared", "shared", "none")),  # whose candidate
    st.sampled_from((None, None, "J1", "J2")),
    st.lists(steps, min_size=1, max_size=8),
    st.lists(events, max_size=2),
)


@pytest.fixture(autouse=True, scope="module")
def key() -> Iterator[None]:
    """One key for all homes, or equal people and texts would have different ids."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(store.KEY_VARIABLE, KEY)
        yield


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Some dozens of threads of three recruiters, seen until a day on which many windows end exactly."""
    messages: list[Message] = []
    outcomes: list[Outcome] = []
    for number, (start, recruiter, whose, job, moves, ends) in enumerate(
        draw(st.lists(threads, min_size=20, max_size=40))
    ):
        candidate = {"own": f"c{number}@home.example", "shared": f"shared-{number % 3}", "none": None}[whose]
        thread, at = f"t{number:02}", BEGIN + start
        for gap, is_recruiter, oddity, kind, body in moves:
            at += gap if messages and messages[-1].thread == thread else 0 * DAY
            side = "recruiter" if is_recruiter else "candidate"
            colleague = f"r{(recruiter + (oddity == 0)) % 3}@agency.example"
            guest = f"guest-of-{thread}-{oddity if number % 10 == 0 else 0}"
            sender = colleague if is_recruiter else candidate or guest
            messages.append(Message(thread, at, sender, side, body, kind, candidate, job))
        outcomes += [
            Outcome(
                event,
                None if gap is None else BEGIN + start + gap,
                thread if link != "candidate" or candidate is None else None,
                candidate if link != "thread" else None,
                draw(st.sampled_from((None, None, "J1"))),
            )
            for event, gap, link in ends
        ]
    seen_until = BEGIN + draw(st.sampled_from((30, 60, 90, 97, 180, 240))) * DAY
    return World(
        messages=messages,
        seen_until=seen_until,
        outcomes=_one_event_a_second(outcomes),
        outcomes_seen_until=BEGIN + draw(st.sampled_from((60, 90, 150, 240))) * DAY if outcomes else None,
        covers_everybody=draw(st.booleans()),
    )


def _one_event_a_second(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Two events of one second have no order, so the first is kept."""
    kept: dict[Any, Outcome] = {}
    for outcome in outcomes:
        kept.setdefault((outcome.at, outcome.event if outcome.at is None else ""), outcome)
    return list(kept.values())


def write(folder: Path, world: World) -> Path:
    """The world as tables; the outcomes lie in a folder of their own where they cover nobody by that."""
    folder.mkdir(parents=True, exist_ok=True)
    message_frame(world).write_parquet(folder / "messages.parquet")
    if world.outcomes:
        target = folder if world.covers_everybody else folder / "ats"
        target.mkdir(exist_ok=True)
        outcome_frame(world).write_parquet(target / "outcomes.parquet")
    return folder


def message_frame(world: World) -> pl.DataFrame:
    columns = ("thread_id", "sent_at", "sender_id", "sender_role", "body", "kind", "candidate_id", "job")
    rows = [(m.thread, m.at, m.sender, m.side, m.body, m.kind, m.candidate, m.job) for m in world.messages]
    frame = pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String) | {"sent_at": TIMESTAMP}, orient="row")
    return frame.with_columns(observed_until=pl.lit(world.seen_until))


def outcome_frame(world: World) -> pl.DataFrame:
    columns = ("event", "occurred_at", "thread_id", "candidate_id", "job")
    rows = [(o.event, o.at, o.thread, o.candidate, o.job) for o in world.outcomes]
    frame = pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String) | {"occurred_at": TIMESTAMP}, orient="row")
    return frame.with_columns(observed_until=pl.lit(world.outcomes_seen_until))


TIMESTAMP = pl.Datetime("us", "UTC")


def measured(folder: Path, world: World) -> tuple[list[twin.Row], list[twin.Row]]:
    """`approach_metrics` and `thread_metrics` of the world, read and measured without checks and publication."""
    home = Home(folder / "home").create()
    exports, _ = discover(write(folder / "in", world), Settings(), root=folder / "in")
    with closing(store.open_store(home)) as connection:
        for export in exports:
            reading = read(export, Settings(), not_after=NOW)
            keep(connection, export.shape, export.folder, fingerprint(export)[:32], reading)
    pipeline.measure(home, Settings(), database=home.database, now=NOW)
    with closing(store.connect(home.private / "work.duckdb")) as connection:
        threads = rows_of(connection, "thread_metrics")
        talked = [row for row in threads if row["out_of_metrics_reason"] != "no human message"]
        return rows_of(connection, "approach_metrics"), talked


def keep(connection: store.Connection, shape: str, folder: str, file_id: str, reading: Reading) -> None:
    covers = "folder" if shape == "canonical_outcomes" else None
    file = {"file_id": file_id, "shape": shape, "folder": folder, "covers": covers, "first_seen_at": NOW}
    keeping.keep(connection, file, reading, reading.messages, reading.outcomes, SET_ASIDE.frame(), KEY.encode())


def rows_of(connection: store.Connection, table: str) -> list[twin.Row]:
    cursor = connection.execute(f'from "{table}"')
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def published_people(row: twin.Row) -> twin.Row:
    """The twin's row with people as they are published; an unknown candidate's id is not compared."""
    hashed = {
        name: store.participant_id(KEY.encode(), identity(row[name]) or "")
        for name in PEOPLE
        if row.get(name) is not None
    }
    return {name: value for name, value in row.items() if name not in PEOPLE} | hashed


def differences(found: Sequence[twin.Row], expected: Sequence[twin.Row], *keys: str) -> list[str]:
    """What differs, one line per cell: key, column, by SQL, by the twin."""
    by_key = {tuple(row[key] for key in keys): row for row in found}
    wanted = {tuple(row[key] for key in keys): row for row in expected}
    lines = [f"{key}: only in one of the two" for key in sorted(by_key.keys() ^ wanted.keys())]
    for key in sorted(by_key.keys() & wanted.keys()):
        lines += [
            f"{key} {name}: {by_key[key][name]!r} by SQL, {value!r} by the twin"
            for name, value in published_people(wanted[key]).items()
            if not is_same(by_key[key][name], value)
        ]
    return lines


def is_same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, int | float):
        return math.isclose(one, other, rel_tol=1e-12)
    return type(one) is type(other) and bool(one == other)


def short(message: Message) -> str:
    return f"{message.at} {message.side} {message.sender} {message.kind} {message.body[:20]!r}"


def story(world: World, lines: Sequence[str]) -> str:
    """The first differences, with the thread they are about."""
    thread = lines[0].split("'")[1]
    shown = [short(message) for message in world.messages if message.thread == thread]
    candidates = {m.candidate for m in world.messages if m.thread == thread}
    shown += [repr(o) for o in world.outcomes if o.thread == thread or o.candidate in candidates]
    until = f"seen until {world.seen_until}, outcomes until {world.outcomes_seen_until}"
    return "\n".join(["", *lines[:12], *shown, until])


@settings(
    max_examples=8,
    phases=(Phase.explicit, Phase.generate),  # a run takes a second: the story below is clearer than shrinking
    suppress_health_check=list(HealthCheck),
)
@given(world=worlds())
def test_sql_and_twin_agree_on_every_invented_thread(world: World) -> None:
    with tempfile.TemporaryDirectory() as folder:
        approaches, threads = measured(Path(folder), world)
    lines = differences(approaches, twin.approach_rows(world), "thread_id", "approach_no")
    assert not lines, story(world, lines)
    lines = differences(threads, twin.thread_rows(world), "thread_id")
    assert not lines, story(world, lines)
    for row in (*approaches, *threads):
        for name in row.keys() & SHARES:
            assert row[name] is None or 0 <= row[name] <= 1, name
    for row in approaches:
        assert ends_in_one_way(row), (row["thread_id"], [row[name] for name in FIRST_MONTH])


def ends_in_one_way(row: twin.Row) -> bool:
    """Exactly one of the five; or nothing of an approach that is not judged, and no class where no rules read it."""
    *classes, ignored = (row[name] for name in FIRST_MONTH)
    if row["replied_30d"] is None or ignored is None:
        return {*classes, ignored} == {None}
    if None in classes:
        return set(classes) == {None}
    return [*classes, ignored].count(True) == 1 and not (ignored and row["replied_30d"])


def lively_world(seed: int) -> World:
    """Forty threads of two or more messages, every message in a second of its own."""
    chance = random.Random(seed)
    messages, outcomes = [], []
    for number in range(40):
        thread, candidate, at = f"t{number:02}", f"c{number % 33}@home.example", BEGIN + chance.choice(STARTS)
        first = at
        for step in range(chance.randint(2, 8)):
            side = "recruiter" if step == 0 or chance.random() < 0.5 else "candidate"
            sender = f"r{number % 3}@agency.example" if side == "recruiter" else candidate
            kind = chance.choice(KINDS) if step else "message"
            messages.append(Message(thread, at, sender, side, chance.choice(BODIES), kind, candidate))
            at += chance.choice(GAPS) + SECOND
        if chance.random() < 0.6:
            event_at = first + chance.choice(EVENT_GAPS) + number * SECOND
            outcomes.append(Outcome(chance.choice(EVENTS), event_at, None, candidate))
    return World(messages, BEGIN + 240 * DAY, outcomes, BEGIN + 240 * DAY)


def until(world: World, moment: datetime) -> World:
    """What an earlier export of the same inbox and the same system shows."""
    return World(
        [message for message in world.messages if message.at <= moment],
        moment,
        [outcome for outcome in world.outcomes if outcome.at and outcome.at <= moment],
        moment,
    )


def by_key(rows: Sequence[twin.Row], *keys: str) -> dict[tuple[Any, ...], twin.Row]:
    return {tuple(row[key] for key in keys): row for row in rows}


def test_the_order_of_rows_in_a_file_does_not_matter(tmp_path: Path) -> None:
    world = lively_world(1)
    chance = random.Random(2)
    shuffled = replace(
        world,
        messages=chance.sample(world.messages, len(world.messages)),
        outcomes=chance.sample(world.outcomes, len(world.outcomes)),
    )
    assert measured(tmp_path / "sorted", world) == measured(tmp_path / "shuffled", shuffled)


def test_swapping_the_roles_maps_talk_share_to_one_minus_it(tmp_path: Path) -> None:
    world = replace(lively_world(3), outcomes=(), outcomes_seen_until=None)
    other = {"recruiter": "candidate", "candidate": "recruiter"}
    owners = {message.thread: message.sender for message in world.messages if message.side == "recruiter"}
    swapped = [replace(m, side=other[m.side], candidate=owners[m.thread]) for m in world.messages]
    _, ours = measured(tmp_path / "ours", world)
    _, theirs = measured(tmp_path / "theirs", replace(world, messages=swapped))
    found = by_key(theirs, "thread_id")
    shares = ("talk_share", "talk_share_chars")
    pairs = [(row[name], found[(row["thread_id"],)][name]) for row in ours for name in shares]
    known = [(one, two) for one, two in pairs if one is not None]
    assert len(known) > 20
    assert all(two == pytest.approx(1 - one) for one, two in known)
    assert {one is None for one, two in pairs if two is None} <= {True}


def test_in_a_lively_world_the_first_month_ends_in_every_way(tmp_path: Path) -> None:
    world = lively_world(6)
    opt_outs = [replace(outcome, event="opted_out") for outcome in world.outcomes]
    refusal = [
        Message("no", BEGIN, "r0@agency.example", "recruiter", BODIES[2], candidate="c"),
        Message("no", BEGIN + DAY, "c", "candidate", BODIES[3], candidate="c"),
    ]
    rows, _ = measured(tmp_path, replace(world, messages=[*world.messages, *refusal], outcomes=opt_outs))
    assert all(ends_in_one_way(row) for row in rows)
    assert {name for row in rows for name in FIRST_MONTH if row[name]} == set(FIRST_MONTH)
    assert {row["interested_30d"] for row in rows if row["replied_30d"] is not None} == {True, False, None}


def test_without_an_outcome_source_every_conversion_is_unknown(tmp_path: Path) -> None:
    world = replace(lively_world(4), outcomes=(), outcomes_seen_until=None)
    rows, _ = measured(tmp_path, world)
    names = {name for name in rows[0] if name.startswith("converted_") or name.endswith("_90d")}
    names |= {"already_in_process", "outcome_observed_until"}
    assert {row[name] for row in rows for name in names} == {None}
    assert {row["replied_30d"] for row in rows} >= {True, False}


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """An early export of an inbox, and a later one that overlaps it, each with the outcomes of its day."""
    folder = tmp_path_factory.mktemp("exports")
    world = lively_world(5)
    worlds_by_name = {"early": until(world, BEGIN + 100 * DAY), "late": world}
    for name, part in worlds_by_name.items():
        (folder / name).mkdir()
        texts(message_frame(part)).write_csv(folder / name / f"messages {name}.csv")
        texts(outcome_frame(part)).write_csv(folder / name / f"outcomes {name}.csv")
    return {name: folder / name for name in worlds_by_name}


def texts(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.col(TIMESTAMP).dt.strftime("%Y-%m-%dT%H:%M:%SZ"))


def ran(home: Home, *paths: Path, rebuild: bool = False) -> Home:
    pipeline.run(home, Settings(), paths, now=NOW, rebuild=rebuild)
    return home


def snapshot(home: Home) -> dict[str, list[tuple[Any, ...]]]:
    """Every published table but for what tells the time of runs; sums of doubles to twelve digits."""
    with closing(store.open_snapshot(home)) as connection:
        names = [row[0] for row in connection.execute("show tables").fetchall()]
        return {
            name: [
                tuple(float(f"{cell:.12g}") if isinstance(cell, float) else cell for cell in row)
                for row in connection.execute(f"from (select * {left_out(name)} from {name}) order by all").fetchall()
            ]
            for name in names
            if NOT_COMPARED.get(name) != "*"
        }


def left_out(table: str) -> str:
    return f"exclude ({NOT_COMPARED[table]})" if table in NOT_COMPARED else ""


def differing(one: Home, other: Home) -> list[str]:
    ours, theirs = snapshot(one), snapshot(other)
    assert len(ours) > 10 and len(ours["approach_metrics"]) > 30
    return sorted(name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name))


@pytest.mark.usefixtures("key")
def test_an_incremental_run_equals_a_rebuild_in_any_order_and_a_retraction_undoes_it(
    tmp_path: Path, exports: dict[str, Path]
) -> None:
    early, late = exports["early"], exports["late"]
    home = ran(Home(tmp_path / "home"), early)
    alone = ran(Home(tmp_path / "alone"), early)
    assert differing(home, alone) == []
    ran(home, late)
    assert "approach_metrics" in differing(home, alone)
    assert differing(home, ran(Home(tmp_path / "backwards"), late, early)) == []
    before = snapshot(home)
    assert snapshot(ran(home, rebuild=True)) == before
    assert snapshot(ran(home, late, early)) == before
    for name in ("messages late.csv", "outcomes late.csv"):
        pipeline.retract(home, Settings(), name, now=NOW)
    assert differing(home, alone) == []
