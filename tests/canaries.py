"""Plants a person nobody is called like, sends a night through everything that writes, and looks everywhere.

`python -m tests.canaries` prints the places that were searched and what was found: in the store before (which shows that
the search finds), elsewhere, and after `forget`.
"""

from __future__ import annotations

import base64
import csv
import gzip
import io
import os
import shutil
import sqlite3
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from functools import cache
from pathlib import Path

import polars as pl
import pypdf

from flows import pipeline, store
from flows.coaching import write_coaching_pages
from flows.config import LinkedInSettings, MailSettings, Settings
from flows.mailing import write_mails
from flows.reporting import write_report
from flows.store import Home
from tests.homes import NOW

CANARIES = {
    "first name": "Quillonette",
    "last name": "Zarnivoop",
    "profile": "qz-gryphon-9x8y7",
    "address": "qz.albatross@canarymail.example",
    "telephone": "0151 98700 4412",
    "own words": "vermilion gyroscope sonata",
    "words to them": "tangerine obelisk lullaby",
    "subject": "Kestrel umbrella matter",
    "stage in free words": "ptarmigan rejected them loudly",
}
PERSON = f"https://www.linkedin.com/in/{CANARIES['profile']}"
NAME = f"{CANARIES['first name']} {CANARIES['last name']}"
OWNER = "https://www.linkedin.com/in/rita-owner-1"
PRIVATE = ("store", "quarantine", "inbox")
SETTINGS = Settings(
    linkedin=LinkedInSettings(owner="rita-owner-1"),
    mail=MailSettings(host="127.0.0.1", sender="talkshare@example.org", recipients=["boss@example.org"]),
)

MESSAGES = [
    "CONVERSATION ID", "CONVERSATION TITLE", "FROM", "SENDER PROFILE URL", "TO", "RECIPIENT PROFILE URLS", "DATE",
    "SUBJECT", "CONTENT", "FOLDER",
]  # fmt: skip


@dataclass
class Found:
    """What a search saw: canaries by place, and how much was looked at."""

    hits: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(place, canary) -> how often."""
    looked: Counter[str] = field(default_factory=Counter)
    """Place -> files and unpacked parts."""

    def of(self, *places: str) -> dict[str, list[str]]:
        """Place -> canaries found in it; all places if none is given."""
        found: dict[str, list[str]] = {}
        for place, name in sorted(self.hits):
            if not places or place in places:
                found.setdefault(place, []).append(name)
        return found


def search(top: Path, canaries: Mapping[str, str] = CANARIES) -> Found:
    """Look for the canaries in every file below `top`, whatever it is packed in; its name counts as well."""
    found = Found()
    for path in sorted(path for path in top.rglob("*") if path.is_file()):
        place = path.relative_to(top).parts[0] if len(path.relative_to(top).parts) > 1 else "(top)"
        for part in (str(path.relative_to(top)).encode(), *parts_of(path)):
            found.looked[place] += 1
            for name in seen_in(part, canaries):
                found.hits[place, name] += 1
    return found


def seen_in(data: bytes, canaries: Mapping[str, str] = CANARIES) -> list[str]:
    """The canaries in some bytes: as text in any case, in UTF-16, in base64 at any place, and with other white space."""
    folded = b" ".join(data.lower().split())
    return [
        name
        for name, text in canaries.items()
        if any(spelling in folded for spelling in _spelled(text)) or any(packed in data for packed in _packed(text))
    ]


@cache
def _spelled(text: str) -> list[bytes]:
    plain = text.lower().encode()
    return [plain.replace(b" ", mark) for mark in (b" ", b"%20", b"+", b"_", b"-", b"&nbsp;", b"=20")]


@cache
def _packed(text: str) -> list[bytes]:
    plain = text.encode()
    shifted = [base64.b64encode(b"\0" * n + plain)[4 if n else 0 : -4].rstrip(b"=") for n in range(3)]
    return [text.encode("utf-16-le"), text.encode("utf-16-be"), *shifted]


def parts_of(path: Path) -> Iterator[bytes]:
    """The bytes of a file, and of everything that can be unpacked from it."""
    data = path.read_bytes()
    if data[8:12] == b"DUCK":
        yield data
        yield from _tables(path)
    elif data[:15] == b"SQLite format 3":
        yield data
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            yield from (line.encode() for line in connection.iterdump())
    else:
        yield from _unpacked(data)


def _tables(path: Path) -> Iterator[bytes]:
    """Every column of every table, and what is written about them, through a copy that nobody holds open."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy.duckdb"
        shutil.copyfile(path, copy)
        with closing(store.connect(copy, read_only=True)) as connection:
            columns = connection.execute(
                "select table_name, column_name, coalesce(comment, '') from duckdb_columns() "
                "where not internal and table_name in (select table_name from duckdb_tables())"
            ).fetchall()
            yield repr(columns).encode()
            for table, column, _ in columns:
                rows = connection.execute(f'select distinct "{column}"::varchar from "{table}"').fetchall()
                yield "\n".join(value for (value,) in rows if value is not None).encode()


