"""An end for runs that would never end, so that one stuck night does not hold up all the others."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

EXIT_CODE = 1


@contextmanager
def deadline(hours: float, *, last_words: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Ends this process after `hours`, with `last_words`, if what is done inside has not come to an end.

    Nothing is raised inside: a library that hangs hears no exception, and DuckDB, broken off in its work by one, hung
    in 1 of 8 tries. A run that is killed leaves the last snapshot whole, and the next one says that it was interrupted.
    """
    clock = threading.Timer(hours * 3600, _end, [hours, last_words])
    clock.daemon = True
    clock.start()
    try:
        yield
    finally:
        clock.cancel()


def _end(hours: float, last_words: Callable[[], None]) -> None:
    try:
        print(
            f"talkshare: ended after {hours:g} hours, the [schedule] timeout_hours; the last snapshot stays. "
            "logs/steps.jsonl says how long each step took.",
            file=sys.stderr,
            flush=True,
        )
        last_words()
    finally:
        os._exit(EXIT_CODE)
