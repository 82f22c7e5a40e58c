"""The objects of a JSON file one by one, however they are wrapped: an array, JSON lines, or a list inside an object."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import ijson
from ijson.common import ObjectBuilder

from schemas.errors import InputError

DEEPEST = 64
"""Levels of objects and arrays; no export nests deeper, and hostile ones do."""
LARGEST_RECORD = 1 << 24
"""Characters of all the texts of one object."""
WRAPPERS = ("results", "data")
"""Names under which the answer of an API holds its list."""
_BUFFER = 1 << 16
_LIST = ""
"""In place of a key, for an array."""


@dataclass
class Records:
    """The objects of the file at `path`, with only one of them in memory.

    `under`: where in an object the list lies (`("chats", "list")`). By default the file is an array, JSON lines, one
    object, or an object that holds its list in one of `WRAPPERS`.
    """

    path: Path
    under: tuple[str, ...] = ()
    is_cut: bool = field(default=False, init=False)
    """Known after the last object: the file goes on, and cannot be read on."""

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Raises InputError where nothing can be read, or an object is larger or deeper than any export's."""
        self.is_cut = is_any = False
        with self.path.open("rb") as stream:
            try:
                for record in _Scan(self.under).objects(_as_utf8(stream)):
                    is_any = True
                    yield record
            except (ijson.JSONError, UnicodeError) as error:
                if not is_any:
                    raise InputError("it is not JSON, or is cut off. Export it again.") from error
                self.is_cut = True


def first_object(head: bytes, under: tuple[str, ...] = ()) -> dict[str, Any]:
    """The first object, or what can be seen of it, in the first bytes of a JSON file; empty where there is none."""
    scan = _Scan(under)
    with suppress(ijson.JSONError, UnicodeError, InputError):
        return next(scan.objects(_as_utf8(io.BytesIO(head))), {})
    return scan.seen()


class _Scan:
    """Puts objects together from the parser's events; what lies outside of them is passed over, never kept."""

    def __init__(self, under: tuple[str, ...]) -> None:
        self.under = under
        self.keys: list[str] = []
        """The place: of each container that is open the key it is at, or `_LIST`."""
        self.builder: ObjectBuilder | None = None
        self.level = 0
        self.size = 0

    def seen(self) -> dict[str, Any]:
        found = getattr(self.builder, "value", None)
        return found if isinstance(found, dict) else {}

    def objects(self, stream: Any) -> Iterator[dict[str, Any]]:
        for event, value in ijson.basic_parse(stream, use_float=True, multiple_values=True, buf_size=_BUFFER):
            if event == "map_key":
                self.keys[-1] = value
            if event == "start_map" and self.builder is None and self._is_place():
                self.builder, self.level, self.size = ObjectBuilder(), len(self.keys), 0
            if event == "start_array" and self.level == 0 and self._wraps():
                self.builder = None
            if self.builder:
                self.builder.event(event, value)
                self._measure(value)
            if event in ("start_map", "start_array"):
                self.keys.append(_LIST)
                if len(self.keys) > DEEPEST:
                    raise InputError(f"an object in it nests deeper than {DEEPEST} levels: no export does.")
            elif event in ("end_map", "end_array"):
                self.keys.pop()
                if self.builder and len(self.keys) == self.level:
                    found, self.builder = self.builder.value, None
                    inner = found.get("data") if len(found) == 1 else None
                    yield inner if isinstance(inner, dict) else found

    def _is_place(self) -> bool:
        if self.under:
            return self.keys == [*self.under, _LIST]
        return self.keys in ([], [_LIST], *([name, _LIST] for name in WRAPPERS))

    def _wraps(self) -> bool:
        """Whether the list that begins is that of an object which only wraps it."""
        return not self.under and len(self.keys) == 1 and self.keys[0] in WRAPPERS

    def _measure(self, value: Any) -> None:
        self.size += len(value) if isinstance(value, str) else 0
        if self.size > LARGEST_RECORD:
            raise InputError(f"an object in it holds more than {LARGEST_RECORD >> 20} million characters.")


class _FromUtf16:
    """What PowerShell and spreadsheets write, as the parser wants it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream = stream
        self.decoder = codecs.getincrementaldecoder("utf-16")()

    def read(self, size: int) -> bytes:
        while size and (data := self.stream.read(size)):
            if text := self.decoder.decode(data):
                return text.encode()
        return b""


def _as_utf8(stream: IO[bytes]) -> Any:
    start = stream.read(3)
    if start[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        stream.seek(0)
        return _FromUtf16(stream)
    stream.seek(3 if start == codecs.BOM_UTF8 else 0)
    return stream
