"""Message and outcome tables: ours by their columns, anybody's by a mapping in talkshare.toml."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from flows.config import Settings, TableSettings
from flows.readers import limits
from flows.readers.delimited import Sheet, normal, raw_json, read_csv, read_jsonl
from flows.readers.foreign import read_foreign
from flows.readers.identity import identity, mapped
from flows.readers.reading import Export, Reading
from flows.readers.timestamps import latest, newest_first, parse_times
from schemas import MESSAGES, OUTCOMES, SET_ASIDE
from schemas.errors import InputError
from schemas.messages import HUMAN_KINDS
from schemas.outcomes import EVENTS
from schemas.shown import shown
from schemas.table import Table

TEXT_SUFFIXES = (".csv", ".tsv", ".txt")
JSON_SUFFIXES = (".jsonl", ".ndjson")
WORKBOOK_SUFFIXES = (".xlsx", ".xlsm", ".xls", ".ods")
SUFFIXES = (*TEXT_SUFFIXES, *JSON_SUFFIXES, ".parquet", *WORKBOOK_SUFFIXES)

OBSERVED_UNTIL = "observed_until"
UNMAPPED_SHOWN = 10
UNMAPPED_LENGTH = 40


def read_messages(export: Export, table: TableSettings | None, *, not_after: datetime) -> Reading:
    """Message rows of one table; `table` is its mapping, None where the columns bear our names.

    Raises InputError where a required column is missing.
    """
    sheet = read_sheet(export.path, _known(MESSAGES, table), table.sheet if table else None)
    rows = _ours(sheet, MESSAGES, table, required=_required(MESSAGES, table))
    times = parse_times(rows["sent_at"], *_clock(table))
    rows = _with_people(rows, ("sender_id", "recipient_id", "recruiter_id", "candidate_id"))
    rows = rows.with_columns(
        rows["sent_at"].cast(pl.String).alias("sent_at_raw"),
        times["at"].alias("sent_at"),
        times["precision"].alias("sent_at_precision"),
        times["method"].alias("tz_method"),
    ).with_columns(
        _clean("thread_id"),
        _translated("sender_role", table.roles if table else {}),
        _translated("kind", table.kinds if table else {}).fill_null("message"),
        pl.col("channel").str.strip_chars().str.to_lowercase().fill_null("unknown"),
        pl.col("language").str.to_lowercase().str.extract(r"^\s*([a-z]{2,3})(?:[-_\s]|$)"),
        pl.col("body").fill_null("").str.replace_all("\r\n?", "\n"),
        pl.lit("declared").alias("role_method"),
    )
    rows = rows.with_columns(_role_from_sides())
    candidates = pl.when((pl.col("sender_role") == "candidate") & pl.col("kind").is_in(HUMAN_KINDS)).then(
        pl.col("sender_id")
    )
    reverse = newest_first(rows["thread_id"], rows["sent_at"], default=False)
    rows = rows.with_columns(
        (candidates.drop_nulls().n_unique().over("thread_id") > 1).fill_null(False).alias("is_group"),
        (pl.col("row_no") * (-1 if reverse else 1)).alias("position"),
        pl.lit(shown(export.path.name)).alias("member"),
    )
    until, method = _observed_until(rows, rows["sent_at"], table, not_after)
    return Reading(
        messages=MESSAGES.conform(rows),
        set_aside=_set_aside(sheet, export),
        warnings=sheet.warnings + _time_warnings(rows, "sent_at", table),
        observed_until=until,
        observed_until_method=method,
        headers={"messages": tuple(sheet.frame.columns)},
    )


def read_outcomes(export: Export, table: TableSettings | None, settings: Settings, *, not_after: datetime) -> Reading:
    """Outcome rows of one table, stages translated by `[outcomes] stages`; otherwise as `read_messages`."""
    sheet = read_sheet(export.path, _known(OUTCOMES, table), table.sheet if table else None)
    rows = _ours(sheet, OUTCOMES, table, required=_required(OUTCOMES, table))
    if rows["thread_id"].is_null().all() and rows["candidate_id"].is_null().all() and rows.height:
        raise InputError(
            f"neither thread_id nor candidate_id is filled, in {rows.height} rows: no row could be linked. "
            "Map one of them: `talkshare inspect FILE` prints a mapping to paste."
        )
    times = parse_times(rows["occurred_at"], *_clock(table))
    rows = _with_people(rows, ("candidate_id", "recruiter_id"))
    rows = rows.with_columns(
        rows["occurred_at"].cast(pl.String).alias("occurred_at_raw"),
        times["at"].alias("occurred_at"),
        times["method"].alias("tz_method"),
        rows["event"].alias("event_raw"),
        _event(rows["event"], settings.outcomes.stages),
    )
    until, method = _observed_until(rows, rows["occurred_at"], table, not_after)
    given = parse_times(rows[OBSERVED_UNTIL], None, table.time_zone if table else None)["at"]
    undated = pl.col("occurred_at_raw").is_null()
    rows = rows.with_columns(
        _clean("thread_id"),
        given.fill_null(until).alias(OBSERVED_UNTIL),
        pl.col("reason_side").str.strip_chars().str.to_lowercase().fill_null("unknown"),
        pl.col("evidence")
        .str.strip_chars()
        .str.to_lowercase()
        .fill_null(pl.when(undated).then(pl.lit("snapshot")).otherwise(pl.lit("event_log"))),
        pl.lit(shown(export.path.name)).alias("member"),
    )
    warnings = sheet.warnings + _time_warnings(rows, "occurred_at", table) + _unmapped_warning(rows)
    return Reading(
        outcomes=OUTCOMES.conform(rows),
        set_aside=_set_aside(sheet, export),
        warnings=warnings,
        observed_until=until,
        observed_until_method=method,
        headers={"outcomes": tuple(sheet.frame.columns)},
    )


def read_sheet(path: Path, known: Collection[str], sheet: str | None = None) -> Sheet:
    """The rows of a file by its suffix. Raises InputError for other suffixes and empty files."""
    suffix = path.suffix.lower()
    data = limits.read_bytes(path)
    if not data.strip():
        raise InputError("the file is empty. Export it again.")
    if suffix in TEXT_SUFFIXES:
        return read_csv(data, known)
    if suffix in JSON_SUFFIXES:
        return read_jsonl(data)
    if suffix == ".parquet" or suffix in WORKBOOK_SUFFIXES:
        return read_foreign(path, sheet, known)
    raise InputError(f"files ending in {suffix!r} are not read. Save it as CSV, JSON lines, Parquet or XLSX.")


def table_for(path: Path, settings: Settings) -> TableSettings | None:
    """The first declared mapping that fits the file's name."""
    import fnmatch

    name = path.name.lower()
    return next((table for table in settings.tables if fnmatch.fnmatch(name, table.match.lower())), None)


