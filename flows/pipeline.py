"""The whole run, written once as plain functions: find, read, check, keep, measure, relate, publish."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

import polars as pl

from flows import store
from flows.config import Settings
from flows.readers import Export, Reading, fingerprint, read, settings_fingerprint
from flows.readers.discover import Refusal, discover
from flows.store import Home, Kept
from schemas import MESSAGES, OUTCOMES, SET_ASIDE, Table
from schemas.errors import AuditError, InputError, TalkshareError, UsageError
from sql.frames import load_frame

Result = TypeVar("Result")
Step = Callable[[Callable[..., Result]], Callable[..., Result]]
Progress = Callable[[str], None]

VERSION = version("talkshare")
FUTURE_TOLERANCE = timedelta(days=1)
SHORTEST_HASH = 4
LONGEST_WAIT = timedelta(days=1)


def identity(function: Callable[..., Result]) -> Callable[..., Result]:
    """The step of a run without an orchestrator: the function itself."""
    return function


@dataclass(frozen=True)
class Found:
    """One export to look at, and what it was called when it arrived."""

    export: Export
    file_id: str
    first_seen_at: datetime
    is_archived: bool
    is_from_inbox: bool


@dataclass(frozen=True)
class FileReport:
    """What became of one export in this run; `name` is for the person at the terminal, never published."""

    name: str
    status: str
    """read, unchanged, waiting or refused."""
    kept: Kept | None = None
    warnings: tuple[str, ...] = ()
    message: str = ""
    reasons: dict[str, int] = field(default_factory=dict)
    """Reason -> rows, of rows set aside or excluded."""


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
        with _timed(report, "take_in", progress):
            report.files = step(take_in)(home, settings, paths, now=now, database=database, progress=progress)
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
        detail.update(step(relate)(home, database=database))
    report.finished_at = now + report.elapsed()
    record = replace(report, status="published", published_at=published_at)
    with _timed(report, "publish", progress):
        report.warnings = step(publish)(home, settings, database=database, report=record)
    report.status, report.published_at = "published", published_at


def take_in(
    home: Home,
    settings: Settings,
    paths: Sequence[Path] = (),
    *,
    now: datetime,
    database: Path,
    progress: Progress = lambda _: None,
) -> list[FileReport]:
    """Read, check and keep every export that is new, or that changed settings ask to read again."""
    found, refusals = find_exports(home, settings, paths, now=now)
    reports = [_refused(refusal, now) for refusal in refusals]
    key = store.id_key(home)
    with closing(store.open_store(home, database)) as connection:
        known = dict(connection.execute("select file_id, settings_fingerprint from readings").fetchall())
        for item in found:
            wanted = settings_fingerprint(item.export, settings)
            if known.get(item.file_id) == wanted:
                if not item.is_archived:
                    store.archive_export(home, item.export, item.file_id, item.first_seen_at, move=item.is_from_inbox)
                    message = "the same bytes were read before: nothing to do"
                    reports.append(FileReport(item.export.name, "unchanged", message=message))
                _refresh_coverage(connection, item, settings)
                continue
            progress(f"reading {item.export.name}")
            file_report = _take_in_one(home, settings, connection, item, wanted, key)
            reports.append(file_report)
            if file_report.status == "read":
                known[item.file_id] = wanted
        store.sweep_texts(connection)
    return reports


def _refused(refusal: Refusal, now: datetime) -> FileReport:
    if not refusal.waiting:
        return FileReport(refusal.name, "refused", message=refusal.message)
    age = now - datetime.fromtimestamp(refusal.path.stat().st_mtime, tz=now.tzinfo)
    if age < LONGEST_WAIT:
        return FileReport(refusal.name, "waiting", message=refusal.message)
    message = f"{refusal.name}: incomplete, and it has not grown for a day. Download or export it again."
    return FileReport(refusal.name, "refused", message=message)


def find_exports(
    home: Home, settings: Settings, paths: Sequence[Path], *, now: datetime
) -> tuple[list[Found], list[Refusal]]:
    """Exports in the store, then in the inbox or in `paths`, each once, and the files that are none."""
    found: dict[str, Found] = {}
    refusals: list[Refusal] = []
    for file_id, content, note in store.archived_exports(home):
        exports, _ = discover(content, settings, root=content)
        for export in exports:
            named = replace(export, name=note["name"], folder=note["folder"])
            found[file_id] = Found(named, file_id, datetime.fromisoformat(note["first_seen_at"]), True, False)
    for path in paths or (home.inbox,):
        resolved = path.resolve()
        root = home.inbox.resolve() if not paths else (resolved if resolved.is_dir() else resolved.parent)
        exports, refused = discover(resolved, settings, root=root)
        refusals += refused
        for export in exports:
            try:
                file_id = fingerprint(export)[:32]
            except (OSError, TalkshareError) as error:
                refusals.append(Refusal(export.path, export.name, f"{export.name}: {error}"))
                continue
            earlier = found.get(file_id)
            first_seen_at = earlier.first_seen_at if earlier else now
            found[file_id] = Found(export, file_id, first_seen_at, False, not paths)
    return list(found.values()), refusals


def _take_in_one(
    home: Home, settings: Settings, connection: store.Connection, item: Found, wanted: str, key: bytes
) -> FileReport:
    name = item.export.name
    not_after = item.first_seen_at + FUTURE_TOLERANCE
    try:
        reading = read(item.export, settings, not_after=not_after)
    except InputError as error:
        return FileReport(name, "refused", message=str(error))
    messages, bad_messages = checked(reading.messages, MESSAGES, not_after)
    outcomes, bad_outcomes = checked(reading.outcomes, OUTCOMES, not_after)
    messages, repeated = _without_repeated_ids(messages)
    set_aside = pl.concat([reading.set_aside, bad_messages, bad_outcomes, repeated])
    file = {
        "file_id": item.file_id,
        "settings_fingerprint": wanted,
        "name": name,
        "folder": item.export.folder,
        "shape": item.export.shape,
        "covers": _covers(item.export, settings),
        "owner_role": settings.linkedin.owner_role if item.export.shape == "linkedin_archive" else None,
        "first_seen_at": item.first_seen_at,
    }
    kept = store.keep(connection, file, reading, messages, outcomes, set_aside, key)
    _write_quarantine(home, item.file_id, set_aside)
    if not item.is_archived:
        store.archive_export(home, item.export, item.file_id, item.first_seen_at, move=item.is_from_inbox)
    return FileReport(name, "read", kept, reading.warnings, reasons=_reasons(reading, set_aside))


def checked(frame: pl.DataFrame, table: Table, not_after: datetime) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows that meet the table's expectations, and the others as set-aside rows with their reasons.

    Rows with an `excluded_reason` are in neither: they are counted, not checked.
    """
    from schemas.check import ROW_ID, check

    rows = frame.filter(pl.col("excluded_reason").is_null()).with_row_index(ROW_ID).cast({ROW_ID: pl.Int64})
    if rows.is_empty():
        return frame.clear(), SET_ASIDE.frame()
    columns = [name for name in rows.columns if name not in ("body", "raw", "subject")]
    with closing(store.connect()) as connection:
        load_frame(connection, table.name, rows.select(columns))
        findings = check(connection, table.name, table.expectations, {"not_after": not_after.isoformat()})
    failed = pl.DataFrame(
        [(row_id, finding.reason) for finding in findings for row_id in finding.row_ids],
        schema={ROW_ID: pl.Int64, "reason": pl.String},
        orient="row",
    )
    reasons = failed.group_by(ROW_ID, maintain_order=True).agg(pl.col("reason").str.join("; "))
    bad = rows.join(reasons, on=ROW_ID).sort(ROW_ID)
    return rows.join(reasons, on=ROW_ID, how="anti").drop(ROW_ID), _as_set_aside(bad.drop(ROW_ID))


