"""Which files are exports, of which shape, and what to tell about the others."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from flows.config import FILE_NAME, Settings
from flows.readers import archive, limits
from flows.readers.delimited import decode, normal, sniff
from flows.readers.linkedin import NO_CONVERSATIONS, is_linkedin_header
from flows.readers.mail.mbox import is_mbox
from flows.readers.readers import READERS, reader_of
from flows.readers.reading import Export, is_failure
from flows.readers.tables import JSON_SUFFIXES, SUFFIXES, TEXT_SUFFIXES, WORKBOOK_SUFFIXES, table_for
from schemas import MESSAGES, OUTCOMES
from schemas.errors import InputError
from schemas.shown import shown
from schemas.table import Table

HEAD_BYTES = 1 << 16
UNFINISHED_SUFFIXES = (".crdownload", ".part", ".partial", ".download", ".filepart", ".tmp")
SIBLINGS = re.compile(r"^(guide|learning|coach).*messages$")
"""Files whose names end like the messages file; LinkedIn's own assistants, never the inbox."""
LINKEDIN_FILES = re.compile(
    r"^(ad targeting|ads clicked|articles?|background|causes you care about|certifications|comments( \d+)?"
    r"|company follows|connections|courses|education|email addresses|endorsement.*|events|groups"
    r"|hashtag follows|honors|identity.*|imported contacts|inferences.*|instant ?reposts?|invitations|job .*"
    r"|jobs?.*|languages|learning.*|likes|logins?|member follows|notes|organizations|patents|phone ?numbers"
    r"|positions|private identity.*|profile.*|projects|provider.*|publications|reactions|receipts.*"
    r"|recommendations.*|registration|rich media|saved.*|search ?queries|security challenges?|services.*"
    r"|shares|skills|test ?scores|verifications?|volunteering|votes|whatsapp.*)$"
)
"""The other files of an archive, as `normal` spells their names."""
ARCHIVE_FOLDER = re.compile(r"linkedin\s?data\s?export", re.IGNORECASE)
_KEYS = re.compile(r'"([^"\\]{1,200})"\s*:')
_OUTLOOK_FILE = "an Outlook data file. Convert it to .eml files with `readpst -e`, and hand in their folder."
_OUTLOOK_MESSAGE = "an Outlook message. Convert it to .eml with `msgconvert`, or export its folder from the server."
_NO_MAIL = "no mail in it: an mbox begins with a line `From somebody Mon Mar  4 11:20:34 2024`. Export it again."
MAIL_ADVICE = {
    ".pst": _OUTLOOK_FILE, ".ost": _OUTLOOK_FILE, ".msg": _OUTLOOK_MESSAGE, ".mbox": _NO_MAIL, ".mbx": _NO_MAIL,
}  # fmt: skip
INSPECT = "`talkshare inspect FILE` prints a mapping to paste into talkshare.toml."


@dataclass(frozen=True)
class Refusal:
    """A file that is not read, and what to do about it."""

    path: Path
    name: str
    message: str
    waiting: bool = False
    """True if it is half-written: it is tried again at the next run."""

    def __post_init__(self) -> None:
        """Names of files come from outside, and are printed."""
        object.__setattr__(self, "name", shown(self.name))
        object.__setattr__(self, "message", shown(self.message))


