"""Which mails belong together: what the mail system says, else the chain of answers, else subject and people."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from flows.readers.mail.marks import normal_subject
from flows.readers.mail.message import Head

WINDOW = timedelta(days=30)
FAR_OFF = datetime(9999, 1, 1, tzinfo=UTC)

Threads = tuple[list[str], list[str]]


def thread_ids(heads: Sequence[Head]) -> Threads:
    """A thread id and how it was found (system, references, subject_window, alone) for each mail, in their order.

    A mail with a new subject and no `Re:` that answers an old one begins a thread of its own.
    """
    keys, methods = [""] * len(heads), [""] * len(heads)
    thread_of: dict[str, str] = {}
    subject_of: dict[str, str] = {}
    latest: dict[tuple[str, frozenset[str]], tuple[datetime, str]] = {}
    # Mails without a date come last, when what they answer is known.
    for place in sorted(range(len(heads)), key=lambda at: (heads[at].sent_at or FAR_OFF, at)):
        head = heads[place]
        subject = normal_subject(head.subject)
        people = frozenset({head.sender, *head.to})
        key, method = _thread(head, subject, thread_of, subject_of)
        earlier = latest.get((subject, people))
        is_orphan = method == "alone" and subject and _is_answer(head, subject)
        if is_orphan and earlier and (head.sent_at or FAR_OFF) - earlier[0] <= WINDOW:
            key, method = earlier[1], "subject_window"
        keys[place], methods[place] = key, method
        if head.message_id:
            thread_of.setdefault(head.message_id, key)
            subject_of.setdefault(head.message_id, subject)
        if head.sent_at:
            latest[subject, people] = (head.sent_at, key)
    return [_id(key) for key in keys], methods


def _thread(head: Head, subject: str, thread_of: dict[str, str], subject_of: dict[str, str]) -> tuple[str, str]:
    if head.thread_hint:
        return head.thread_hint, "system"
    known = [reference for reference in reversed(head.references) if reference in thread_of]
    if known and subject != subject_of[known[0]] and not _is_answer(head, subject):
        return f"<{head.message_id}>", "alone"
    if head.references:
        return (thread_of[known[0]] if known else head.references[0]), "references"
    return head.message_id or f"{head.sender} {head.sent_at_raw} {head.subject}", "alone"


def _is_answer(head: Head, subject: str) -> bool:
    return " ".join(head.subject.split()).casefold() != subject


def _id(key: str) -> str:
    """What the mail system counts itself stays; ids of mails name machines and people, and are hashed."""
    if key.startswith(("gm-", "ex-")):
        return key
    return f"mail-id-{hashlib.sha256(key.encode()).hexdigest()}"
