"""Runs one function of ours in a process of its own, with bounded memory and time: what hangs there harms nobody.

DuckDB and Polars answer no signal inside a long operator, and end the process when memory runs out. A process can be
ended from outside whatever it is doing.
"""

from __future__ import annotations

import importlib
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from schemas import errors
from schemas.errors import TalkshareError, UsageError

THREADS = "2"
"""Threads take memory of their own; a machine with many cores should bound the same."""

_DONE, _SAID = b"+", b"-"


class ConfinedError(Exception):
    """The process ended without an answer; the message says at which bound, and nothing of what it was given."""


def confined(function: str, arguments: Sequence[Any], *, memory: int, seconds: float) -> bytes:
    """What `module:function` answers to the arguments (they go as JSON); `memory` in bytes, above what it starts with.

    A TalkshareError it raises is raised here. Raises ConfinedError where it needs more memory or time, or dies.
    """
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "POLARS_MAX_THREADS": THREADS}
    task = {"function": function, "arguments": list(arguments), "memory": memory, "seconds": seconds}
    try:
        done = subprocess.run(
            [sys.executable, "-m", "flows.confined"],
            input=json.dumps(task).encode(),
            stdout=subprocess.PIPE,
            # Libraries print what they choke on, which may be somebody's words.
            stderr=subprocess.DEVNULL,
            env=environment,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ConfinedError(f"it took longer than {seconds:.0f} seconds") from error
    mark, answer = done.stdout[:1], done.stdout[1:]
    if mark == _SAID:
        name, message = json.loads(answer)
        raise getattr(errors, name, UsageError)(message)
    if mark != _DONE or done.returncode != 0:
        raise ConfinedError(f"it needs more than {memory >> 20:,} MB of memory, or a library failed on it")
    return answer


def to_bytes(frame: pl.DataFrame) -> bytes:
    """A frame as a function of ours may answer with it."""
    stream = io.BytesIO()
    frame.write_ipc(stream)
    return stream.getvalue()


def to_frame(answer: bytes) -> pl.DataFrame:
    """The frame behind `to_bytes`."""
    return pl.read_ipc(io.BytesIO(answer))


def _bound(memory: int, seconds: float) -> None:
    """What every system can bound; where one is unknown (memory on macOS), the time still is."""
    import resource

    held = _held_bytes()
    resource.setrlimit(resource.RLIMIT_DATA, (held + memory, held + memory))
    # Nothing is written: the answer goes through a pipe, which this does not count.
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Ends even a process whose parent is gone.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(int(seconds) + 2)


def _held_bytes() -> int:
    """Writable memory the process has by now."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[5]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 1 << 30


def _serve() -> None:
    task = json.load(sys.stdin)
    module, _, name = task["function"].partition(":")
    # Whatever a library prints must not end up in the answer.
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    function = getattr(importlib.import_module(module), name)
    _bound(task["memory"], task["seconds"])
    try:
        answer = _DONE + function(*task["arguments"])
    except TalkshareError as error:
        answer = _SAID + json.dumps([type(error).__name__, str(error)]).encode()
    output.write(answer)
    output.flush()
    os._exit(0)


if __name__ == "__main__":
    _serve()
