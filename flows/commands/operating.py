"""Commands for whoever keeps the nights running."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated

from cyclopts import Parameter

from flows.commands import HomeOption, home_of, opened, say
from schemas.errors import DeliveryError, NothingToDoError, StaleError, UsageError

JsonFlag = Annotated[bool, Parameter(name="--json", negative="", help="As JSON.")]


def status(
    *,
    as_json: JsonFlag = False,
    max_age: str | None = None,
    alarm: Annotated[
        bool, Parameter(name="--alarm", negative="", help="With --max-age: send an alarm as well, once a day.")
    ] = False,
    home: HomeOption = None,
) -> int:
    """Say what ran, how fresh the snapshot is, what failed, what waits, and which exports are in the store.

    Parameters
    ----------
    max_age
        Only say whether the snapshot is younger than this (90m, 26h, 2d), in one line; exit code 10 if it is not.
    """
    now = datetime.now(UTC)
    if max_age is not None:
        return _status_of_age(max_age, as_json=as_json, alarm=alarm, home=home, now=now)
    if alarm:
        raise UsageError("--alarm belongs to --max-age.")
    from flows.status import status_of, status_text

    place, settings = opened(home)
    facts = status_of(place, settings, now=now)
    print(json.dumps(facts, default=str, indent=2) if as_json else status_text(facts))
    return 0


def _status_of_age(max_age: str, *, as_json: bool, alarm: bool, home: HomeOption, now: datetime) -> int:
    from flows.alarms import tell
    from flows.failures import failure_of
    from flows.status import check_freshness, duration

    place, longest = home_of(home), duration(max_age)
    stale = None
    try:
        line = check_freshness(place, longest, now=now)
    except StaleError as error:
        line, stale = str(error), error
    print(json.dumps({"is_fresh": stale is None, "message": line}) if as_json else line)
    if stale is None:
        return 0
    if alarm:
        tell(place, "status", f"stale {now:%Y-%m-%d}", failure_of(stale), since=now, say=say)
    return stale.exit_code


def alarm(
    *,
    test: Annotated[bool, Parameter(name="--test", negative="", help="Send a test.")] = False,
    unit: str | None = None,
    home: HomeOption = None,
) -> None:
    """Send an alarm to `[alarm]` recipients and webhook: a test, or that a service of the system's failed.

    Parameters
    ----------
    unit
        The service that failed, for the OnFailure= of a systemd unit.
    """
    from flows.alarms import Alarm, send_alarm, settings_for

    if test == (unit is not None):
        raise UsageError("Give --test, or --unit NAME for a service that failed; not both.")
    place, now = home_of(home), datetime.now(UTC)
    if not place.private.exists():
        raise NothingToDoError(f"{place.root}: no talkshare home here. Make one with `talkshare init`.")
    told = Alarm(
        key=f"{unit or 'test'} {now.isoformat()}",
        severity="failure" if unit else "test",
        what=unit or "test",
        reason="the service ended with a failure" if unit else "somebody tried whether alarms arrive",
        advice="talkshare status; then the service's own log" if unit else "nothing, it arrived",
        at=now,
        error="ServiceFailed" if unit else None,
    )
    lines = send_alarm(place, settings_for(place), told)
    if not lines:
        raise UsageError(
            "Nobody is to hear of alarms: set [alarm] recipients or webhook; see `talkshare init --print`."
        )
    print(*lines, sep="\n")
    if not all(line.endswith(": sent") for line in lines):
        raise DeliveryError("Not every alarm was sent; see above.")


def doctor(*, as_json: JsonFlag = False, home: HomeOption = None) -> int:
    """Check the installation and the home: pins, dictionary, disk, permissions, settings, store, snapshot, schedules.

    Exit code 1 if a check failed; a warning is none. Nothing is changed, and nothing is sent.
    """
    from flows.doctor import examine

    findings = examine(home_of(home), now=datetime.now(UTC))
    if as_json:
        print(json.dumps([vars(finding) for finding in findings], indent=2))
    else:
        print(*(finding.line() for finding in findings), sep="\n")
    return int(any(finding.state == "fail" for finding in findings))


def serve(*, home: HomeOption = None, nightly_cron: str | None = None) -> None:
    """Run the schedules in this process until it is stopped, without a worker.

    Parameters
    ----------
    nightly_cron
        Replaces the nightly schedule of the settings, for trying it out.
    """
    from flows import serving
    from flows.alarms import remember

    place, settings = opened(home)
    place.create()
    remember(place, settings)
    serving.prepare_environment(place)
    say(
        f"talkshare: serving nightly ({nightly_cron or settings.schedule.nightly}) and weekly "
        f"({settings.schedule.weekly}), {settings.time_zone}; stop with Ctrl-C."
    )
    serving.serve(place, settings, nightly_cron=nightly_cron, say=say)