def _required(table: Table, mapping: TableSettings | None) -> list[str]:
    required = [column.name for column in table.columns if column.required]
    if mapping is None:
        return required
    # A mapping may leave the role to the sides it names: a sender who is the row's candidate_id.
    if {"candidate_id", "recruiter_id"} & set(mapping.columns):
        required = [name for name in required if name != "sender_role"]
    return required


def _known(table: Table, mapping: TableSettings | None) -> list[str]:
    return list(mapping.columns.values()) if mapping else [*_ours_by_name(table), OBSERVED_UNTIL]


def _ours_by_name(table: Table) -> list[str]:
    return [column.name for column in table.columns if not column.internal]


def _ours(sheet: Sheet, table: Table, mapping: TableSettings | None, *, required: list[str]) -> pl.DataFrame:
    """The sheet under our names, with constants, absent columns as nulls and everything else in `raw`."""
    present = {normal(name): name for name in reversed(sheet.frame.columns)}
    wanted = [*_ours_by_name(table), *([] if OBSERVED_UNTIL in table.names else [OBSERVED_UNTIL])]
    asked = mapping.columns if mapping else {name: name for name in wanted}
    found = {ours: present[normal(theirs)] for ours, theirs in asked.items() if normal(theirs) in present}
    constants = mapping.constants if mapping else {}
    missing = [name for name in required if name not in found and name not in constants]
    if mapping:
        missing += [f"{theirs!r} (for {ours})" for ours, theirs in asked.items() if ours not in found]
    if missing:
        raise InputError(
            f"missing columns: {', '.join(missing)}. Found: {_shown(sheet.frame.columns)}. "
            "`talkshare inspect FILE` prints a mapping to paste."
        )
    unused = [name for name in sheet.frame.columns if name not in found.values()]
    columns = [
        (pl.col(found[name]) if name in found else pl.lit(constants.get(name), pl.String)).alias(name)
        for name in wanted
    ]
    frame = sheet.frame.select(*columns, raw_json(sheet.frame, unused), sheet.row_no)
    texts = [name for name in wanted if name not in ("sent_at", "occurred_at", OBSERVED_UNTIL)]
    return frame.with_columns(pl.col(texts).cast(pl.String))


def _shown(names: list[str]) -> str:
    return ", ".join(name[:UNMAPPED_LENGTH] for name in names[:40]) or "none"


