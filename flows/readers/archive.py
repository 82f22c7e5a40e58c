"""The files of a LinkedIn archive, out of a zip or a folder: found by exact name, read in memory."""

from __future__ import annotations

import hashlib
import lzma
import os
import struct
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from flows.readers import limits
from flows.readers.reading import Export
from schemas.errors import InputError

MESSAGES_NAMES = ("messages.csv", "inbox.csv")
COMPANION_NAMES = ("invitations.csv", "profile.csv", "connections.csv")
RATIO_LIMIT = 200
"""Unpacked bytes per packed byte, for members above RATIO_FREE."""
RATIO_FREE = 16 << 20
_END_BYTES = 70_000
"""In so many last bytes a zip says how long its list of contents is."""


class HalfWrittenError(InputError):
    """The file ends too early: it may still be growing."""


@dataclass(frozen=True)
class Member:
    """One file of an archive."""

    name: str
    data: bytes


def members(export: Export) -> dict[str, Member]:
    """The files that are read, by lower-case base name; the messages file is always `messages.csv`.

    Raises InputError where there is none, or the zip is not safe to open.
    """
    if export.path.suffix.lower() == ".zip":
        return zip_members(export.path)
    return {key: Member(path.name, limits.read_bytes(path)) for key, path in files_read(export).items()}


def files_read(export: Export) -> dict[str, Path]:
    """The paths behind `members`, for exports that are no zip."""
    found = {path.name.lower(): path for path in export.members if path.name.lower() in COMPANION_NAMES}
    if export.path.is_file():
        return {"messages.csv": export.path, **found}
    by_name = {path.name.lower(): path for path in export.members}
    for name in MESSAGES_NAMES:
        if name in by_name:
            return {"messages.csv": by_name[name], **found}
    raise InputError(f"{export.path.name}: no messages.csv in this folder. Hand in the whole archive.")


def zip_members(path: Path) -> dict[str, Member]:
    """The files of a zipped archive that are read, as `members` gives them."""
    with open_zip(path) as archive:
        return {key: _read_member(archive, info) for key, info in _entries(archive, path.name).items()}


def open_zip(path: Path) -> zipfile.ZipFile:
    """The zip, opened. Raises HalfWrittenError where its end is missing, InputError where it is no zip."""
    try:
        _check_directory(path)
        return zipfile.ZipFile(path)
    except InputError:
        raise
    except Exception as error:
        with path.open("rb") as stream:
            begins_well = stream.read(4) in (b"PK\x03\x04", b"PK\x03\x04"[: path.stat().st_size])
        if begins_well:
            raise HalfWrittenError(f"{path.name}: the zip is incomplete. It waits for the next run.") from error
        raise InputError(f"{path.name}: not a zip file. Download it again.") from error


def zip_head(path: Path, size: int) -> bytes:
    """The first bytes of the messages file inside a zip. Raises InputError as `members` does."""
    with open_zip(path) as archive:
        entry = _entries(archive, path.name)["messages.csv"]
        return _unpacked(archive, entry, size)


def digest(paths: dict[str, Path]) -> str:
    """sha256 over names and contents; where the files lie does not matter."""
    whole = hashlib.sha256()
    for name, path in sorted(paths.items()):
        whole.update(f"{name}\0{file_digest(path)}\0".encode())
    return whole.hexdigest()


def file_digest(path: Path) -> str:
    """sha256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _check_directory(path: Path) -> None:
    """Raises InputError where the list of contents is longer than any archive's: all of it is read first."""
    with path.open("rb") as stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(0, size - _END_BYTES))
        tail = stream.read()
    for mark, offset, form in ((b"PK\x05\x06", 12, "<L"), (b"PK\x06\x06", 40, "<Q")):
        at = tail.rfind(mark)
        if at < 0 or at + offset + struct.calcsize(form) > len(tail):
            continue
        (length,) = struct.unpack_from(form, tail, at + offset)
        if limits.ZIP_DIRECTORY_BYTES < length <= size:
            raise InputError(f"{path.name}: too many files in it. Hand in the archive as it was downloaded.")


def _entries(archive: zipfile.ZipFile, label: str) -> dict[str, zipfile.ZipInfo]:
    infos = [info for info in archive.infolist() if not info.is_dir() and "__MACOSX" not in info.filename]
    found = _beside_messages(infos, label)
    for info in found.values():
        _check_safe(info, label)
    if sum(info.file_size for info in found.values()) > limits.FILE_BYTES:
        raise limits.too_large(label)
    return found


def _beside_messages(infos: Iterable[zipfile.ZipInfo], label: str) -> dict[str, zipfile.ZipInfo]:
    by_place: dict[PurePosixPath, zipfile.ZipInfo] = {}
    for info in infos:
        place = PurePosixPath(info.filename.replace("\\", "/").lower())
        if place in by_place and place.name in (*MESSAGES_NAMES, *COMPANION_NAMES):
            raise InputError(
                f"{label}: {place.name} is twice in it, and nothing says which one counts. Export it again."
            )
        by_place[place] = info
    for name in MESSAGES_NAMES:
        places = sorted(place for place in by_place if place.name == name)
        if len(places) > 1:
            raise InputError(f"{label}: {len(places)} files called {name} in it. Unpack it and hand in each archive.")
        if places:
            folder = places[0].parent
            companions = {n: by_place[folder / n] for n in COMPANION_NAMES if folder / n in by_place}
            return {"messages.csv": by_place[places[0]], **companions}
    if any(place.suffix == ".zip" for place in by_place):
        raise InputError(f"{label}: a zip inside a zip. Unpack the outer one and hand in the inner one.")
    raise InputError(
        f"{label}: no messages.csv in it. For LinkedIn, ask for an archive that includes messages; "
        "unpack other zips and hand in the files."
    )


def _check_safe(info: zipfile.ZipInfo, label: str) -> None:
    place = PurePosixPath(info.filename.replace("\\", "/"))
    if place.is_absolute() or ".." in place.parts or ":" in info.filename:
        raise InputError(f"{label}: a file in it has an unsafe path. Do not use this zip; download the export again.")
    if info.flag_bits & 0x1:
        raise InputError(f"{label}: protected by a password. Unpack it and hand in the folder.")
    if info.file_size > RATIO_FREE and info.file_size > RATIO_LIMIT * max(info.compress_size, 1):
        raise InputError(f"{label}: a file in it unpacks to more than {RATIO_LIMIT} times its size; it was not opened.")


def _read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Member:
    name = PurePosixPath(info.filename.replace("\\", "/")).name
    return Member(name, _unpacked(archive, info, info.file_size + 1))


def _unpacked(archive: zipfile.ZipFile, info: zipfile.ZipInfo, size: int) -> bytes:
    try:
        with archive.open(info) as stream:
            return stream.read(size)
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, RuntimeError, OSError) as error:
        # RuntimeError includes compression methods Python cannot undo.
        raise InputError(f"{info.filename}: damaged inside the zip. Download the export again.") from error
