"""How large an export may be. Real ones stay far below; what is above is refused, in seconds and with advice."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import polars as pl

from schemas.errors import InputError

FILE_BYTES = 512 << 20
"""Bytes of one file, unpacked. Reading takes up to 20 times as much memory where a text holds an emoji."""
COLUMNS = 2_000
CELLS = 50_000_000
FIELD_CHARS = 1 << 24
"""Characters of one field, or of one JSON line."""
BODY_CHARS = 1_000_000
"""Characters of one message; nobody writes a longer one, and every rule looks at all of it."""
ZIP_DIRECTORY_BYTES = 4 << 20
"""Of a zip's list of contents: some 40,000 files."""
CONFINED_BYTES = 4 << 30
"""Memory in which a workbook or a Parquet file is opened."""
CONFINED_SECONDS = 300


def check_size(path: Path) -> None:
    """Raises InputError where `path` is no regular file, or too large a one."""
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise InputError(f"{path.name}: no regular file. Hand in the file itself.")
    if found.st_size > FILE_BYTES:
        raise too_large(path.name)


def too_large(name: str) -> InputError:
    """What to say of a file above `FILE_BYTES`."""
    return InputError(
        f"{name}: larger than {FILE_BYTES >> 20} MB unpacked. Hand it in in parts, by date or by recruiter."
    )


def read_bytes(path: Path) -> bytes:
    """The bytes of a regular file. Raises InputError where it is too large, also where it grows while it is read."""
    # A pipe that somebody put in the file's place would keep the run waiting for ever.
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with os.fdopen(handle, "rb") as stream:
        check_size(path)
        data = stream.read(FILE_BYTES + 1)
    if len(data) > FILE_BYTES:
        raise too_large(path.name)
    return data


def check_texts(frame: pl.DataFrame) -> None:
    """Raises InputError where a small file unpacks to endless texts: one long text may stand in every row."""
    texts = frame.select(pl.col(pl.String, pl.Categorical).cast(pl.String).str.len_bytes().sum())
    if texts.width and sum(filter(None, texts.row(0))) > FILE_BYTES:
        raise too_large("its text")


def check_table(rows: int, columns: int) -> None:
    """Raises InputError where a table is wider or larger than any export."""
    if columns > COLUMNS:
        raise InputError(f"it has {columns:,} columns; at most {COLUMNS:,} are read. Hand in the columns that matter.")
    if rows * columns > CELLS:
        raise InputError(
            f"it has {rows:,} rows of {columns:,} columns; at most {CELLS:,} cells are read. Hand it in in parts."
        )
