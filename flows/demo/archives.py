"""LinkedIn archives of the invented recruiters: zips whose bytes depend on the seed alone."""

from __future__ import annotations

import csv
import io
import zipfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from random import Random

from flows.demo.people import Recruiter, invent_candidate, pick
from flows.demo.world import DAY, HOUR, Message, Thread, at_midnight, conversation_id, moment

BASE_COLUMNS = (
    "CONVERSATION ID", "CONVERSATION TITLE", "FROM", "SENDER PROFILE URL", "TO", "RECIPIENT PROFILE URLS",
    "DATE", "SUBJECT", "CONTENT", "FOLDER",
)  # fmt: skip
COLUMNS = {
    "2023": BASE_COLUMNS,
    "2025": (*BASE_COLUMNS, "ATTACHMENTS", "IS MESSAGE DRAFT", "IS CONVERSATION DRAFT"),
    "2026": (*BASE_COLUMNS, "ATTACHMENTS"),
}
PROFILE_COLUMNS = (
    "First Name", "Last Name", "Maiden Name", "Address", "Birth Date", "Headline", "Summary", "Industry",
    "Zip Code", "Geo Location", "Twitter Handles", "Websites", "Instant Messengers",
)  # fmt: skip
INVITATION_COLUMNS = (
    "From",
    "To",
    "Sent At",
    "Message",
    "Direction",
    "inviterProfileUrl",
    "inviteeProfileUrl",
)
CONNECTION_COLUMNS = (
    "First Name",
    "Last Name",
    "URL",
    "Email Address",
    "Company",
    "Position",
    "Connected On",
)
CONNECTION_NOTES = (
    'Notes:\n"When exporting your connection data, you may notice that some of the email addresses are '
    "missing. You will only see email addresses for connections who have allowed their connections to see or "
    'download their email address."\n\n'
)
OLDER_BY_DAYS = 75
SPONSORED = (
    '<p class="spinmail-quill-editor__spin-break">Hi %FIRSTNAME%,</p>'
    "<p>Our <strong>webinar</strong> on hiring is free &amp; online.</p>"
)


@dataclass(slots=True)
class Row:
    """One row of `messages.csv` before it takes the shape of an era."""

    conversation: str
    title: str
    sender: str
    sender_url: str
    to: str
    to_urls: str
    at: int
    subject: str
    content: str
    what: str = "message"
    """message, group, spam, sponsored or draft."""
    folder: str = "INBOX"
    date_text: str = ""
    """Written instead of `at`, for a date that is none."""
    attachment: str = ""


@dataclass
class ArchiveCounts:
    """What one archive holds, by kind of row."""

    path: str
    rows: Counter[str] = field(default_factory=Counter)
    """Rows by what they are: message, group, spam, sponsored, draft, broken_*."""
    invitations: Counter[str] = field(default_factory=Counter)
    """Rows of `Invitations.csv`: outgoing, incoming; those with a note once more as with_note."""


@dataclass
class _Inbox:
    """Everything the archives of one recruiter may show, with its time."""

    recruiter: Recruiter
    rows: list[Row]
    invitations: list[tuple[int, tuple[str, ...]]]
    connections: list[tuple[int, tuple[str, ...]]]

    def before(self, limit: int) -> _Inbox:
        """What an archive made at `limit` held."""
        return _Inbox(
            self.recruiter,
            [row for row in self.rows if row.at < limit and not row.date_text],
            [x for x in self.invitations if x[0] < limit],
            [x for x in self.connections if x[0] < limit],
        )


def write_archives(
    out: Path, recruiter: Recruiter, threads: list[Thread], rng: Random, until: date
) -> tuple[list[ArchiveCounts], int]:
    """Write the recruiter's archive, and the older one where there is one; counts per zip, and wanted rows in both."""
    rows = [row for thread in threads for row in _thread_rows(thread, rng)]
    end = at_midnight(until)
    rows += _odd_rows(recruiter, threads, rng, end)
    inbox = _Inbox(recruiter, rows, _invitations(recruiter, threads, rng, end), _connections(threads, rng))
    written = [_write_zip(out, inbox, recruiter.era, until)]
    if recruiter.older_era is None:
        return written, 0
    before = until - timedelta(days=OLDER_BY_DAYS)
    older = inbox.before(at_midnight(before))
    written.append(_write_zip(out, older, recruiter.older_era, before))
    return written, sum(row.what in ("message", "group") for row in older.rows)


