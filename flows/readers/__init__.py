"""One module per export shape, and sniffing: bytes in, canonical frames and set-aside rows out."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from flows.config import Settings
from flows.readers import archive, limits
from flows.readers.linkedin import read_linkedin
from flows.readers.mail.reading import read_mails
from flows.readers.readers import reader_of
from flows.readers.reading import Export, Reading, refusing
from flows.readers.tables import read_messages, read_outcomes, table_for
from schemas.errors import InputError
from schemas.shown import shown

__all__ = ["READER_VERSION", "Export", "Reading", "fingerprint", "read", "settings_fingerprint"]

MAIL_SHAPES = ("mailbox", "mail_folder")
READER_VERSION = "3"
"""Raised whenever the same bytes give something else: every file is then read again. 3: links and applications."""


def read(export: Export, settings: Settings, *, not_after: datetime) -> Reading:
    """The rows of one export. Times after `not_after` (UTC) do not count as observed.

    Raises InputError, which says what is wrong with the file and what to do.
    """
    name = export.path.name
    with refusing(name):
        try:
            reading = _read(export, settings, not_after)
        except InputError as error:
            text = str(error) if str(error).startswith(name) else f"{name}: {error}"
            raise InputError(shown(text)) from error
    return replace(reading, warnings=tuple(map(shown, reading.warnings)))


def fingerprint(export: Export) -> str:
    """sha256 of the bytes that are read; where they lie and what the folder is called does not matter.

    Raises InputError where a file is too large to be read.
    """
    if export.shape == "mail_folder":
        return archive.digest({path.name: path for path in export.members})
    if export.shape == "mailbox":
        return archive.file_digest(export.path)
    if reader_of(export.shape):
        dumps = {path.name: path for path in export.members}
        return archive.digest(dumps) if len(dumps) > 1 else archive.file_digest(export.members[0])
    if export.shape != "linkedin_archive" or export.path.suffix.lower() == ".zip":
        return _digest_of(export.path)
    files = archive.files_read(export)
    for path in files.values():
        limits.check_size(path)
    return archive.digest(files) if len(files) > 1 else archive.file_digest(files["messages.csv"])


def _digest_of(path: Path) -> str:
    limits.check_size(path)
    return archive.file_digest(path)


def settings_fingerprint(export: Export, settings: Settings) -> str:
    """sha256 of the reader's version and every setting that changes what it makes of this export."""
    applied: dict[str, Any] = {"version": READER_VERSION, "shape": export.shape}
    if reader := reader_of(export.shape):
        applied |= reader.depends(export, settings)
    elif export.shape == "linkedin_archive":
        linkedin = settings.linkedin
        applied |= linkedin.model_dump(exclude={"owner", "owners"}) | {"owner": linkedin.owner_of(export.name)}
    elif export.shape in MAIL_SHAPES:
        mailbox = settings.mailbox
        applied |= mailbox.model_dump(exclude={"owner", "owners"}) | {"owner": mailbox.owner_of(export.name)}
    elif export.shape.startswith("declared") and (table := table_for(export.path, settings)):
        applied["table"] = table.model_dump(mode="json", exclude={"match", "covers"})
    if export.shape.endswith("outcomes"):
        applied["stages"] = settings.outcomes.stages
    return hashlib.sha256(json.dumps(applied, sort_keys=True, default=str).encode()).hexdigest()


def _read(export: Export, settings: Settings, not_after: datetime) -> Reading:
    if export.shape == "linkedin_archive":
        return read_linkedin(export, settings, not_after=not_after)
    if export.shape in MAIL_SHAPES:
        return read_mails(export, settings, not_after=not_after)
    if reader := reader_of(export.shape):
        return reader.read(export, settings, not_after=not_after)
    table = table_for(export.path, settings) if export.shape.startswith("declared") else None
    if export.shape.endswith("messages"):
        return read_messages(export, table, not_after=not_after)
    return read_outcomes(export, table, settings, not_after=not_after)