def _unpacked(data: bytes, depth: int = 0) -> Iterator[bytes]:
    yield data
    if depth > 3:
        return
    inner: list[bytes] = []
    with suppress(zipfile.BadZipFile), zipfile.ZipFile(io.BytesIO(data)) as packed:
        inner += [name.encode() for name in packed.namelist()] + [packed.read(name) for name in packed.namelist()]
    if data[:2] == b"\x1f\x8b":
        inner.append(gzip.decompress(data))
    if data[:4] == b"PAR1":
        frame = pl.read_parquet(io.BytesIO(data))
        inner += ["\n".join(str(value) for value in column.drop_nulls()).encode() for column in frame]
    if data[:5] == b"%PDF-":
        inner += list(_pdf(data))
    if b"MIME-Version:" in data[:2000]:
        mail = message_from_bytes(data, policy=policy.default)
        inner += [str(mail.items()).encode(), *(part.get_payload(decode=True) or b"" for part in mail.walk())]
    for part in inner:
        yield from _unpacked(part, depth + 1)


def _pdf(data: bytes) -> Iterator[bytes]:
    document = pypdf.PdfReader(io.BytesIO(data))
    yield str(document.metadata).encode()
    for page in document.pages:
        yield page.extract_text().encode()
    for number in range(1, len(document.xref_objStm) + sum(map(len, document.xref.values())) + 1):
        with suppress(Exception):
            thing = pypdf.generic.IndirectObject(number, 0, document).get_object()
            yield thing.get_data() if hasattr(thing, "get_data") else str(thing).encode()


def archive(path: Path, *more: tuple[str, str, str, str, str]) -> Path:
    """A LinkedIn archive with the person in messages, an invitation and the connections."""
    rows = [
        ("2-canary", OWNER, PERSON, "2026-10-01 09:00:00", f"Hi {NAME}, {CANARIES['words to them']}? May I ask?"),
        ("2-canary", PERSON, OWNER, "2026-10-02 09:00:00", f"{CANARIES['own words']}, call {CANARIES['telephone']}."),
        *(
            (f"2-{n}", OWNER, f"https://www.linkedin.com/in/other-{n}", f"2026-10-0{n} 10:00:00", "Hi Bo, may I ask?")
            for n in range(3, 9)
        ),
        *more,
    ]
    names = {OWNER: "Rita Owner", PERSON: NAME}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("messages.csv", _table([MESSAGES, *(
            [thread, "", names.get(sender, "Bo Bee"), sender, names.get(to, "Bo Bee"), to, f"{sent} UTC",
             CANARIES["subject"] if PERSON in (sender, to) else "", text, "INBOX"]
            for thread, sender, to, sent, text in rows
        )]))  # fmt: skip
        file.writestr("Connections.csv", _table([
            ["First Name", "Last Name", "URL", "Email Address", "Company", "Position", "Connected On"],
            [CANARIES["first name"], CANARIES["last name"], PERSON, CANARIES["address"], "Co", "Dev", "01 Oct 2026"],
        ]))  # fmt: skip
        file.writestr("Invitations.csv", _table([
            ["From", "To", "Sent At", "Message", "Direction", "inviterProfileUrl", "inviteeProfileUrl"],
            ["Rita Owner", NAME, "9/30/26, 9:00 AM", "", "OUTGOING", OWNER, PERSON],
        ]))  # fmt: skip
        file.writestr("Endorsements.csv", f"name\n{NAME}\n")
    return path


