"""The commands of `talkshare`, and what they share: the home they work on, and what they say while they do."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from flows.config import Settings, load_settings
from flows.store import Home
from schemas.errors import UsageError
from schemas.shown import shown

HomeOption = Annotated[
    Path | None,
    Parameter(name="--home", help="Folder that holds all state; default $TALKSHARE_HOME or ./talkshare-home."),
]

AlarmFlag = Annotated[
    bool,
    Parameter(name="--alarm", negative="", help="Send an alarm if it fails; without a terminal, it always does."),
]


def home_of(home: Path | None) -> Home:
    """The home that was named, else the environment's, else the one in the working folder."""
    return Home(home or Path(os.environ.get("TALKSHARE_HOME") or "talkshare-home"))


def opened(home: Path | None) -> tuple[Home, Settings]:
    """The home and its settings."""
    place = home_of(home)
    return place, load_settings(place.root)


def must_exist(path: Path) -> None:
    """Raises UsageError where there is no such file or folder."""
    if not path.exists():
        raise UsageError(f"{path}: no such file or folder.")


def say(text: str) -> None:
    """A message for the person at the terminal, apart from results; nothing in it can steer the terminal."""
    print("\n".join(map(shown, text.split("\n"))), file=sys.stderr)


def progress() -> Callable[[str], None]:
    """Shows on one line of a terminal what is being done; says nothing elsewhere."""
    if not sys.stderr.isatty():
        return lambda _: None
    width = shutil.get_terminal_size().columns - 1
    return lambda text: print(f"\r{text[:width]:<{width}}", end="", file=sys.stderr, flush=True)


def clear_progress() -> None:
    """Take the line of `progress` away."""
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr, flush=True)
