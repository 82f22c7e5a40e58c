"""An end for runs that would never end, so that one stuck night does not hold up all the others."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from schemas.errors import OverdueError

GRACE_SECONDS = 300.0


@contextmanager
def deadline(
    hours: float, *, grace_seconds: float = GRACE_SECONDS, last_words: Callable[[], None] = lambda: None
) -> Iterator[None]:
    """Raises OverdueError inside after `hours`; ends the process with `last_words` if that is of no use either.

    The first needs the main thread, and code that comes back to Python now and then: DuckDB does, a hanging disk does
    not. A process that is ended leaves the last snapshot whole.
    """
    is_over = False

    def ask(_signal: int, _frame: FrameType | None) -> NoReturn:
        nonlocal is_over
        is_over = True
        raise OverdueError(f"Ended after {hours:g} hours, the [schedule] timeout_hours; the last snapshot stays.")

    clock = threading.Timer(hours * 3600 + grace_seconds, _end, [last_words])
    clock.daemon = True
    clock.start()
    is_main = threading.current_thread() is threading.main_thread()
    earlier = signal.signal(signal.SIGALRM, ask) if is_main else None
    try:
        if is_main:
            signal.setitimer(signal.ITIMER_REAL, hours * 3600)
        yield
    except OverdueError:
        raise
    except Exception as error:
        # A library that was interrupted says so in an error of its own.
        if is_over:
            raise OverdueError(f"Ended after {hours:g} hours, the [schedule] timeout_hours.") from error
        raise
    finally:
        clock.cancel()
        if is_main:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, earlier)


def _end(last_words: Callable[[], None]) -> None:
    try:
        last_words()
    finally:
        os._exit(1)
