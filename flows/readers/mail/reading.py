"""Mailboxes as canonical messages: one person's mbox file or folder of `.eml`, read mail by mail."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import polars as pl

from flows.config import MailboxSettings, Settings
from flows.readers.mail import marks, mbox, senders
from flows.readers.mail.message import HEAD_LIMIT, Head, read_content, read_head
from flows.readers.mail.quoting import parts
from flows.readers.mail.threads import thread_ids
from flows.readers.reading import Export, Reading
from flows.readers.timestamps import latest
from schemas import MESSAGES
from schemas.errors import InputError

EARLIER_MAILS = 8
"""Mails of the thread whose text is looked for in the next one."""
NEARLY_ALL = 0.9


class Mails(Protocol):
    """Mails that can be read again one by one."""

    def __len__(self) -> int: ...

    def data(self, place: int, limit: int) -> bytes:
        """The first `limit` bytes of one mail."""


@dataclass(frozen=True)
class _Mbox:
    stream: Any
    places: Sequence[tuple[int, int]]

    def __len__(self) -> int:
        return len(self.places)

    def data(self, place: int, limit: int) -> bytes:
        return mbox.mail_at(self.stream, *self.places[place], limit=limit)


@dataclass(frozen=True)
class _Folder:
    files: Sequence[Path]

    def __len__(self) -> int:
        return len(self.files)

    def data(self, place: int, limit: int) -> bytes:
        with self.files[place].open("rb") as stream:
            return stream.read(limit)


@contextmanager
def opened(export: Export) -> Iterator[Mails]:
    """The mails of an export, whatever they lie in."""
    if export.shape == "mail_folder":
        yield _Folder(sorted(export.members))
        return
    with export.path.open("rb") as stream:
        yield _Mbox(stream, list(mbox.places(stream)))


def read_mails(export: Export, settings: Settings, *, not_after: datetime) -> Reading:
    """One mailbox. Headers are read first, texts thread by thread, so that no more than a thread's lie in memory.

    Raises InputError where there is no mail in it, or nothing says whose mailbox it is.
    """
    with opened(export) as mails:
        if not len(mails):
            raise InputError("no mail in it: an mbox file begins with a line `From somebody Mon Mar  4 11:20:34 2024`.")
        heads = [read_head(mails.data(place, HEAD_LIMIT)) for place in range(len(mails))]
        people = People.of(heads, settings.mailbox, export.name)
        threads, methods = thread_ids(heads)
        rows, longer, answers = _rows(mails, heads, threads, people)
    frame = MESSAGES.frame(rows).sort("row_no")
    last = latest(frame["sent_at"], not_after)
    return Reading(
        messages=frame.with_columns(member=pl.lit("mails")),
        warnings=_warnings(heads, methods, longer, answers),
        owner=f"email:{people.owner}",
        owner_method=people.method,
        observed_until=last,
        observed_until_method="latest_timestamp" if last else None,
        threading_method="subject_window" if "subject_window" in methods else "native",
        names=_names(heads, people),
    )


@dataclass(frozen=True)
class People:
    """Whose mailbox it is, and who else is of the house."""

    owner: str
    method: str
    own: frozenset[str]
    """All addresses of the owner."""
    domains: tuple[str, ...]
    users: frozenset[str]

    @classmethod
    def of(cls, heads: Sequence[Head], settings: MailboxSettings, name: str) -> People:
        """As configured, else the sender of what is labelled as sent, the address of delivery, or whoever is in nearly
        every mail. Raises InputError where none of them is clear.
        """
        sent = Counter(head.sender for head in heads if _is_sent(head))
        users = frozenset(user.lower() for user in settings.users)
        own = frozenset({*(address.lower() for address in settings.aliases), *sent})
        configured = settings.owner_of(name)
        owner, method = (configured.lower(), "configured") if configured else _owner(heads, sent)
        return cls(owner, method, own | {owner}, tuple(settings.internal_domains), users)

    def one(self, address: str) -> str:
        """The address, or the owner's main one."""
        return self.owner if address in self.own else address

    def is_ours(self, address: str) -> bool:
        """The owner, a colleague by the domain, or a named user."""
        domain = address.rpartition("@")[2]
        return (
            address in self.own
            or address in self.users
            or any(domain == ours.lower() or domain.endswith(f".{ours.lower()}") for ours in self.domains)
        )


def _is_sent(head: Head) -> bool:
    return bool(head.sender) and any(marks.label_kind(label) == "sent" for label in head.labels)


