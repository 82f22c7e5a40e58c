"""What a reader of one fixed shape tells of itself. To add one: a module, a line in `readers.py`, a sample, a page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from flows.config import Settings
from flows.readers.reading import Export, Reading

Recognises = Callable[[Path, bytes], bool]
"""Whether a file is of the shape, by its name and its first 64 kB; what cannot be decoded or parsed may raise."""
Depends = Callable[[Export, Settings], Mapping[str, Any]]
"""The settings that change what is read from an export: when one of them changes, it is read again."""


class Reads(Protocol):
    """The rows of one export. Raises InputError, which says what is wrong and what to do."""

    def __call__(self, export: Export, settings: Settings, /, *, not_after: datetime) -> Reading: ...  # noqa: D102


@dataclass(frozen=True)
class Reader:
    """One shape of export that is recognised by its content."""

    shape: str
    """What the store calls it."""
    title: str
    """What a person calls it."""
    recognises: Recognises
    read: Reads
    depends: Depends = lambda _export, _settings: {}
    is_folder: bool = False
    """The recognised files of one folder are one export, and are looked up in each other."""
    has_outcomes: bool = False
    """It tells what happened, also of those of whom it tells nothing."""
    is_inbox_of: str | None = None
    """It is one person's mailbox, who is a `recruiter` or a `candidate`."""
