"""What a file looks like, without showing a text or a name, and what talkshare would do with it."""

from __future__ import annotations

import contextlib
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from flows.config import Settings
from flows.readers import MAIL_SHAPES, archive, read
from flows.readers.delimited import Sheet, normal, read_csv
from flows.readers.discover import discover
from flows.readers.linkedin import COLUMNS as LINKEDIN_COLUMNS
from flows.readers.readers import reader_of
from flows.readers.reading import Export, Reading, refusing
from flows.readers.tables import SUFFIXES, read_sheet, table_for
from flows.readers.timestamps import parse_times
from schemas import MESSAGES, OUTCOMES
from schemas.errors import InputError
from schemas.shown import shown
from schemas.table import Table

SYNONYMS: dict[str, tuple[str, ...]] = {
    "thread_id": ("thread", "conversation", "thread id", "conversation id", "chat id", "room", "room id"),
    "message_id": ("message id", "msg id", "utterance id"),
    "sent_at": (
        "sent at",
        "sent",
        "date",
        "time",
        "timestamp",
        "created at",
        "sent on",
        "date sent",
        "datetime",
    ),
    "sender_id": (
        "from",
        "sender",
        "author",
        "user",
        "speaker",
        "sender id",
        "author id",
        "user id",
        "from email",
    ),
    "sender_role": ("role", "sender role", "author type", "sender type", "direction"),
    "recipient_id": ("to", "recipient", "recipient id", "to email"),
    "recruiter_id": ("recruiter", "recruiter id", "owner", "user email", "recruiter email", "credited to"),
    "candidate_id": (
        *("candidate id", "candidate email", "candidate", "email", "linkedin url", "candidate linkedin url"),
        *("profile url", "candidate url", "person id"),
    ),
    "subject": ("subject", "title"),
    "body": ("body", "text", "message", "content", "message body", "body text", "message text"),
    "channel": ("channel", "source", "medium"),
    "language": ("language", "lang"),
    "kind": ("kind", "type", "message type"),
    "team": ("team", "department"),
    "job": ("job", "job id", "job title", "requisition", "position", "role title", "vacancy"),
    "event": (
        "event",
        "stage",
        "status",
        "stage name",
        "event type",
        "new stage",
        "to stage",
        "new status",
        "title",
    ),
    "occurred_at": (
        *(
            "occurred at",
            "date",
            "timestamp",
            "entered at",
            "entered on",
            "changed at",
            "changed on",
            "updated at",
        ),
        *("created at", "moved at", "entered stage at", "event date", "time"),
    ),
    "observed_until": ("observed until", "exported at", "as of"),
    "evidence": ("evidence",),
    "reason_side": ("reason side",),
}
TIME_FORMATS = (
    None,
    *("%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y"),
    *("%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%m/%d/%Y %I:%M %p", "%m/%d/%Y"),
    *("%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%d/%m/%Y %I:%M %p", "%d/%m/%Y"),
    *("%Y/%m/%d %H:%M:%S", "%Y/%m/%d", "%d %b %Y", "%B %d, %Y, %I:%M %p"),
)
UNNAMED = "# no name in its first line is one we know, so none is shown: put in those of the file's header"
READABLE_SHARE = 0.95
STAGE_VALUES = 30


def describe(path: Path, settings: Settings) -> str:
    """Several lines: shape, rows, columns with fill and kind, what is missing, a mapping where one is needed.

    Shows column names, counts and kinds of values; never a text, a name or an id.
    """
    exports, refusals = discover(path, settings, root=path if path.is_dir() else path.parent)
    parts = [_of_export(export, settings) for export in exports]
    for refusal in refusals:
        table = ""
        if refusal.path.suffix.lower() in SUFFIXES:
            with contextlib.suppress(InputError), refusing(refusal.name):
                table = _of_table(refusal.path)
        parts.append(f"{refusal.message}\n{table}".rstrip())
    return "\n\n".join(parts) or f"{path.name}: nothing to read in it."


def _of_export(export: Export, settings: Settings) -> str:
    reader = reader_of(export.shape)
    lines = [f"{export.name}: {reader.title if reader else export.shape.replace('_', ' ')}"]
    try:
        with refusing(export.name):
            if export.shape not in MAIL_SHAPES and not reader:
                lines += _columns(_sheet(export, settings))
        lines += _of_reading(read(export, settings, not_after=datetime.now(UTC)))
    except InputError as error:
        lines.append(f"  would be refused: {error}")
    return "\n".join(lines)


