"""The weekly mail as its readers get it, and what the sender does when a server or the numbers are in trouble."""

from __future__ import annotations

import re
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from flows import history, store
from flows.config import MailSettings, Settings
from flows.mailing import WAITS_SECONDS, send_report, write_mails
from flows.pipeline import run_record
from flows.reporting import WeekReport, write_report
from flows.store import Home
from reports.addresses import address_of, masked
from reports.mail import message
from reports.summary import as_pdf
from reports.weekly import ReportOptions, compose
from schemas.errors import BusyError, DeliveryError, UsageError
from tests import homes
from tests.loopback import Postbox, free_port, listening
from tests.test_report_weekly import OPTIONS, WEEK, Reader, data

ANA, BO = "ana.lopez@example.org", "Bo <bo@example.com>"
NOW = homes.NOW
STRUCTURE = """\
multipart/mixed
  multipart/alternative
    text/plain
    multipart/related
      text/html
      image/png
      image/png
  application/pdf
"""


@cache
def page(name: str = "effect") -> dict[str, Any]:
    return compose(data(name), week=WEEK, settings=OPTIONS)


@cache
def pdf() -> bytes:
    return as_pdf(page())


def letter(
    changed: dict[str, Any] | None = None, recipient: str = ANA, sender: str = "Ö <t@example.org>"
) -> EmailMessage:
    to, by = address_of(recipient), address_of(sender)
    assert to and by
    return message(changed or page(), sender=by, recipient=to, pdf=pdf())


def structure(mail: Any, depth: int = 0) -> str:
    parts = list(mail.iter_parts()) if mail.is_multipart() else []
    line = f"{'  ' * depth}{mail.get_content_type()}\n"
    return line + "".join(structure(part, depth + 1) for part in parts)