def _as_set_aside(bad: pl.DataFrame) -> pl.DataFrame:
    raw = pl.struct(pl.exclude("reason", "member", "row_no")).struct.json_encode()
    return SET_ASIDE.conform(bad.with_columns(raw=raw)) if bad.height else SET_ASIDE.frame()


def _without_repeated_ids(messages: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """A source's message id that stands on two different texts cannot be trusted: the later rows are set aside."""
    same_id = pl.col("message_id").is_not_null()
    is_other = same_id & (pl.col("body") != pl.col("body").first().over("thread_id", "message_id"))
    repeated = messages.filter(is_other).with_columns(reason=pl.lit("message_id repeats with another text"))
    return messages.filter(~is_other.fill_null(value=False)), _as_set_aside(repeated)


def _reasons(reading: Reading, set_aside: pl.DataFrame) -> dict[str, int]:
    excluded = [
        frame.select(pl.col("excluded_reason").alias("reason")) for frame in (reading.messages, reading.outcomes)
    ]
    counts = pl.concat([*excluded, set_aside.select("reason")]).drop_nulls().group_by("reason").len().sort("reason")
    return dict(counts.iter_rows())


def _covers(export: Export, settings: Settings) -> str | None:
    if export.shape == "declared_outcomes":
        from flows.readers.tables import table_for

        table = table_for(export.path, settings)
        return table.covers if table else "folder"
    return "folder" if export.shape == "canonical_outcomes" else None


def _refresh_coverage(connection: store.Connection, item: Found, settings: Settings) -> None:
    """Whom a table covers is no matter of its rows, so a changed setting needs no reading."""
    connection.execute(
        "update readings set covers = $1 where file_id = $2 and covers is distinct from $1",
        [_covers(item.export, settings), item.file_id],
    )


def _write_quarantine(home: Home, file_id: str, set_aside: pl.DataFrame) -> None:
    path = home.quarantine / f"{file_id}.jsonl"
    path.unlink(missing_ok=True)
    if set_aside.height:
        path.touch(mode=0o600)
        set_aside.write_ndjson(path)


def measure(home: Home, settings: Settings, *, database: Path, now: datetime) -> dict[str, int]:
    """Build every table in a work database beside the store; returns what was counted."""
    from sql.measure import measure as measure_store
    from sql.measure import set_variables

    work = _work_path(home)
    work.unlink(missing_ok=True)
    with _work(home, database) as connection:
        set_variables(connection, _variables(settings, now))
        return measure_store(connection)


def relate(home: Home, *, database: Path) -> dict[str, int]:
    """Relate metrics to outcomes; returns the number of pairs and verdicts."""
    from sql.measure import relate as relate_approaches

    with _work(home, database) as connection:
        associations = relate_approaches(connection)
    verdicts = associations.filter(pl.col("slice") == "all").group_by("verdict").len().sort("verdict")
    return {"pairs": associations.height} | dict(verdicts.iter_rows())


def publish(home: Home, settings: Settings, *, database: Path, report: RunReport) -> list[str]:
    """Audit the finished tables, copy them into a new snapshot, and swap it in whole; returns the audit's warnings.

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
        built = home.snapshot.with_suffix(".next")
        _write_snapshot(connection, built, settings)
    store.swap_in(built, home.snapshot)
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


def _write_snapshot(connection: store.Connection, path: Path, settings: Settings) -> None:
    from sql.dictionary import TABLES, comment_statements, data_dictionary, published_tables

    path.unlink(missing_ok=True)
    connection.execute(f"attach '{_quoted(path)}' as snapshot")
    hidden = "* replace ('t_' || left(sha256(thread_id), 20) as thread_id)" if settings.privacy.hash_thread_ids else "*"
    for table in published_tables():
        if table == "data_dictionary":
            continue
        source = f"store.{table}" if table in ("runs", "run_steps") else f'"{table}"'
        names = [row[0] for row in connection.execute(f"describe {source}").fetchall()]
        columns = ", ".join(f'"{name}"' for name in TABLES[table][1]) if table in TABLES else "*"
        selected = hidden if columns == "*" and "thread_id" in names else columns
        connection.execute(f'create table snapshot."{table}" as select {selected} from {source}')
    columns_of = connection.execute(
        "select table_name, column_name, data_type from duckdb_columns() where database_name = 'snapshot' "
        "order by table_name, column_index"
    ).fetchall()
    own = [("data_dictionary", name, "VARCHAR") for name in TABLES["data_dictionary"][1]]
    load_frame(connection, "data_dictionary", data_dictionary(columns_of + own))
    connection.execute("create table snapshot.data_dictionary as from data_dictionary")
    connection.execute("use snapshot")
    for statement in comment_statements(columns_of + own):
        connection.execute(statement)
    connection.execute("use work")
    connection.execute("detach snapshot")


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
    report = RunReport(f"{now:%Y%m%dT%H%M%S%f}", kind, now)
    try:
        yield report
    except BaseException:
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
        with closing(store.open_store(home)) as connection:
            file_id, name = _fitting_export(connection, file)
            store.forget_export(connection, file_id)
        store.move_to_retracted(home, file_id)
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


def _variables(settings: Settings, now: datetime) -> dict[str, Any]:
    from sql.dictionary import SCHEMA_VERSION

    return {
        "time_zone": settings.time_zone,
        "silence_days": settings.approach.silence_days,
        "reopen_days_after_end": settings.approach.reopen_days_after_end,
        "conversion_event": settings.outcomes.conversion_event,
        "minimum_link_rate": settings.outcomes.minimum_link_rate,
        "minimum_approaches": settings.completeness.minimum_approaches,
        "maximum_replied_share": settings.completeness.maximum_replied_share,
        "declared_complete": settings.completeness.declared_complete,
        "invitations_complete": settings.completeness.invitations_complete,
        "minimum_candidates": settings.privacy.minimum_candidates,
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
        connection.execute(f"attach '{_quoted(database)}' as store")
        connection.execute("set search_path = 'work.main,store.main'")
        load_macros(connection)
        yield connection


@contextmanager
def _timed(report: RunReport, name: str, progress: Progress) -> Iterator[dict[str, Any]]:
    progress(name)
    start = time.perf_counter()
    detail: dict[str, Any] = {}
    yield detail
    text = ", ".join(f"{value} {key}" for key, value in detail.items())
    report.steps.append((name, round(time.perf_counter() - start, 3), text))


def _log(home: Home, report: RunReport) -> None:
    line = run_record(report) | {"steps": {name: seconds for name, seconds, _ in report.steps}}
    with (home.logs / "runs.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(line, default=str) + "\n")


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
