"""Takes texts out of the store for good, and keeps what was counted in them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl

from flows import distilling, intake, keeping, pipeline, store
from flows.config import Settings
from flows.store import Connection, Home
from sql import erased
from sql.frames import fetch, load_frame
from sql.reading import ERASED, KEPT, WORDED

UNKEYED = {"erased_replies": "body_hash", "erased_turns": "message_key"}
"""Tables in which a text or message has several rows -> what they are replaced by."""


@contextmanager
def measured(home: Home, settings: Settings, *, now: datetime) -> Iterator[Connection]:
    """A connection on which everything that the store holds was measured a last time."""
    pipeline.measure(home, settings, database=home.database, now=now)
    with pipeline.work(home, settings, home.database) as connection:
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
    """Put what stays into the store, all or nothing.

    Of a text that went before, it takes the place of what stayed then.
    """
    for table, rows in frames.items():
        load_frame(connection, f"stays_{table}", rows)
    with store.transaction(connection):
        for table in frames:
            kept, new = f"{schema}.{table}", f"stays_{table}"
            if table.startswith("kept_"):
                earlier = f"body_hash in (select body_hash from {new})"
                connection.execute(f"delete from {kept} where rule_version != '{ERASED}' and {earlier}")
            if name := UNKEYED.get(table):
                connection.execute(f"delete from {kept} where {name} in (select {name} from {new})")
            connection.execute(f"insert {'' if name else 'or replace'} into {kept} by name from {new}")
    for table in frames:
        connection.execute(f"drop table stays_{table}")


@contextmanager
def rewritten(home: Home) -> Iterator[Connection]:
    """A copy of the store to change; afterwards it is written into a new file, in which nothing lies that was deleted,
    and that file is swapped in. The store stays as it is until then."""
    changed, fresh = (home.private / f"talkshare-store.{name}" for name in ("changed", "fresh"))
    for left in (changed, fresh):
        store.remove_database(left)
    # Opened and closed, so that nothing is left in its log.
    store.open_store(home).close()
    shutil.copyfile(home.database, changed)
    changed.chmod(0o600)
    with closing(store.open_store(home, changed)) as connection:
        yield connection
    copy_live(changed, fresh)
    store.remove_database(changed)
    store.swap_in(fresh, home.database)


def copy_live(source: Path, target: Path) -> None:
    """Write a database into a new file: its rows, and no block that once held others."""
    with closing(store.connect(target)) as connection:
        target.chmod(0o600)
        store.attach(connection, source, "source (read_only)")
        connection.execute(f'copy from database source to "{target.stem}"')
        connection.execute("detach source")
        connection.execute("checkpoint")


def cutoff_of(settings: Settings, now: datetime) -> datetime | None:
    """From when on texts are held; None where they are kept for good."""
    days = settings.privacy.retention_days
    return None if days is None else now - timedelta(days=days)


def revive(home: Home, settings: Settings, *, database: Path, now: datetime) -> None:
    """A text that went for its age and is written again is a text like any other: what stayed of it goes."""
    cutoff = cutoff_of(settings, now)
    back = """
        body_hash in (
            select body_hash
            from message_rows semi join erased_texts using (body_hash) semi join bodies using (body_hash)
            group by body_hash
            having $1 is null or max(sent_at) >= $1
        )
        """
    with closing(store.open_store(home, database)) as connection:
        for table in (*(f"kept_{name}" for name in KEPT), "erased_replies", "erased_texts"):
            version = f"rule_version = '{ERASED}' and " if table.startswith("kept_") else ""
            connection.execute(f"delete from {table} where {version} {back}", [cutoff])


def erase_old(home: Home, settings: Settings, *, database: Path, now: datetime) -> dict[str, int]:
    """Erase texts, subjects and raw rows older than `[privacy] retention_days`; needs that everything was measured.

    A text goes when the youngest message that holds it is too old. What was counted in it stays. The exports that
    brought it are replaced by the store's own copies, and files for people go by their own age.
    """
    cutoff = cutoff_of(settings, now)
    if cutoff is None:
        return {}
    with pipeline.work(home, settings, database) as connection:
        texts = fetch(
            connection,
            """
            select body_hash, body_hash as new_hash, false as stays
            from store.bodies semi join (
                select body_hash from store.message_rows group by body_hash having max(sent_at) < $1
            ) using (body_hash)
            where body != ''
            order by body_hash
            """,
            [cutoff],
        )
        if texts.height:
            turns = fetch(
                connection,
                """
                select distinct message_key, message_key as new_key from store.message_rows
                where thread_id in (
                    select thread_id from store.message_rows
                    where body_hash in (select body_hash from store.bodies) group by thread_id having min(sent_at) < $1
                )
                """,
                [cutoff],
            )
            frames = frozen(connection, texts, turns, reason="too old", now=now)
            write_frozen(connection, frames, "store")
            connection.execute("update snapshot_info set n_texts_erased = (select count(*) from store.erased_texts)")
    # Stands from the first deletion until the store was written anew, so that a run that dies between is made up for.
    mark = home.private / "rewrite-store"
    with closing(store.open_store(home, database)) as connection:
        _strip_old(connection, texts, cutoff, mark)
        _replace_old_exports(home, connection, cutoff)
    if mark.exists():
        fresh = home.private / "talkshare-store.fresh"
        store.remove_database(fresh)
        copy_live(database, fresh)
        store.swap_in(fresh, database)
        mark.unlink()
    _delete_old_files(home, cutoff)
    return {"texts erased": texts.height}


def _strip_old(connection: Connection, texts: pl.DataFrame, cutoff: datetime, mark: Path) -> None:
    """Take what is too old out of the store; where there was anything, leave the mark."""
    load_frame(connection, "going", texts.select("body_hash"))
    aged = {
        "bodies": "delete from bodies where body_hash in (select body_hash from going)",
        "subjects": "update message_rows set subject = null, raw = null "
        "where sent_at < $1 and (subject is not null or raw is not null)",
        "raw outcomes": "update outcome_rows as kept set raw = null from readings as files "
        "where kept.file_id = files.file_id and kept.raw is not null "
        "and coalesce(kept.occurred_at, files.first_seen_at) < $1",
        "rows set aside": "update set_aside_rows as kept set raw = null from readings as files "
        "where kept.file_id = files.file_id and kept.raw is not null and files.first_seen_at < $1",
    }
    with store.transaction(connection):
        n_rows = [connection.execute(sql, [cutoff] if "$1" in sql else None).fetchall()[0][0] for sql in aged.values()]
        for name in WORDED:
            connection.execute(f"delete from kept_{name} where body_hash in (select body_hash from going)")
        connection.execute("drop table going")
        if any(n_rows):
            mark.touch(mode=0o600)


def _replace_old_exports(home: Home, connection: Connection, cutoff: datetime) -> None:
    """Exports that hold rows too old, and were not replaced since those grew too old."""
    rows = connection.execute(
        """
        select files.file_id, files.first_seen_at, list(rows.sent_at) filter (where rows.sent_at < $1)
        from readings as files left join message_rows as rows on files.file_id = rows.file_id
        group by all order by files.file_id
        """,
        [cutoff],
    ).fetchall()
    for file_id, first_seen_at, sent in rows:
        done = distilling.cutoff_of(home, file_id)
        ages = [*(sent or []), *([first_seen_at] if first_seen_at < cutoff else [])]
        if ages and (done is None or max(ages) >= done):
            distilling.distil(home, connection, file_id, cutoff=cutoff)
            intake.write_quarantine(home, file_id, keeping.set_aside_of(connection, file_id))


def _delete_old_files(home: Home, cutoff: datetime) -> None:
    pages = [*home.coaching.glob("*/*.html"), *home.reports.rglob("*.eml")]
    for path in [*pages, *(home.quarantine / "retracted").glob("*")]:
        if datetime.fromtimestamp(path.stat().st_mtime, tz=cutoff.tzinfo) < cutoff:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for path in home.backups.glob("*"):
        if path.is_file() and _holds_old(path, cutoff):
            path.unlink()


def _holds_old(backup: Path, cutoff: datetime) -> bool:
    """Whether a copy of the store holds a text that is too old; one that cannot be looked into counts as if it did."""
    with suppress(Exception), closing(store.connect(backup, read_only=True)) as connection:
        (n_texts,) = connection.execute(
            "select count(*) from bodies semi join "
            "(select body_hash from message_rows group by body_hash having max(sent_at) < $1) using (body_hash) "
            "where body != ''",
            [cutoff],
        ).fetchall()[0]
        return bool(n_texts)
    return True
