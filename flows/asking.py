"""A stranger's query, asked where it can neither write, read another file, reach a network nor hang the machine."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from flows import store
from flows.confined import ConfinedError, confined, to_bytes, to_frame
from flows.store import Home
from schemas.errors import UsageError

SECONDS = 60
GRACE_SECONDS = 10
"""So much later the process is ended, where the query did not stop when it was told to."""
MEMORY = 3 << 30
"""Bytes for the query's 1 GB, which DuckDB does not hold a single long text to, and for the answer."""
LARGEST_ANSWER = 1 << 29


def ask(home: Home, query: str, *, rows: int, seconds: float = SECONDS) -> pl.DataFrame:
    """At most `rows` rows. Raises as `store.query_snapshot`, and UsageError where the process had to be ended."""
    arguments = [str(home.root), query, rows, seconds]
    try:
        answer = confined("flows.asking:answer", arguments, memory=MEMORY, seconds=seconds + GRACE_SECONDS)
    except ConfinedError as error:
        raise UsageError(f"The query was stopped: {error}. Ask for less.") from error
    return to_frame(answer)


def answer(root: str, query: str, rows: int, seconds: float) -> bytes:
    """The same in this process, as bytes. Raises as `store.query_snapshot`."""
    frame = store.query_snapshot(Home(Path(root)), query, rows=rows, seconds=seconds)
    if frame.estimated_size() > LARGEST_ANSWER:
        raise UsageError(f"The answer is larger than {LARGEST_ANSWER >> 20} MB; ask for less, or in parts.")
    return to_bytes(frame)
