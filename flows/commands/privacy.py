"""Commands for the rights of the people whose messages are held."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from flows.commands import HomeOption, clear_progress, opened, progress, say

UNREACHED = (
    "what it cannot reach: mails that were sent, copies of the snapshot or of reports made elsewhere, exports kept "
    "outside this home, file-system snapshots and backups of the machine, and what a message to or from somebody else "
    "says about the person"
)


def forget(
    candidate: str,
    *,
    home: HomeOption = None,
    in_advance: Annotated[
        bool, Parameter(negative="", help="Nobody is held under that yet: see to it that no export brings them in.")
    ] = False,
) -> None:
    """Erase a person: texts, identities and raw rows, everywhere under the home; then measure and publish without.

    Parameters
    ----------
    candidate
        An address, the URL of a profile, or an id (`p_...`, or as the source gives it).
    """
    from flows import pipeline

    place, settings = opened(home)
    _, done = pipeline.forget(place, settings, candidate, now=datetime.now(UTC), in_advance=in_advance)
    if done is None:
        print("tombstone  put up: no later export brings this person in")
        return
    print(
        f"forgotten  {done.conversations} conversations, {done.messages} messages; the approaches stay in the counts\n"
        f"exports    {done.exports} replaced by what may be kept of them"
    )
    for name, n in done.deleted.items():
        print(f"deleted    {n} {name}")
    for name in done.inbox:
        print(f"inbox      {name} shows the person: the next run reads it without them")
    for week, recipient in done.mails:
        print(f"mailed     {week} to {recipient}: a mail cannot be recalled")
    print(f"snapshot   {place.snapshot}\nnote: {UNREACHED}.")


def access(candidate: str, *, out: Annotated[Path, Parameter(name=["--out", "-o"])], home: HomeOption = None) -> None:
    """Write everything that is held about a person into a folder, for their owner only.

    Parameters
    ----------
    candidate
        An address, the URL of a profile, or an id.
    out
        A new folder.
    """
    from flows.held import write_held

    place, settings = opened(home)
    for path in write_held(place, settings, candidate, out, now=datetime.now(UTC)):
        print(path)


def rotate_key(*, home: HomeOption = None) -> None:
    """Change the key of the person ids: every export is kept anew, and all published ids change."""
    from flows import pipeline

    place, settings = opened(home)
    pipeline.rotate_key(place, settings, now=datetime.now(UTC), progress=progress())
    clear_progress()
    say("All person ids changed. Copies of the old snapshot cannot be joined with the new one any more.")
    print(f"snapshot  {place.snapshot}")
