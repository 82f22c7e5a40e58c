"""Sends the weekly mail: one a week and recipient, and none when the numbers may be wrong."""

from __future__ import annotations

import contextlib
import os
import smtplib
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from pathlib import Path
from zoneinfo import ZoneInfo

from flows import backups, store
from flows.config import MailSettings, Settings
from flows.reporting import WeekReport
from flows.store import Connection, Home
from schemas.errors import DeliveryError, UsageError

PASSWORD_VARIABLE = "TALKSHARE_SMTP_PASSWORD"
PORTS = {"starttls": 587, "tls": 465, "none": 25}
WAITS_SECONDS = (2.0, 10.0, 30.0)
"""Between attempts, where the server or the way to it is at fault for the moment."""
TIMEOUT_SECONDS = 30
STALE_AFTER = timedelta(days=7)


def send_report(
    home: Home,
    settings: Settings,
    report: WeekReport,
    *,
    now: datetime,
    to: Sequence[str] = (),
    again: bool = False,
    is_newest: bool = True,
    sleep: Callable[[float], None] = time.sleep,
    environment: Mapping[str, str] = os.environ,
) -> list[str]:
    """Mail the week to `to`, else to `[mail] recipients`; returns a line a recipient, without addresses in full.

    Who has this week's mail is left out, unless `again`. `is_newest`: nobody asked for this week by its date, so a
    snapshot that has not been renewed for a week is an error. Raises DeliveryError, with nothing sent, where the last
    run failed or the snapshot is too old; and after the others were served, where a server refused somebody. Raises
    BusyError while a run is under way.
    """
    mail = settings.mail
    sender, recipients = _sender(mail), _recipients(mail, to)
    if not mail.host:
        raise UsageError("[mail] host is not set, so there is no server to send through; see `talkshare init --print`.")
    password = _password(mail, home, environment)
    lines, failures = [], []
    # Held to the end: a rebuild under way would leave its store without the record of what is sent now.
    with store.only_run(home):
        with closing(store.open_store(home)) as connection:
            _refuse_doubtful(connection, report, now=now, is_newest=is_newest)
            for recipient in recipients:
                name = _name(recipient)
                if not again and (earlier := _earlier(connection, report, recipient)):
                    lines.append(f"{name}: {earlier}")
                    continue
                letter = _letter(report, sender, recipient)
                try:
                    _send_once(connection, report, recipient, letter, mail, password, now=now, sleep=sleep)
                except DeliveryError as error:
                    failures.append(f"{name}: {error}")
                else:
                    lines.append(f"{name}: sent")
        backups.keep_history(home, now=now)
    if failures:
        raise DeliveryError("; ".join([*failures, *lines]))
    return lines


def write_mails(
    home: Home,
    settings: Settings,
    report: WeekReport,
    *,
    now: datetime,
    to: Sequence[str] = (),
    is_newest: bool = True,
) -> list[Path]:
    """What would be sent, as `weekly-1.eml` and so on beside the report; nothing is sent or recorded.

    Raises DeliveryError as `send_report` does.
    """
    sender = _sender(settings.mail) if settings.mail.sender else Address("", "talkshare", "localhost")
    recipients = _recipients(settings.mail, to)
    with store.only_run(home), closing(store.open_store(home)) as connection:
        _refuse_doubtful(connection, report, now=now, is_newest=is_newest)
    for earlier in report.path.parent.glob("weekly-*.eml"):
        earlier.unlink()
    paths = []
    for place, recipient in enumerate(recipients, 1):
        path = report.path.with_name(f"weekly-{place}.eml")
        path.touch(mode=0o600)
        path.write_bytes(_letter(report, sender, recipient).as_bytes())
        paths.append(path)
    return paths


