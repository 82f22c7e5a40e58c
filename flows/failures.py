"""What may be said of a failure where others read it: in alarms, logs and Prefect's database.

An error's own message is for whoever runs the command: it may name files, and files are named after people. Elsewhere
stands a sentence of ours for its class, and what to do.
"""

from __future__ import annotations

import errno

from schemas.errors import (
    AuditError,
    BusyError,
    DeliveryError,
    InputError,
    NothingToDoError,
    OverdueError,
    StaleError,
    TalkshareError,
    UsageError,
)

_LOOK = "talkshare doctor"
_SAID: dict[type[BaseException], tuple[str, str]] = {
    UsageError: ("the settings or the state of the home do not allow it", f"{_LOOK}; it says what to correct"),
    InputError: ("an export cannot be read as it stands", "talkshare status"),
    NothingToDoError: ("there is nothing published yet", "talkshare run"),
    BusyError: ("another run or program holds the home", "talkshare status; when it is free, talkshare run"),
    DeliveryError: ("a mail was not sent", "talkshare report --send; it says to whom and why"),
    OverdueError: (
        "it took longer than [schedule] timeout_hours and was ended",
        "talkshare status; logs/steps.jsonl says how long each step took",
    ),
    MemoryError: ("there is too little memory", f"{_LOOK}; give it more memory, then talkshare run"),
    KeyboardInterrupt: ("it was stopped", "talkshare run"),
}
_DISK = {
    errno.ENOSPC: ("the disk is full", f"{_LOOK}; make room, then talkshare run"),
    errno.EDQUOT: ("the disk quota is used up", f"{_LOOK}; make room, then talkshare run"),
    errno.EROFS: ("the disk can only be read", f"{_LOOK}; make it writable, then talkshare run"),
    errno.EACCES: ("a file or folder of the home may not be used", f"{_LOOK}; it says which"),
    errno.EPERM: ("a file or folder of the home may not be used", f"{_LOOK}; it says which"),
}
_UNWRITTEN = ("the database could not read or write a file; the disk may be full", f"{_LOOK}; then talkshare run")
# DuckDB's own failures are no OSError, and DuckDB has another door: they are known by name.
_BY_NAME = {
    "StorageError": (
        "the disk or the memory gave out, or a file of the home is damaged",
        f"{_LOOK}; then talkshare run",
    ),
    **dict.fromkeys(("IOException", "TransactionException", "FatalException"), _UNWRITTEN),
    "OutOfMemoryException": ("the database ran out of memory, or of disk in its place", f"{_LOOK}; then talkshare run"),
}
_UNEXPECTED = "it failed in a way nobody foresaw"
_AT_A_TERMINAL = "talkshare run at a terminal; it shows the message"


class StepError(TalkshareError):
    """A failure as Prefect may keep it: `reason` in our words, `error` the class that failed."""

    def __init__(self, failure: dict[str, str], *, may_pass: bool) -> None:
        super().__init__(f"{failure['error']}: {failure['reason']}. Next: {failure['advice']}.")
        self.failure = failure
        self.may_pass = may_pass


def failure_of(error: BaseException) -> dict[str, str]:
    """`error` (its class), `reason` and `advice`: nothing of it is taken from the data, a path or the settings."""
    if isinstance(error, StepError):
        return error.failure
    reason, advice = _reason(error)
    return {"error": type(error).__name__, "reason": reason, "advice": advice}


def _reason(error: BaseException) -> tuple[str, str]:
    if isinstance(error, AuditError):
        # Made of our own tables, expectations and counts.
        return str(error), "talkshare run --rebuild"
    if isinstance(error, StaleError):
        return str(error), "talkshare status"
    for known, said in _SAID.items():
        if isinstance(error, known):
            return said
    if isinstance(error, OSError):
        return _DISK.get(error.errno or 0, ("a file could not be read or written", f"{_LOOK}; then talkshare run"))
    return _BY_NAME.get(type(error).__name__, (_UNEXPECTED, _AT_A_TERMINAL))


def without_names(error: Exception) -> StepError:
    """The error as it may leave this process."""
    if isinstance(error, StepError):
        return error
    may_pass = isinstance(error, OSError | BusyError) or type(error).__name__ in _BY_NAME
    return StepError(failure_of(error), may_pass=may_pass)
