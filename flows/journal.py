"""Logs of JSON lines: one file each, its owner's only, of bounded size."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

RUNS = "runs.jsonl"
STEPS = "steps.jsonl"
ALARMS = "alarms.jsonl"

LARGEST_BYTES = 2_000_000
KEPT = 3
"""Full files kept beside the one that is written."""


def append(path: Path, record: Mapping[str, Any], *, largest: int = LARGEST_BYTES) -> None:
    """Add one line. A log that cannot be written, on a full disk for example, stops nothing."""
    with contextlib.suppress(OSError):
        if path.exists() and path.stat().st_size >= largest:
            _turn_over(path)
        write_line(path, record)


def write_line(path: Path, record: Mapping[str, Any]) -> None:
    """Add one line; raises OSError. A line that a killed process left half written stays a line of its own."""
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), "ab+") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(size - 1, 0))
        start = b"" if file.read() in (b"", b"\n") else b"\n"
        file.write(start + json.dumps(record, default=str).encode() + b"\n")


def _turn_over(path: Path) -> None:
    older = [path, *(path.with_name(f"{path.name}.{number}") for number in range(1, KEPT + 1))]
    for source, target in reversed(list(pairwise(older))):
        if source.exists():
            source.replace(target)


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """What was written, newest first; a half-written line is left out."""
    for file in (path, *(path.with_name(f"{path.name}.{number}") for number in range(1, KEPT + 1))):
        text = file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""
        for line in reversed(text.splitlines()):
            with contextlib.suppress(ValueError):
                record = json.loads(line)
                if isinstance(record, dict):
                    yield record