def _clock(table: TableSettings | None) -> tuple[str | None, str | None]:
    return (table.time_format, table.time_zone) if table else (None, None)


def _with_people(rows: pl.DataFrame, columns: tuple[str, ...]) -> pl.DataFrame:
    return rows.with_columns(mapped(rows[name], identity).alias(name) for name in columns)


def _clean(name: str) -> pl.Expr:
    text = pl.col(name).str.strip_chars()
    return pl.when(text != "").then(text).alias(name)


def _translated(name: str, meanings: dict[str, str]) -> pl.Expr:
    """A value by the declared meanings (any case), else as it is, in lower case."""
    value = pl.col(name).str.strip_chars().str.to_lowercase()
    if not meanings:
        return value
    by_value = {key.strip().lower(): meaning for key, meaning in meanings.items()}
    return value.replace(list(by_value), list(by_value.values()))


def _role_from_sides() -> pl.Expr:
    """The sender's role: as given, else by which of the row's two people the sender is, else unknown."""
    sender = pl.col("sender_id")
    return (
        pl.when(pl.col("sender_role").is_not_null())
        .then(pl.col("sender_role"))
        .when(sender == pl.col("candidate_id"))
        .then(pl.lit("candidate"))
        .when(sender == pl.col("recruiter_id"))
        .then(pl.lit("recruiter"))
        .otherwise(pl.lit("unknown"))
        .alias("sender_role")
    )


def _event(events: pl.Series, stages: dict[str, str]) -> pl.Series:
    """Stages as our events: by the stage map first, else one of ours as it is, else `unmapped`."""
    meanings = {event: event for event in EVENTS}
    meanings |= {" ".join(stage.split()).casefold(): event for stage, event in stages.items()}
    return mapped(
        events,
        lambda stage: meanings.get(" ".join(stage.split()).casefold(), "unmapped") if stage.strip() else None,
    ).alias("event")


def _observed_until(
    rows: pl.DataFrame, at: pl.Series, table: TableSettings | None, not_after: datetime
) -> tuple[datetime | None, str | None]:
    """Declared in the mapping or in a column, else the latest time in the file."""
    if table and table.observed_until:
        declared = table.observed_until
        return (declared if declared.tzinfo else declared.replace(tzinfo=UTC)).astimezone(UTC), "declared"
    given = parse_times(rows[OBSERVED_UNTIL], None, table.time_zone if table else None)["at"].max()
    if isinstance(given, datetime):
        return given, "declared"
    last = latest(at, not_after)
    return last, "latest_timestamp" if last else None


def _time_warnings(rows: pl.DataFrame, column: str, table: TableSettings | None) -> tuple[str, ...]:
    given = rows.filter(pl.col(f"{column}_raw").is_not_null())
    unread = given.filter(pl.col(column).is_null())
    assumed = given.filter((pl.col("tz_method") == "assumed") & (pl.col(column).dt.time() != pl.time(0)))
    warnings: tuple[str, ...] = ()
    if unread.height:
        numeric = unread[f"{column}_raw"].str.contains(r"^\s*\d{9,13}(\.\d+)?\s*$").mean()
        hint = " They look like epoch seconds or milliseconds." if isinstance(numeric, float) and numeric > 0.5 else ""
        warnings += (
            f"{column}: {unread.height} of {given.height} times could not be read (first: row "
            f"{unread['row_no'][0]}).{hint} Say how they are written: time_format in [[tables]].",
        )
    if assumed.height and not (table and table.time_zone):
        warnings += (f"{column}: {assumed.height} times carry no zone; UTC assumed.",)
    return warnings


def _unmapped_warning(rows: pl.DataFrame) -> tuple[str, ...]:
    unmapped = rows.filter(pl.col("event") == "unmapped")
    if not unmapped.height:
        return ()
    stages = unmapped["event_raw"].str.strip_chars().value_counts(sort=True)["event_raw"]
    short = [stage for stage in stages if len(stage) <= UNMAPPED_LENGTH][:UNMAPPED_SHOWN]
    more = f" and {stages.len() - len(short)} more" if stages.len() > len(short) else ""
    return (
        f"{unmapped.height} of {rows.height} events have a stage the map does not know: "
        f"{', '.join(short)}{more}. Say what they mean in talkshare.toml: [outcomes.stages].",
    )


def _set_aside(sheet: Sheet, export: Export) -> pl.DataFrame:
    return SET_ASIDE.conform(sheet.set_aside.with_columns(pl.lit(shown(export.path.name)).alias("member")))
