"""Tells the operator of a night that failed: by mail or webhook, once, in words that name nobody."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from http.client import HTTPException
from typing import Any, Literal
from urllib.parse import urlsplit

from flows import journal, mailing, store
from flows.config import LOOPBACK, AlarmSettings, MailSettings, Settings, is_safe_webhook, load_settings
from flows.failures import failure_of
from flows.pipeline import RunReport
from flows.store import Home
from schemas.errors import DeliveryError, OverdueError, UsageError

WEBHOOK_VARIABLE = "TALKSHARE_ALARM_WEBHOOK"
WEBHOOK_TIMEOUT_SECONDS = 15
WAITS_SECONDS = (2.0, 10.0)
REMEMBERED = "alarm.json"


@dataclass(frozen=True)
class Alarm:
    """What is told. Two alarms with one `key` are the same, and the second is not sent."""

    key: str
    severity: Literal["failure", "warning", "test"]
    what: str
    """nightly, weekly, run, status: what failed."""
    reason: str
    advice: str
    """The command to run next."""
    at: datetime
    step: str | None = None
    error: str | None = None

    def headline(self) -> str:
        """One line."""
        if self.severity == "failure":
            return f"{self.what} failed" + (f" {self.step}" if self.step else "")
        return {"warning": f"{self.what}: look at this", "test": "test of the alarm"}[self.severity]

    def text(self) -> str:
        """A few lines for people."""
        lines = [self.headline(), f"Reason: {self.reason}.".replace("..", "."), f"Next: {self.advice}"]
        return "\n".join([*lines, f"At: {self.at:%Y-%m-%d %H:%M} UTC"])


def send_alarm(
    home: Home,
    settings: Settings,
    alarm: Alarm,
    *,
    environment: Mapping[str, str] = os.environ,
    sleep: Callable[[float], None] = time.sleep,
) -> list[str]:
    """Send it to `[alarm] recipients` and webhook; returns a line for each, without addresses, none if it was told.

    It is written down in `logs/alarms.jsonl` first, also where nobody is to hear of it. What goes wrong on one way is
    told and does not close the other.
    """
    if not _is_news(home, alarm):
        return []
    lines = []
    for name, way in _ways(home, settings, environment, sleep).items():
        try:
            way(alarm)
        except (DeliveryError, UsageError) as error:
            lines.append(f"{name}: not sent: {error}")
        else:
            lines.append(f"{name}: sent")
    if lines:
        told = {line.partition(": not")[0].partition(": sent")[0]: line.endswith(": sent") for line in lines}
        journal.append(home.logs / journal.ALARMS, {"key": alarm.key, "at": alarm.at, "sent": told})
    return lines


def _is_news(home: Home, alarm: Alarm) -> bool:
    """Writes the alarm down, unless it stands there; where it cannot be written, twice is better than never."""
    path = home.logs / journal.ALARMS
    try:
        with (home.logs / ".alarms.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if any(line.get("key") == alarm.key for line in journal.lines(path)):
                return False
            journal.append(path, asdict(alarm))
    except OSError:
        return True
    return True


Way = Callable[[Alarm], None]


def _ways(
    home: Home, settings: Settings, environment: Mapping[str, str], sleep: Callable[[float], None]
) -> dict[str, Way]:
    ways: dict[str, Way] = {}
    for number, recipient in enumerate(settings.alarm.recipients, 1):
        ways[f"mail {number}"] = lambda alarm, to=recipient: mailing.send_letter(  # type: ignore[misc]
            home, settings.mail, _letter(settings, alarm, to), environment=environment, sleep=sleep
        )
    if address := environment.get(WEBHOOK_VARIABLE) or settings.alarm.webhook:
        ways["webhook"] = lambda alarm: _post(address, _message(settings, alarm), sleep)
    return ways


def _letter(settings: Settings, alarm: Alarm, recipient: str) -> EmailMessage:
    letter = EmailMessage()
    letter["Subject"] = f"[{settings.alarm.name}] {alarm.headline()}"
    letter["From"], letter["To"] = settings.mail.sender, recipient
    letter["Date"] = format_datetime(alarm.at)
    # The default would name this machine.
    letter["Message-ID"] = make_msgid(domain="talkshare.invalid")
    letter["Auto-Submitted"] = "auto-generated"
    letter.set_content(alarm.text())
    return letter


def _message(settings: Settings, alarm: Alarm) -> bytes:
    facts = asdict(alarm) | {"name": settings.alarm.name, "text": f"[{settings.alarm.name}] {alarm.text()}"}
    return json.dumps(facts, default=str).encode()


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirected POST would arrive as a GET without its content, somewhere else."""

    def redirect_request(self, *_arguments: Any) -> None:
        return None


