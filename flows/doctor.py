"""Examines an installation and a home: what would make a night fail, before it does, and what to do about it."""

from __future__ import annotations

import importlib.metadata
import json
import os
import shutil
import stat
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from flows import mailing, serving, store
from flows.alarms import WEBHOOK_VARIABLE
from flows.config import FILE_NAME, Settings, load_settings
from flows.status import CLOCK_TOLERANCE, next_time
from flows.store import Home
from schemas.errors import BusyError, TalkshareError, UsageError
from sql.frames import fetch
from sql.registry import FOLDER

OLDEST_PYTHON = (3, 11)
DICTIONARY = FOLDER / "lexicons" / "cmudict" / "corpora" / "cmudict" / "cmudict"
DICTIONARY_LINES = 100_000
LEAST_FREE_BYTES = 500_000_000
LATE_AFTER = timedelta(hours=3)
"""A night may take so long before its snapshot counts as late."""
CONSEQUENCES = {
    "fastapi": "from 0.151 deployments are refused, from 0.155 every flow fails",
    "sqlalchemy": "with 2.1 scheduled runs silently never fire",
    "prefect": "other versions were not tried, and 3.9 does not resolve",
    "great-expectations": "other versions talk to DuckDB otherwise",
    "vl-convert-python": "the charts were made for versions before 2",
}
UNWANTED = {"duckdb-engine": "its dialect shadows the working one, and its reflection is broken"}
FIX_INSTALLATION = "install from requirements.lock again: `make install`"

State = Literal["ok", "warn", "fail"]


@dataclass(frozen=True)
class Finding:
    """What one check found; `advice` where it is not ok."""

    check: str
    state: State
    message: str
    advice: str = ""

    def line(self) -> str:
        """As `talkshare doctor` prints it."""
        return f"{self.state:<5} {self.check:<12} {self.message}" + (f". {self.advice}." if self.advice else "")


@dataclass(frozen=True)
class Patient:
    """What is examined."""

    home: Home
    settings: Settings | None
    """None if they cannot be read, which is a finding of its own."""
    now: datetime
    environment: Mapping[str, str]


def examine(home: Home, *, now: datetime, environment: Mapping[str, str] = os.environ) -> list[Finding]:
    """Every check, on the installation, then on the home; a check that breaks has failed."""
    findings = [
        check_python(sys.version_info[:3]),
        *check_pins(_requirements()),
        check_dictionary(DICTIONARY),
        check_pdf(),
    ]
    try:
        settings = load_settings(home.root)
        shown = FILE_NAME if (home.root / FILE_NAME).exists() else f"no {FILE_NAME}: the defaults"
        findings.append(Finding("settings", "ok", shown))
    except (TalkshareError, OSError) as error:
        settings = None
        findings.append(Finding("settings", "fail", f"{error}".rstrip(".")))
    if not home.private.exists():
        return [*findings, Finding("home", "fail", f"{home.root}: no talkshare home", "Make one: `talkshare init`")]
    patient = Patient(home, settings, now, environment)
    for check in CHECKS:
        try:
            findings += check(patient)
        except (TalkshareError, OSError, RuntimeError, ValueError) as error:
            name = check.__name__.removeprefix("check_")
            findings.append(Finding(name, "fail", f"the check itself failed: {error}".rstrip(".")))
    return findings


# The installation


def check_python(version: Sequence[int]) -> Finding:
    """Old enough Pythons lack tomllib and more."""
    shown = ".".join(map(str, version[:3]))
    if tuple(version[:2]) < OLDEST_PYTHON:
        return Finding(
            "python", "fail", f"{shown}; 3.11 or newer is needed", "Set PYTHON=python3.12 and `make install`"
        )
    return Finding("python", "ok", shown)


def _requirements() -> list[str]:
    try:
        return importlib.metadata.requires("talkshare") or []
    except importlib.metadata.PackageNotFoundError:
        return []


