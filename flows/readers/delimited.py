"""Rows of text files, workbooks and Parquet: bytes in, columns of text, set-aside rows and warnings out."""

from __future__ import annotations

import codecs
import collections
import csv
import io
import itertools
import json
import zipfile
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from flows.readers.bodies import with_few_marks
from flows.readers.limits import FIELD_CHARS, FILE_BYTES, check_table, check_texts, too_large
from schemas import SET_ASIDE
from schemas.errors import InputError

DELIMITERS = (",", ";", "\t")
BATCH_ROWS = 5_000
PREAMBLE_LINES = 40
HEAD_CHARS = 1 << 16
PROBE_LINES = 200
PROBED_CHARS = 1 << 28
RAW_LIMIT = 1 << 20

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True)
class Sheet:
    """The rows of one file, as text (Parquet keeps its dates), with what could not be read."""

    frame: pl.DataFrame
    row_no: pl.Series
    """1-based data row of every row in `frame`; blank lines do not count."""
    set_aside: pl.DataFrame = field(default_factory=SET_ASIDE.frame)
    warnings: tuple[str, ...] = ()
    encoding: str | None = None
    delimiter: str | None = None


@dataclass(frozen=True)
class Header:
    """The header line of a delimited file."""

    line: int
    delimiter: str
    names: tuple[str, ...]


def normal(name: str) -> str:
    """A header name for comparing: case, spaces and underscores do not matter."""
    return " ".join(name.replace("_", " ").split()).casefold()


def decode(data: bytes) -> tuple[str, str, tuple[str, ...]]:
    """Text, encoding and warnings; never fails. Only bytes that are no UTF-8 are read as cp1252."""
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return _without_nul(data.decode(encoding, "replace"), encoding)
    if _looks_utf16(data):
        encoding = "utf-16-le" if data[1:2] == b"\0" else "utf-16-be"
        return _without_nul(data.decode(encoding, "replace"), encoding)
    try:
        return _without_nul(data.decode("utf-8"), "utf-8")
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data":
            cut = "The file ends inside a character: it looks truncated."
            return _without_nul(data[: error.start].decode("utf-8"), "utf-8", (cut,))
    warning = "The file is not UTF-8: it was read as cp1252 (Windows). Check names and texts with accents."
    return _without_nul(data.decode("cp1252", "replace"), "cp1252", (warning,))


def sniff(data: bytes, known: Collection[str] = ()) -> Header | None:
    """The header of a delimited file from its first bytes, or None where no line bears known names."""
    return find_header(_first_lines(decode(data)[0]), known)


def find_header(lines: Sequence[str], known: Collection[str] = ()) -> Header | None:
    """The line and delimiter that show most of the known names; without such names, the first line."""
    wanted = {normal(name) for name in known}
    best: tuple[int, Header] | None = None
    for number, line in enumerate(lines[:PREAMBLE_LINES]):
        if not line.strip() or line.lower().startswith("sep="):
            continue
        for delimiter in DELIMITERS:
            names = _split(line, delimiter)
            score = len({normal(name) for name in names} & wanted) if wanted else len(names)
            if score >= min(2, len(wanted)) and score > (best[0] if best else 0):
                best = score, Header(number, delimiter, names)
        if best and not wanted:
            break
    return best[1] if best else None


