"""Mailboxes: each sample has one oddity, and its expectation stands here."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.config import MailboxSettings, Settings
from flows.readers import Reading, fingerprint, read
from flows.readers.discover import discover
from flows.readers.mail import mbox
from flows.readers.mail.marks import normal_subject
from flows.readers.mail.message import read_content, read_head
from flows.store import Home
from schemas.errors import InputError
from tests.homes import ask, run

SAMPLES = Path(__file__).parent / "samples" / "mail"
NOT_AFTER = datetime(2026, 11, 23, tzinfo=UTC)
SAM, ANA = "email:sam@agency.example", "email:ana@dev.example"


def reading(name: str, **settings: object) -> Reading:
    options = Settings(mailbox=MailboxSettings(**settings))  # type: ignore[arg-type]
    [export], refused = discover(SAMPLES / name, options, root=SAMPLES)
    assert refused == []
    return read(export, options, not_after=NOT_AFTER)


def second(name: str, **settings: object) -> dict[str, object]:
    """What became of the second mail of a sample."""
    return reading(name, **settings).messages.row(1, named=True)


def test_a_sentence_that_begins_with_from_parts_no_mails():
    found = reading("body_line_from.mbox")
    assert found.messages.height == 2
    assert found.messages["body"].to_list()[0].startswith("Hi Ana,\n\nFrom here on it is fully remote.")
    assert found.messages["body"].to_list()[1] == "Sounds good. What is the salary?"
    assert (found.owner, found.owner_method) == (SAM, "sent_label")
    assert found.messages["sender_role"].to_list() == ["recruiter", "unknown"]
    assert found.messages["recipient_id"].to_list() == [ANA, SAM]
    assert found.names.rows() == [(SAM, "Sam Rec"), (ANA, "Dev, Ana")]


def test_line_ends_and_a_missing_last_one_change_nothing():
    plain, other = (reading(name).messages for name in ("body_line_from.mbox", "crlf_no_last_newline.mbox"))
    assert plain.drop("raw").equals(other.drop("raw"))


def test_an_escaped_from_is_put_back():
    found = reading("classic_escaped.mbox", owner="sam@agency.example")
    assert "\nFrom what I read you know Go." in str(found.messages["body"][0])
    assert found.messages["thread_id"].n_unique() == 1
    assert found.owner_method == "configured"


@pytest.mark.parametrize(
    ("name", "kind", "reason"),
    [
        ("auto_reply.mbox", "auto_reply", None),
        ("bounce.mbox", "bounce", None),
        ("calendar.mbox", "system", None),
        ("mailing_list.mbox", "message", "mailing list"),
        ("relay.mbox", "message", "written by a system for somebody"),
        ("draft_and_spam.mbox", "message", "draft"),
        ("encrypted.mbox", "message", None),
    ],
)
def test_mails_that_no_person_wrote_are_told_apart(name: str, kind: str, reason: str | None):
    row = second(name)
    assert (row["kind"], row["excluded_reason"]) == (kind, reason)


def test_an_out_of_office_note_is_no_reply(tmp_path: Path):
    home = Home(tmp_path / "home")
    run(home, SAMPLES / "auto_reply.mbox")
    answered = "select replied_at is not null as is_answered, messages from approach_metrics"
    assert ask(home, answered) == [{"is_answered": False, "messages": 1}]
    run(home, SAMPLES / "body_line_from.mbox")
    assert ask(home, answered) == [{"is_answered": True, "messages": 2}]


def test_copies_of_one_mail_are_one_message(tmp_path: Path):
    home = Home(tmp_path / "home")
    report = run(home, SAMPLES / "copies.mbox")
    assert (report.total("rows_in"), report.total("rows_kept"), report.total("rows_already_known")) == (3, 2, 1)


def test_one_message_id_on_two_texts_is_two_messages():
    assert reading("same_id_other_text.mbox").messages["message_id"].n_unique() == 2


def test_a_mail_without_a_date_takes_that_of_its_last_hop_or_none():
    rows = reading("no_date.mbox").messages
    assert rows["sent_at"].to_list()[1:] == [datetime(2024, 3, 5, 9, tzinfo=UTC), None]
    assert rows["thread_id"].n_unique() == 1


def test_a_time_without_a_zone_is_utc_and_says_so():
    found = reading("no_zone.mbox")
    assert found.messages["tz_method"].to_list() == ["offset", "assumed"]
    assert found.warnings == ("1 mails give their time without a zone: it was read as UTC.",)


def test_html_loses_its_quote_and_keeps_what_only_looks_like_a_tag():
    row = second("html_only.mbox")
    assert row["body"] == "We use List<String>.\nSalary?"
    assert '"body_method": "html_quotes+whole"' in str(row["raw"])


def test_the_headers_and_texts_of_an_attached_mail_are_not_ours():
    row = second("forward_attached.mbox")
    assert (row["body"], row["subject"]) == ("See below.", "Re: Senior Python role")


def test_letters_in_an_unknown_charset_are_read_as_well_as_can_be():
    assert second("two_charsets.mbox")["body"] == "Jä"
    assert second("eight_bit_header.mbox")["subject"] == "Re: Rückfrage"


def test_without_ids_subject_and_people_join_mails_for_thirty_days():
    found = reading("subject_window.mbox")
    ids = found.messages["thread_id"].to_list()
    assert (ids[0] == ids[1], ids[0] == ids[2], found.threading_method) == (True, False, "subject_window")


def test_a_new_subject_on_old_references_is_a_thread_of_its_own():
    assert reading("new_subject_old_thread.mbox").messages["thread_id"].n_unique() == 2


def test_exchange_counts_its_conversations_itself():
    ids = reading("exchange_index.mbox").messages["thread_id"].unique().to_list()
    assert len(ids) == 1
    assert ids[0].startswith("ex-")


def test_a_colleague_in_copy_makes_no_group_once_the_domain_is_known():
    assert reading("manager_in_copy.mbox").messages["is_group"].to_list() == [True, True]
    known = reading("manager_in_copy.mbox", internal_domains=["agency.example"]).messages
    assert known["is_group"].to_list() == [False, False]
    assert known["sender_role"].to_list() == ["recruiter", "recruiter"]
    assert known["recipient_id"].to_list() == [ANA, ANA]


def test_a_folder_of_single_mails_is_one_mailbox(tmp_path: Path):
    found = reading("folder")
    assert found.messages["body"].to_list() == ["Open to a chat?\n\nSam", "Yes, next week."]
    assert found.owner_method == "delivered_to"
    home = Home(tmp_path / "home")
    assert run(home, SAMPLES / "folder").total("rows_kept") == 2
    again = run(home, SAMPLES / "folder")
    assert again.count("unchanged") == 1
    assert run(home, rebuild=True).total("rows_kept") == 2


def test_a_mailbox_whose_owner_nobody_tells_is_refused_with_the_key_to_set():
    with pytest.raises(InputError, match=r"nobody_known.mbox: nothing in it says whose.*\[mailbox\] owner"):
        reading("nobody_known.mbox")


@pytest.mark.parametrize(
    ("name", "advice"), [("not_an.mbox", "no mail in it"), ("outlook.msg", "an Outlook message. Convert it to .eml")]
)
def test_what_cannot_be_read_says_the_way_out(name: str, advice: str):
    exports, [refusal] = discover(SAMPLES / name, Settings(), root=SAMPLES)
    assert exports == []
    assert refusal.message.startswith(f"{name}: {advice}")


def test_thread_ids_name_neither_people_nor_machines():
    for path in SAMPLES.glob("*.mbox"):
        exports, _ = discover(path, Settings(), root=SAMPLES)
        for export in exports:
            if path.stem not in ("nobody_known", "classic_escaped"):
                ids = read(export, Settings(), not_after=NOT_AFTER).messages["thread_id"]
                assert ids.str.contains(r"^(gm-\d+|ex-[0-9a-f]{24}|mail-id-[0-9a-f]{64})$").all()


def test_the_fingerprint_is_that_of_the_bytes():
    exports, _ = discover(SAMPLES / "folder", Settings(), root=SAMPLES)
    assert fingerprint(exports[0]) == fingerprint(exports[0])


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        (b"From sam@x.example Mon Mar  4 11:20:34 2024\n", True),
        (b"From 179@xxx Mon Mar 04 11:20:34 +0000 2024\r\n", True),
        (b"From - Mon Mar 04 11:20:34 2024\n", True),
        (b"From sam@x.example Mon Mar  4 11:20 2024 +0100\n", True),
        (b"From here on it is Mon Mar 4 fully remote.\n", False),
        (b"From Monday to Friday 2024\n", False),
    ],
)
def test_only_a_whole_separator_line_parts_two_mails(line: bytes, parts: bool):
    assert mbox.is_separator(line) is parts


@given(st.lists(st.text(alphabet="aF rom:\n>", max_size=60), min_size=1, max_size=5))
def test_what_is_written_into_an_mbox_comes_out_of_it(bodies: list[str]):
    separator = b"From a@b.example Mon Mar  4 11:20:34 2024\n"
    written = b"".join(separator + f"Subject: x\n\n{body}\n\n".encode() for body in bodies)
    stream = io.BytesIO(written)
    assert len(list(mbox.places(stream))) == len(bodies)


@given(st.binary(max_size=400))
def test_no_bytes_break_the_reading_of_a_mail(data: bytes):
    for prefix in (b"", b"From: =?x?q?", b"Content-Type: multipart/mixed; boundary=a\n\n--a\n", b"Date: "):
        head, content = read_head(prefix + data), read_content(prefix + data)
        pl.Series([head.subject, head.sender, head.sender_name, content.text], dtype=pl.String)
        assert head.sent_at is None or head.sent_at.tzinfo is not None


@pytest.mark.parametrize(
    ("subject", "plain"),
    [
        ("Re: AW: [ext] WG: Role", "role"),
        ("RE[2]: Role", "role"),
        ("R: I: Ruolo", "ruolo"),
        ("回复：Role", "role"),
        ("Report", "report"),
    ],
)
def test_subjects_lose_what_clients_put_before_them(subject: str, plain: str):
    assert normal_subject(subject) == plain
