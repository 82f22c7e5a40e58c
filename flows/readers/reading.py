"""What every reader hands over, and what it is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import polars as pl

from schemas import MESSAGES, OUTCOMES, SET_ASIDE


@dataclass(frozen=True)
class Export:
    """One export as found on disk: a file, or a folder whose files belong together."""

    path: Path
    """The file (csv, jsonl, parquet, xlsx, zip) or the archive folder."""
    name: str
    """What the user called it; private, never published."""
    shape: str
    """linkedin_archive, mailbox, mail_folder, or {canonical,declared}_{messages,outcomes}."""
    folder: str
    """Name of the folder it was found in, relative to the inbox: outcomes cover the messages beside them."""
    members: tuple[Path, ...] = ()
    """The files that make it up, when `path` is a folder."""
    unread: tuple[Path, ...] = ()
    """Other parts of an unpacked archive: they move with it, and nobody reads them."""


@dataclass(frozen=True)
class Reading:
    """The canonical rows of one export; `rows_in` = `messages`, `outcomes` and `set_aside` together."""

    messages: pl.DataFrame = field(default_factory=MESSAGES.frame)
    """Shape of `schemas.messages.MESSAGES`; excluded rows are in it, with their `excluded_reason`."""
    outcomes: pl.DataFrame = field(default_factory=OUTCOMES.frame)
    """Shape of `schemas.outcomes.OUTCOMES`."""
    set_aside: pl.DataFrame = field(default_factory=SET_ASIDE.frame)
    """Rows that could not be read at all, with reasons."""
    warnings: tuple[str, ...] = ()
    """Sentences for the run report; never a body or a person's name."""
    owner: str | None = None
    """Identity of the archive's owner, for exports that are one person's inbox."""
    owner_method: str | None = None
    observed_until: datetime | None = None
    """Until when the export shows what happened, UTC."""
    observed_until_method: str | None = None
    """declared, archive_name or latest_timestamp."""
    threading_method: str = "native"
    names: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema={"identity": pl.String, "name": pl.String}))
    """Display names per identity; they stay in the private store."""

    @property
    def rows_in(self) -> int:
        """Rows of the export, wherever they went."""
        return self.messages.height + self.outcomes.height + self.set_aside.height