def _owner(heads: Sequence[Head], sent: Counter[str]) -> tuple[str, str]:
    delivered = Counter(head.delivered_to for head in heads if head.delivered_to)
    for found, method in ((sent, "sent_label"), (delivered, "delivered_to")):
        if found and found.most_common(1)[0][1] >= NEARLY_ALL * found.total():
            return found.most_common(1)[0][0], method
    present = Counter(address for head in heads for address in {head.sender, *head.to} if address)
    everywhere = [address for address, count in present.items() if count >= NEARLY_ALL * len(heads)]
    if len(everywhere) == 1:
        return everywhere[0], "present_nearly_everywhere"
    raise InputError(
        "nothing in it says whose mailbox it is. Write the address into talkshare.toml: [mailbox] owner = "
        '"ana@example.org", or owners = { "*name*" = "ana@example.org" } for several.'
    )


def _rows(
    mails: Mails, heads: Sequence[Head], threads: Sequence[str], people: People
) -> tuple[list[dict[str, Any]], int, int]:
    """The canonical rows, and how many answers are longer than what they answer, of how many."""
    members: dict[str, list[int]] = defaultdict(list)
    for place, thread in enumerate(threads):
        members[thread].append(place)
    rows: list[dict[str, Any]] = []
    longer = answers = 0
    for thread, places in members.items():
        places.sort(key=lambda at: (heads[at].sent_at is None, heads[at].sent_at or 0, at))
        others = {
            address
            for place in places
            for address in (heads[place].sender, *heads[place].to)
            if address and not people.is_ours(address) and not senders.is_system(address)
        }
        earlier: list[str] = []
        before: tuple[str, int] | None = None
        for place in places:
            head, content = heads[place], read_content(mails.data(place, mbox.MAIL_LIMIT))
            found = parts(content.text, earlier[-EARLIER_MAILS:])
            rows.append(_row(head, content.kind, content.method, found, thread, place, others, people))
            if content.text:
                earlier.append(content.text)
            length = len(found.new.split())
            if before and before[0] != head.sender and content.kind == "message":
                answers += 1
                longer += length > before[1] > 0
            before = (head.sender, length)
    return rows, longer, answers


def _row(
    head: Head, kind: str, how: str, found: Any, thread: str, place: int, others: set[str], people: People
) -> dict[str, Any]:
    is_ours = people.is_ours(head.sender)
    outside = [address for address in dict.fromkeys(head.to) if not people.is_ours(address)]
    inside = [people.one(address) for address in head.to if people.is_ours(address)]
    colleague = people.one(head.sender) if is_ours else next(iter(inside), people.owner)
    recipient = (outside[0] if len(outside) == 1 else None) if is_ours else colleague
    excluded = head.excluded_reason or ("between colleagues" if is_ours and not others else None)
    text_hash = hashlib.sha256(" ".join(found.new.split()).encode()).hexdigest()[:12]
    return {
        "row_no": place + 1,
        "thread_id": thread,
        # Copies of one mail under several labels are one; a list's copy with another text is not.
        "message_id": f"{head.message_id} {text_hash}" if head.message_id else None,
        "sent_at": head.sent_at,
        "sent_at_raw": head.sent_at_raw,
        "sent_at_precision": "s",
        "tz_method": {"offset": "offset", "received": "offset"}.get(head.date_method, "assumed"),
        "sender_id": f"email:{people.one(head.sender)}" if head.sender else None,
        "sender_role": "recruiter" if is_ours else "unknown",
        "role_method": "archive_owner" if is_ours else "counterpart",
        "recipient_id": f"email:{recipient}" if recipient else None,
        "recruiter_id": f"email:{colleague}",
        "is_group": len(others) > 1,
        "subject": head.subject or None,
        "body": found.new,
        "channel": "email",
        "kind": kind,
        "position": place,
        "excluded_reason": excluded,
        "raw": json.dumps(
            {"body_method": "+".join(dict.fromkeys([how, *found.method.split("+")])), "footer": found.footer}
            | ({"labels": head.labels} if head.labels else {}),
            ensure_ascii=False,
        ),
    }


def _names(heads: Sequence[Head], people: People) -> pl.DataFrame:
    known = {f"email:{people.one(head.sender)}": head.sender_name for head in heads if head.sender and head.sender_name}
    return pl.DataFrame(
        {"identity": list(known), "name": list(known.values())}, schema={"identity": pl.String, "name": pl.String}
    )


def _warnings(heads: Sequence[Head], methods: Sequence[str], longer: int, answers: int) -> tuple[str, ...]:
    said = []
    if assumed := sum(head.date_method == "assumed" for head in heads):
        said.append(f"{assumed} mails give their time without a zone: it was read as UTC.")
    if guessed := methods.count("subject_window"):
        said.append(
            f"{guessed} mails were threaded by subject and people, since nothing in them says what they answer."
        )
    if answers >= 10 and longer > answers / 2:
        said.append(
            f"{longer} of {answers} answers are longer than what they answer: quotes may have been left in them, and "
            "talk shares of e-mail should not be trusted here."
        )
    return tuple(said)
