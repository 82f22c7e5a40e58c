"""Kills small whole nights and weeks with SIGKILL, and compares what is left, and what the next run makes of it, with
an undisturbed run: `python -m tests.kill_storm --kills 300 --seed 1 --workers 2`.

Every play is killed before and after each of its named steps; the rest of the kills come at random times. A play runs
in a forked child, so that libraries are loaded once; nothing here may use DuckDB or Polars before it forks.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from flows import backups, coaching, mailing, pipeline, reporting, store
from flows.config import MailSettings
from flows.store import Home
from schemas.errors import UsageError
from tests.homes import NOW, OWNED, SAMPLES, snapshot_tables
from tests.loopback import Postbox, listening

NIGHT = [
    "flows.leftovers.clear", "flows.migrations.migrate", "flows.history.begin_run", "flows.pipeline.recall",
    "flows.pipeline.take_in", "flows.intake.read", "flows.store.archive_export", "flows.store.to_disk",
    "flows.intake.write_quarantine", "flows.keeping.keep", "flows.keeping.forget_file", "flows.store.take_from_inbox",
    "flows.keeping.sweep_texts", "flows.pipeline.measure", "sql.measure.read_new_texts",
    "sql.measure.forget_old_readings", "flows.pipeline.relate", "flows.pipeline.publish", "flows.pipeline.audit",
    "flows.publishing.build", "flows.store.swap_in", "flows.history.remember_published", "flows.store.remove_database",
    "flows.pipeline._record_in_store", "flows.history.record_run", "flows.backups.keep_history",
]  # fmt: skip
ANEW = [*NIGHT, "flows.pipeline._begin_aside", "flows.history.bring_history", "flows.backups.replace_store",
        "flows.backups._link", "flows.store.settle"]  # fmt: skip
POINTS = {
    "first night": [*NIGHT, "flows.store._create_store"],
    "night": NIGHT,
    "rebuild": [*ANEW, "flows.store._create_store"],
    "migration": [*NIGHT, "flows.migrations.bring_forward", "flows.backups.replace_store", "flows.backups._link"],
    "restore": ANEW,
    "retraction": [*NIGHT, "flows.store.move_to_retracted", "flows.keeping.forget_export"],
    "week": [
        "flows.reporting.write_report", "flows.quality.write_quality_or_say_why", "flows.reporting._pdf_of",
        "flows.store.write_whole", "flows.store.swap_in", "flows.store.write_private", "flows.people.log_access",
        "flows.mailing._refuse_doubtful", "flows.mailing._send_once", "flows.mailing._attempt", "flows.mailing._connected",
    ],
}  # fmt: skip
"""Play -> the functions before and after which it is killed; those it never calls are left out when it is rehearsed."""

TONIGHT = NOW + timedelta(days=1)
COLUMNS = "thread_id,sent_at,sender_id,sender_role,body"
OUTCOME_COLUMNS = "thread_id,event,occurred_at,observed_until"


@dataclass(frozen=True)
class Kill:
    """One kill: in which play, and at which call of which function, or after which share of its time."""

    number: int
    play: str
    point: str
    call: int = 0
    moment: str = ""
    share: float = 0.0

    @property
    def name(self) -> str:
        return f"{self.moment} {self.point}" if self.moment else "at a random time"


@dataclass(frozen=True)
class Rehearsal:
    """A play undisturbed: the home it starts from, what it leaves, how often it calls each point, how long it takes."""

    base: Path
    before: dict[str, str]
    after: dict[str, str]
    calls: dict[str, int]
    seconds: float


# The plays


def write_first(inbox: Path) -> None:
    folder = inbox / "team-a"
    folder.mkdir(parents=True)
    rows = []
    for i in range(12):
        day = 1 + i
        rows.append(
            f"t{i},2026-06-{day:02}T09:00:00Z,r{i % 3},recruiter,Hi {i} - may I ask what you work on? We pay well."
        )
        if i % 2:
            rows.append(f"t{i},2026-06-{day + 1:02}T10:00:00Z,c{i},candidate,Yes number {i}. What is it about?")
    rows.append("t0,2026-10-01T09:00:00Z,r0,recruiter,Hello again. We have a new role. Are you open?")
    (folder / "messages.csv").write_text("\n".join([COLUMNS, *rows]) + "\n")
    outcomes = ["t1,interview,2026-06-20T00:00:00Z,2026-10-01T00:00:00Z"]
    (folder / "outcomes.csv").write_text("\n".join([OUTCOME_COLUMNS, *outcomes]) + "\n")


def write_second(inbox: Path) -> None:
    """Late messages, an edit, rows that are set aside, a LinkedIn archive, outcomes, and a file nobody can read."""
    folder = inbox / "team-a"
    folder.mkdir(parents=True, exist_ok=True)
    rows = [
        "t1,2026-06-02T09:00:00Z,r1,recruiter,Hi 1 - may I ask what you work on? We pay well.",
        "t1,2026-06-03T10:00:00Z,c1,candidate,Yes number 1 (edited). What is it about?",
        "t2,2026-06-09T10:00:00Z,c2,candidate,Late but yes.",
        "t3,tomorrow,c3,candidate,secret",
        "t20,2026-11-01T09:00:00Z,r2,boss,Hello",
    ]
    (folder / "messages-edited.csv").write_text("\n".join([COLUMNS, *rows]) + "\n")
    outcomes = ["t2,declined,2026-07-20T00:00:00Z,2026-11-01T00:00:00Z"]
    (folder / "outcomes-2.csv").write_text("\n".join([OUTCOME_COLUMNS, *outcomes]) + "\n")
    shutil.copy2(SAMPLES / "Basic_LinkedInDataExport_02-03-2026.zip", inbox)
    (inbox / "notes.csv").write_text("colour,shape\nred,round\n")


def first_base(home: Home) -> None:
    write_first(home.create().inbox)


def night_base(home: Home) -> None:
    first_base(home)
    pipeline.run(home, OWNED, now=NOW)
    write_second(home.inbox)


def restore_base(home: Home) -> None:
    night_base(home)
    pipeline.run(home, OWNED, now=NOW + timedelta(hours=1), rebuild=True)


def migration_base(home: Home) -> None:
    night_base(home)
    with closing(store.connect(home.database)) as connection:
        connection.execute("alter table runs drop column run_no")
        connection.execute("alter table outcome_rows drop column application_id")
        connection.execute("drop table identity_links")
        connection.execute("update store_version set version = 2")


def week_base(home: Home) -> None:
    night_base(home)
    pipeline.run(home, OWNED, now=TONIGHT)


def night(home: Home, _mail: MailSettings | None) -> None:
    pipeline.run(home, OWNED, now=TONIGHT)


def rebuild(home: Home, _mail: MailSettings | None) -> None:
    pipeline.run(home, OWNED, now=TONIGHT, rebuild=True)


def restore(home: Home, _mail: MailSettings | None) -> None:
    whole = [backup for backup in backups.backups(home) if backup.reason != backups.HISTORY]
    pipeline.run(home, OWNED, now=TONIGHT, restore=whole[-1].name)


def retraction(home: Home, _mail: MailSettings | None) -> None:
    try:
        pipeline.retract(home, OWNED, "outcomes.csv", now=TONIGHT)
    except UsageError:
        # A killed one had taken it out, and not published yet.
        pipeline.run(home, OWNED, now=TONIGHT)


def week(home: Home, mail: MailSettings | None) -> None:
    settings = OWNED.model_copy(update={"mail": mail})
    report = reporting.write_report(home, settings, now=TONIGHT)
    coaching.write_coaching_pages(home, settings, None, now=TONIGHT)
    if mail and mail.recipients:
        mailing.send_report(home, settings, report, now=TONIGHT, sleep=lambda _: None)


Play = Callable[[Home, "MailSettings | None"], None]
PLAYS: dict[str, tuple[Callable[[Home], None], Play]] = {
    "first night": (first_base, night),
    "night": (night_base, night),
    "rebuild": (night_base, rebuild),
    "migration": (migration_base, night),
    "restore": (restore_base, restore),
    "retraction": (week_base, retraction),
    "week": (week_base, week),
}


# What is compared


def digest(value: Any) -> str:
    return hashlib.sha256(repr(value).encode()).hexdigest()[:16]


def published(home: Home) -> dict[str, str]:
    """A digest of every published table; empty before the first snapshot. Fails where a file is not whole."""
    if not home.snapshot.exists():
        return {}
    found = {f"snapshot {name}": digest(rows) for name, rows in snapshot_tables(home).items()}
    if home.team.exists():
        found |= {f"team {name}": text for name, text in _tables(home.team, {"snapshot_info": "published_at"}).items()}
    return found


_PASSING = {"readings": "first_seen_at", "week_history": "first_published_at, first_judged_at"}


def _tables(path: Path, passing: dict[str, str], but: Sequence[str] = ()) -> dict[str, str]:
    found = {}
    with closing(store.connect(path, read_only=True)) as connection:
        for table in sorted(store.tables_of(connection) - set(but)):
            columns = f"* exclude ({passing[table]})" if table in passing else "*"
            found[table] = digest(sorted(map(repr, connection.execute(f'select {columns} from "{table}"').fetchall())))
    return found


def state(home: Home) -> dict[str, str]:
    """Digests of all that a finished play leaves: published tables, the store's rows, and files."""
    found = published(home)
    found |= {
        f"store {table}": text
        for table, text in _tables(home.database, _PASSING, ("runs", "run_steps", "hypotheses", "mails_sent")).items()
    }
    with closing(store.connect(home.database, read_only=True)) as connection:
        statuses = connection.execute("select status from runs order by run_no desc").fetchall()
    found["runs left open"] = digest([status for (status,) in statuses if status == "begun"])
    found["last run"] = digest(statuses[0])
    for folder in (home.inbox, home.exports, home.quarantine, home.reports, home.coaching):
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            told = json.loads(path.read_text()) if path.name == "export.json" else {}
            told.pop("first_seen_at", None)
            found[f"file {path.relative_to(home.root)}"] = digest(told or path.read_bytes())
    names = [path.name for path in home.private.iterdir() if path.is_file()] + [
        p.name for p in home.backups.glob("*.next*")
    ]
    found["names in store"] = digest(sorted(names))
    whole = [store.is_whole(backup.path) for backup in backups.backups(home)[:2]]
    found["backups are whole"] = digest(all(whole))
    return found


