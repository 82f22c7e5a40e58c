"""Splits an mbox file into mails without holding it: only a whole separator line after a blank line parts two."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

MAIL_LIMIT = 8 << 20
"""Bytes kept of one mail; texts come first, and what follows are attachments that nobody reads."""
LINE_LIMIT = 1 << 20
"""Bytes read at once, where a file has no line ends."""

_SEPARATOR = re.compile(
    rb"From \S+.{0,40}?\s(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d "
    rb"\d\d:\d\d(?::\d\d)?(?: [-+A-Z]\S*)? \d{4}(?: [-+A-Z]\S*)?\s*"
)
_ESCAPED = re.compile(rb"(?m)^>(>*From )")
_BLANK = (b"\n", b"\r\n")


def is_separator(line: bytes) -> bool:
    """`From somebody Mon Mar  4 11:20:34 2024`, with a zone before or after the year; no sentence that begins so."""
    return line.startswith(b"From ") and bool(_SEPARATOR.fullmatch(line))


def is_mbox(path: Path) -> bool:
    """Whether the file begins as an mbox does, whatever it is called."""
    with path.open("rb") as stream:
        return is_separator(stream.readline(LINE_LIMIT))


def places(stream: BinaryIO) -> Iterator[tuple[int, int]]:
    """Where each mail of an mbox file begins and how long it is, without its separator."""
    begin, after_blank, at = -1, True, 0
    while line := stream.readline(LINE_LIMIT):
        if after_blank and is_separator(line):
            if begin >= 0:
                yield begin, at - begin
            begin = at + len(line)
        at += len(line)
        after_blank = line in _BLANK
    if begin >= 0:
        yield begin, at - begin


def mail_at(stream: BinaryIO, begin: int, length: int, *, limit: int = MAIL_LIMIT) -> bytes:
    """One mail, or its first `limit` bytes; `>From`, which writers of mbox files put for `From`, is put back."""
    stream.seek(begin)
    return _ESCAPED.sub(rb"\1", stream.read(min(length, limit)))