def check_pins(requirements: Sequence[str]) -> list[Finding]:
    """Each requirement against what is installed, and what must not be."""
    from packaging.requirements import Requirement

    if not requirements:
        return [
            Finding(
                "pins", "fail", "talkshare is not installed as a package, so its pins are unknown", FIX_INSTALLATION
            )
        ]
    wanted = [Requirement(text) for text in requirements]
    needed = [requirement for requirement in wanted if not requirement.marker or requirement.marker.evaluate()]
    findings = [finding for requirement in needed if (finding := _pin(requirement.name, requirement.specifier))]
    for name, why in UNWANTED.items():
        if _installed(name):
            findings.append(Finding("pins", "fail", f"{name} is installed; {why}", f"`pip uninstall {name}`"))
    return findings or [Finding("pins", "ok", f"{len(needed)} packages as pinned")]


def _pin(name: str, specifier: object) -> Finding | None:
    found = _installed(name)
    if found is None:
        return Finding("pins", "fail", f"{name} is not installed ({specifier} is needed)", FIX_INSTALLATION)
    if specifier.contains(found, prereleases=True):  # type: ignore[attr-defined]
        return None
    why = f"; {CONSEQUENCES[name]}" if name in CONSEQUENCES else ""
    return Finding("pins", "fail", f"{name} {found} is installed, and {specifier} is needed{why}", FIX_INSTALLATION)


