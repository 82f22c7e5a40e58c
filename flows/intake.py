"""Takes exports in: finds them, reads them, checks their rows, keeps the good and sets the others aside."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl

from flows import distilling, keeping, store
from flows.config import Settings
from flows.history import latest_start
from flows.keeping import Kept
from flows.readers import MAIL_SHAPES, Export, Reading, fingerprint, read, settings_fingerprint
from flows.readers.archive import file_digest
from flows.readers.discover import Refusal, discover
from flows.readers.limits import BODY_CHARS
from flows.readers.readers import reader_of
from flows.readers.reading import refusing
from flows.store import Home
from flows.tombstones import REASON, Tombstones, read_tombstones
from schemas import MESSAGES, OUTCOMES, SET_ASIDE, Table
from schemas.errors import InputError, TalkshareError
from sql.frames import load_frame

Progress = Callable[[str], None]


FUTURE_TOLERANCE = timedelta(days=1)


LONGEST_WAIT = timedelta(days=1)
FILE_ID_LENGTH = 32


@dataclass(frozen=True)
class Found:
    """One export to look at, and what it was called when it arrived."""

    export: Export
    file_id: str
    first_seen_at: datetime
    is_archived: bool
    is_from_inbox: bool
    is_distilled: bool = False
    """Read from the store's own copy; `export` may then be the file that came again."""


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
    key = store.id_key(home)
    tombstones = read_tombstones(home)
    with closing(store.open_store(home, database, memory=settings.limits.memory)) as connection:
        store.check_key(connection, key)
        found, refusals = find_exports(home, settings, paths, now=max(now, latest_start(connection) or now))
        reports = [_refused(refusal, now) for refusal in refusals]
        reports += _finish_retractions(home, connection, {item.file_id for item in found})
        _forget_undescribed(home, connection, {item.file_id for item in found})
        known = dict(connection.execute("select file_id, settings_fingerprint from readings").fetchall())
        for item in found:
            if item.is_distilled:
                if known.get(item.file_id) != distilling.FINGERPRINT:
                    _take_in_distilled(home, connection, item, key)
                    known[item.file_id] = distilling.FINGERPRINT
                if not item.is_archived:
                    reports.append(_archived_again(home, connection, item, tombstones))
                continue
            wanted = settings_fingerprint(item.export, settings)
            if known.get(item.file_id) == wanted:
                if not item.is_archived:
                    reports.append(_archived_again(home, connection, item, tombstones))
                _refresh_coverage(connection, item, settings)
                continue
            progress(f"reading {item.export.name}")
            file_report = _take_in_one(home, settings, connection, item, wanted, key, tombstones)
            reports.append(file_report)
            if file_report.status == "read":
                known[item.file_id] = wanted
        keeping.sweep_texts(connection)
        _sweep_quarantine(home, connection)
    return reports


def _finish_retractions(home: Home, connection: store.Connection, found: set[str]) -> list[FileReport]:
    """Take the rows of exports out that a killed run had moved away; tell of those whose files are nowhere."""
    reports = []
    rows = connection.execute("select file_id, name from readings order by name, file_id").fetchall()
    for file_id, name in rows:
        if file_id in found or (home.exports / file_id).exists():
            continue
        if (home.quarantine / "retracted" / file_id).exists():
            keeping.forget_export(connection, file_id)
        else:
            message = (
                f"{name}: its copy is gone from {home.exports / file_id}, and a rebuild would lose its rows. "
                f"Put the same export into the inbox again, or `talkshare retract {file_id[:12]}`."
            )
            reports.append(FileReport(name, "refused", message=message))
    return reports


def _forget_undescribed(home: Home, connection: store.Connection, found: set[str]) -> None:
    """Take the rows of exports out that the settings no longer say how to read: a rebuild would not have them either.

    They come back when the settings do. Of a copy that is damaged the rows stay.
    """
    known = {file_id for (file_id,) in connection.execute("select file_id from readings").fetchall()}
    for file_id in sorted(known - found):
        content = home.exports / file_id / "content"
        if content.exists() and not _is_damaged(content, file_id):
            keeping.forget_export(connection, file_id)


