"""Clears away what a killed run left half done; by exact name, and nothing else."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from flows import backups, store
from flows.store import Home

OLD_SECONDS = 3600
"""Reports are written without the run's lock, so that only what is older than this is no one's any more."""


def clear(home: Home) -> None:
    """Take away unfinished databases, copies and files. Call it under the run's lock."""
    new = [path.with_name(f"{path.name}.new") for path in (home.database, home.rebuilt)]
    published = (home.snapshot.with_suffix(".next"), home.team.with_suffix(".next"))
    for database in (home.work, home.rebuilt, home.migrated, *new, *published):
        store.remove_database(database)
    shutil.rmtree(home.database.with_name(f"{home.database.name}.tmp"), ignore_errors=True)
    backups.drop_unfinished(home)
    for folder in home.exports.glob("*[0-9a-f].next"):
        shutil.rmtree(folder)
    key = home.private.glob("id.key.next")
    for left in (*key, *home.exports.glob("*/*.next"), *home.quarantine.glob("*.jsonl.next")):
        if left.is_file():
            left.unlink()
    for left in _reports(home):
        if time.time() - left.stat().st_mtime > OLD_SECONDS:
            left.unlink(missing_ok=True)


def _reports(home: Home) -> Iterator[Path]:
    yield from home.reports.glob("index.html.next")
    for end in ("html", "pdf", "xlsx", "json"):
        yield from home.reports.glob(f"*/weekly*.{end}.next")
    yield from home.coaching.glob("*/*.next")