def _sheet(export: Export, settings: Settings) -> Sheet:
    if export.shape == "linkedin_archive":
        return read_csv(archive.members(export)["messages.csv"].data, LINKEDIN_COLUMNS)
    table = table_for(export.path, settings) if export.shape.startswith("declared") else None
    if table:
        return read_sheet(export.path, list(table.columns.values()), table.sheet)
    return read_sheet(export.path, MESSAGES.names if export.shape.endswith("messages") else OUTCOMES.names)


def _of_reading(reading: Reading) -> list[str]:
    rows = reading.messages if reading.messages.height else reading.outcomes
    excluded = rows.filter(pl.col("excluded_reason").is_not_null())
    lines = [
        f"  would be read: {reading.messages.height} messages, {reading.outcomes.height} outcomes, of which "
        f"{excluded.height} excluded; {reading.set_aside.height} rows set aside"
    ]
    for reason, count in excluded["excluded_reason"].value_counts(sort=True).iter_rows():
        lines.append(f"    excluded: {reason} ({count})")
    for reason, count in reading.set_aside["reason"].value_counts(sort=True).iter_rows():
        lines.append(f"    set aside: {reason} ({count})")
    kinds = rows.filter(pl.col("excluded_reason").is_null())["kind"] if "kind" in rows.columns else pl.Series([])
    if kinds.drop_nulls().n_unique() > 1:
        counts = kinds.value_counts(sort=True, name="n").rows()
        lines.append("  kinds: " + ", ".join(f"{kind} ({count})" for kind, count in counts))
    if reading.owner_method:
        lines.append(f"  owner: found ({reading.owner_method})")
    if reading.observed_until:
        lines.append(f"  observed until: {reading.observed_until:%Y-%m-%d %H:%M} UTC ({reading.observed_until_method})")
    if reading.messages.height and reading.threading_method != "native":
        lines.append(f"  threads: {reading.threading_method}")
    return [*lines, *(f"  warning: {warning}" for warning in reading.warnings)]


def _of_table(path: Path) -> str:
    try:
        sheet = read_sheet(path, [name for names in SYNONYMS.values() for name in names])
    except InputError:
        sheet = read_sheet(path, ())
    if not {normal(name) for name in sheet.frame.columns} & _familiar():
        # Without a single name we know, the first line may be a message: a chat log, a headless table.
        hidden = [f"column {number}" for number in range(1, sheet.frame.width + 1)]
        unnamed = replace(sheet, frame=sheet.frame.rename(dict(zip(sheet.frame.columns, hidden, strict=True))))
        return "\n".join([*_columns(unnamed), "", *_mapping(path, unnamed), UNNAMED])
    return "\n".join([*_columns(sheet), "", *_mapping(path, sheet)])


def _familiar() -> set[str]:
    ours = {*MESSAGES.names, *OUTCOMES.names, *LINKEDIN_COLUMNS}
    return {normal(name) for name in ours} | {name for names in SYNONYMS.values() for name in names}


def _columns(sheet: Sheet) -> list[str]:
    parted = {",": "commas", ";": "semicolons", "\t": "tabs"}.get(sheet.delimiter or "", "")
    form = ", ".join(part for part in (sheet.encoding, parted) if part)
    lines = [f"  {sheet.frame.height} rows, {sheet.frame.width} columns" + (f" ({form})" if form else "")]
    if sheet.set_aside.height:
        lines.append(f"  {sheet.set_aside.height} rows cannot be read and would be set aside")
    for column in sheet.frame.iter_columns():
        filled = column.len() - column.null_count()
        share = f"{100 * filled / column.len():.0f} % filled" if column.len() else "no rows"
        lines.append(f"    {shown(column.name[:60]):<28} {share:>12}  {_kind(column)}")
    return lines


def _kind(column: pl.Series) -> str:
    """What the values of a column look like."""
    if column.dtype.is_temporal():
        return "times"
    values = column.drop_nulls().head(1000)
    if values.is_empty():
        return "empty"
    patterns = (
        ("profile addresses", r"linkedin\.com/"),
        ("web addresses", r"^\s*https?://"),
        ("e-mail addresses", r"^[^@\s]+@[^@\s]+$"),
        ("epoch milliseconds", r"^\d{13}$"),
        ("epoch seconds", r"^\d{10}(\.\d+)?$"),
        ("whole numbers", r"^-?\d+$"),
        ("numbers", r"^-?\d+[.,]\d+$"),
        ("yes or no", r"(?i)^(true|false|yes|no|0|1)$"),
    )
    for kind, pattern in patterns:
        if values.str.contains(pattern).mean() == 1:
            return kind
    form = _time_format(values)
    if form != "":
        return "times (ISO 8601)" if form is None else f"times ({form})"
    if values.str.len_chars().mean() > 40:  # type: ignore[operator]
        return "long texts"
    distinct = values.n_unique()
    return f"{distinct} distinct short texts" if distinct <= STAGE_VALUES else "short texts"