def read_csv(data: bytes, known: Collection[str] = ()) -> Sheet:
    """A delimited file whose header bears `known` names. Raises InputError where no line does."""
    text, encoding, warnings = decode(data)
    header = find_header(_first_lines(text), known)
    if header is None:
        raise InputError("no header line with known column names in it. See what is in it: `talkshare inspect FILE`.")
    check_table(text.count(header.delimiter) // len(header.names), len(header.names))
    names, duplicates = _unique_names(header.names)
    if duplicates:
        warnings += (f"{duplicates} column names occur twice: the later ones got a number.",)
    if header.delimiter != ",":
        shown = {";": "semicolons", "\t": "tabs"}[header.delimiter]
        warnings += (f"Columns are parted by {shown}: the file looks re-saved in a spreadsheet.",)
    columns = _faultless(text, header, len(names))
    if columns is not None:
        frame = _text_frame(names, columns)
        return Sheet(frame, counted(frame.height), SET_ASIDE.frame(), warnings, encoding, header.delimiter)
    rows, numbers, bad, truncated = _records(_lines(text), header.line + 1, header.delimiter, len(names))
    if truncated:
        warnings += ("The file ends inside a row: it looks truncated. Export it again.",)
    return Sheet(
        frame=_text_frame(names, [list(column) for column in zip(*rows, strict=True)] or [[] for _ in names]),
        row_no=pl.Series("row_no", numbers, dtype=pl.Int64),
        set_aside=_set_aside(bad),
        warnings=warnings,
        encoding=encoding,
        delimiter=header.delimiter,
    )


def read_jsonl(data: bytes) -> Sheet:
    """One JSON object per line; numbers stay as they are written. A bad line is set aside."""
    text, encoding, warnings = decode(data)
    rows: list[dict[str, str | None]] = []
    numbers: list[int] = []
    bad: list[tuple[int, str, Any]] = []
    names: dict[str, None] = {}
    number = 0
    for line in text.split("\n"):
        if not line.strip():
            continue
        number += 1
        if len(line) > FIELD_CHARS:
            bad.append((number, f"longer than {FIELD_CHARS:,} characters", line[:RAW_LIMIT]))
            continue
        try:
            row = json.loads(line, parse_int=str, parse_float=str, parse_constant=str)
        except (ValueError, RecursionError):
            bad.append((number, "not valid JSON", line[:RAW_LIMIT]))
            continue
        if not isinstance(row, dict):
            bad.append((number, "not a JSON object", line[:RAW_LIMIT]))
            continue
        # As text at once: parsed lists of numbers would take fifty times the file's size.
        texts = {_clean(name): _as_text(value) for name, value in row.items()}
        names.update(dict.fromkeys(texts))
        check_table(len(rows), len(names))
        rows.append(texts)
        numbers.append(number)
    frame = pl.DataFrame(
        {name: [row.get(name) for row in rows] for name in names}, schema=dict.fromkeys(names, pl.String)
    )
    return Sheet(
        frame=_empty_is_null(frame),
        row_no=pl.Series("row_no", numbers, dtype=pl.Int64),
        set_aside=_set_aside(bad),
        warnings=warnings,
        encoding=encoding,
    )


def read_parquet(data: bytes) -> Sheet:
    """A Parquet file; dates and times keep their type, everything else becomes text."""
    frame = pl.read_parquet(io.BytesIO(data))
    check_table(frame.height, frame.width)
    check_texts(frame)
    frame = frame.select(_text_column(frame[name]) for name in frame.columns)
    return Sheet(frame=_empty_is_null(frame), row_no=counted(frame.height))


def read_xlsx(data: bytes, sheet: str | None = None, known: Collection[str] = ()) -> Sheet:
    """One sheet of a workbook (the first by default), as text; the header is found by known names."""
    cells = _cells(data, sheet)
    check_table(cells.height, cells.width)
    check_texts(cells)
    wanted = {normal(name) for name in known}
    head = cells.head(PREAMBLE_LINES).rows()
    scores = [len({normal(cell) for cell in row if cell} & wanted) if wanted else any(row) for row in head]
    if not any(scores):
        raise InputError("no header row with known column names in it. See what is in it: `talkshare inspect FILE`.")
    at = scores.index(max(scores))
    names, duplicates = _unique_names(tuple(cell or "" for cell in head[at]))
    body = cells.slice(at + 1)
    body.columns = names
    body = _empty_is_null(body).filter(~pl.all_horizontal(pl.all().is_null()))
    warnings = (f"{duplicates} column names occur twice: the later ones got a number.",) if duplicates else ()
    return Sheet(frame=body, row_no=counted(body.height), warnings=warnings)


def raw_json(frame: pl.DataFrame, columns: Sequence[str]) -> pl.Series:
    """The given columns as one JSON text per row, without the columns that are empty throughout."""
    filled = [name for name in columns if frame[name].null_count() < frame.height]
    if not filled:
        return pl.Series("raw", [None] * frame.height, dtype=pl.String)
    return frame.select(pl.struct(filled).struct.json_encode().alias("raw"))["raw"]


def _cells(data: bytes, sheet: str | None) -> pl.DataFrame:
    """All cells of a sheet as text. Raises InputError where the file is no workbook or has no such sheet."""
    import fastexcel

    if zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            if sum(info.file_size for info in parts.infolist()) > FILE_BYTES:
                raise too_large("the workbook")
    options: dict[str, Any] = {"header_row": None, "dtypes": "string"}
    try:
        return pl.read_excel(
            io.BytesIO(data),
            sheet_name=sheet,
            engine="calamine",
            has_header=False,
            drop_empty_rows=False,
            read_options=options,
        )
    except (fastexcel.FastExcelError, ValueError) as error:
        which = f"no sheet called {sheet!r} in it, or it is damaged" if sheet else "it is damaged or no workbook"
        raise InputError(f"cannot be opened as a workbook: {which}. Save it again as XLSX.") from error


def _lines(text: str) -> list[str]:
    """Physical lines; unlike `str.splitlines`, U+2028 and form feeds end none."""
    return list(io.StringIO(text, newline=""))


def _first_lines(text: str) -> list[str]:
    return _lines(text[:HEAD_CHARS])[:PREAMBLE_LINES]


def _looks_utf16(data: bytes) -> bool:
    head = data[:400]
    if len(head) < 8:
        return False
    odd, even = head[1::2].count(0), head[::2].count(0)
    return max(odd, even) > 0.8 * len(head) / 2 and min(odd, even) < 0.1 * len(head) / 2


def _without_nul(text: str, encoding: str, warnings: tuple[str, ...] = ()) -> tuple[str, str, tuple[str, ...]]:
    count = text.count("\0")
    if count:
        text = text.replace("\0", "")
        warnings += (f"{count} NUL bytes were taken out.",)
    return text, encoding, warnings


def _split(line: str, delimiter: str) -> tuple[str, ...]:
    csv.field_size_limit(FIELD_CHARS)
    try:
        return tuple(name.strip() for name in next(csv.reader([line], delimiter=delimiter), []))
    except csv.Error:
        return ()


def _faultless(text: str, header: Header, width: int) -> list[list[str]] | None:
    """The columns of a file without a single bad row, in one pass; None where `_records` must look closer."""
    csv.field_size_limit(FIELD_CHARS)
    stream = io.StringIO(text, newline="")
    collections.deque(itertools.islice(stream, header.line + 1), maxlen=0)
    reader = csv.reader(stream, delimiter=header.delimiter, strict=True)
    columns: list[list[str]] = [[] for _ in range(width)]
    try:
        # In batches: a list per row, for all rows at once, costs more in garbage collection than in reading.
        while batch := list(itertools.islice(reader, BATCH_ROWS)):
            if not {len(row) for row in batch} <= {0, width}:
                return None
            for column, values in zip(columns, zip(*filter(None, batch), strict=True), strict=False):
                column.extend(values)
    except csv.Error:
        return None
    return columns


def _records(
    lines: Sequence[str], start: int, delimiter: str, width: int
) -> tuple[list[list[str]], list[int], list[tuple[int, str, Any]], bool]:
    """Rows, their numbers, what was set aside, and whether the file ends inside a row.

    A record that is malformed or has the wrong width may have swallowed good ones through a lost quote:
    reading starts again at the first line inside it that looks like a record.
    """
    csv.field_size_limit(FIELD_CHARS)
    rows: list[list[str]] = []
    numbers: list[int] = []
    bad: list[tuple[int, str, Any]] = []
    truncated, number, at, lead = False, 0, start, ""
    search = _Search(lines, delimiter, width)
    while at < len(lines):
        reader = csv.reader(map(lines.__getitem__, range(at, len(lines))), delimiter=delimiter, strict=True)
        first, resume = at, len(lines)
        try:
            for row in reader:
                if len(row) == width:
                    number += 1
                    rows.append(row)
                    numbers.append(number)
                    lead = lines[first]
                elif row and (len(row) > 1 or row[0].strip()):
                    number += 1
                    end = at + reader.line_num
                    again = search.next_record(range(first + 1, end), lead)
                    more = "more" if len(row) > width else "fewer"
                    reason = f"row has {more} fields than the header"
                    if again is not None:
                        bad.append((number, f"{reason} (a quote is not closed)", "".join(lines[first:again])))
                        resume = again
                        break
                    bad.append((number, f"{reason} (an unquoted delimiter?)" if more == "more" else reason, row))
                first = at + reader.line_num
        except csv.Error as error:
            number += 1
            again = search.next_record(range(first + 1, len(lines)), lead)
            cut = again is None and "end of data" in str(error)
            truncated |= cut
            reason = "the file ends inside this row" if cut else "quotes are malformed"
            bad.append((number, reason, "".join(lines[first:again])))
            resume = len(lines) if again is None else again
        at = resume
    return rows, numbers, bad, truncated


@dataclass
class _Search:
    """Looks for rows inside broken ones; what it may spend on a file is bounded: it reads lines many times over."""

    lines: Sequence[str]
    delimiter: str
    width: int
    left: int = PROBED_CHARS

    def next_record(self, span: range, lead: str) -> int | None:
        """The first line of a span that begins like the last good record and parses to a full one."""
        for index in span:
            line = self.lines[index]
            if not line.strip() or (lead and _kind_of(line) != _kind_of(lead)):
                continue
            if self.left <= 0:
                return None
            if self._is_record(self.lines[index : index + PROBE_LINES]):
                return index
        return None

    def _is_record(self, lines: Sequence[str]) -> bool:
        probe = csv.reader(lines, delimiter=self.delimiter, strict=True)
        try:
            return len(next(probe)) == self.width
        except (csv.Error, StopIteration):
            return False
        finally:
            self.left -= PROBE_LINES + sum(map(len, lines[: probe.line_num]))


def _kind_of(line: str) -> str:
    first = line[:1]
    if first.isdigit():
        return "digit"
    if first.isalpha():
        return "upper" if first.isupper() else "lower"
    return first


def _unique_names(names: tuple[str, ...]) -> tuple[list[str], int]:
    seen: dict[str, int] = {}
    unique: list[str] = []
    duplicates = 0
    for position, name in enumerate(names, start=1):
        plain = name.strip().removeprefix("\ufeff") or f"column_{position}"
        count = seen[plain] = seen.get(plain, 0) + 1
        duplicates += count > 1
        while count > 1 and f"{plain}_{count}" in seen:
            count += 1
        label = plain if count == 1 else f"{plain}_{count}"
        seen.setdefault(label, 1)
        unique.append(label)
    return unique, duplicates


def _text_frame(names: list[str], columns: list[list[str]]) -> pl.DataFrame:
    schema = dict.fromkeys(names, pl.String)
    return _empty_is_null(pl.DataFrame(dict(zip(names, columns, strict=True)), schema=schema))


def _empty_is_null(frame: pl.DataFrame) -> pl.DataFrame:
    text = pl.col(pl.String)
    if not frame.width:
        return frame
    texts = [with_few_marks(column) for column in frame.iter_columns() if column.dtype == pl.String]
    return frame.with_columns(texts).with_columns(pl.when(text != "").then(text))


def _set_aside(bad: list[tuple[int, str, Any]]) -> pl.DataFrame:
    return SET_ASIDE.frame(
        [
            {"row_no": number, "reason": reason, "raw": json.dumps(raw, ensure_ascii=False)[:RAW_LIMIT]}
            for number, reason, raw in bad
        ]
    )


def counted(height: int) -> pl.Series:
    """Row numbers from 1."""
    return pl.Series("row_no", range(1, height + 1), dtype=pl.Int64)


def _clean(text: str) -> str:
    """JSON may escape half a surrogate pair, which no UTF-8 column can hold."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def _as_text(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, str):
        return _clean(value.replace("\0", ""))
    if isinstance(value, bool):
        return "true" if value else "false"
    return _clean(json.dumps(value, ensure_ascii=False))


def _text_column(column: pl.Series) -> pl.Series:
    kind = column.dtype
    if kind == pl.String or kind.is_temporal():
        return column
    if kind.is_nested():
        return pl.Series(column.name, [None if v is None else json.dumps(v, default=str) for v in column.to_list()])
    if kind.is_float() and (column.drop_nulls() == column.drop_nulls().round()).all():
        # A column of whole numbers with gaps is a float column to pandas: 12.0 is the id 12.
        return column.cast(pl.Int64, strict=False).cast(pl.String)
    return column.cast(pl.String, strict=False)