def _installed(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def check_dictionary(path: Path) -> Finding:
    """English readability counts syllables with it, and would try to download it."""
    try:
        lines = path.read_bytes().count(b"\n")
    except OSError as error:
        return Finding("cmudict", "fail", f"{path}: cannot be read ({error.strerror})", FIX_INSTALLATION)
    if lines < DICTIONARY_LINES:
        return Finding("cmudict", "fail", f"{path}: has {lines:,} lines, which is too few", FIX_INSTALLATION)
    return Finding("cmudict", "ok", f"{lines:,} lines")


def check_pdf() -> Finding:
    """weekly.pdf is an extra."""
    from reports.summary import check_library

    try:
        return Finding("pdf", "ok", f"WeasyPrint {check_library()}")
    except UsageError as error:
        said, _, advice = str(error).removeprefix("No weekly.pdf: ").partition(". ")
        return Finding("pdf", "warn", f"{said}; reports have no weekly.pdf", advice.rstrip("."))


# The home


def check_disk(patient: Patient, *, free: int | None = None) -> list[Finding]:
    """A night writes a work database and two snapshots beside the store, and a rebuild the store once more."""
    used = sum(path.stat().st_size for path in patient.home.root.rglob("*.duckdb*") if path.is_file())
    free = shutil.disk_usage(patient.home.root).free if free is None else free
    needed = max(LEAST_FREE_BYTES, 2 * used)
    shown = f"{_gigabytes(free)} free, the databases have {_gigabytes(used)}"
    if free < needed:
        state: State = "fail" if free < needed / 2 else "warn"
        return [Finding("disk", state, shown, f"Make room: {_gigabytes(needed)} may be needed in one night")]
    return [Finding("disk", "ok", shown)]


def _gigabytes(size: float) -> str:
    return f"{size / 1e9:.1f} GB"


def check_permissions(patient: Patient) -> list[Finding]:
    """Texts, names and keys are their owner's only, and this user can write."""
    home, findings = patient.home, []
    private = [
        home.private,
        home.exports,
        home.quarantine,
        home.logs,
        home.inbox,
        home.prefect,
        home.coaching,
        home.backups,
    ]
    files = [
        home.database,
        home.private / "id.key",
        home.root / FILE_NAME if _holds_addresses(patient) else home.database,
    ]
    for path in [*private, *dict.fromkeys(files)]:
        if path.exists() and (open_to := stat.S_IMODE(path.stat().st_mode) & 0o077):
            others = "others" if open_to & 0o007 else "the group"
            findings.append(Finding("permissions", "fail", f"{path}: open to {others}", f"`chmod go= {path}`"))
    if home.root.stat().st_mode & 0o077:
        findings.append(Finding("permissions", "warn", f"{home.root}: others see into it", f"`chmod go= {home.root}`"))
    for path in (home.root, *private, home.snapshot.parent, home.reports):
        if path.exists() and not os.access(path, os.R_OK | os.W_OK | os.X_OK):
            owner = f"`chown -R` the home to the user who runs talkshare, or `chmod u=rwx {path}`"
            findings.append(Finding("permissions", "fail", f"{path}: this user cannot write there", owner))
    return findings or [Finding("permissions", "ok", "private folders are their owner's only")]


def _holds_addresses(patient: Patient) -> bool:
    settings = patient.settings
    return bool(settings and (settings.mail.recipients or settings.alarm.recipients or settings.alarm.webhook))


def check_key(patient: Patient) -> list[Finding]:
    """Without the key of the person ids everybody becomes somebody else."""
    home = patient.home
    path = home.private / "id.key"
    where = f"in {store.KEY_VARIABLE}" if patient.environment.get(store.KEY_VARIABLE) else f"{path}"
    if patient.environment.get(store.KEY_VARIABLE) or (path.exists() and path.read_text().strip()):
        return [Finding("key", "ok", where)]
    if not home.database.exists():
        return [Finding("key", "ok", "none yet; the first run makes one")]
    advice = f"Put the key back (from a backup of {path}, or set {store.KEY_VARIABLE}), or `talkshare run --rebuild`"
    return [Finding("key", "fail", "the key of the person ids is gone, and the store was written with it", advice)]


def check_store(patient: Patient) -> list[Finding]:
    """Whether the next run can open it."""
    path = patient.home.database
    if not path.exists():
        return [Finding("store", "ok", "none yet; the first run makes it")]
    try:
        with store.only_run(patient.home), closing(store.connect(path, read_only=True)) as connection:
            version = connection.execute("select max(version) from store_version").fetchall()[0][0]
            readings = connection.execute("select count(*) from readings").fetchall()[0][0]
    except BusyError:
        return [Finding("store", "ok", "in use: a run is under way, or another program has it open")]
    except Exception as error:
        return [Finding("store", "fail", f"cannot be read: {error}".rstrip("."), "`talkshare run --rebuild`")]
    if version is None or version > store.STORE_VERSION:
        return [Finding("store", "fail", f"written by a newer talkshare (store {version})", "Install that version")]
    if version < store.STORE_VERSION:
        return [
            Finding("store", "warn", f"written by an older talkshare (store {version})", "The next run says what to do")
        ]
    return [Finding("store", "ok", f"version {version}, {readings} exports")]


def check_snapshot(patient: Patient) -> list[Finding]:
    """Whether it opens, and the night that should have renewed it did."""
    home, settings, now = patient.home, patient.settings, patient.now
    if not home.snapshot.exists():
        return [Finding("snapshot", "warn", "none yet", "Put exports into the inbox, then `talkshare run`")]
    try:
        with closing(store.open_snapshot(home)) as connection:
            published_at = fetch(connection, "select published_at from snapshot_info").row(0)[0]
    except Exception as error:
        return [Finding("snapshot", "fail", f"cannot be read: {error}".rstrip("."), "`talkshare run`")]
    shown = f"published {published_at:%Y-%m-%d %H:%M} UTC"
    if settings and next_time(settings.schedule.nightly, settings, published_at) + LATE_AFTER < now:
        advice = "`talkshare status` says what failed; if nothing did, nothing ran: see schedules below"
        return [Finding("snapshot", "warn", f"{shown}, and a night has passed since by [schedule] nightly", advice)]
    return [Finding("snapshot", "ok", shown)]


def check_leftovers(patient: Patient) -> list[Finding]:
    """What a run that was cut short leaves; the next one clears it or builds on it."""
    home = patient.home
    try:
        with store.only_run(home):
            folders = (home.private, home.snapshot.parent, home.exports)
            patterns = ("*.next", "*.rebuild", "*.wal", "work.duckdb*", "*/*.next")
            found = sorted({path for folder in folders for pattern in patterns for path in folder.glob(pattern)})
    except BusyError:
        return [Finding("leftovers", "ok", "a run is under way; not looked at")]
    if found:
        names = ", ".join(path.relative_to(home.root).as_posix() for path in found[:5])
        return [Finding("leftovers", "warn", f"{names}: a run was cut short", "`talkshare run` mends it")]
    return [Finding("leftovers", "ok", "none")]


def check_clock(patient: Patient) -> list[Finding]:
    """Files of the future mean that the clock was set back, or was wrong when they were written."""
    home, now = patient.home, patient.now
    written = [home.database, home.snapshot, *home.logs.glob("*.jsonl"), *home.reports.glob("*")]
    times = {path: datetime.fromtimestamp(path.stat().st_mtime, UTC) for path in written if path.exists()}
    newest = max(times, key=lambda path: times[path], default=None)
    if newest and times[newest] > now + CLOCK_TOLERANCE:
        said = f"{newest.relative_to(home.root)} is of {times[newest]:%Y-%m-%d %H:%M} UTC, in the future"
        return [Finding("clock", "fail", said, "Set the clock; if it is right now, `talkshare run` writes newer files")]
    return [Finding("clock", "ok", f"{now:%Y-%m-%d %H:%M} UTC")]


def check_schedules(patient: Patient) -> list[Finding]:
    """When the flows run next, and whether anybody is there to run them."""
    settings = patient.settings
    if settings is None:
        return [Finding("schedules", "fail", "unknown, since the settings cannot be read", "Correct the settings")]
    zone = ZoneInfo(settings.time_zone)
    times = ", ".join(
        f"{name} next {next_time(cron, settings, patient.now).astimezone(zone):%Y-%m-%d %H:%M %Z}"
        for name, cron in (("nightly", settings.schedule.nightly), ("weekly", settings.schedule.weekly))
    )
    served = serving.served_by(patient.home)
    address = patient.environment.get("PREFECT_API_URL") or (served or {}).get("api")
    if address:
        return [_server(address, times)]
    if served is not None:
        return [Finding("schedules", "ok", f"{times}; starting to be served")]
    advice = "Start `talkshare serve`, unless a timer or cron of the system's runs `talkshare run` (docs/operation.md)"
    return [Finding("schedules", "warn", "nobody serves them here", advice)]


def _server(address: str, times: str) -> Finding:
    request = urllib.request.Request(
        f"{address.rstrip('/')}/deployments/filter", b"{}", {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            names = {deployment["name"] for deployment in json.load(answer) if not deployment.get("paused")}
    except urllib.error.HTTPError as error:
        if error.code in (401, 403):
            return Finding("schedules", "warn", "Prefect's server asks for a login, so deployments were not looked at")
        return Finding("schedules", "fail", f"Prefect's server answered {error.code}", "Look at the server's log")
    except (OSError, ValueError) as error:
        cause = getattr(error, "reason", error)
        return Finding(
            "schedules", "fail", f"Prefect's server cannot be reached ({cause})", "Start it, or unset PREFECT_API_URL"
        )
    if missing := sorted({"nightly", "weekly"} - names):
        advice = "Start `talkshare serve`, or `prefect deploy --all` and a worker"
        return Finding(
            "schedules", "fail", f"Prefect's server has no active deployment {' and '.join(missing)}", advice
        )
    return Finding("schedules", "ok", times)


def check_mail(patient: Patient) -> list[Finding]:
    """Whether the mail server is there and lets us in; nothing is sent."""
    settings = patient.settings
    if settings is None or not settings.mail.host:
        return [Finding("mail", "ok", "not set up; reports are not mailed")]
    if not settings.mail.sender:
        return [Finding("mail", "fail", "[mail] sender is not set", "Write the address that mails come from")]
    try:
        mailing.reach(patient.home, settings.mail, environment=patient.environment)
    except TalkshareError as error:
        return [Finding("mail", "fail", f"{error}".rstrip("."), "See [mail] in the settings")]
    return [Finding("mail", "ok", f"{settings.mail.host} lets us in; nothing was sent")]


def check_alarm(patient: Patient) -> list[Finding]:
    """Whether anybody hears of a night that fails."""
    settings = patient.settings
    if patient.environment.get(WEBHOOK_VARIABLE) or (
        settings and (settings.alarm.recipients or settings.alarm.webhook)
    ):
        return [Finding("alarm", "ok", "set up; `talkshare alarm --test` tries it")]
    return [Finding("alarm", "warn", "nobody hears of a failed night", "Set [alarm] recipients or webhook")]


CHECKS: tuple[Callable[[Patient], Sequence[Finding]], ...] = (
    *(check_disk, check_permissions, check_key, check_store, check_snapshot, check_leftovers, check_clock),
    *(check_schedules, check_mail, check_alarm),
)