def _table(rows: list[list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def plant(home: Home) -> None:
    """Put exports with the person into the inbox: an archive, tables with good and bad rows, outcomes."""
    home.create()
    archive(home.inbox / f"Basic_LinkedInDataExport_11-20-2026_{CANARIES['last name']}.zip")
    (home.inbox / "messages.csv").write_text(_table([
        ["thread_id", "sent_at", "sender_id", "sender_role", "candidate_id", "subject", "body", "note"],
        ["m1", "2026-10-05T09:00:00Z", "rita@example.org", "recruiter", PERSON, CANARIES["subject"],
         f"Dear {NAME}, {CANARIES['words to them']}", CANARIES["telephone"]],
        ["m1", "2026-10-06T09:00:00Z", CANARIES["address"], "candidate", PERSON, "", CANARIES["own words"], ""],
        ["m2", "2026-10-06T09:00:00Z", "rita@example.org", "recruiter", "bo@example.org", "", "Hi Bo", ""],
        ["m1", "no date", CANARIES["address"], "candidate", PERSON, "", CANARIES["own words"], NAME],
    ]))  # fmt: skip
    (home.inbox / "outcomes.csv").write_text(_table([
        ["thread_id", "candidate_id", "event", "occurred_at", "comment"],
        ["", PERSON, CANARIES["stage in free words"], "2026-10-09T09:00:00Z", NAME],
        ["m1", CANARIES["address"], "interview", "2026-10-08T09:00:00Z", CANARIES["own words"]],
        ["", "", "interview", "2026-10-08T09:00:00Z", NAME],
    ]))  # fmt: skip


def written_from(home: Home) -> None:
    """Everything that is written from a snapshot: report in all forms, mails to files, coaching pages."""
    week = write_report(home, SETTINGS, now=NOW)
    write_mails(home, SETTINGS, week, now=NOW, to=[], is_newest=True)
    write_coaching_pages(home, SETTINGS, None, now=NOW)


def leave_copies(home: Home) -> None:
    """What other nights may have left: a backup, a retracted export, a work database of a run that was killed."""
    home.backups.mkdir(mode=0o700, exist_ok=True)
    shutil.copyfile(home.database, home.backups / "talkshare-store-v1.duckdb")
    shutil.copyfile(home.database, home.private / "work.duckdb")
    retracted = home.quarantine / "retracted" / "0123" / "content"
    retracted.mkdir(parents=True)
    archive(retracted / "old.zip")


def show(found: Found, title: str) -> None:
    print(f"\n{title}\n{'place':<12}{'parts':>7}  canaries found")
    for place, n in sorted(found.looked.items()):
        names = ", ".join(found.of(place).get(place, [])) or "none"
        print(f"{place:<12}{n:>7}  {names}")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TMPDIR"] = tempfile.tempdir = str(Path(folder) / "tmp")
        Path(os.environ["TMPDIR"]).mkdir()
        home = Home(Path(folder) / "home")
        plant(home)
        pipeline.run(home, SETTINGS, now=NOW)
        written_from(home)
        leave_copies(home)
        show(search(home.root), "After a night:")
        show(search(Path(os.environ["TMPDIR"])), "Temporary files:")
        _, done = pipeline.forget(home, SETTINGS, CANARIES["address"], now=NOW)
        print(f"\nforget: {done}")
        show(search(home.root), "After `forget`:")
        archive(home.inbox / f"{NAME}.zip", ("2-new", OWNER, PERSON, "2026-11-01 09:00:00", CANARIES["words to them"]))
        report = pipeline.run(home, SETTINGS, now=NOW)
        written_from(home)
        print("\na later export:", *(f"{file.status}, {file.reasons}" for file in report.files))
        show(search(home.root), "After a later export with the person:")
    tempfile.tempdir = None


if __name__ == "__main__":
    main()
