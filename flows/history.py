"""What no export can bring back: the runs, what was published for good, and who got which mail."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

from flows import store
from flows.store import ERASED, Connection, DatabaseError, Home
from sql.reading import ERASED as ERASED_VERSION
from sql.reading import KEPT

HISTORY = ("runs", "run_steps", "hypotheses", "week_history", "mails_sent", *ERASED)


def begin_run(home: Home, record: Mapping[str, Any]) -> str:
    """Write down that a run begins, and close what killed runs left open; returns the run's id.

    A run that was killed after its snapshot was swapped in was published, and its record is in that snapshot; every
    other open one was interrupted. The id is numbered where a clock that went back gives one again.
    """
    remember_published(home, home.database)
    with closing(store.open_store(home)) as connection:
        connection.execute("update runs set status = 'interrupted' where status = 'begun'")
        taken = {run_id for (run_id,) in connection.execute("select run_id from runs").fetchall()}
        run_id = wanted = record["run_id"]
        number = 1
        while run_id in taken:
            number += 1
            run_id = f"{wanted}-{number}"
        record_run(connection, {**record, "run_id": run_id, "status": "begun", "finished_at": None}, ())
    return str(run_id)


def record_run(connection: Connection, record: Mapping[str, Any], steps: Sequence[tuple[str, float, str]]) -> None:
    """Write one run and its steps `(name, seconds, detail)`, in place of an earlier record of the same run."""
    with store.transaction(connection):
        _write_run(connection, record, steps)


def _write_run(connection: Connection, record: Mapping[str, Any], steps: Sequence[tuple[str, float, str]]) -> None:
    run_id = record["run_id"]
    columns, marks = ", ".join(record), ", ".join("?" for _ in record)
    connection.execute(
        f"""
        insert or replace into runs ({columns}, run_no)
        values ({marks}, coalesce(
            (select run_no from runs where run_id = ?), (select coalesce(max(run_no), 0) + 1 from runs)
        ))
        """,
        [*record.values(), run_id],
    )
    connection.execute("delete from run_steps where run_id = ?", [run_id])
    for number, step in enumerate(steps, 1):
        connection.execute("insert into run_steps values (?, ?, ?, ?, ?)", [run_id, number, *step])


def latest_start(connection: Connection) -> datetime | None:
    """The latest time at which a run began: a clock that shows an earlier one went back."""
    (latest,) = connection.execute("select max(started_at) from runs").fetchall()[0]
    return latest if isinstance(latest, datetime) else None


def bring_history(home: Home, database: Path, sources: Iterable[Path]) -> Path | None:
    """Put the history of the first readable of `sources` into a store; returns that source, None if all are damaged."""
    with closing(store.open_store(home, database)) as connection:
        for source in sources:
            try:
                _take_history(connection, source)
            except DatabaseError:
                continue
            return source
    return None


def _take_history(connection: Connection, source: Path) -> None:
    store.attach(connection, source, "earlier (read_only)")
    try:
        there = store.tables_of(connection, "earlier")
        with store.transaction(connection):
            for table in HISTORY:
                connection.execute(f"delete from {table}")
                if table in there:
                    connection.execute(f"insert into {table} by name from earlier.{table}")
            for table in [f"kept_{name}" for name in KEPT]:
                of_erased = f"rule_version = '{ERASED_VERSION}'"
                connection.execute(f"delete from {table} where {of_erased}")
                if table in there:
                    connection.execute(f"insert into {table} by name from earlier.{table} where {of_erased}")
    finally:
        connection.execute("detach earlier")


def remember_published(home: Home, database: Path) -> None:
    """Keep in the store for good what the snapshot published: hypotheses, what weeks said first, and its own run.

    Only a snapshot that was swapped in whole counts, so that nothing is kept that nobody could see; asked again at
    the next run's start, so that a run that dies after the swap loses nothing.
    """
    if not home.snapshot.exists():
        return
    with closing(store.open_store(home, database)) as connection:
        try:
            store.attach(connection, home.snapshot, "published (read_only)")
            tables = store.tables_of(connection, "published")
        except DatabaseError:
            # A damaged snapshot has nothing to give, and the next one replaces it.
            return
        with store.transaction(connection):
            for table, statements in _REMEMBERED.items():
                for statement in statements if table in tables else ():
                    connection.execute(statement)


_SAME_HYPOTHESIS = " and ".join(
    f"kept.{name} = shown.{name}"
    for name in ("metric", "outcome", "direction", "given_from", "given_until", "registered_at")
)
_REMEMBERED = {
    # What was judged or withdrawn is never written over, whatever a snapshot says.
    "hypotheses": (
        f"""delete from hypotheses as kept
        where kept.status = 'registered'
        and exists (from published.hypotheses as shown where {_SAME_HYPOTHESIS} and shown.status != 'registered')""",
        f"""insert into hypotheses by name
        select * from published.hypotheses as shown
        where not exists (from hypotheses as kept where {_SAME_HYPOTHESIS})""",
    ),
    "restatements": (
        """insert into week_history by name
        select
            metric, week, first_published_at, first_state, first_value, first_n_approaches, first_n_candidates,
            first_judged_at, first_judged_value, first_judged_n_approaches, first_judged_n_candidates
        from published.restatements as shown
        where first_value is not null
        and not exists (from week_history as kept where kept.metric = shown.metric and kept.week = shown.week)""",
        """update week_history as kept set
            first_judged_at = shown.first_judged_at,
            first_judged_value = shown.first_judged_value,
            first_judged_n_approaches = shown.first_judged_n_approaches,
            first_judged_n_candidates = shown.first_judged_n_candidates
        from published.restatements as shown
        where kept.metric = shown.metric and kept.week = shown.week
        and kept.first_judged_at is null and shown.first_judged_value is not null""",
    ),
    # The steps first: afterwards the run is not open any more.
    "run_steps": (
        """insert into run_steps by name
        select * from published.run_steps as shown
        where run_id in (select run_id from runs where status = 'begun')
        and run_id in (select run_id from published.runs where status = 'published')""",
    ),
    "runs": (
        """update runs as kept set
            finished_at = shown.finished_at, published_at = shown.published_at, status = shown.status,
            rows_in = shown.rows_in, rows_kept = shown.rows_kept, rows_set_aside = shown.rows_set_aside,
            rows_already_known = shown.rows_already_known, rows_excluded = shown.rows_excluded,
            files_read = shown.files_read, files_unchanged = shown.files_unchanged,
            files_refused = shown.files_refused
        from published.runs as shown
        where kept.run_id = shown.run_id and kept.status = 'begun' and shown.status = 'published'""",
    ),
}