def text_of(mail: EmailMessage, kind: str) -> str:
    body = mail.get_body((kind,))
    assert body is not None
    return str(body.get_content())


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home whose newest run was published."""
    home = Home(tmp_path_factory.mktemp("mail") / "home").create()
    days = [datetime(2026, 10, 12, 9, tzinfo=UTC) + timedelta(days=day) for day in range(40)]
    rows = [
        (f"t{place}", f"{day:%Y-%m-%dT%H:%M:%SZ}", f"r{place % 2}", "recruiter", "Hi, may I ask you something?")
        for place, day in enumerate(days)
    ]
    homes.run(home, homes.write_messages(home.root / "given", rows))
    return home


@pytest.fixture
def home(published: Home, tmp_path: Path) -> Home:
    shutil.copytree(published.root, tmp_path / "home")
    return Home(tmp_path / "home")


@pytest.fixture
def report(home: Home) -> WeekReport:
    return WeekReport(page(), home.reports / "2026-W46" / "weekly.html", pdf())


def settings(mail: MailSettings, *recipients: str) -> Settings:
    return Settings(mail=mail.model_copy(update={"recipients": list(recipients or (ANA,))}))


def sent(home: Home) -> list[tuple[Any, ...]]:
    with closing(store.open_store(home)) as connection:
        return connection.execute("select recipient, sent_at from mails_sent order by all").fetchall()


def send(home: Home, report: WeekReport, given: Settings, **options: Any) -> list[str]:
    return send_report(home, given, report, **{"now": NOW, "sleep": lambda _: None, "environment": {}} | options)


# As it is received


def test_arrives_with_every_part_in_its_place(home: Home, report: WeekReport) -> None:
    postbox = Postbox()
    with listening(postbox) as mail:
        assert send(home, report, settings(mail, ANA, BO)) == ["a…@example.org: sent", "b…@example.com: sent"]
    assert [address for address, _ in postbox.mails] == [ANA, "bo@example.com"]
    [received, other] = postbox.letters()
    print(structure(received))
    assert structure(received) == STRUCTURE
    assert (received["To"], other["To"]) == (ANA, BO)
    assert received["Subject"].startswith(
        "More candidates replied than in a usual week · Candidate outreach, week of 9–15"
    )
    assert received["Auto-Submitted"] == "auto-generated"
    assert received["Date"].datetime == page()["facts_of_week"]["published_at"]
    assert received["Message-ID"] != other["Message-ID"]
    assert ANA not in other.as_string()
    attached = next(received.iter_attachments())
    assert (attached.get_filename(), attached.get_content()[:5]) == ("weekly-2026-W46.pdf", b"%PDF-")


def test_every_picture_is_in_the_mail_on_white_and_has_its_sentence() -> None:
    from PIL import Image

    mail = letter()
    reader = Reader(text_of(mail, "html"))
    pictures = [attributes for tag, attributes in reader.tags if tag == "img"]
    held = {part["Content-ID"].strip("<>"): part for part in mail.walk() if part["Content-ID"]}
    assert [picture["src"] for picture in pictures] == [f"cid:{name}" for name in held]
    assert all(len(picture["alt"] or "") > 30 for picture in pictures)
    import io

    for part in held.values():
        image = Image.open(io.BytesIO(part.get_content())).convert("RGBA")
        assert image.getpixel((0, image.height - 1)) == (255, 255, 255, 255)
        assert image.width >= 600
    assert not re.search(r"https?://|<script|<svg|<link", text_of(mail, "html"))


def test_the_text_says_everything_without_the_html() -> None:
    mail = letter()
    text = text_of(mail, "plain")
    assert all(" ".join(point.split()) in " ".join(text.split()) for point in page()["points"])
    assert "Not for employment decisions." in text
    assert "attached as PDF" in text
    assert max(map(len, text.splitlines())) <= 78
    without = message(page(), sender=mail["From"].addresses[0], recipient=mail["To"].addresses[0], pdf=None)
    assert "attached" not in text_of(without, "plain")
    assert "application/pdf" not in structure(without)


@pytest.mark.parametrize("name", ["usual", "refused", "nearly empty", "empty"])
def test_every_week_can_be_mailed(name: str) -> None:
    mail = letter(page(name))
    first = " ".join(page(name)["points"][0].split())
    assert first[:40] in " ".join(text_of(mail, "plain").split())
    finding, about = mail["Subject"].split(" · ")
    assert finding in first
    assert about == page(name)["head"]["title"]


def test_the_subject_names_what_is_unusual_where_replies_are_not() -> None:
    tiles = page("usual")["tiles"]
    odd = [item | {"is_odd": place == 4} for place, item in enumerate(tiles["items"])]
    changed = page("usual") | {"tiles": tiles | {"items": odd, "headline": "1 of 7 weekly figures lies outside"}}
    assert letter(changed)["Subject"].startswith("1 of 7 weekly figures lies outside · ")


def test_the_same_week_and_recipient_give_the_same_bytes() -> None:
    assert letter().as_bytes() == letter().as_bytes()
    assert letter().as_bytes() != letter(recipient=BO).as_bytes()
    assert letter()["Message-ID"] == letter(recipient="ANA.lopez@example.org")["Message-ID"]


HOSTILE = "Ours\r\nBcc: victim@example.org\n\n<script>alert(1)</script> =cmd 🦄 \u202egnp"


def test_a_title_can_neither_add_a_header_nor_a_tag() -> None:
    changed = compose(
        data("effect"), week=WEEK, settings=ReportOptions(title=HOSTILE, outcome_labels={"interview_90d": HOSTILE})
    )
    mail = message_from_bytes(letter(changed).as_bytes(), policy=policy.default)
    assert isinstance(mail, EmailMessage)
    assert mail["Bcc"] is None
    assert "🦄" in mail["Subject"] and "\u202e" not in mail["Subject"] and "\n" not in mail["Subject"]
    assert structure(mail) == STRUCTURE
    reader = Reader(text_of(mail, "html"))
    assert "script" not in {tag for tag, _ in reader.tags}
    assert reader.is_balanced


@pytest.mark.parametrize(
    "text", ["ana", "a@b\nBcc: c@d", "a@b, c@d", "a b@c", "Ana <a@b> <c@d>", "@b", "a@", "", "Ana\r\n <a@b.org>"]
)
def test_refuses_what_is_no_address(text: str) -> None:
    assert address_of(text) is None
    with pytest.raises(ValidationError):
        MailSettings(recipients=[text])


def test_names_of_senders_are_only_names() -> None:
    for name in ("🦄 Ünï", "=cmd", "<script>", 'quo"ted', "a,b"):
        by = f'"{name}" <t@example.org>'.replace('quo"ted', 'quo\\"ted')
        again = message_from_bytes(letter(sender=by).as_bytes(), policy=policy.default)
        [address] = again["From"].addresses
        assert (address.display_name, address.addr_spec) == (name, "t@example.org")


# Once


def test_sends_one_mail_a_week_and_recipient_however_often_it_is_asked(home: Home, report: WeekReport) -> None:
    postbox = Postbox()
    with listening(postbox) as mail:
        given = settings(mail, ANA, "ANA.lopez@EXAMPLE.org")
        assert send(home, report, given) == ["a…@example.org: sent"]
        assert send(home, report, given)[0].startswith("a…@example.org: has it since 2026-11-23")
        assert len(postbox.mails) == 1
        send(home, report, given, to=[BO])
        send(home, report, given, again=True)
        facts = page()["facts_of_week"] | {"week": WEEK - timedelta(weeks=1)}
        send(home, replace(report, page=page() | {"facts_of_week": facts}), given)
    assert [address for address, _ in postbox.mails] == [ANA, "bo@example.com", ANA, ANA]


def test_a_rebuilt_store_still_knows_who_has_the_mail(home: Home, report: WeekReport) -> None:
    postbox = Postbox()
    with listening(postbox) as mail:
        send(home, report, settings(mail))
        homes.run(home, rebuild=True)
        send(home, report, settings(mail))
    assert len(postbox.mails) == 1


def test_an_attempt_that_was_cut_short_is_not_repeated_by_itself(home: Home, report: WeekReport) -> None:
    with closing(store.open_store(home)) as connection:
        connection.execute("insert into mails_sent values (?, ?, '<x>', ?, null)", [WEEK, ANA, NOW])
    postbox = Postbox()
    with listening(postbox) as mail:
        assert "may have arrived; --again" in send(home, report, settings(mail))[0]
        assert postbox.mails == []
        assert send(home, report, settings(mail), again=True) == ["a…@example.org: sent"]


# Servers in trouble


def test_tries_again_when_the_server_asks_for_it(home: Home, report: WeekReport) -> None:
    postbox = Postbox(["451 4.3.0 later, please", "421 4.2.1 later still"])
    waited: list[float] = []
    with listening(postbox) as mail:
        send(home, report, settings(mail), sleep=waited.append)
    assert len(postbox.mails) == 1
    assert waited == list(WAITS_SECONDS[:2])


def test_a_refusal_is_told_once_and_keeps_nobody_else_from_the_mail(home: Home, report: WeekReport) -> None:
    postbox = Postbox(["550 5.1.1 <ana.lopez@example.org> is not known here"])
    waited: list[float] = []
    with listening(postbox) as mail, pytest.raises(DeliveryError) as refused:
        send(home, report, settings(mail, ANA, BO), sleep=waited.append)
    said = str(refused.value)
    assert "a…@example.org: not sent: the mail server answered 550" in said
    assert "b…@example.com: sent" in said
    assert "lopez" not in said and "bo@" not in said
    assert waited == []
    assert [recipient for recipient, _ in sent(home)] == ["bo@example.com"]


def test_gives_up_on_a_server_that_is_never_there_and_records_nothing(home: Home, report: WeekReport) -> None:
    mail = MailSettings(host="127.0.0.1", port=free_port(), tls="none", sender="t@example.org")
    waited: list[float] = []
    with pytest.raises(DeliveryError, match="cannot be reached: Connection refused"):
        send(home, report, settings(mail), sleep=waited.append)
    assert waited == list(WAITS_SECONDS)
    assert sent(home) == []


def test_a_farewell_that_fails_does_not_send_the_mail_twice(home: Home, report: WeekReport) -> None:
    class Rude(Postbox):
        async def handle_QUIT(self, *_: Any) -> str:
            return "421 4.3.2 too late"

    postbox = Rude()
    with listening(postbox) as mail:
        assert send(home, report, settings(mail)) == ["a…@example.org: sent"]
    assert len(postbox.mails) == 1


def test_never_falls_back_to_a_connection_without_tls(home: Home, report: WeekReport) -> None:
    postbox = Postbox()
    with listening(postbox) as mail, pytest.raises(DeliveryError, match="STARTTLS"):
        send(home, report, settings(mail.model_copy(update={"tls": "starttls"})))
    assert postbox.mails == []


def test_does_not_trust_a_certificate_nobody_signed(home: Home, report: WeekReport, certificate: Path) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    postbox, waited = Postbox(), list[float]()
    with listening(postbox, tls_context=context) as mail, pytest.raises(DeliveryError, match="is not trusted"):
        send(home, report, settings(mail.model_copy(update={"tls": "starttls"})), sleep=waited.append)
    assert postbox.mails == [] and waited == []


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed")
    path = tmp_path_factory.mktemp("tls") / "own.pem"
    make = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=127.0.0.1",
        "-keyout",
    ]
    subprocess.run([*make, path, "-out", f"{path}.crt"], check=True, capture_output=True)
    path.write_bytes(path.read_bytes() + Path(f"{path}.crt").read_bytes())
    yield path


# Passwords


@pytest.mark.filterwarnings("ignore:Requiring AUTH")
def test_logs_in_with_the_password_of_the_environment_or_a_file(home: Home, report: WeekReport) -> None:
    postbox = Postbox()
    with listening(postbox, authenticator=postbox.authenticate, auth_require_tls=False, auth_required=True) as mail:
        (home.root / "smtp.password").write_text("open sesame\n")
        given = settings(mail.model_copy(update={"user": "talk", "password_file": Path("smtp.password")}))
        send(home, report, given)
        send(home, report, given, again=True, environment={"TALKSHARE_SMTP_PASSWORD": "open sesame"})
        with pytest.raises(DeliveryError, match="answered 535"):
            send(home, report, given, again=True, environment={"TALKSHARE_SMTP_PASSWORD": "wrong"})
    assert postbox.logins == [("talk", "open sesame")] * 2 + [("talk", "wrong")] * (len(postbox.logins) - 2)
    assert len(postbox.mails) == 2


def test_a_password_never_crosses_the_network_in_the_clear() -> None:
    with pytest.raises(ValidationError, match="readable"):
        MailSettings(host="smtp.example.org", tls="none", user="talk")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"host": None}, "host is not set"),
        ({"sender": None}, "sender is not set"),
        ({"recipients": []}, "Nobody is to get"),
        ({"user": "talk"}, "no password"),
        ({"user": "talk", "password_file": Path("nowhere")}, "cannot be read"),
    ],
)
def test_says_which_setting_is_missing(home: Home, report: WeekReport, changes: dict[str, Any], said: str) -> None:
    mail = MailSettings(host="localhost", tls="none", sender="t@example.org", recipients=[ANA])
    with pytest.raises(UsageError, match=said):
        send(home, report, Settings(mail=mail.model_copy(update=changes)))


# Numbers in trouble


def test_sends_nothing_when_the_last_run_failed_its_checks(home: Home, report: WeekReport) -> None:
    failed = run_record(homes.RunReport("later", "run", NOW + timedelta(hours=1)))
    with closing(store.open_store(home)) as connection:
        history.record_run(connection, failed, [])
    postbox = Postbox()
    with listening(postbox) as mail:
        with pytest.raises(DeliveryError, match=r"last run of 2026-11-23 01:00 UTC did not pass its checks"):
            send(home, report, settings(mail))
        with pytest.raises(DeliveryError, match="did not pass"):
            write_mails(home, settings(mail), report, now=NOW)
        homes.run(home, now=NOW + timedelta(hours=2))
        send(home, report, settings(mail))
    assert len(postbox.mails) == 1


def test_sends_nothing_from_a_snapshot_that_is_too_old(home: Home, report: WeekReport) -> None:
    def at(moment: datetime) -> WeekReport:
        return replace(report, page=page() | {"facts_of_week": page()["facts_of_week"] | {"published_at": moment}})

    postbox = Postbox()
    with listening(postbox) as mail:
        with pytest.raises(DeliveryError, match="before the week of 2026-11-09 was over"):
            send(home, at(datetime(2026, 11, 15, 22, tzinfo=UTC)), settings(mail))
        late = NOW + timedelta(days=8)
        with pytest.raises(DeliveryError, match="older than a week"):
            send(home, report, settings(mail), now=late)
        assert postbox.mails == []
        # It is Monday in Berlin; and an old week is sent when somebody asks for it.
        send(home, at(datetime(2026, 11, 15, 23, 30, tzinfo=UTC)), settings(mail), now=NOW - timedelta(days=6))
        send(home, report, settings(mail, BO), now=late, is_newest=False)
    assert len(postbox.mails) == 2


def test_waits_for_a_run_that_is_under_way(home: Home, report: WeekReport) -> None:
    postbox = Postbox()
    with listening(postbox) as mail, store.only_run(home), pytest.raises(BusyError):
        send(home, report, settings(mail))
    assert postbox.mails == []


# Beside the report


def test_a_dry_run_writes_the_mails_and_sends_nothing(home: Home) -> None:
    report = write_report(home, Settings())
    nobody = Settings()
    first = write_mails(home, nobody, report, now=NOW, to=[ANA, BO])
    assert [path.name for path in first] == ["weekly-1.eml", "weekly-2.eml"]
    contents = [path.read_bytes() for path in first]
    written = message_from_bytes(contents[0], policy=policy.default)
    assert (written["To"], written["From"]) == (ANA, "talkshare@localhost")
    assert first[0].stat().st_mode & 0o077 == 0
    again = write_mails(home, nobody, write_report(home, Settings()), now=NOW, to=[ANA])
    assert [path.read_bytes() for path in again] == contents[:1]
    assert not first[1].exists()
    assert sent(home) == []


def test_a_report_has_all_its_forms_and_a_line_in_the_overview(home: Home) -> None:
    paths = {
        write_report(home, Settings(), day=day.date()).path
        for day in (NOW - timedelta(weeks=2), NOW - timedelta(weeks=4))
    }
    (home.reports / "2026-W99").mkdir()
    (home.reports / "2026-W99" / "weekly.html").write_text("not a week")
    (home.reports / "2026-W10").mkdir()
    (home.reports / "2026-W10" / "weekly.html").write_text("of an earlier version")
    for path in paths:
        names = {file.name for file in path.parent.iterdir()}
        assert names == {"weekly.html", "weekly.pdf", "weekly.xlsx", "weekly.json"}
    before = {path: path.read_bytes() for path in home.reports.rglob("*.*")}
    write_report(home, Settings(), day=(NOW - timedelta(weeks=2)).date())
    html = (home.reports / "index.html").read_text(encoding="utf-8")
    assert re.findall(r'<h2><a href="([^"]+)"', html) == [
        "2026-W46/weekly.html", "2026-W44/weekly.html", "2026-W10/weekly.html",
    ]  # fmt: skip
    write_report(home, Settings(), day=(NOW - timedelta(weeks=2)).date())
    assert html == (home.reports / "index.html").read_text(encoding="utf-8")
    assert all(path.read_bytes() == content for path, content in before.items() if path.name != "index.html")


def test_addresses_are_cut_down_where_they_must_not_stand() -> None:
    assert masked("550 <ana.lopez@example.org>: no; b@c.de") == "550 <a…@example.org>: no; b…@c.de"