def _thread_rows(thread: Thread, rng: Random) -> Iterable[Row]:
    owner, other = thread.recruiter, thread.candidate
    name, url = ("LinkedIn Member", "") if thread.is_hidden else (other.name, other.url)
    folder = "ARCHIVE" if rng.random() < 0.05 else "INBOX"
    for i, message in enumerate(thread.messages):
        mine, theirs = (owner.name, owner.id_text), (name, url)
        sender, to = (mine, theirs) if message.by_recruiter else (theirs, mine)
        subject = thread.subject if i == 0 and not thread.is_inbound and message.kind == "message" else ""
        row = Row(thread.thread_id, "", *sender, *to, message.at, subject, message.body, folder=folder)
        if not message.by_recruiter and rng.random() < 0.01:
            row.attachment = f"https://www.linkedin.com/dms/prv/image/v2/D4E{rng.getrandbits(40):010x}?e=1&v=beta"
            if i and owner.era != "2023" and rng.random() < 0.3:
                row.content = ""
        yield row


def _odd_rows(recruiter: Recruiter, threads: list[Thread], rng: Random, end: int) -> list[Row]:
    """Spam, advertising, group threads, drafts and broken dates, in conversations of their own (drafts excepted)."""
    me, url = recruiter.name, recruiter.id_text
    rows: list[Row] = []

    def somewhere() -> int:
        return end - rng.randint(2, 260) * DAY + 9 * HOUR + rng.randrange(8 * HOUR)

    for _ in range(1 + len(threads) // 150):
        offer = pick(
            rng,
            (
                "Guaranteed returns!!!",
                "Earn 3,000 a week from home",
                "Your parcel is waiting: https://x.example.org",
            ),
        )
        spammer = invent_candidate(rng, 900_000_000 + rng.getrandbits(20))
        rows.append(
            Row(
                conversation_id(rng),
                "",
                spammer.name,
                spammer.url,
                me,
                url,
                somewhere(),
                "",
                offer,
                "spam",
                "SPAM",
            )
        )
    for _ in range(1 + len(threads) // 300):
        title = "Grow your pipeline"
        rows.append(Row(conversation_id(rng), title, "Casey Ads", "", me, url, somewhere(), "", SPONSORED, "sponsored"))
    for _ in range(1 + len(threads) // 400):
        rows += _group(recruiter, rng, somewhere())
    if "IS MESSAGE DRAFT" in COLUMNS[recruiter.era]:
        open_threads = [t for t in threads if not t.is_hidden]
        for thread in open_threads[: 2 + len(threads) // 50]:
            other = (thread.candidate.name, thread.candidate.url)
            at = thread.messages[-1].at + HOUR
            rows.append(Row(thread.thread_id, "", me, url, *other, min(at, end - 1), "", "half-written rep", "draft"))
    if recruiter.slug.startswith("mira"):
        rows.append(_broken(recruiter, rng, "broken_date", "2026-13-45 99:99:99 UTC"))
    if recruiter.slug.startswith("sam"):
        rows.append(_broken(recruiter, rng, "broken_future", "2099-01-01 00:00:00 UTC"))
    return rows


def _group(recruiter: Recruiter, rng: Random, at: int) -> list[Row]:
    people = [invent_candidate(rng, 800_000_000 + rng.getrandbits(24)) for _ in range(rng.randint(2, 3))]
    seats = [
        (recruiter.name, recruiter.id_text),
        *((p.name + (", Ph.D." if i == 0 else ""), p.url) for i, p in enumerate(people)),
    ]
    conversation, rows = conversation_id(rng), []
    for i in range(rng.randint(2, 5)):
        sender = seats[i % len(seats)]
        rest = [s for s in seats if s is not sender]
        text = pick(
            rng,
            ("Kickoff on Friday", "Can everybody make 10:00?", "Works for me", "I will be late, sorry", "👍"),
        )
        to = ", ".join(name for name, _ in rest), ",".join(url for _, url in rest)
        rows.append(Row(conversation, "Platform guild", *sender, *to, at + i * HOUR, "", text, "group"))
    return rows


def _broken(recruiter: Recruiter, rng: Random, what: str, date_text: str) -> Row:
    other = invent_candidate(rng, 700_000_000 + rng.getrandbits(20))
    return Row(
        conversation_id(rng), "", recruiter.name, recruiter.id_text, other.name, other.url, 0, "",
        "Hi, are you open to a chat?", what, date_text=date_text,
    )  # fmt: skip


def _write_zip(out: Path, inbox: _Inbox, era: str, day: date) -> ArchiveCounts:
    recruiter = inbox.recruiter
    name = f"Basic_LinkedInDataExport_{day:%m-%d-%Y}.zip"
    counts = ArchiveCounts(f"{recruiter.slug}/{name}", Counter(row.what for row in inbox.rows))
    for _, cells in inbox.invitations:
        counts.invitations.update([cells[4].lower(), *(["with_note"] if cells[3] else [])])
    messages = _messages_csv(inbox.rows, era)
    if era == "2023":
        messages += _shifted_line(recruiter, at_midnight(day))
        counts.rows["broken_comma"] += 1
    members = {
        "guide_messages.csv": _csv([COLUMNS[era]], era),
        "messages.csv": messages,
        "Profile.csv": _profile_csv(recruiter),
        "Invitations.csv": _csv([INVITATION_COLUMNS, *(cells for _, cells in inbox.invitations)]),
        "Connections.csv": CONNECTION_NOTES
        + _csv([CONNECTION_COLUMNS, *(cells for _, cells in inbox.connections)]).removesuffix("\n"),
    }
    folder = out / recruiter.slug
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / name, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for member, text in members.items():
            info = zipfile.ZipInfo(member, (day.year, day.month, day.day, 0, 0, 0))
            info.create_system, info.external_attr = 3, 0o644 << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, text.encode())
    return counts


def _messages_csv(rows: list[Row], era: str) -> str:
    """Newest first within newest-first conversations, as LinkedIn writes them."""
    newest: dict[str, int] = {}
    for row in rows:
        newest[row.conversation] = max(newest.get(row.conversation, 0), row.at)
    ordered = sorted(rows, key=lambda r: (-newest[r.conversation], r.conversation, -r.at))
    return _csv([COLUMNS[era], *(_cells(row, era) for row in ordered)], era)


def _cells(row: Row, era: str) -> tuple[str, ...]:
    conversation, content = row.conversation, row.content
    if era == "2026" or (era == "2023" and sum(map(ord, conversation)) % 2):
        conversation = conversation.rstrip("=")
    if era != "2026":
        content = content.replace("\n", "  ")
    date_text = row.date_text or f"{moment(row.at):%Y-%m-%d %H:%M:%S} UTC"
    cells = (
        conversation, row.title, row.sender, row.sender_url, row.to, row.to_urls,
        date_text, row.subject, content, row.folder,
    )  # fmt: skip
    if era == "2023":
        return cells
    flags = ("Yes" if row.what == "draft" else "No", "No") if era == "2025" else ()
    return (*cells, row.attachment, *flags)


def _shifted_line(recruiter: Recruiter, end: int) -> str:
    """A row whose text holds a comma and lost its quotes: one cell too many."""
    row = _broken(recruiter, Random(end), "broken_comma", "")
    row.sender, row.at, row.content = row.sender.replace(",", ""), end - 30 * DAY, "Hi, open to a chat?"
    row.to = row.to.replace(",", "")
    return ",".join(_cells(row, "2023")) + "\n"


def _csv(rows: Iterable[Iterable[str]], era: str = "2023") -> str:
    text = io.StringIO()
    if era == "2026":
        csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(rows)
    else:
        csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _profile_csv(recruiter: Recruiter) -> str:
    first, last = recruiter.name.split(" ", 1)
    return _csv([PROFILE_COLUMNS, (first, last, "", "", "", "IT recruiter", *[""] * 7)])


def _invitations(
    recruiter: Recruiter, threads: list[Thread], rng: Random, end: int
) -> list[tuple[int, tuple[str, ...]]]:
    """Sent and received invitations; a note stands here and again as the conversation's first message."""
    me, rows = (recruiter.name, recruiter.id_text), []

    def add(other: tuple[str, str], at: int, note: str, direction: str) -> None:
        (sender, inviter), (to, invitee) = (me, other) if direction == "OUTGOING" else (other, me)
        rows.append((at, (sender, to, _clock(at), note, direction, inviter, invitee)))

    for i, thread in enumerate(threads):
        if thread.is_hidden or thread.is_inbound:
            continue
        first: Message = thread.messages[0]
        other = (thread.candidate.name, thread.candidate.url)
        if first.kind == "invitation_note":
            add(other, first.at, first.body, "OUTGOING")
        elif i < 3 or rng.random() < 0.15:
            add(other, first.at - rng.randint(1, 5) * DAY, "", "OUTGOING")
    for _ in range(1 + len(threads) // 30):
        person = invent_candidate(rng, 600_000_000 + rng.getrandbits(24))
        add((person.name, person.url), end - rng.randint(OLDER_BY_DAYS + 1, 250) * DAY, "", "INCOMING")
    return sorted(rows, key=lambda row: -row[0])


def _clock(at: int) -> str:
    """`2/7/26, 2:37 PM`, without leading zeros and without a zone."""
    t = moment(at)
    return f"{t.month}/{t.day}/{t:%y}, {t.hour % 12 or 12}:{t:%M} {'PM' if t.hour >= 12 else 'AM'}"


def _connections(threads: list[Thread], rng: Random) -> list[tuple[int, tuple[str, ...]]]:
    """Who answered is connected; a few hide everything but the date."""
    rows: list[tuple[int, tuple[str, ...]]] = []
    for thread in threads:
        answers = [m.at for m in thread.messages if not m.by_recruiter]
        if not answers or thread.is_hidden:
            continue
        day = f"{moment(answers[0]):%d %b %Y}"
        first, last = thread.candidate.name.split(" ", 1)
        person = (first, last, thread.candidate.url, "", "Northwind, Inc.", "Engineer")
        rows.append((answers[0], (*(("",) * 6 if rng.random() < 0.03 else person), day)))
    return sorted(rows, key=lambda row: -row[0])
