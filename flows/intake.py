"""Takes exports in: finds them, reads them, checks their rows, keeps the good and sets the others aside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl

from flows import keeping, store
from flows.config import Settings
from flows.keeping import Kept
from flows.readers import Export, Reading, fingerprint, read, settings_fingerprint
from flows.readers.discover import Refusal, discover
from flows.readers.limits import BODY_CHARS
from flows.readers.reading import refusing
from flows.store import Home
from schemas import MESSAGES, OUTCOMES, SET_ASIDE, Table
from schemas.errors import InputError, TalkshareError
from sql.frames import load_frame

Progress = Callable[[str], None]


FUTURE_TOLERANCE = timedelta(days=1)


LONGEST_WAIT = timedelta(days=1)


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
        store.check_key(connection, key)
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
        keeping.sweep_texts(connection)
    return reports


def _refused(refusal: Refusal, now: datetime) -> FileReport:
    if not refusal.waiting:
        return FileReport(refusal.name, "refused", message=refusal.message)
    try:
        age = now - datetime.fromtimestamp(refusal.path.stat().st_mtime, tz=now.tzinfo)
    except FileNotFoundError:
        # A download that was finished, and so renamed, since it was seen.
        age = timedelta()
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
        exports, refused = discover(content, settings, root=content)
        if not exports:
            advice = (
                "is in the store, but the settings no longer say how to read it. Put its mapping back, or retract it."
            )
            refusals.append(Refusal(content, note["name"], f"{note['name']}: {advice}"))
        refusals += [replace(refusal, name=note["name"]) for refusal in refused if exports]
        for export in exports:
            named = replace(export, name=note["name"], folder=note["folder"])
            found[file_id] = Found(named, file_id, datetime.fromisoformat(note["first_seen_at"]), True, False)
    for path in paths or (home.inbox,):
        resolved = path.resolve()
        # A folder given by hand is known by its whole path: outcomes cover the messages beside them and no others.
        root = Path(resolved.anchor) if paths else home.inbox.resolve()
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
        with refusing(name):
            messages, outcomes, set_aside = good_rows(reading, not_after)
    except InputError as error:
        return FileReport(name, "refused", message=str(error))
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
    kept = keeping.keep(connection, file, reading, messages, outcomes, set_aside, key)
    _write_quarantine(home, item.file_id, set_aside)
    if not item.is_archived:
        store.archive_export(home, item.export, item.file_id, item.first_seen_at, move=item.is_from_inbox)
    return FileReport(name, "read", kept, reading.warnings, reasons=_reasons(reading, set_aside))


def good_rows(reading: Reading, not_after: datetime) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Messages and outcomes that may be kept, and every row that is set aside; excluded rows are in none of them."""
    messages, bad_messages = checked(reading.messages, MESSAGES, not_after)
    outcomes, bad_outcomes = checked(reading.outcomes, OUTCOMES, not_after)
    messages, endless = _without_endless_bodies(messages)
    messages, repeated = _without_repeated_ids(messages)
    return messages, outcomes, pl.concat([reading.set_aside, bad_messages, bad_outcomes, endless, repeated])


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


def _without_endless_bodies(messages: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    is_endless = pl.col("body").str.len_chars() > BODY_CHARS
    reason = pl.lit(f"body is longer than {BODY_CHARS:,} characters")
    endless = messages.filter(is_endless).with_columns(pl.col("body").str.slice(0, BODY_CHARS), reason=reason)
    return messages.filter(~is_endless.fill_null(value=False)), _as_set_aside(endless)


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
