"""The state of a home: what ran, what waits, how fresh the snapshot is, and what went wrong last."""

from __future__ import annotations

import contextlib
import re
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flows import journal, serving, store
from flows.config import Settings
from flows.readers.discover import discover
from flows.store import Home
from schemas.errors import BusyError, NothingToDoError, StaleError, TalkshareError, UsageError
from sql.frames import fetch

RUNS_SHOWN = 5
CLOCK_TOLERANCE = timedelta(minutes=5)
CLOCK_MARK = "clock-seen"
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def status_of(home: Home, settings: Settings, *, now: datetime) -> dict[str, Any]:
    """The runs, the snapshot's age, the schedules, what waits in the inbox, the exports in the store.

    Names are the user's own. Raises NothingToDoError if there is no home yet.
    """
    if not home.private.exists():
        raise NothingToDoError(
            f"{home.root}: no talkshare home here. Make one with `talkshare init --home {home.root}`."
        )
    facts: dict[str, Any] = {"home": str(home.root), "snapshot": None, "last_run": None, "exports": [], "runs": []}
    if home.snapshot.exists():
        facts["snapshot"] = _snapshot_of(home, now)
    facts["running"] = _is_running(home)
    if home.database.exists() and not facts["running"]:
        facts |= _in_store(home)
    facts["last_failure"] = last_failure(home)
    facts["warnings"] = next((line.get("warnings") for line in journal.lines(home.logs / journal.RUNS)), None)
    facts["schedule"] = schedule_of(home, settings, now=now)
    found, refused = discover(home.inbox, settings, root=home.inbox) if home.inbox.exists() else ([], [])
    facts["inbox"] = [{"name": export.name, "shape": export.shape} for export in found]
    facts["refused"] = [{"name": item.name, "message": item.message} for item in refused]
    return facts


def _snapshot_of(home: Home, now: datetime) -> dict[str, Any]:
    with closing(store.open_snapshot(home)) as connection:
        info = fetch(connection, "from snapshot_info").row(0, named=True)
    shown = ("n_threads", "n_approaches", "link_rate", "share_assumed_candidates", "share_with_subject")
    age = round((now - info["published_at"]).total_seconds() / 3600, 1)
    facts = {"path": str(home.snapshot), "published_at": info["published_at"], "age_hours": age}
    return facts | {name: info[name] for name in shown}


def _is_running(home: Home) -> bool:
    with contextlib.suppress(BusyError), store.only_run(home):
        return False
    return True


def _in_store(home: Home) -> dict[str, Any]:
    with closing(store.connect(home.database, read_only=True)) as connection:
        runs = fetch(connection, f"from runs order by run_no desc limit {RUNS_SHOWN}").to_dicts()
        steps = fetch(
            connection,
            f"""select run_id, step, seconds from run_steps
            where run_id in (select run_id from runs order by run_no desc limit {RUNS_SHOWN})
            order by run_id, step_no""",
        ).to_dicts()
        exports = fetch(
            connection,
            "select file_id, name, shape, rows_in, rows_set_aside, rows_excluded, observed_until, first_seen_at "
            "from readings order by first_seen_at, name",
        ).to_dicts()
    for run in runs:
        run["steps"] = {step["step"]: step["seconds"] for step in steps if step["run_id"] == run["run_id"]}
    return {"runs": runs, "last_run": runs[0] if runs else None, "exports": exports}


def last_failure(home: Home) -> dict[str, Any] | None:
    """The newest failure in the logs: at, what, error, reason, advice, and `is_mended` if a run published since."""
    runs = list(journal.lines(home.logs / journal.RUNS))
    failed = [
        {"at": run["finished_at"], "what": run["kind"]} | {key: run[key] for key in ("error", "reason", "advice")}
        for run in runs
        if "error" in run
    ]
    told = [
        {key: line[key] for key in ("at", "what", "error", "reason", "advice", "step")}
        for line in journal.lines(home.logs / journal.ALARMS)
        if line.get("severity") == "failure"
    ]
    newest = max([*failed[:1], *told[:1]], key=lambda failure: failure["at"], default=None)
    if newest is None:
        return None
    published = [run["finished_at"] for run in runs if run["status"] == "published"]
    return newest | {"is_mended": any(at > newest["at"] for at in published)}


