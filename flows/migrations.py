"""Brings a store that an earlier talkshare wrote forward, on a copy that is swapped in whole."""

from __future__ import annotations

import shutil
from contextlib import closing
from datetime import datetime
from pathlib import Path

from flows import backups, store
from flows.store import OLDEST_VERSION, STORE_VERSION, Home

STEPS: dict[int, tuple[str, ...]] = {
    2: (
        "alter table runs add column run_no bigint",
        """
        update runs set run_no = numbered.run_no
        from (select run_id, row_number() over (order by started_at, run_id) as run_no from runs) as numbered
        where runs.run_id = numbered.run_id
        """,
    ),
    3: ("alter table outcome_rows add column application_id varchar",),
}
"""Version -> what makes the next one of it. New tables need no step: every store is given those it lacks."""


def migrate(home: Home, *, now: datetime) -> str | None:
    """Bring the home's store to the present version, and keep a backup; returns what was done, None if nothing.

    A store that cannot be brought forward is left as it is; opening it says what to do. Call it under the run's lock.
    """
    if not home.database.exists():
        return None
    with closing(store.connect(home.database)) as connection:
        version = store.version_of(connection)
    if not OLDEST_VERSION <= version < STORE_VERSION:
        return None
    store.remove_database(home.migrated)
    shutil.copyfile(home.database, home.migrated)
    bring_forward(home.migrated)
    backups.replace_store(home, home.migrated, reason="migration", now=now)
    return f"The store was of version {version} and is now of {STORE_VERSION}; the old one is in {home.backups}."


def bring_forward(path: Path) -> None:
    """Run the steps that the database at `path` still needs, all or none."""
    path.chmod(0o600)
    with closing(store.connect(path)) as connection:
        version = store.version_of(connection)
        with store.transaction(connection):
            for step in range(version, STORE_VERSION):
                for statement in STEPS[step]:
                    connection.execute(statement)
            connection.execute("update store_version set version = ?", [STORE_VERSION])
