"""The errors a user can meet: what happened, where, what to do; each class with its exit code."""

from __future__ import annotations


class TalkshareError(Exception):
    """Shown without a traceback; `exit_code` is what the command line returns."""

    exit_code = 1


class UsageError(TalkshareError):
    """The command or the configuration asks for something that cannot be."""

    exit_code = 2


class InputError(TalkshareError):
    """A file cannot be read as it stands; the others still run."""

    exit_code = 3


class NothingToDoError(TalkshareError):
    """There is no input, or nothing published yet."""

    exit_code = 4


class AuditError(TalkshareError):
    """A check on the finished tables failed; nothing was published."""

    exit_code = 5


class ForbiddenPairError(TalkshareError):
    """A metric may not be related to an outcome; `rule` names why."""

    exit_code = 6

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(f"{message} [rule: {rule}]")
        self.rule = rule


class BusyError(TalkshareError):
    """Another run holds this home."""

    exit_code = 7


class DeliveryError(TalkshareError):
    """A mail was not sent; the message says why, without an address in full."""

    exit_code = 8


class StorageError(TalkshareError):
    """The disk or the memory gave out, or a file of the home is damaged; what was published stays."""

    exit_code = 9


class StaleError(TalkshareError):
    """The snapshot is older than asked for, missing, or of the future."""

    exit_code = 10


class OverdueError(TalkshareError):
    """A run took longer than `[schedule] timeout_hours` and was ended."""
