"""One module per export shape, and sniffing: bytes in, canonical frames and set-aside rows out."""

from __future__ import annotations

import csv
import hashlib
import json
import zipfile
from datetime import datetime
from typing import Any

import polars as pl

from flows.config import Settings
from flows.readers import archive
from flows.readers.linkedin import read_linkedin
from flows.readers.mail.reading import read_mails
from flows.readers.reading import Export, Reading
from flows.readers.tables import read_messages, read_outcomes, table_for
from schemas.errors import InputError

__all__ = ["READER_VERSION", "Export", "Reading", "fingerprint", "read", "settings_fingerprint"]

MAIL_SHAPES = ("mailbox", "mail_folder")
READER_VERSION = "1"
"""Raised whenever the same bytes give other rows: every file is then read again."""


def read(export: Export, settings: Settings, *, not_after: datetime) -> Reading:
    """The rows of one export. Times after `not_after` (UTC) do not count as observed.

    Raises InputError, which says what is wrong with the file and what to do.
    """
    try:
        return _read(export, settings, not_after)
    except InputError as error:
        if str(error).startswith(export.path.name):
            raise
        raise type(error)(f"{export.path.name}: {error}") from error
    except (OSError, ValueError, csv.Error, zipfile.BadZipFile, pl.exceptions.PolarsError) as error:
        # The message of a library may quote a row; its kind never does.
        raise InputError(
            f"{export.path.name}: cannot be read ({type(error).__name__}). Export it again, "
            "or see what is in it: `talkshare inspect FILE`."
        ) from error


def fingerprint(export: Export) -> str:
    """sha256 of the bytes that are read; where they lie and what the folder is called does not matter."""
    if export.shape == "mail_folder":
        return archive.digest({path.name: path for path in export.members})
    if export.shape != "linkedin_archive" or export.path.suffix.lower() == ".zip":
        return archive.file_digest(export.path)
    files = archive.files_read(export)
    return archive.digest(files) if len(files) > 1 else archive.file_digest(files["messages.csv"])


def settings_fingerprint(export: Export, settings: Settings) -> str:
    """sha256 of the reader's version and every setting that changes what it makes of this export."""
    applied: dict[str, Any] = {"version": READER_VERSION, "shape": export.shape}
    if export.shape == "linkedin_archive":
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
    table = table_for(export.path, settings) if export.shape.startswith("declared") else None
    if export.shape.endswith("messages"):
        return read_messages(export, table, not_after=not_after)
    return read_outcomes(export, table, settings, not_after=not_after)
