"""Commands for whoever keeps the nights running."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated

from cyclopts import Parameter

from flows.commands import HomeOption, opened, say


def status(
    *,
    as_json: Annotated[bool, Parameter(name="--json", negative="", help="As one JSON object.")] = False,
    home: HomeOption = None,
) -> None:
    """Say what ran last, how fresh the snapshot is, what waits in the inbox, and which exports are in the store."""
    from flows.answers import status_of, status_text

    place, settings = opened(home)
    facts = status_of(place, settings, now=datetime.now(UTC))
    print(json.dumps(facts, default=str, indent=2) if as_json else status_text(facts))


def serve(*, home: HomeOption = None, nightly_cron: str | None = None) -> None:
    """Run the schedules in this process until it is stopped, without a worker.

    Parameters
    ----------
    nightly_cron
        Replaces the nightly schedule of the settings, for trying it out.
    """
    from flows import serving

    place, settings = opened(home)
    place.create()
    serving.prepare_environment(place)
    say(
        f"talkshare: serving nightly ({nightly_cron or settings.schedule.nightly}) and weekly "
        f"({settings.schedule.weekly}), {settings.time_zone}; stop with Ctrl-C."
    )
    serving.serve(place, settings, nightly_cron=nightly_cron)
