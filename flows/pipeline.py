"""The whole run, written once as plain functions: find, read, check, keep, measure, relate, publish."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import polars as pl

from flows import backups, history, journal, keeping, keys, leftovers, migrations, publishing, quality, store
from flows.backups import Backup
from flows.config import Settings
from flows.failures import failure_of
from flows.intake import FileReport, Progress, take_in
from flows.keeping import Kept
from flows.store import Home
from schemas.errors import AuditError, StorageError, TalkshareError, UsageError
from sql.frames import fetch, load_frame

if TYPE_CHECKING:
    from flows.forgetting import Forgotten

Result = TypeVar("Result")
Step = Callable[[Callable[..., Result]], Callable[..., Result]]

VERSION = version("talkshare")
SHORTEST_HASH = 4
QUALITY_CHECKS: dict[str, Any] = {
    "table_name": pl.String,
    "expectation": pl.String,
    "severity": pl.String,
    "n_failing": pl.Int64,
}


def identity(function: Callable[..., Result]) -> Callable[..., Result]:
    """The step of a run without an orchestrator: the function itself."""
    return function


@dataclass
class RunReport:
    """What a run did. `rows_in` = kept + set aside + already known + excluded, over the files read."""

    run_id: str
    kind: str
    started_at: datetime
    files: list[FileReport] = field(default_factory=list)
    steps: list[tuple[str, float, str]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    finished_at: datetime | None = None
    published_at: datetime | None = None
    status: str = "failed"
    failure: dict[str, str] = field(default_factory=dict)
    logs: Path | None = None
    began: float = field(default_factory=time.perf_counter)

    def elapsed(self) -> timedelta:
        """Time since the run began."""
        return timedelta(seconds=time.perf_counter() - self.began)

    def total(self, name: str) -> int:
        """Sum of one count over the files read."""
        return sum(getattr(file.kept, name) for file in self.files if file.kept)

    def count(self, *statuses: str) -> int:
        """Files with one of these statuses."""
        return sum(file.status in statuses for file in self.files)


def run(
    home: Home,
    settings: Settings,
    paths: Sequence[Path] = (),
    *,
    now: datetime,
    rebuild: bool = False,
    restore: str | None = None,
    step: Step[Any] = identity,
    progress: Progress = lambda _: None,
) -> RunReport:
    """Take in what is new, measure everything, publish the snapshot.

    `paths`: files or folders to read in place of the inbox. `rebuild`: with a new store, into which every export is
    read again; `restore`: with the store of that backup; either replaces the present one at the end. Raises AuditError
    (nothing published, yesterday's snapshot stays), BusyError, StorageError, UsageError.
    """
    from flows import forgetting

    home.create()
    kind = "restore" if restore else "rebuild" if rebuild else "run"
    database = home.database if kind == "run" else home.rebuilt
    with store.only_run(home):
        backup = backups.find(home, restore) if restore else None
        with _recorded(home, kind, now) as report:
            with _bearing_a_lost_store(kind):
                keys.settle(home)
                forgetting.erase_pending(home, settings, now=now)
            if kind != "run":
                report.warnings += _begin_aside(home, backup)
            recall(home, settings, database=database, now=now)
            with _timed(report, "take_in", progress) as detail:
                report.files = step(take_in)(home, settings, paths, now=now, database=database, progress=progress)
                counts = {name: report.total(name) for name in Kept.__dataclass_fields__}
                detail.update({"files": len(report.files)} | counts)
            _measure_and_publish(home, settings, report, now=now, database=database, step=step, progress=progress)
            if kind != "run":
                backups.replace_store(home, database, reason=kind, now=now)
            _record_in_store(home, report)
            backups.keep_history(home, now=now)
            forgetting.close_pending(home)
    return report


def forget(
    home: Home, settings: Settings, candidate: str, *, now: datetime, in_advance: bool = False
) -> tuple[RunReport, Forgotten | None]:
    """Forget a person (address, profile or id), then measure and publish; what was done, None if it was in advance.

    Raises UsageError for somebody who is not held here, was forgotten already, or is a recruiter.
    """
    from flows import forgetting

    home.create()
    with store.only_run(home), _recorded(home, "forget", now) as report:
        keys.settle(home)
        forgetting.start(home, candidate, now=now, in_advance=in_advance)
        done = forgetting.erase_pending(home, settings, now=now)
        recall(home, settings, database=home.database, now=now)
        _measure_and_publish(home, settings, report, now=now, database=home.database)
        _record_in_store(home, report)
        backups.keep_history(home, now=now)
        forgetting.close_pending(home)
    return report, done


def _begin_aside(home: Home, backup: Backup | None) -> list[str]:
    """Begin a store beside the present one, empty or as a backup has it, with the newest history that can be read.

    Returns what there is to say about that.
    """
    if backup:
        shutil.copyfile(backup.path, home.rebuilt)
        migrations.bring_forward(home.rebuilt)
    known = [backup.path for backup in backups.backups(home) if backup.version == store.STORE_VERSION]
    sources = [path for path in (home.database, *known) if path.exists()]
    source = history.bring_history(home, home.rebuilt, sources)
    if source == home.database or not sources:
        return []
    taken = f"it was taken from {source.name}" if source else "no backup of it can be read, and it begins anew"
    return [f"The history in {home.database.name} cannot be read: {taken}."]


def _measure_and_publish(
    home: Home,
    settings: Settings,
    report: RunReport,
    *,
    now: datetime,
    database: Path,
    step: Step[Any] = identity,
    progress: Progress = lambda _: None,
) -> None:
    from flows import erasing

    published_at = (now + report.elapsed()).replace(microsecond=0)
    erasing.revive(home, settings, database=database, now=now)
    with _timed(report, "measure", progress) as detail:
        detail.update(step(measure)(home, settings, database=database, now=published_at))
    with _timed(report, "relate", progress) as detail:
        detail.update(step(relate)(home, settings, database=database, now=published_at))
    if settings.privacy.retention_days is not None:
        with _timed(report, "erase", progress) as detail:
            detail.update(step(erasing.erase_old)(home, settings, database=database, now=now))
    report.finished_at = now + report.elapsed()
    record = replace(report, status="published", published_at=published_at)
    with _timed(report, "publish", progress) as detail:
        report.warnings += step(publish)(home, settings, database=database, report=record)
        detail["warnings"] = len(report.warnings)
    report.status, report.published_at = "published", published_at
    with _timed(report, "quality page", progress):
        report.warnings += quality.write_quality_or_say_why(home, settings)


def recall(home: Home, settings: Settings, *, database: Path, now: datetime) -> None:
    """Take over what the last snapshot published for good. Raises UsageError for a hypothesis that comes too late."""
    from sql.hypotheses import refuse_late

    history.remember_published(home, database)
    if settings.hypotheses:
        with closing(store.open_store(home, database)) as connection:
            refuse_late(fetch(connection, "from hypotheses").to_dicts(), settings.asked(), now=now)


def rotate_key(home: Home, settings: Settings, *, now: datetime, progress: Progress = lambda _: None) -> RunReport:
    """Change the key of the person ids: everything is kept anew under the new one. Raises UsageError where the
    environment gives the key."""
    home.create()
    with store.only_run(home):
        keys.settle(home)
    with keys.another_key(home):
        report = run(home, settings, now=now, rebuild=True, progress=progress)
    with store.only_run(home):
        keys.adopt(home)
    return report


def measure(home: Home, settings: Settings, *, database: Path, now: datetime) -> dict[str, int]:
    """Build every table in a work database beside the store; returns what was counted."""
    from sql.measure import measure as measure_store
    from sql.measure import set_variables

    store.remove_database(home.work)
    with work(home, settings, database) as connection:
        set_variables(connection, _variables(settings, now, store.derived_key(store.id_key(home), "published")))
        return measure_store(connection)


def relate(home: Home, settings: Settings, *, database: Path, now: datetime) -> dict[str, int]:
    """Relate metrics to outcomes, and judge what was registered; returns the number of pairs and verdicts."""
    from sql.hypotheses import follow_hypotheses
    from sql.measure import compare_templates, follow
    from sql.measure import relate as relate_approaches

    with work(home, settings, database) as connection:
        minimum = settings.privacy.minimum_candidates
        associations = relate_approaches(connection, minimum_candidates=minimum)
        follow(connection, minimum_candidates=minimum)
        compare_templates(connection, minimum_candidates=minimum)
        asked = settings.asked() if settings.hypotheses else []
        follow_hypotheses(connection, asked, now=now, minimum_candidates=minimum)
    verdicts = associations.filter(pl.col("slice") == "all").group_by("verdict").len().sort("verdict")
    return {"pairs": associations.height} | dict(verdicts.iter_rows())


def publish(home: Home, settings: Settings, *, database: Path, report: RunReport) -> list[str]:
    """Audit the finished tables, write the two published files, and swap each in whole; returns the audit's warnings.

    `report` is this run as the snapshot will tell it. Raises AuditError if a `stop` expectation fails; the last
    snapshot then stays as it is.
    """
    from sql.measure import set_variables

    with work(home, settings, database) as connection:
        set_variables(connection, _variables(settings, report.published_at or report.started_at))
        failures, warnings = audit(connection)
        if failures:
            raise AuditError(
                f"Nothing was published; the last snapshot stays. {'; '.join(failures)}. "
                "Run `talkshare run --rebuild`, and report it if it happens again."
            )
        warnings += quality.changed_columns(connection, report.started_at)
        # In the store the run is under way until its snapshot is in its place.
        for table in ("runs", "run_steps"):
            connection.execute(f"create or replace table {table} as from store.{table}")
        connection.execute("alter table runs add primary key (run_id)")
        history.record_run(connection, run_record(report), report.steps)
        files = publishing.build(connection, home, settings)
    for built, target in files.items():
        store.swap_in(built, target)
    history.remember_published(home, database)
    store.remove_database(home.work)
    return warnings


def audit(connection: store.Connection) -> tuple[list[str], list[str]]:
    """What the expectations on the finished tables found: (reasons to stop, warnings); kept as `quality_checks`."""
    from schemas.check import audit as audit_tables
    from schemas.marts import MARTS

    verdicts = audit_tables(connection, MARTS)
    rows = [(v.table, v.reason, v.severity, v.n_rows) for v in verdicts]
    load_frame(connection, "quality_checks", pl.DataFrame(rows, schema=QUALITY_CHECKS, orient="row"))
    found: dict[str, list[str]] = {"stop": [], "warn": []}
    for verdict in verdicts:
        if verdict.n_rows:
            found[verdict.severity].append(f"{verdict.table}: {verdict.reason} ({verdict.n_rows} rows)")
    return found["stop"], found["warn"]


def run_record(report: RunReport) -> dict[str, Any]:
    """The run as one row of `runs`; counts only, no names."""
    return {
        "run_id": report.run_id,
        "started_at": report.started_at,
        "finished_at": report.finished_at or report.started_at + report.elapsed(),
        "published_at": report.published_at,
        "kind": report.kind,
        "status": report.status,
        **{name: report.total(name) for name in Kept.__dataclass_fields__},
        "files_read": report.count("read"),
        "files_unchanged": report.count("unchanged"),
        "files_refused": report.count("refused", "waiting"),
        "version": VERSION,
    }


@contextmanager
def _recorded(home: Home, kind: str, now: datetime) -> Iterator[RunReport]:
    """The run's report, after a killed run's remains are cleared away and an older store is brought forward.

    The store knows of the run from its beginning, so that one that is killed can be seen; a run that fails is recorded
    as well, and logged either way.
    """
    report = RunReport(f"{now:%Y%m%dT%H%M%S%f}", kind, now, logs=home.logs)
    leftovers.clear(home)
    try:
        with _bearing_a_lost_store(kind):
            notes = [_closed_note(home), migrations.migrate(home, now=now), _clock_note(home, now)]
            report.warnings += filter(None, notes)
            report.run_id = history.begin_run(home, run_record(report))
        yield report
    except BaseException as error:
        report.failure = failure_of(error)
        with contextlib.suppress(TalkshareError, OSError, store.DatabaseError):
            _record_in_store(home, report)
        with contextlib.suppress(OSError):
            _log(home, report)
        raise
    _log(home, report)


@contextmanager
def _bearing_a_lost_store(kind: str) -> Iterator[None]:
    """A store that is to be replaced may be damaged."""
    try:
        yield
    except (StorageError, store.DatabaseError):
        if kind not in ("rebuild", "restore"):
            raise


def _closed_note(home: Home) -> str | None:
    n_open = store.close_to_others(home)
    if n_open <= 1:
        return None
    return f"{n_open} files and folders of the home were open to others; now they are their owner's"


def _clock_note(home: Home, now: datetime) -> str | None:
    with closing(store.open_store(home)) as connection:
        latest = history.latest_start(connection)
    if latest is None or latest <= now:
        return None
    return (
        f"The clock shows {now:%Y-%m-%d %H:%M} UTC, and an earlier run began at {latest:%Y-%m-%d %H:%M}: it went back. "
        "Exports count as seen at the later time; the snapshot bears the earlier one. Set the clock right."
    )


def _record_in_store(home: Home, report: RunReport) -> None:
    with closing(store.open_store(home)) as connection:
        history.record_run(connection, run_record(report), report.steps)


def retract(home: Home, settings: Settings, file: str, *, now: datetime) -> RunReport:
    """Take one export out again (by name, hash or the start of it), then measure and publish without it.

    The export itself moves to `quarantine/retracted/`. Raises UsageError if no or several exports fit.
    """
    home.create()
    with store.only_run(home), _recorded(home, "retract", now) as report:
        recall(home, settings, database=home.database, now=now)
        with closing(store.open_store(home)) as connection:
            file_id, name = _fitting_export(connection, file)
            # The file first: a run that comes between would read it again.
            store.move_to_retracted(home, file_id)
            keeping.forget_export(connection, file_id)
        report.files = [
            FileReport(name, "retracted", message="its rows are out; the file lies in quarantine/retracted")
        ]
        _measure_and_publish(home, settings, report, now=now, database=home.database)
        _record_in_store(home, report)
        backups.keep_history(home, now=now)
    return report


def _fitting_export(connection: store.Connection, file: str) -> tuple[str, str]:
    wanted = Path(file).name
    rows = connection.execute("select file_id, name from readings order by name, file_id").fetchall()
    fitting = [
        (file_id, name)
        for file_id, name in rows
        if name == file or wanted in Path(name).parts or (len(file) >= SHORTEST_HASH and file_id.startswith(file))
    ]
    if len(fitting) != 1:
        listing = "; ".join(f"{name} ({file_id[:12]})" for file_id, name in fitting or rows) or "none"
        problem = "several exports are" if fitting else "no export is"
        raise UsageError(f"{problem} called {file}. Give the name or the hash of one of: {listing}.")
    return fitting[0]


def _variables(settings: Settings, now: datetime, publishing_key: str = "") -> dict[str, Any]:
    from sql.dictionary import SCHEMA_VERSION

    return {
        "time_zone": settings.time_zone,
        "silence_days": settings.approach.silence_days,
        "reopen_days_after_end": settings.approach.reopen_days_after_end,
        "sell_first_share": settings.opening.sell_first_share,
        "sell_first_offers": settings.opening.sell_first_offers,
        "reaction_first_offers": settings.opening.reaction_first_offers,
        "conversion_event": settings.outcomes.conversion_event,
        "minimum_link_rate": settings.outcomes.minimum_link_rate,
        "minimum_approaches": settings.completeness.minimum_approaches,
        "maximum_replied_share": settings.completeness.maximum_replied_share,
        "declared_complete": settings.completeness.declared_complete,
        "invitations_complete": settings.completeness.invitations_complete,
        "silent_days": settings.quality.silent_days,
        "old_days": settings.quality.old_days,
        "closed_inboxes": settings.quality.closed_inboxes,
        "maximum_set_aside_share": settings.quality.maximum_set_aside_share,
        "minimum_candidates": settings.privacy.minimum_candidates,
        "publishing_key": publishing_key,
        "published_at": now,
        "schema_version": SCHEMA_VERSION,
        "version": VERSION,
    }


@contextmanager
def work(home: Home, settings: Settings, database: Path) -> Iterator[store.Connection]:
    """A connection on the work database with the store behind it: names are looked up in work first."""
    from sql.runner import load_macros

    with closing(store.connect(home.work, memory=settings.limits.memory)) as connection:
        store.attach(connection, database, "store")
        connection.execute("set search_path = 'work.main,store.main'")
        load_macros(connection)
        yield connection


@contextmanager
def _timed(report: RunReport, name: str, progress: Progress) -> Iterator[dict[str, Any]]:
    """Times a step and logs a line as it ends, however it ends; what is put into the yielded dict is counted there."""
    progress(name)
    start = time.perf_counter()
    detail: dict[str, Any] = {}
    error = ""
    try:
        yield detail
    except BaseException as problem:
        error = failure_of(problem)["error"]
        raise
    finally:
        seconds = round(time.perf_counter() - start, 3)
        text = f"failed: {error}" if error else ", ".join(f"{value} {key}" for key, value in detail.items())
        report.steps.append((name, seconds, text))
        _log_step(report, name, seconds, error, detail)


def _log_step(report: RunReport, name: str, seconds: float, error: str, counts: dict[str, Any]) -> None:
    if report.logs is None:
        return
    line = {
        "at": report.started_at + report.elapsed(),
        "run_id": report.run_id,
        "kind": report.kind,
        "step": name,
        "status": "failed" if error else "done",
        "seconds": seconds,
    }
    journal.append(report.logs / journal.STEPS, line | ({"error": error} if error else {}) | {"counts": counts})


def _log(home: Home, report: RunReport) -> None:
    line = run_record(report) | report.failure | {"warnings": len(report.warnings)}
    steps = {name: seconds for name, seconds, _ in report.steps}
    journal.append(home.logs / journal.RUNS, line | {"steps": steps})
