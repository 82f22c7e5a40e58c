"""Takes texts out of the store for good, and keeps what was counted in them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

import polars as pl

from flows import pipeline, store
from flows.config import Settings
from flows.store import Connection, Home
from sql import erased
from sql.frames import load_frame

REPLACED = ("erased_texts", "erased_shingles")
"""Tables that are given whole; to the others rows are added."""


@contextmanager
def measured(home: Home, settings: Settings, *, now: datetime) -> Iterator[Connection]:
    """A connection on which everything that the store holds was measured a last time."""
    pipeline.measure(home, settings, database=home.database, now=now)
    with pipeline.work(home, home.database) as connection:
        yield connection


def frozen(
    connection: Connection, texts: pl.DataFrame, turns: pl.DataFrame, *, reason: str, now: datetime
) -> dict[str, pl.DataFrame]:
    """What stays of the texts (see `sql.erased.frozen`), marked with when and why they went."""
    frames = erased.frozen(connection, texts, turns)
    marked = frames["erased_texts"].with_columns(
        pl.col("erased_at").cast(pl.Datetime("us", "UTC")).fill_null(now),
        pl.col("reason").cast(pl.String).fill_null(reason),
    )
    return frames | {"erased_texts": marked}


def write_frozen(connection: Connection, frames: Mapping[str, pl.DataFrame], schema: str = "main") -> None:
    """Put what stays into the store; of a text that went before, it takes the place of what stayed then."""
    for table, rows in frames.items():
        load_frame(connection, "stays", rows)
        name = "message_key" if table == "erased_turns" else "body_hash"
        gone = "" if table in REPLACED else f"where {name} in (select {name} from stays)"
        connection.execute(f"delete from {schema}.{table} {gone}")
        connection.execute(f"insert into {schema}.{table} by name from stays")
        connection.execute("drop table stays")


@contextmanager
def rewritten(home: Home) -> Iterator[Connection]:
    """A copy of the store to change; afterwards it is written into a new file, in which nothing lies that was deleted,
    and that file is swapped in. The store stays as it is until then."""
    changed, fresh = (home.private / f"talkshare-store.{name}" for name in ("changed", "fresh"))
    for left in (changed, fresh):
        _delete(left)
    # Opened and closed, so that nothing is left in its log.
    store.open_store(home).close()
    shutil.copyfile(home.database, changed)
    changed.chmod(0o600)
    with closing(store.open_store(home, changed)) as connection:
        yield connection
    copy_live(changed, fresh)
    _delete(changed)
    store.swap_in(fresh, home.database)


def copy_live(source: Path, target: Path) -> None:
    """Write a database into a new file: its rows, and no block that once held others."""
    with closing(store.connect(target)) as connection:
        target.chmod(0o600)
        store.attach(connection, source, "source (read_only)")
        connection.execute(f'copy from database source to "{target.stem}"')
        connection.execute("detach source")
        connection.execute("checkpoint")


def _delete(path: Path) -> None:
    for left in (path, path.with_name(f"{path.name}.wal")):
        left.unlink(missing_ok=True)