def schedule_of(home: Home, settings: Settings, *, now: datetime) -> dict[str, Any]:
    """Each schedule's cron and its next time, and who serves them, if anybody does."""
    served = serving.served_by(home)
    crons = {"nightly": settings.schedule.nightly, "weekly": settings.schedule.weekly}
    if served:
        crons = served.get("schedules", crons)
    times = {name: {"cron": cron, "next": next_time(cron, settings, now)} for name, cron in crons.items()}
    return {"served": served} | times


def next_time(cron: str, settings: Settings, now: datetime) -> datetime:
    """When the schedule fires next, in UTC."""
    from cronsim import CronSim

    return next(CronSim(cron, now.astimezone(ZoneInfo(settings.time_zone)))).astimezone(UTC)


def status_text(facts: dict[str, Any]) -> str:
    """The facts of `status_of` as lines for people."""
    lines = [f"home      {facts['home']}", *_snapshot_lines(facts["snapshot"])]
    if facts["running"]:
        lines.append("running   a run is under way; its exports and counts are shown when it is done")
    lines += _run_lines(facts)
    lines += _failure_lines(facts["last_failure"])
    lines += _schedule_lines(facts["schedule"])
    lines += [f"waiting   {item['name']} ({item['shape']})" for item in facts["inbox"]]
    lines += [f"refused   {item['message']}" for item in facts["refused"]]
    lines += [
        f"export    {item['file_id'][:12]}  {item['rows_in']:>8,} rows  seen until "
        f"{item['observed_until']:%Y-%m-%d}  {item['name']}"
        if item["observed_until"]
        else f"export    {item['file_id'][:12]}  {item['rows_in']:>8,} rows  {item['name']}"
        for item in facts["exports"]
    ]
    return "\n".join(lines)


def _snapshot_lines(snapshot: dict[str, Any] | None) -> list[str]:
    if not snapshot:
        return ["snapshot  none yet: put exports into the inbox and run `talkshare run`"]
    shares = {
        "outcomes that link": snapshot["link_rate"],
        "candidates assumed": snapshot["share_assumed_candidates"],
        "LinkedIn threads with a subject": snapshot["share_with_subject"],
    }
    return [
        f"snapshot  {snapshot['published_at']:%Y-%m-%d %H:%M} UTC, {snapshot['age_hours']} hours old: "
        f"{snapshot['n_threads']:,} threads, {snapshot['n_approaches']:,} approaches",
        *(f"          {name}: {share:.0%}" for name, share in shares.items() if share is not None),
    ]


def _run_lines(facts: dict[str, Any]) -> list[str]:
    last = facts["last_run"]
    if not last:
        return []
    warnings = facts["warnings"]
    lines = [
        f"last run  {last['started_at']:%Y-%m-%d %H:%M} UTC, {last['kind']}: {last['status']}; "
        f"{last['rows_in']:,} rows in = {last['rows_kept']:,} kept + {last['rows_set_aside']:,} set aside "
        f"+ {last['rows_already_known']:,} already known + {last['rows_excluded']:,} excluded"
        + (f"; {warnings} warnings" if warnings else "")
    ]
    if last["steps"]:
        lines.append("          seconds: " + ", ".join(f"{step} {took:.1f}" for step, took in last["steps"].items()))
    lines += [
        f"before    {run['started_at']:%Y-%m-%d %H:%M} UTC, {run['kind']}: {run['status']}; {run['rows_in']:,} rows in"
        for run in facts["runs"][1:]
    ]
    return lines