def _archived_again(home: Home, connection: store.Connection, item: Found, tombstones: Tombstones) -> FileReport:
    """Bytes that were read before: the store keeps one copy of them, or its own where somebody in them is forgotten."""
    name, message = item.export.name, "the same bytes were read before: nothing to do"
    if item.is_distilled:
        message = "the same bytes were read before; the store keeps its own copy of what may be kept"
    elif _left_out_forgotten(connection, item.file_id) or tombstones.are_in(item.export):
        distilling.distil(home, connection, item.file_id)
    elif problem := _archive(home, item):
        return problem
    _leave_inbox(item)
    return FileReport(name, "unchanged", message=message)


def _left_out_forgotten(connection: store.Connection, file_id: str) -> bool:
    (n_rows,) = connection.execute(
        "select count(*) from exclusion_counts where file_id = $1 and reason = $2", [file_id, REASON]
    ).fetchall()[0]
    return bool(n_rows)


def _archive(home: Home, item: Found) -> FileReport | None:
    """Copy the export into the store; what to report where that cannot be because it changed or went away."""
    name = item.export.name
    try:
        done = store.archive_export(
            home, item.export, item.file_id, item.first_seen_at, is_unchanged=lambda: _is_unchanged(item)
        )
    except FileNotFoundError as error:
        return _gone(name, error)
    return None if done else _changed(name)


def _is_unchanged(item: Found) -> bool:
    return fingerprint(item.export)[:FILE_ID_LENGTH] == item.file_id


def _leave_inbox(item: Found) -> None:
    """What grew since it was copied stays, and is another export to the next run."""
    if not item.is_from_inbox:
        return
    with contextlib.suppress(FileNotFoundError, InputError):
        if _is_unchanged(item):
            store.take_from_inbox(item.export)


def _changed(name: str) -> FileReport:
    message = f"{name}: changed while it was read, so nothing was taken from it. The next run reads it."
    return FileReport(name, "waiting", message=message)


def _gone(name: str, error: OSError) -> FileReport:
    message = (
        f"{name}: gone or unreadable while it was read ({error.strerror}), so nothing was taken from it. "
        "Put it back; the next run reads it."
    )
    return FileReport(name, "refused", message=message)


def _refused(refusal: Refusal, now: datetime) -> FileReport:
    if not refusal.waiting:
        return FileReport(refusal.name, "refused", message=refusal.message)
    try:
        age = now - datetime.fromtimestamp(refusal.path.stat().st_mtime, tz=now.tzinfo)
    except FileNotFoundError:
        # A download that was finished, and so renamed, since it was seen.
        age = timedelta()
    except OSError as error:
        return _gone(refusal.name, error)
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
        if distilling.is_distilled(home, file_id):
            copy = Export(distilling.folder_of(home, file_id), note["name"], "distilled", note["folder"])
            first_seen_at = datetime.fromisoformat(note["first_seen_at"])
            found[file_id] = Found(copy, file_id, first_seen_at, True, False, is_distilled=True)
            continue
        exports, refused = discover(content, settings, root=content)
        if not exports:
            advice = (
                "is in the store, but the settings no longer say how to read it. Put its mapping back, or retract it."
            )
            message = _damaged(note["name"]) if _is_damaged(content, file_id) else f"{note['name']}: {advice}"
            refusals.append(Refusal(content, note["name"], message))
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
                file_id = fingerprint(export)[:FILE_ID_LENGTH]
            except OSError as error:
                refusals.append(Refusal(export.path, export.name, _gone(export.name, error).message))
                continue
            except TalkshareError as error:
                refusals.append(Refusal(export.path, export.name, f"{export.name}: {error}"))
                continue
            earlier = found.get(file_id)
            first_seen_at = earlier.first_seen_at if earlier else now
            # A rebuild reads the copy by the name it first had, and names and folders decide how it is read.
            known = earlier.export if earlier else export
            named = replace(export, name=known.name, folder=known.folder)
            is_distilled = earlier is not None and earlier.is_distilled
            found[file_id] = Found(named, file_id, first_seen_at, False, not paths, is_distilled)
    return list(found.values()), refusals


def _is_damaged(content: Path, file_id: str) -> bool:
    """Whether the one file of an archived export has other bytes than it was read with; folders are not judged."""
    files = list(content.iterdir()) if content.exists() else []
    return not files or (len(files) == 1 and file_digest(files[0])[:FILE_ID_LENGTH] != file_id)


def _damaged(name: str) -> str:
    return f"{name}: its copy in the store is damaged. Put the same export into the inbox again, which mends it."