def discover(path: Path, settings: Settings, *, root: Path) -> tuple[list[Export], list[Refusal]]:
    """The exports in a file or folder, in the order of their paths, and the files that are none.

    `root` is the inbox: an export's folder is named relative to it.
    """
    exports: list[Export] = []
    refusals: list[Refusal] = []
    if not path.exists():
        return [], [Refusal(path, path.name, f"{path.name}: no such file or folder.")]
    if path.is_file():
        beside = {f: _shape(f, settings) for f in _files(path.parent)} if _is_inbox_name(path) else {}
        found = _from_file(path, settings, root, beside)
        return ([found], []) if isinstance(found, Export) else ([], [found])
    for folder in _folders(path):
        try:
            shapes = {file: _shape(file, settings) for file in _files(folder)}
        except OSError:
            refusals.append(Refusal(folder, folder.name, f"{folder.name}: this folder cannot be opened."))
            continue
        inbox = _inbox_of(shapes)
        if inbox:
            exports.append(_archive(inbox, shapes, root))
        mails = tuple(file for file, shape in shapes.items() if shape == "mail_folder")
        if mails:
            exports.append(_mail_folder(folder, mails, root))
        dumps = [
            tuple(file for file, shape in shapes.items() if shape == reader.shape)
            for reader in READERS
            if reader.is_folder
        ]
        exports += [_dump(folder, files, shapes[files[0]] or "", root) for files in dumps if files]
        taken = {*mails, *(file for files in dumps for file in files)}
        for file, shape in shapes.items():
            if (
                file == inbox
                or file in taken
                or (shape is None and _is_companion(file, in_archive=_in_archive(file, inbox)))
            ):
                continue
            found = _from_file(file, settings, root, {})
            if isinstance(found, Export):
                exports.append(found)
            else:
                refusals.append(found)
    return sorted(exports, key=lambda export: export.path), sorted(refusals, key=lambda refusal: refusal.path)


def columns_of(path: Path) -> tuple[str, ...]:
    """The column names of a table file, from its first bytes; empty where there are none to see."""
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        return tuple(pl.read_parquet_schema(path))
    with path.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
    if suffix in JSON_SUFFIXES:
        return tuple(_KEYS.findall(decode(head)[0].split("\n", 1)[0]))
    if suffix in TEXT_SUFFIXES:
        known = [*_LINKEDIN_NAMES, *MESSAGES.names, *OUTCOMES.names]
        header = sniff(head, known) or sniff(head)
        return header.names if header else ()
    return ()


_LINKEDIN_NAMES = (
    "FROM",
    "TO",
    "DATE",
    "CONTENT",
    "CONVERSATION ID",
    "FOLDER",
    "DIRECTION",
    "SENDER PROFILE URL",
)


def _folders(top: Path) -> Iterator[Path]:
    """The folder and those below it, without hidden ones and parts of an unpacked archive; no link is followed."""
    waiting = [top]
    while waiting:
        folder = waiting.pop()
        yield folder
        with contextlib.suppress(OSError):
            inside = sorted(child for child in folder.iterdir() if child.is_dir() and not child.is_symlink())
            waiting += [child for child in reversed(inside) if not child.name.startswith((".", "__MACOSX"))]


def _files(folder: Path) -> list[Path]:
    return sorted(child for child in folder.iterdir() if child.is_file() and not _is_ignored(child))


def _is_ignored(path: Path) -> bool:
    name = path.name.lower()
    return (
        name.startswith((".", "~$", "readme", "__macosx"))
        or name in (FILE_NAME, "thumbs.db", "desktop.ini")
        or name.endswith((".lock", "~"))
    )


def _shape(path: Path, settings: Settings) -> str | None:
    """The shape of a file that is an export by itself, or None. Never fails."""
    try:
        if table := table_for(path, settings):
            return f"declared_{table.kind}"
        if path.suffix.lower() == ".zip":
            return "linkedin_archive" if _is_linkedin_zip(path) else None
        if path.suffix.lower() == ".csv" and not SIBLINGS.match(normal(path.stem)) and _is_linkedin_csv(path):
            return "linkedin_archive"
        return _mail_shape(path) or _fixed_shape(path) or _canonical_shape(path)
    except BaseException as error:
        if not is_failure(error):
            raise
        return None


def _mail_shape(path: Path) -> str | None:
    if path.suffix.lower() == ".eml":
        return "mail_folder"
    return "mailbox" if path.suffix.lower() not in SUFFIXES and is_mbox(path) else None