def _post(address: str, content: bytes, sleep: Callable[[float], None]) -> None:
    """Post JSON. Raises DeliveryError; the address may hold a secret and is not in it."""
    if not is_safe_webhook(address):
        raise UsageError("the webhook is not an https:// address (http:// is for this machine alone)")
    handlers: list[urllib.request.BaseHandler] = [_NoRedirect()]
    if urlsplit(address).hostname in LOOPBACK:
        handlers.append(urllib.request.ProxyHandler({}))
    opener = urllib.request.build_opener(*handlers)
    request = urllib.request.Request(address, content, {"Content-Type": "application/json", "User-Agent": "talkshare"})
    for wait in (*WAITS_SECONDS, None):
        try:
            with opener.open(request, timeout=WEBHOOK_TIMEOUT_SECONDS):
                return
        except urllib.error.HTTPError as error:
            problem, may_pass = f"it answered {error.code}", error.code >= 500 or error.code == 429
        except (OSError, HTTPException, ValueError) as error:
            cause = getattr(error, "reason", error)
            problem, may_pass = f"it cannot be reached ({type(cause).__name__})", True
        if wait is None or not may_pass:
            raise DeliveryError(problem)
        sleep(wait)


# What is told


def failure_alarm(home: Home, what: str, key: str, error: dict[str, str], *, since: datetime) -> Alarm:
    """The alarm of a run of `what` that began at `since` and ended in `error` (see `failure_of`)."""
    return Alarm(
        key=key,
        severity="failure",
        what=what,
        reason=error["reason"],
        advice=error["advice"],
        at=datetime.now(UTC),
        step=_where(home, since),
        error=error["error"],
    )


def _where(home: Home, since: datetime) -> str | None:
    """The step it failed in or, for a process that was ended, the last it finished."""
    for line in journal.lines(home.logs / journal.STEPS):
        with contextlib.suppress(KeyError, ValueError, TypeError):
            if datetime.fromisoformat(line["at"]) < since:
                return None
            return f"{'in' if line['status'] == 'failed' else 'after'} {line['step']}"
    return None


def warn_of_refused(home: Home, settings: Settings, report: RunReport, *, what: str) -> list[str]:
    """One warning for the exports that this run is the first to refuse; how many, never which."""
    refused = [file for file in report.files if file.status == "refused"]
    if not (settings.alarm.refused and refused):
        return []
    # Hashed with the store's key: a name that somebody guesses cannot be looked for in the log.
    secret = store.derived_key(store.id_key(home), "alarm")
    keys = {hashlib.sha256(f"{secret} {file.name} {file.message}".encode()).hexdigest()[:24] for file in refused}
    told = {key for line in journal.lines(home.logs / journal.ALARMS) for key in line.get("exports", ())}
    if not (news := sorted(keys - told)):
        return []
    lines = send_alarm(
        home,
        settings,
        Alarm(
            key=f"refused {report.run_id}",
            severity="warning",
            what=what,
            reason=f"{len(news)} export{'s' if len(news) > 1 else ''} refused; the others were taken in",
            advice="talkshare status; it says which, and what to do",
            at=datetime.now(UTC),
        ),
    )
    journal.append(home.logs / journal.ALARMS, {"key": f"told {report.run_id}", "exports": news})
    return lines


@contextmanager
def telling(home: Home, what: str, *, wanted: bool, say: Callable[[str], None]) -> Iterator[Callable[[], None]]:
    """Sends an alarm, if `wanted`, of what fails inside; the failure goes on as it is, whatever becomes of the alarm.

    Yields what tells of a run that took too long and has to be ended without an error.
    """
    began = datetime.now(UTC)

    def told(failure: dict[str, str]) -> None:
        if wanted:
            tell(home, what, f"{what} {began.isoformat()}", failure, since=began, say=say)

    try:
        yield lambda: told(failure_of(OverdueError()))
    except Exception as error:
        told(failure_of(error))
        raise


def tell(
    home: Home, what: str, key: str, failure: dict[str, str], *, since: datetime, say: Callable[[str], None]
) -> None:
    """Send the alarm of a failure; what goes wrong on the way is said, and hides nothing."""
    try:
        settings = settings_for(home)
        for line in send_alarm(home, settings, failure_alarm(home, what, key, failure, since=since)):
            say(f"alarm by {line}")
    except Exception as error:
        say(f"alarm not sent: {type(error).__name__}")


# Settings that a broken settings file does not take away


def remember(home: Home, settings: Settings) -> None:
    """Keep where alarms go, for the night on which the settings cannot be read."""
    content = json.dumps(
        {"alarm": settings.alarm.model_dump(mode="json"), "mail": settings.mail.model_dump(mode="json")}
    )
    path = home.private / REMEMBERED
    with contextlib.suppress(OSError):
        if not path.exists() or path.read_text(encoding="utf-8") != content:
            store.write_private(path, content)


def settings_for(home: Home) -> Settings:
    """The settings, or the `[alarm]` and `[mail]` that were last good."""
    try:
        return load_settings(home.root)
    except (UsageError, OSError):
        path = home.private / REMEMBERED
        kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        return Settings(alarm=AlarmSettings(**kept.get("alarm", {})), mail=MailSettings(**kept.get("mail", {})))