def _time_format(values: pl.Series) -> str | None:
    """The first pattern that reads nearly all values: None is ISO 8601, an empty text is no time."""
    if values.str.contains(r"^\d{13}$").all():
        return "epoch_ms"
    if values.str.contains(r"^\d{10}(\.\d+)?$").all():
        return "epoch_s"
    for pattern in TIME_FORMATS:
        read_share = parse_times(values, pattern)["at"].is_not_null().mean()
        if isinstance(read_share, float) and read_share >= READABLE_SHARE:
            return pattern
    return ""


def _mapping(path: Path, sheet: Sheet) -> list[str]:
    """A `[[tables]]` block to paste, with what is guessed, and comments where a human must fill in."""
    if not sheet.frame.width:
        return []
    guesses = {table.name: _guess(table, sheet.frame.columns) for table in (MESSAGES, OUTCOMES)}
    table = MESSAGES if "body" in guesses["messages"] else OUTCOMES
    found = guesses[table.name]
    match = re.sub(r"\d+", "*", path.name)
    if table is MESSAGES and not {"thread_id", "sent_at"} & set(found):
        return ["No column looks like a conversation id, and none like a time: nothing can be measured from it."]
    lines = [
        "Paste this into talkshare.toml and correct it:",
        "",
        "[[tables]]",
        f"match = {_quoted(match)}",
        f'kind = "{table.name}"',
    ]
    time_column = "sent_at" if table is MESSAGES else "occurred_at"
    if time_column in found:
        lines += _time_lines(sheet.frame[found[time_column]])
    lines += ["", "[tables.columns]", *(f"{ours} = {_quoted(theirs)}" for ours, theirs in found.items())]
    lines += [f'# {name} = "..."  # needed: {meaning}' for name, meaning in _missing(table, found).items()]
    unused = [name for name in sheet.frame.columns if name not in found.values()]
    if unused:
        lines.append(f"# kept but not used: {', '.join(map(shown, unused))}")
    if table is MESSAGES and "sender_role" in found:
        lines += ["", "[tables.roles]", '# "value in the file" = "recruiter" or "candidate"']
    if table is OUTCOMES:
        lines += [
            "",
            "[outcomes.stages]",
            '# "stage in the file" = "interview"   # or offer, hired, rejected, ...',
        ]
    return lines


def _time_lines(column: pl.Series) -> list[str]:
    if column.dtype.is_temporal():
        return []
    values = column.drop_nulls().head(1000)
    form = _time_format(values) if values.len() else None
    if form == "":
        return ['# time_format = "%d.%m.%Y %H:%M"  # how the times are written: not recognised']
    if form is None:
        return ['# time_zone = "Europe/Berlin"  # if the times carry no zone and are not UTC']
    lines = [f"time_format = {_quoted(form)}"]
    if form.startswith(("%m/%d", "%d/%m")):
        lines[0] += "  # check that day and month are not swapped"
    if not form.startswith("epoch"):
        lines.append('# time_zone = "Europe/Berlin"  # if the times are not UTC')
    return lines


def _guess(table: Table, columns: list[str]) -> dict[str, str]:
    """Our column -> theirs: by our own name, else by the first synonym, each of their columns used once."""
    present = {normal(name): name for name in reversed(columns)}
    found: dict[str, str] = {}
    for ours in [column.name for column in table.columns if not column.internal]:
        for name in (ours, *SYNONYMS.get(ours, ())):
            theirs = present.get(normal(name))
            if theirs and theirs not in found.values():
                found[ours] = theirs
                break
    return found


def _missing(table: Table, found: dict[str, str]) -> dict[str, str]:
    needed = {column.name: column.meaning for column in table.columns if column.required}
    if table is MESSAGES:
        needed["sender_role"] = "recruiter or candidate; not needed where candidate_id or recruiter_id is mapped"
        if {"candidate_id", "recruiter_id"} & set(found):
            del needed["sender_role"]
    if table is OUTCOMES and not {"thread_id", "candidate_id"} & set(found):
        needed["candidate_id"] = "who it happened to, spelled as in the messages"
    if table is OUTCOMES and "occurred_at" not in found:
        needed["occurred_at"] = "when it happened; without it only 'ever' can be said"
    return {name: meaning for name, meaning in needed.items() if name not in found}


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + re.sub(r"[\x00-\x1f\x7f]", " ", escaped) + '"'
