"""The whole run, written once as plain functions: find, read, check, keep, measure, relate, publish."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

import polars as pl

from flows import journal, keeping, publishing, store
from flows.config import Settings
from flows.failures import failure_of
from flows.intake import FileReport, Progress, take_in
from flows.keeping import Kept
from flows.store import Home
from schemas.errors import AuditError, TalkshareError, UsageError
from sql.frames import fetch

Result = TypeVar("Result")
Step = Callable[[Callable[..., Result]], Callable[..., Result]]

VERSION = version("talkshare")
SHORTEST_HASH = 4


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
    step: Step[Any] = identity,
    progress: Progress = lambda _: None,
) -> RunReport:
    """Take in what is new, measure everything, publish the snapshot.

    `paths`: files or folders to read in place of the inbox. Raises AuditError (nothing published, yesterday's snapshot
    stays), BusyError, UsageError.
    """
    home.create()
    database = home.database.with_suffix(".rebuild") if rebuild else home.database
    with store.only_run(home), _recorded(home, "rebuild" if rebuild else "run", now) as report:
        if rebuild:
            database.unlink(missing_ok=True)
            store.copy_runs(home, database)
        recall(home, settings, database=database, now=now)
        with _timed(report, "take_in", progress) as detail:
            report.files = step(take_in)(home, settings, paths, now=now, database=database, progress=progress)
            detail.update(
                {"files": len(report.files)} | {name: report.total(name) for name in Kept.__dataclass_fields__}
            )
        _measure_and_publish(home, settings, report, now=now, database=database, step=step, progress=progress)
        if rebuild:
            store.swap_in(database, home.database)
        _record_in_store(home, report)
    return report


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
    published_at = (now + report.elapsed()).replace(microsecond=0)
    with _timed(report, "measure", progress) as detail:
        detail.update(step(measure)(home, settings, database=database, now=published_at))
    with _timed(report, "relate", progress) as detail:
        detail.update(step(relate)(home, settings, database=database, now=published_at))
    report.finished_at = now + report.elapsed()
    record = replace(report, status="published", published_at=published_at)
    with _timed(report, "publish", progress) as detail:
        report.warnings = step(publish)(home, settings, database=database, report=record)
        detail["warnings"] = len(report.warnings)
    report.status, report.published_at = "published", published_at


def recall(home: Home, settings: Settings, *, database: Path, now: datetime) -> None:
    """Take over what the last snapshot published for good. Raises UsageError for a hypothesis that comes too late."""
    from sql.hypotheses import refuse_late

    store.remember_published(home, database)
    if settings.hypotheses:
        with closing(store.open_store(home, database)) as connection:
            refuse_late(fetch(connection, "from hypotheses").to_dicts(), settings.asked(), now=now)


def measure(home: Home, settings: Settings, *, database: Path, now: datetime) -> dict[str, int]:
    """Build every table in a work database beside the store; returns what was counted."""
    from sql.measure import measure as measure_store
    from sql.measure import set_variables

    work = _work_path(home)
    work.unlink(missing_ok=True)
    with _work(home, database) as connection:
        set_variables(connection, _variables(settings, now, store.derived_key(store.id_key(home), "published")))
        return measure_store(connection)


def relate(home: Home, settings: Settings, *, database: Path, now: datetime) -> dict[str, int]:
    """Relate metrics to outcomes, and judge what was registered; returns the number of pairs and verdicts."""
    from sql.hypotheses import follow_hypotheses
    from sql.measure import compare_templates, follow
    from sql.measure import relate as relate_approaches

    with _work(home, database) as connection:
        associations = relate_approaches(connection)
        minimum = settings.privacy.minimum_candidates
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
    with _work(home, database) as connection:
        failures, warnings = audit(connection)
        if failures:
            raise AuditError(
                f"Nothing was published; the last snapshot stays. {'; '.join(failures)}. "
                "Run `talkshare run --rebuild`, and report it if it happens again."
            )
        store.record_run(connection, run_record(report), report.steps)
        files = publishing.build(connection, home, settings)
    for built, target in files.items():
        store.swap_in(built, target)
    store.remember_published(home, database)
    _work_path(home).unlink(missing_ok=True)
    return warnings


def audit(connection: store.Connection) -> tuple[list[str], list[str]]:
    """What the expectations on the finished tables found: (reasons to stop, warnings)."""
    from schemas.check import ROW_ID, check
    from schemas.marts import MARTS

    found: dict[str, list[str]] = {"stop": [], "warn": []}
    for table, expectations in MARTS.items():
        name = f"audit_{table}"
        connection.execute(
            f'create or replace table {name} as select row_number() over () as {ROW_ID}, * from "{table}"'
        )
        for finding in check(connection, name, expectations):
            if finding.n_rows:
                found[finding.severity].append(f"{table}: {finding.reason} ({finding.n_rows} rows)")
        connection.execute(f"drop table {name}")
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
    """The run's report; a run that fails is recorded in the store as well, and logged either way."""
    report = RunReport(f"{now:%Y%m%dT%H%M%S%f}", kind, now, logs=home.logs)
    try:
        yield report
    except BaseException as error:
        report.failure = failure_of(error)
        with contextlib.suppress(TalkshareError, OSError):
            _record_in_store(home, report)
        _log(home, report)
        raise
    _log(home, report)


def _record_in_store(home: Home, report: RunReport) -> None:
    with closing(store.open_store(home)) as connection:
        store.record_run(connection, run_record(report), report.steps)


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
        "minimum_candidates": settings.privacy.minimum_candidates,
        "publishing_key": publishing_key,
        "published_at": now,
        "schema_version": SCHEMA_VERSION,
        "version": VERSION,
    }


def _work_path(home: Home) -> Path:
    return home.private / "work.duckdb"


@contextmanager
def _work(home: Home, database: Path) -> Iterator[store.Connection]:
    """A connection on the work database with the store behind it: names are looked up in work first."""
    from sql.runner import load_macros

    with closing(store.connect(_work_path(home))) as connection:
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