def send_letter(
    home: Home,
    mail: MailSettings,
    letter: EmailMessage,
    *,
    environment: Mapping[str, str] = os.environ,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Send a letter to its one recipient, tried again where that may help; not recorded. Raises DeliveryError."""
    password = _password(mail, home, environment)
    for wait in (*WAITS_SECONDS, None):
        problem, is_passing = _attempt(letter, mail, password)
        if not problem:
            return
        if not is_passing or wait is None:
            raise DeliveryError(problem)
        sleep(wait)


def reach(home: Home, mail: MailSettings, *, environment: Mapping[str, str] = os.environ) -> None:
    """Connect and log in, and send nothing. Raises DeliveryError, and UsageError for a password that is not there."""
    try:
        with _connected(mail, _password(mail, home, environment)):
            return
    except OSError as error:
        raise DeliveryError(_what_went_wrong(error, mail.host)[0]) from error


# Who, and whether at all


def _sender(mail: MailSettings) -> Address:
    if not mail.sender:
        raise UsageError("[mail] sender is not set; write the address the report comes from.")
    return _address(mail.sender)


def _recipients(mail: MailSettings, to: Sequence[str]) -> list[Address]:
    if not (to or mail.recipients):
        raise UsageError("Nobody is to get the mail: set [mail] recipients, or give --to.")
    found: dict[str, Address] = {}
    for address in map(_address, to or mail.recipients):
        found.setdefault(_key(address), address)
    return list(found.values())


def _address(text: str) -> Address:
    from reports.addresses import address_of, masked

    address = address_of(text)
    if address is None:
        raise UsageError(f"{masked(text)!r} is no mail address; write ana@example.org.")
    return address


def _key(recipient: Address) -> str:
    return recipient.addr_spec.casefold()


def _name(recipient: Address) -> str:
    from reports.addresses import masked

    return masked(recipient.addr_spec)


def _letter(report: WeekReport, sender: Address, recipient: Address) -> EmailMessage:
    from reports.mail import message

    return message(report.page, sender=sender, recipient=recipient, pdf=report.pdf)


def _password(mail: MailSettings, home: Home, environment: Mapping[str, str]) -> str | None:
    if not mail.user:
        return None
    if value := environment.get(PASSWORD_VARIABLE):
        return value
    if mail.password_file is None:
        raise UsageError(f"[mail] user is set, and no password: set {PASSWORD_VARIABLE}, or [mail] password_file.")
    path = home.root / mail.password_file
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise UsageError(f"{path}: the mail server's password cannot be read ({error.strerror}).") from error


def _refuse_doubtful(connection: Connection, report: WeekReport, *, now: datetime, is_newest: bool) -> None:
    """Raises DeliveryError where the newest run failed, or the snapshot is too old for this week."""
    runs = connection.execute("select status, started_at from runs order by run_no desc limit 1").fetchall()
    if not runs or runs[0][0] != "published":
        when = f" of {runs[0][1]:%Y-%m-%d %H:%M} UTC" if runs else ""
        raise DeliveryError(
            f"Nothing was sent: the last run{when} did not pass its checks or was cut short, so the numbers may be old "
            "or wrong. Look with `talkshare status`, run again, then send."
        )
    published = report.published_at.astimezone(ZoneInfo(report.page["facts_of_week"]["time_zone"]))
    made = f"the snapshot is of {published:%Y-%m-%d %H:%M}"
    if published.date() < report.week + timedelta(days=7):
        raise DeliveryError(
            f"Nothing was sent: {made}, before the week of {report.week} was over. Run again, then send."
        )
    if is_newest and now - published > STALE_AFTER:
        raise DeliveryError(f"Nothing was sent: {made}, older than a week. Run again, then send, or name a --week.")


# Once


def _earlier(connection: Connection, report: WeekReport, recipient: Address) -> str:
    """What is known of an earlier mail of the week to this recipient; empty without one."""
    rows = connection.execute(
        "select sent_at from mails_sent where week = ? and recipient = ?", [report.week, _key(recipient)]
    ).fetchall()
    if not rows:
        return ""
    if rows[0][0] is None:
        return "not sent, since an earlier attempt was cut short and may have arrived; --again sends it again"
    return f"has it since {rows[0][0]:%Y-%m-%d %H:%M} UTC; --again sends it again"


def _send_once(
    connection: Connection,
    report: WeekReport,
    recipient: Address,
    letter: EmailMessage,
    mail: MailSettings,
    password: str | None,
    *,
    now: datetime,
    sleep: Callable[[float], None],
) -> None:
    """Try until the server takes it, refuses it for good, or the waits are used up.

    The record is written before each attempt and taken back when it fails: a process that dies in between leaves a mark
    and no second mail.
    """
    key = [report.week, _key(recipient)]
    for wait in (*WAITS_SECONDS, None):
        connection.execute(
            "insert or replace into mails_sent values (?, ?, ?, ?, null)", [*key, letter["Message-ID"], now]
        )
        problem, is_passing = _attempt(letter, mail, password)
        if not problem:
            connection.execute("update mails_sent set sent_at = ? where week = ? and recipient = ?", [now, *key])
            return
        connection.execute("delete from mails_sent where week = ? and recipient = ?", key)
        if not is_passing or wait is None:
            raise DeliveryError(f"not sent: {problem}")
        sleep(wait)


def _attempt(letter: EmailMessage, mail: MailSettings, password: str | None) -> tuple[str, bool]:
    """One attempt: what went wrong (empty if nothing), and whether it may pass by itself."""
    try:
        with _connected(mail, password) as server:
            server.send_message(letter)
    except OSError as error:
        return _what_went_wrong(error, mail.host)
    return "", False


def _what_went_wrong(error: OSError, host: str | None) -> tuple[str, bool]:
    """The failure on one line, addresses cut down; and whether it may pass: the server says so, or is not reached."""
    from reports.addresses import masked

    match error:
        case smtplib.SMTPRecipientsRefused():
            [(code, answer)] = error.recipients.values()
            return _said(code, answer), 400 <= code < 500
        case smtplib.SMTPResponseException():
            return _said(error.smtp_code, error.smtp_error), 400 <= error.smtp_code < 500
        case smtplib.SMTPServerDisconnected():
            return f"the mail server {host} hung up", True
        case smtplib.SMTPException():
            return f"the mail server {host} cannot do what is asked of it: {masked(str(error))}", False
        case ssl.SSLCertVerificationError():
            return f"the certificate of {host} is not trusted: {error.verify_message}", False
        case _:
            return f"the mail server {host} cannot be reached: {error.strerror or error}", True


@contextmanager
def _connected(mail: MailSettings, password: str | None) -> Iterator[smtplib.SMTP]:
    host, port = mail.host or "", mail.port or PORTS[mail.tls]
    trusted = ssl.create_default_context()
    server: smtplib.SMTP
    if mail.tls == "tls":
        server = smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_SECONDS, context=trusted)
    else:
        server = smtplib.SMTP(host, port, timeout=TIMEOUT_SECONDS)
    try:
        if mail.tls == "starttls":
            server.starttls(context=trusted)
        if mail.user and password is not None:
            server.login(mail.user, password)
        yield server
    finally:
        # A farewell that goes wrong must not make a mail that was taken look like one that was not.
        with contextlib.suppress(OSError):
            server.quit()
        server.close()


def _said(code: int, text: bytes | str) -> str:
    """A server's answer on one line, its addresses cut down."""
    from reports.addresses import NOT_FOR_HEADERS, masked

    answer = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return f"the mail server answered {code} {masked(NOT_FOR_HEADERS.sub(' ', answer)).strip()}"
