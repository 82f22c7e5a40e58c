"""Workbooks and Parquet files: opened in a process of its own, since the libraries end theirs where a file lies."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from flows.confined import ConfinedError, confined, to_bytes, to_frame
from flows.readers import limits
from flows.readers.delimited import Sheet, counted, read_parquet, read_xlsx
from schemas.errors import InputError


def read_foreign(path: Path, sheet: str | None, known: Collection[str]) -> Sheet:
    """The rows of a workbook (of `sheet`, else the first) or a Parquet file. Raises InputError."""
    arguments = [str(path), sheet, list(known)]
    try:
        answer = confined(
            "flows.readers.foreign:sheet_bytes",
            arguments,
            memory=limits.CONFINED_BYTES,
            seconds=limits.CONFINED_SECONDS,
        )
    except ConfinedError as error:
        raise InputError(f"cannot be opened: {error}. Save it as CSV, or in parts.") from error
    warning, _, table = answer.partition(b"\n")
    frame = to_frame(table)
    return Sheet(frame, counted(frame.height), warnings=(warning.decode(),) if warning else ())


def sheet_bytes(path: str, sheet: str | None, known: list[str]) -> bytes:
    """The same in this process, as bytes: a warning, a line end, the frame."""
    data = limits.read_bytes(Path(path))
    found = read_parquet(data) if path.lower().endswith(".parquet") else read_xlsx(data, sheet, known)
    return " ".join(found.warnings).encode() + b"\n" + to_bytes(found.frame)
