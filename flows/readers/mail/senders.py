"""Which mails no person wrote: automatic answers, bounces, calendars, lists, and systems that write for people."""

from __future__ import annotations

import re
from collections.abc import Sequence
from email.message import Message

from flows.readers.mail import marks

ENCRYPTED = ("multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime")
AUTOMATIC_HEADERS = ("X-Autoreply", "X-Autorespond", "X-Auto-Reply")
NOT_OURS = ("draft", "spam", "trash", "chat")

_DAEMONS = re.compile(r"(?:mailer-daemon|postmaster|mail-daemon|bounces?|mdaemon)(?:[+.-][^@]*)?@", re.IGNORECASE)
_NO_REPLY = re.compile(r"(?:no-?reply|do-?not-?reply|notifications?|alerts?)(?:[+.-][^@]*)?@", re.IGNORECASE)


def kind_of(message: Message, sender: str, subject: str) -> str:
    """message, auto_reply, bounce or system (calendars, receipts), by headers first and the subject last."""
    report = str(message.get_param("report-type") or "") if message.get_content_type() == "multipart/report" else ""
    if report in ("delivery-status", "feedback-report") or _DAEMONS.match(sender):
        return "bounce"
    if report or any(part.get_content_type() == "text/calendar" for part in message.walk()):
        return "system"
    if marks.is_bounce_subject(subject):
        return "bounce"
    if _is_automatic(message) or _text(message, "Return-Path") == "<>" or marks.is_automatic_subject(subject):
        return "auto_reply"
    return "message"


def excluded_reason(message: Message, sender: str, labels: Sequence[str]) -> str | None:
    """Why the mail is no part of a conversation between two people, or None."""
    for label in labels:
        if (kind := marks.label_kind(label)) in NOT_OURS:
            return kind
    if message.get("List-Id") or _text(message, "Precedence") in ("bulk", "list", "junk"):
        return "mailing list"
    if marks.is_system_domain(sender):
        return "written by a system for somebody"
    return "notification" if _NO_REPLY.match(sender) else None


def is_system(address: str) -> bool:
    """Whether the address is a system's, not a person's."""
    return marks.is_system_domain(address) or bool(_NO_REPLY.match(address) or _DAEMONS.match(address))


def _is_automatic(message: Message) -> bool:
    submitted = _text(message, "Auto-Submitted").partition(";")[0].strip()
    is_marked = any(message.get(name) for name in AUTOMATIC_HEADERS)
    return submitted not in ("no", "") or _text(message, "Precedence") == "auto_reply" or is_marked


def _text(message: Message, name: str) -> str:
    return str(message.get(name) or "").strip().lower()