def _failure_lines(failure: dict[str, Any] | None) -> list[str]:
    if failure is None:
        return []
    at = datetime.fromisoformat(failure["at"])
    where = f" {failure['step']}" if failure.get("step") else ""
    if failure["is_mended"]:
        return [
            f"failed    {at:%Y-%m-%d %H:%M} UTC, {failure['what']}{where}: {failure['reason']}; a run published since"
        ]
    return [
        f"failed    {at:%Y-%m-%d %H:%M} UTC, {failure['what']}{where}: {failure['reason']}",
        f"next      {failure['advice']}",
    ]


def _schedule_lines(schedule: dict[str, Any]) -> list[str]:
    served = schedule["served"]
    if served is None:
        return ["schedule  nobody serves it here (`talkshare serve`); a timer of the system's, or a worker, may"]
    times = ", ".join(f"{name} next {schedule[name]['next']:%Y-%m-%d %H:%M} UTC" for name in ("nightly", "weekly"))
    since = f" since {served['since'][:16].replace('T', ' ')} UTC by process {served['process']}" if served else ""
    return [f"schedule  {times}; served{since}"]


# How fresh


def duration(text: str) -> timedelta:
    """`90m`, `26h`, `2d`. Raises UsageError for anything else."""
    found = re.fullmatch(r"(\d{1,6}(?:\.\d{1,3})?)\s*([mhd])", text.strip().lower())
    if not found or not float(found[1]):
        raise UsageError(f"--max-age {text}: not a length of time; write 90m, 26h or 2d.")
    return timedelta(**{_UNITS[found[2]]: float(found[1])})


def check_freshness(home: Home, longest: timedelta, *, now: datetime) -> str:
    """A line on how old the snapshot is. Raises StaleError if it is older than `longest`, missing, or of the future.

    A clock that was set back makes everything look younger, so the latest time seen is kept and time has to go on.
    """
    if not home.snapshot.exists():
        raise StaleError("stale: there is no snapshot. Look with `talkshare status`, then `talkshare run`.")
    try:
        published_at = _snapshot_of(home, now)["published_at"]
    except TalkshareError as error:
        raise StaleError("stale: the snapshot cannot be read. `talkshare doctor` says why.") from error
    latest = max(published_at, _latest_seen(home, now))
    if latest > now + CLOCK_TOLERANCE:
        what = "the snapshot is of" if latest == published_at else "the home was last looked at on"
        raise StaleError(
            f"stale: {what} {_minute(latest)} UTC and the clock says {_minute(now)}, so no age can be told. "
            f"Set the clock; if it is right now, delete logs/{CLOCK_MARK} and run `talkshare run`."
        )
    age = now - published_at
    said = f"the snapshot of {_minute(published_at)} UTC is {_hours(age):.1f} hours old"
    if age > longest:
        raise StaleError(f"stale: {said}, {_hours(longest):g} hours are allowed. {_why(home, published_at)}")
    return f"fresh: {said}"


def _minute(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M}"


def _hours(length: timedelta) -> float:
    return length.total_seconds() / 3600


def _latest_seen(home: Home, now: datetime) -> datetime:
    """The latest time this was asked at; keeps `now` if it is later."""
    path = home.logs / CLOCK_MARK
    latest = now
    with contextlib.suppress(OSError, ValueError):
        latest = datetime.fromisoformat(path.read_text().strip())
    if latest <= now:
        with contextlib.suppress(OSError):
            path.touch(mode=0o600)
            path.write_text(now.isoformat())
    return latest


def _why(home: Home, published_at: datetime) -> str:
    failure = last_failure(home)
    if failure and datetime.fromisoformat(failure["at"]) > published_at:
        return f"The last failure: {failure['reason']}. Next: {failure['advice']}."
    return "No run failed since, so none ran: is `talkshare serve`, the timer or cron alive? `talkshare status`."