def _fixed_shape(path: Path) -> str | None:
    """The shape whose reader knows the file by its first bytes."""
    with path.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
    for reader in READERS:
        with contextlib.suppress(ValueError, LookupError, TypeError, AttributeError):
            if reader.recognises(path, head):
                return reader.shape
    return None


def _is_linkedin_zip(path: Path) -> bool:
    head = archive.zip_head(path, HEAD_BYTES)
    header = sniff(head, _LINKEDIN_NAMES)
    return NO_CONVERSATIONS in head[:200] or (header is not None and is_linkedin_header(header.names))


def _is_linkedin_csv(path: Path) -> bool:
    with path.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
    if _is_inbox_name(path) and NO_CONVERSATIONS in head[:200]:
        return True
    header = sniff(head, _LINKEDIN_NAMES)
    return header is not None and is_linkedin_header(header.names)


def _canonical_shape(path: Path) -> str | None:
    """By name and columns; a file that lacks some of ours is still ours, so that reading can name them."""
    for table in (MESSAGES, OUTCOMES):
        if not path.name.lower().startswith(table.name) or path.suffix.lower() not in SUFFIXES:
            continue
        present = {normal(name) for name in columns_of(path)}
        if len(present & {normal(name) for name in _telling(table)}) >= 2:
            return f"canonical_{table.name}"
    return None


def _telling(table: Table) -> list[str]:
    names = [column.name for column in table.columns if column.required]
    return names if table is MESSAGES else [*names, "thread_id", "candidate_id", "occurred_at"]


def _is_inbox_name(path: Path) -> bool:
    return path.name.lower() in archive.MESSAGES_NAMES


def _inbox_of(shapes: dict[Path, str | None]) -> Path | None:
    """The folder's LinkedIn messages file under its own name."""
    inboxes = [file for file, shape in shapes.items() if shape == "linkedin_archive" and _is_inbox_name(file)]
    return min(inboxes, key=lambda file: archive.MESSAGES_NAMES.index(file.name.lower()), default=None)


def _archive(inbox: Path, shapes: dict[Path, str | None], root: Path) -> Export:
    """An unpacked archive: its folder, or the messages file alone where the folder is the inbox itself."""
    folder = inbox.parent
    members = (inbox, *(file for file in shapes if file.name.lower() in archive.COMPANION_NAMES))
    in_archive = _in_archive(inbox, inbox)
    others = {file for file, shape in shapes.items() if shape is None and _is_companion(file, in_archive=in_archive)}
    unread = tuple(sorted(others - set(members)))
    shared = any(shape and file != inbox for file, shape in shapes.items())
    if folder == root or shared:
        return Export(
            inbox, f"{folder.name}/{inbox.name}", "linkedin_archive", _relative(folder, root), members, unread
        )
    return Export(folder, folder.name, "linkedin_archive", _relative(folder.parent, root), members, unread)


def _mail_folder(folder: Path, mails: tuple[Path, ...], root: Path) -> Export:
    """All the `.eml` files of one folder: they are one person's mails."""
    name = f"{len(mails)} mails" if folder == root else folder.name
    return Export(folder, name, "mail_folder", _relative(folder.parent if folder != root else folder, root), mails)


def _dump(folder: Path, files: tuple[Path, ...], shape: str, root: Path) -> Export:
    """The files of one shape in one folder, which are one export."""
    if len(files) == 1:
        return Export(files[0], files[0].name, shape, _relative(folder, root), files)
    name = f"{len(files)} files" if folder == root else folder.name
    return Export(folder, name, shape, _relative(folder, root), files)


