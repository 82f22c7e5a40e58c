"""Keeps copies of the store from before it was replaced, and small ones of its history after every published run."""

from __future__ import annotations

import contextlib
import re
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from flows import history, store
from flows.store import OLDEST_VERSION, STORE_VERSION, Home
from schemas.errors import UsageError

HISTORY = "history"
"""The reason of a copy that holds the history alone."""
KEPT_HISTORY, KEPT_WHOLE = 5, 2

_NAME = re.compile(r"(?P<number>\d{6})_(?P<at>\d{8}T\d{6}Z)_v(?P<version>\d+)_(?P<reason>[a-z]+)\.duckdb")


@dataclass(frozen=True)
class Backup:
    """One copy. `number` rises from copy to copy, whatever the clock does."""

    path: Path
    number: int
    at: str
    version: int
    reason: str
    """history, or what the copy was made before: migration, rebuild or restore."""

    @property
    def name(self) -> str:
        """What `talkshare restore` calls it."""
        return self.path.stem


def backups(home: Home) -> list[Backup]:
    """All copies, the newest first."""
    found = [(path, _NAME.fullmatch(path.name)) for path in home.backups.glob("*.duckdb")]
    listed = [
        Backup(path, int(name["number"]), name["at"], int(name["version"]), name["reason"])
        for path, name in found
        if name
    ]
    return sorted(listed, key=lambda backup: backup.number, reverse=True)


def listing(home: Home) -> str:
    """A line for each copy, the newest first, for people."""
    lines = [
        f"{backup.name}  {backup.path.stat().st_size / 1e6:8.1f} MB  "
        + ("the history alone" if backup.reason == HISTORY else f"the whole store, from before a {backup.reason}")
        for backup in backups(home)
    ]
    return "\n".join(lines) or f"{home.backups}: no backups yet; every published run makes one."


def find(home: Home, name: str) -> Backup:
    """The copy of that name or number. Raises UsageError if there is none, or it cannot be read."""
    known = backups(home)
    wanted = Path(name).name.removesuffix(".duckdb")
    fitting = [backup for backup in known if backup.name == wanted or f"{backup.number}" == wanted.lstrip("0")]
    if not fitting:
        names = ", ".join(backup.name for backup in known) or "none"
        raise UsageError(f"no backup is called {name}. There are: {names}.")
    backup = fitting[0]
    if not OLDEST_VERSION <= backup.version <= STORE_VERSION:
        raise UsageError(f"{backup.path}: of another version of talkshare, which alone can put it back.")
    if not store.is_whole(backup.path):
        raise UsageError(f"{backup.path}: damaged, so it was not put back. Choose another: `talkshare restore`.")
    return backup


def keep_history(home: Home, *, now: datetime) -> None:
    """Copy the history into a small store of its own; the last few are kept."""
    target = _next_path(home, HISTORY, STORE_VERSION, now)
    built = target.with_suffix(".next")
    store.remove_database(built)
    history.bring_history(home, built, [home.database])
    store.swap_in(built, target)
    _prune(home)


def replace_store(home: Home, built: Path, *, reason: str, now: datetime) -> None:
    """Put a finished store in the place of the present one, which becomes a backup; a damaged one does not.

    The present one is linked and not moved, so that at no moment there is none.
    """
    if home.database.exists() and store.is_whole(home.database):
        store.settle(home.database)
        with contextlib.closing(store.connect(home.database, read_only=True)) as connection:
            version = store.version_of(connection)
        _link(home.database, _next_path(home, reason, version, now))
    store.swap_in(built, home.database)
    _prune(home)


def _link(path: Path, target: Path) -> None:
    try:
        target.hardlink_to(path)
    except OSError:
        # Not every disk knows links.
        built = target.with_suffix(".next")
        shutil.copyfile(path, built)
        store.swap_in(built, target)
    target.chmod(0o600)


def drop_unfinished(home: Home) -> None:
    """Take away what a killed run left half done: copies, and a link to the store that is still the present one."""
    for left in home.backups.glob("*_v*_*.next*"):
        left.unlink()
    for backup in backups(home):
        if home.database.exists() and backup.path.samefile(home.database):
            backup.path.unlink()


def _next_path(home: Home, reason: str, version: int, now: datetime) -> Path:
    home.backups.mkdir(mode=0o700, exist_ok=True)
    number = max((backup.number for backup in backups(home)), default=0) + 1
    return home.backups / f"{number:06}_{now:%Y%m%dT%H%M%SZ}_v{version}_{reason}.duckdb"


def _prune(home: Home) -> None:
    known = backups(home)
    small = [backup for backup in known if backup.reason == HISTORY]
    whole = [backup for backup in known if backup.reason != HISTORY]
    for backup in (*small[KEPT_HISTORY:], *whole[KEPT_WHOLE:]):
        store.remove_database(backup.path)