# Killing


def in_child(work: Callable[[], Any], *, kill_after: float | None = None) -> tuple[Any, bool]:
    """What `work` returns, in a forked child; and whether it was killed before it could."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        code = 1
        try:
            sys.stdout.flush()
            with os.fdopen(writer, "w") as answer:
                json.dump(work(), answer)
            code = 0
        except BaseException:
            import traceback

            traceback.print_exc()
        finally:
            os._exit(code)
    os.close(writer)
    if kill_after is not None:
        _kill_after(child, kill_after)
    with os.fdopen(reader) as answer:
        text = answer.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return None, True
    if os.WEXITSTATUS(status):
        raise AssertionError("a play failed; its traceback stands above")
    return json.loads(text), False


def _kill_after(child: int, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            return
        time.sleep(0.002)
    os.kill(child, signal.SIGKILL)


@contextmanager
def wrapped(point: str, wrap: Callable[[Callable[..., Any]], Callable[..., Any]]) -> Iterator[None]:
    """The function of that name replaced, in its own module."""
    module_name, name = point.rsplit(".", 1)
    module = importlib.import_module(module_name)
    function = getattr(module, name)
    setattr(module, name, wrap(function))
    try:
        yield
    finally:
        setattr(module, name, function)


def counting(calls: Counter[str], point: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def counted(*args: Any, **options: Any) -> Any:
        calls[point] += 1
        return function(*args, **options)

    counted.__name__ = function.__name__
    return counted


def killing(kill: Kill, function: Callable[..., Any]) -> Callable[..., Any]:
    calls = Counter[str]()

    def deadly(*args: Any, **options: Any) -> Any:
        calls["all"] += 1
        is_it = calls["all"] == kill.call
        if is_it and kill.moment == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = function(*args, **options)
        if is_it:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    deadly.__name__ = function.__name__
    return deadly


def rehearse(play: str, folder: Path, mail: MailSettings | None) -> Rehearsal:
    prepare, act = PLAYS[play]
    base = folder / f"base-{play.replace(' ', '-')}"
    before, _ = in_child(lambda: [prepare(Home(base)), published(Home(base))][1])
    home = Home(folder / f"undisturbed-{play.replace(' ', '-')}")
    shutil.copytree(base, home.root)

    def undisturbed() -> Any:
        calls = Counter[str]()
        began = time.monotonic()
        with ExitStack() as stack:
            for point in POINTS[play]:
                stack.enter_context(wrapped(point, partial(counting, calls, point)))
            act(home, mail)
        return calls, time.monotonic() - began, state(home)

    (calls, seconds, after), _ = in_child(undisturbed)
    shutil.rmtree(home.root)
    return Rehearsal(base, before, after, calls, seconds)


def play_and_kill(kill: Kill, rehearsal: Rehearsal, folder: Path, mail: MailSettings | None) -> tuple[bool, list[str]]:
    """Whether it was killed, and the differences: of what was left at once, and after the next run."""
    home = Home(folder / f"home-{kill.number}")
    shutil.copytree(rehearsal.base, home.root)
    act = PLAYS[kill.play][1]
    if mail:
        mail = mail.model_copy(
            update={"recipients": [f"{who}-{kill.number}-{kill.share:.9f}@example.org" for who in "ab"]}
        )

    def killed() -> None:
        if kill.moment:
            with wrapped(kill.point, partial(killing, kill)):
                act(home, mail)
        else:
            act(home, mail)

    after_seconds = None if kill.moment else kill.share * rehearsal.seconds
    _, was_killed = in_child(killed, kill_after=after_seconds)

    if not was_killed and not kill.moment:
        # It was done before the kill came: this machine was quicker than at the rehearsal.
        shutil.rmtree(home.root)
        return play_and_kill(replace(kill, share=kill.share / 2), rehearsal, folder, mail)

    def next_run() -> Any:
        left = published(home)
        act(home, mail)
        return left, state(home)

    left, after = in_child(next_run)[0]
    differences = [f"left: {name}" for name in _torn(left, rehearsal)]
    differences += [
        name for name in sorted(after.keys() | rehearsal.after) if after.get(name) != rehearsal.after.get(name)
    ]
    shutil.rmtree(home.root)
    return was_killed, differences


def _torn(left: dict[str, str], rehearsal: Rehearsal) -> list[str]:
    """Where a published file is neither wholly the earlier nor wholly the new one."""
    torn = []
    for file in ("snapshot ", "team "):
        parts = [
            {name: text for name, text in tables.items() if name.startswith(file)}
            for tables in (left, rehearsal.before, rehearsal.after)
        ]
        if parts[0] not in parts[1:]:
            torn.append(file.strip())
    return torn


# The storm


def chosen(rehearsals: dict[str, Rehearsal], kills: int, seed: int) -> list[Kill]:
    """Every named boundary once, at a random call, in random order; then random times; `kills` in all."""
    draw = random.Random(seed)
    named = [
        (play, point, moment)
        for play, rehearsal in rehearsals.items()
        for point in POINTS[play]
        if rehearsal.calls.get(point)
        for moment in ("before", "after")
    ]
    draw.shuffle(named)
    storm = [
        Kill(number, play, point, draw.randint(1, rehearsals[play].calls[point]), moment)
        for number, (play, point, moment) in enumerate(named[:kills])
    ]
    plays = list(rehearsals)
    while len(storm) < kills:
        storm.append(Kill(len(storm), draw.choice(plays), "random", share=draw.random()))
    return storm


def storm(
    folder: Path, *, kills: int, seed: int, plays: Sequence[str], workers: int = 1
) -> list[tuple[Kill, bool, list[str]]]:
    """Every kill, whether it hit, and what differed afterwards."""
    os.environ[store.KEY_VARIABLE] = "one key for all homes of the storm"
    preload()
    with postbox(folder) if "week" in plays else _nothing() as (mail, letters):
        rehearsals = {play: rehearse(play, folder, mail if play == "week" else None) for play in plays}
        planned = chosen(rehearsals, kills, seed)
        parts = [planned[worker::workers] for worker in range(workers)]
        readers = [_in_background(partial(_all, part, rehearsals, folder, mail)) for part in parts]
        found = [Answer(*row) for reader in readers for row in json.loads(reader())]
        twice = [who for who, n in Counter(letters()).items() if n > 1]
    assert not twice, f"got the week's mail twice: {twice}"
    return [(planned[answer.number], answer.was_killed, answer.differences) for answer in found]


@dataclass(frozen=True)
class Answer:
    number: int
    was_killed: bool
    differences: list[str]


def _all(
    part: Sequence[Kill], rehearsals: dict[str, Rehearsal], folder: Path, mail: MailSettings | None
) -> list[tuple[int, bool, list[str]]]:
    found = []
    for kill in part:
        try:
            was_killed, differences = play_and_kill(
                kill, rehearsals[kill.play], folder, mail if kill.play == "week" else None
            )
        except AssertionError as error:
            was_killed, differences = True, [f"the next run: {error}"]
        found.append((kill.number, was_killed, differences))
        if differences:
            print(f"{kill.play}, {kill.name} (call {kill.call}, {kill.share:.3f}): {differences}", file=sys.stderr)
        if sys.stderr.isatty() or kill.number % 20 == 0:
            print(f"{len(found)} of {len(part)}", file=sys.stderr, flush=True)
    return found


def _in_background(work: Callable[[], Any]) -> Callable[[], str]:
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        with os.fdopen(writer, "w") as answer:
            json.dump(work(), answer)
        os._exit(0)
    os.close(writer)

    def answer() -> str:
        with os.fdopen(reader) as stream:
            text = stream.read()
        os.waitpid(child, 0)
        return text

    return answer


def preload() -> None:
    """Import what plays import late; importing starts no thread that a fork would lose."""
    for name in (
        "great_expectations", "schemas.check", "schemas.marts", "sql.measure", "sql.hypotheses", "sql.dictionary",
        "reports.weekly", "reports.sheets", "reports.summary", "reports.coaching", "reports.mail", "altair", "weasyprint",
    ):  # fmt: skip
        importlib.import_module(name)


@contextmanager
def _nothing() -> Iterator[tuple[None, Callable[[], list[str]]]]:
    yield None, list


@contextmanager
def postbox(folder: Path) -> Iterator[tuple[MailSettings, Callable[[], list[str]]]]:
    """A mail server in a process of its own, and who got a mail from it, once for each."""
    taken = folder / "taken.txt"
    taken.touch()
    with subprocess.Popen(
        [sys.executable, "-m", "tests.kill_storm", "--postbox", str(taken)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as server:
        assert server.stdout and server.stdin
        port = int(server.stdout.readline())
        yield (
            MailSettings(host="127.0.0.1", port=port, tls="none", sender="talkshare@example.org"),
            lambda: taken.read_text().split(),
        )
        server.stdin.close()


class NotingPostbox(Postbox):
    """Writes down at once who a mail was for."""

    def __init__(self, taken: Path) -> None:
        super().__init__()
        self.taken = taken

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        with self.taken.open("a") as file:
            file.write("".join(f"{address}\n" for address in envelope.rcpt_tos))
        return await super().handle_DATA(server, session, envelope)


def serve_mail(taken: Path) -> None:
    with listening(NotingPostbox(taken)) as mail:
        print(mail.port, flush=True)
        sys.stdin.read()


def table(found: Sequence[tuple[Kill, bool, list[str]]]) -> str:
    """Play and point -> kills that hit, and differences."""
    hits, bad = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for kill, was_killed, differences in found:
        key = (kill.play, kill.name.replace("flows.", ""))
        hits[key] += was_killed
        bad[key] += bool(differences)
    width = max(len(point) for _, point in hits)
    lines = [f"{'play':<12} {'killed':<{width}} {'kills':>5} {'differences':>11}"]
    lines += [
        f"{play:<12} {point:<{width}} {hits[play, point]:>5} {bad[play, point]:>11}" for play, point in sorted(hits)
    ]
    return "\n".join([*lines, f"{'all':<12} {'':<{width}} {sum(hits.values()):>5} {sum(bad.values()):>11}"])


def main() -> int:
    """Exit 0 if no kill made a difference, nobody got a mail twice, and as many kills hit as were asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--plays", nargs="*", default=list(PLAYS))
    parser.add_argument("--postbox", type=Path)
    given = parser.parse_args()
    if given.postbox:
        serve_mail(given.postbox)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        found = storm(Path(folder), kills=given.kills, seed=given.seed, plays=given.plays, workers=given.workers)
    print(table(found))
    is_short = sum(was_killed for _, was_killed, _ in found) < given.kills
    return int(is_short or any(differences for _, _, differences in found))


if __name__ == "__main__":
    raise SystemExit(main())