def _from_file(path: Path, settings: Settings, root: Path, beside: dict[Path, str | None]) -> Export | Refusal:
    shape = _shape(path, settings)
    if shape is None:
        return _refusal(path)
    if shape == "linkedin_archive" and _is_inbox_name(path):
        members = (path, *(file for file in beside if file.name.lower() in archive.COMPANION_NAMES))
        return Export(path, f"{path.parent.name}/{path.name}", shape, _relative(path.parent, root), members)
    members = (path,) if shape == "mail_folder" or reader_of(shape) else ()
    return Export(path, path.name, shape, _relative(path.parent, root), members)


def _relative(folder: Path, root: Path) -> str:
    try:
        inside = folder.resolve().relative_to(root.resolve()).as_posix()
    except ValueError:
        return ""
    return "" if inside == "." else inside


def _in_archive(path: Path, inbox: Path | None) -> bool:
    return inbox is not None or _in_named_archive(path)


def _in_named_archive(path: Path) -> bool:
    """In a folder that LinkedIn's zip was unpacked to, or one level below it (Jobs, Articles)."""
    return any(ARCHIVE_FOLDER.search(parent.name) for parent in path.parents[:2])


def _is_companion(path: Path, *, in_archive: bool) -> bool:
    """Whether a file is just another part of an unpacked LinkedIn archive."""
    if not in_archive or _is_inbox_name(path):
        return False
    if _in_named_archive(path):
        return path.suffix.lower() != ".zip"
    stem = normal(path.stem)
    return path.suffix.lower() in (".csv", ".html") and bool(SIBLINGS.match(stem) or LINKEDIN_FILES.match(stem))


def _refusal(path: Path) -> Refusal:
    try:
        message, waiting = _advice(path)
    except archive.HalfWrittenError as error:
        message, waiting = str(error), True
    except InputError as error:
        message, waiting = str(error), False
    except BaseException as error:
        if not is_failure(error):
            raise
        message, waiting = f"cannot be opened ({type(error).__name__}). Check the file and its permissions.", False
    text = message if message.startswith(path.name) else f"{path.name}: {message}"
    return Refusal(path, path.name, text, waiting)


def _advice(path: Path) -> tuple[str, bool]:
    """Why a file is not read and what to do, and whether it may still be growing."""
    suffix = path.suffix.lower()
    limits.check_size(path)
    if suffix in UNFINISHED_SUFFIXES:
        return "a download that is not finished. It waits for the next run.", True
    if path.stat().st_size == 0:
        return "the file is empty. Export it again.", False
    if suffix == ".zip":
        archive.zip_head(path, 1)
        return (
            "its messages.csv has no columns of a LinkedIn archive. Unpack it and hand in the files.",
            False,
        )
    if suffix in MAIL_ADVICE:
        return MAIL_ADVICE[suffix], False
    if suffix not in SUFFIXES:
        kinds = (
            "CSV, JSON lines, Parquet or XLSX (with a [[tables]] mapping), a LinkedIn archive, or mails (mbox, .eml)"
        )
        return f"files ending in {suffix!r} are not read. Hand in {kinds}.", False
    return _table_advice(path, {normal(name) for name in columns_of(path)}), False


def _table_advice(path: Path, columns: set[str]) -> str:
    stem = normal(path.stem)
    if {"subject", "body", "from: (name)"} <= columns:
        return (
            "an Outlook CSV has neither dates nor conversations in it: nothing can be measured from it. "
            "Export with dates and thread ids from the mail system, as CSV, and map its columns."
        )
    if SIBLINGS.match(stem):
        return "LinkedIn's own assistant wrote these, not people. Hand in messages.csv of the same archive."
    if path.suffix.lower() == ".csv" and LINKEDIN_FILES.match(stem):
        return "a part of a LinkedIn archive, without its messages.csv beside it. Hand in the whole archive."
    if path.suffix.lower() in WORKBOOK_SUFFIXES:
        return f"a workbook needs a mapping. {INSPECT}"
    if not columns:
        return f"no columns can be seen in it. {INSPECT}"
    return f"its columns are not ours ({len(columns)} found), and no [[tables]] mapping fits its name. {INSPECT}"