def _take_in_one(
    home: Home,
    settings: Settings,
    connection: store.Connection,
    item: Found,
    wanted: str,
    key: bytes,
    tombstones: Tombstones,
) -> FileReport:
    name = item.export.name
    not_after = item.first_seen_at + FUTURE_TOLERANCE
    try:
        if item.is_archived and fingerprint(item.export)[:FILE_ID_LENGTH] != item.file_id:
            return FileReport(name, "refused", message=_damaged(name))
        reading = tombstones.without_forgotten(read(item.export, settings, not_after=not_after))
        with refusing(name):
            messages, outcomes, set_aside = good_rows(reading, not_after)
    except InputError as error:
        if isinstance(error.__cause__, OSError):
            return _gone(name, error.__cause__)
        # What the settings of now cannot read, a rebuild would not have either; it comes back when they can.
        keeping.forget_export(connection, item.file_id)
        return FileReport(name, "refused", message=str(error))
    shows_forgotten = tombstones.show_in(item.export, reading)
    file = {
        "file_id": item.file_id,
        "settings_fingerprint": wanted,
        # What a file is called may be the very name.
        "name": f"export-{item.file_id[:8]}" if shows_forgotten else name,
        "folder": item.export.folder,
        "shape": item.export.shape,
        "covers": _covers(item.export, settings),
        "owner_role": _owner_role(item.export, settings),
        "first_seen_at": item.first_seen_at,
    }
    # Kept last, when all that belongs to it is in its place: a rebuild finds every export that the store knows.
    if not (item.is_archived or shows_forgotten) and (problem := _archive(home, item)):
        return problem
    if not item.is_archived and not _is_unchanged(item):
        return _changed(name)
    write_quarantine(home, item.file_id, set_aside)
    kept = keeping.keep(connection, file, reading, messages, outcomes, set_aside, key)
    if shows_forgotten:
        distilling.distil(home, connection, item.file_id)
    if not item.is_archived:
        _leave_inbox(item)
    return FileReport(name, "read", kept, reading.warnings, reasons=_reasons(reading, set_aside))


def good_rows(reading: Reading, not_after: datetime) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Messages and outcomes that may be kept, and every row that is set aside; excluded rows are in none of them."""
    messages, bad_messages = checked(reading.messages, MESSAGES, not_after)
    outcomes, bad_outcomes = checked(reading.outcomes, OUTCOMES, not_after)
    messages, endless = _without_endless_bodies(messages)
    messages, repeated = _without_repeated_ids(messages)
    return messages, outcomes, pl.concat([reading.set_aside, bad_messages, bad_outcomes, endless, repeated])


def _take_in_distilled(home: Home, connection: store.Connection, item: Found, key: bytes) -> None:
    """Keep the store's own copy of an export; its rows were checked when the export was read."""
    file, reading = distilling.load(home, item.file_id)
    messages = reading.messages.filter(pl.col("excluded_reason").is_null())
    write_quarantine(home, item.file_id, reading.set_aside)
    keeping.keep(connection, file, reading, messages, reading.outcomes, reading.set_aside, key)


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


def _owner_role(export: Export, settings: Settings) -> str | None:
    if reader := reader_of(export.shape):
        return reader.is_inbox_of
    if export.shape in MAIL_SHAPES:
        return "recruiter"
    return settings.linkedin.owner_role if export.shape == "linkedin_archive" else None


def _covers(export: Export, settings: Settings) -> str | None:
    if reader := reader_of(export.shape):
        return settings.ats.covers if reader.has_outcomes else None
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


def write_quarantine(home: Home, file_id: str, set_aside: pl.DataFrame) -> None:
    """The rows that an export's checks set aside, as they stood; in place of what was written before."""
    path = home.quarantine / f"{file_id}.jsonl"
    if not set_aside.height:
        path.unlink(missing_ok=True)
        return
    built = path.with_name(f"{path.name}.next")
    built.touch(mode=0o600)
    set_aside.write_ndjson(built)
    store.swap_in(built, path)


def _sweep_quarantine(home: Home, connection: store.Connection) -> None:
    """Drop the rows set aside of exports that the store does not know: a killed run had not kept them."""
    known = {file_id for (file_id,) in connection.execute("select file_id from readings").fetchall()}
    for path in home.quarantine.glob("*.jsonl"):
        if path.stem not in known:
            path.unlink()
