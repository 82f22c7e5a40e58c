"""What every reader hands over, and what it is told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import polars as pl

from schemas import MESSAGES, OUTCOMES, SET_ASIDE
from schemas.errors import InputError, TalkshareError
from schemas.shown import shown


@contextmanager
def refusing(name: str) -> Iterator[None]:
    """Whatever a library dies of over one file becomes an InputError that tells its kind: the other files still run.

    The library's own message may quote a row; its kind never does.
    """
    try:
        yield
    except TalkshareError:
        raise
    except BaseException as error:
        if not is_failure(error):
            raise
        raise InputError(
            f"{shown(name)}: cannot be read ({type(error).__name__}). Export it again, "
            "or see what is in it: `talkshare inspect FILE`."
        ) from error


def is_failure(error: BaseException) -> bool:
    """Whether an error is a library's, and nobody's wish to stop; what Rust panics with is no Exception to Python."""
    return isinstance(error, Exception) or type(error).__name__ == "PanicException"


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

    def __post_init__(self) -> None:
        """Names of files come from outside, and are printed and stored."""
        object.__setattr__(self, "name", shown(self.name))
        object.__setattr__(self, "folder", shown(self.folder))

    def files(self) -> list[Path]:
        """Every file that moves into the store with the export, read or not."""
        return sorted({*self.members, *self.unread, *([self.path] if self.path.is_file() else [])})


MARKS = {
    "known_key": pl.String,
    "known_hash": pl.String,
    "known_subject": pl.Boolean,
    "known_reply": pl.Boolean,
    "is_erased": pl.Boolean,
}
"""What an earlier reading knew of a message: its key, its text's hash, whether it had a subject, and a reply's."""


LINKS = {"identity": pl.String, "other": pl.String, "link_method": pl.String, "link_confidence": pl.String}
"""Shape of `Reading.links`; the confidence is high (one record holds both), medium or low."""


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
    links: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=LINKS))
    """Pairs of identities that the export shows to be one person, by which method, and how sure that is."""
    headers: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Part of the export (messages, invitations or outcomes) -> its columns in their order, as they are spelled."""

    marks: pl.DataFrame | None = None
    """`MARKS` of each message that counts, in order, where the rows come from the store's own copy of an export."""

    @property
    def rows_in(self) -> int:
        """Rows of the export, wherever they went."""
        return self.messages.height + self.outcomes.height + self.set_aside.height
