"""One mail as its headers and texts say: who wrote when to whom, in which thread, and whether a person did."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.header import Header, decode_header
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime

from flows.readers.mail import senders
from flows.readers.mail.markup import text_of

HEAD_LIMIT = 1 << 20
PARTS_LIMIT = 200
TEXT_LIMIT = 1 << 20
"""Characters kept of one mail's text."""
THREAD_INDEX_BYTES = 22
"""Exchange's Thread-Index begins with so many bytes that are the same for a whole conversation."""

_MESSAGE_ID = re.compile(r"<[^<>\s]{1,990}>")
_RECEIVED_DATE = re.compile(r";\s*([^;]+)$", re.DOTALL)


@dataclass(frozen=True)
class Head:
    """What the headers of one mail say."""

    sent_at: datetime | None
    sent_at_raw: str
    date_method: str
    """offset, assumed (no zone), received (the date of the last hop), or none."""
    sender: str
    """Address in lower case, or empty."""
    sender_name: str
    to: tuple[str, ...]
    """Addresses of To and Cc, in lower case."""
    delivered_to: str
    subject: str
    message_id: str
    references: tuple[str, ...]
    """The whole chain, oldest first; the mail that is answered stands last."""
    thread_hint: str
    """What the mail system itself calls the conversation (Gmail, Exchange), or empty."""
    labels: tuple[str, ...]
    excluded_reason: str | None


@dataclass(frozen=True)
class Content:
    """What one mail says: its whole text, with all quotes but those that HTML marks."""

    text: str
    kind: str
    method: str
    """plain, html, html_quotes (quotes were cut by their HTML marks) or encrypted."""


def read_head(data: bytes) -> Head:
    """The headers of a mail. Never fails: what cannot be read is empty, and a mail without a date says so."""
    end = min((place for mark in (b"\n\n", b"\r\n\r\n") if (place := data.find(mark)) >= 0), default=len(data))
    message = message_from_bytes(data[: min(end, HEAD_LIMIT)], policy=policy.compat32)
    sent_at, raw, method = _date(message)
    sender_name, sender = _sender(message)
    labels = tuple(part.strip() for part in _header(message, "X-Gmail-Labels").split(",") if part.strip())
    return Head(
        sent_at=sent_at,
        sent_at_raw=raw,
        date_method=method,
        sender=sender,
        sender_name=sender_name,
        to=_addresses(message, "To", "Cc"),
        delivered_to=next(iter(_addresses(message, "Delivered-To", "X-Original-To")), ""),
        subject=_header(message, "Subject"),
        message_id=next(iter(_MESSAGE_ID.findall(_header(message, "Message-ID"))), ""),
        references=_references(message),
        thread_hint=_thread_hint(message),
        labels=labels,
        excluded_reason=senders.excluded_reason(message, sender, labels),
    )


def read_content(data: bytes) -> Content:
    """The text of a mail, and whether a person wrote it. Never fails; a mail without a text has an empty one."""
    message = message_from_bytes(data, policy=policy.compat32)
    kind = senders.kind_of(message, _sender(message)[1], _header(message, "Subject"))
    if message.get_content_type() in senders.ENCRYPTED:
        return Content("", kind, "encrypted")
    text, method = _text(message)
    return Content(text[:TEXT_LIMIT], kind, method)


def _header(message: Message, name: str) -> str:
    """A header as text without half letters: 8-bit headers and unknown charsets are read as well as can be."""
    value = message.get(name)
    if value is None:
        return ""
    try:
        # A header with bare 8-bit letters comes as an object that only `decode_header` reads rightly.
        parts = decode_header(value if isinstance(value, Header) else value.replace("\r", "").replace("\n", ""))
    except (ValueError, binascii.Error, LookupError):
        return _clean(str(value))
    return _clean("".join(_decoded(part, charset) for part, charset in parts)).strip()


def _decoded(part: bytes | str, charset: str | None) -> str:
    if isinstance(part, str):
        return part
    return _as_text(part, charset)


def _as_text(data: bytes, charset: str | None) -> str:
    """In the charset that is claimed, else UTF-8, else cp1252."""
    for name in (charset, "utf-8", "cp1252"):
        try:
            if name:
                return data.decode(name)
        except (LookupError, UnicodeDecodeError, ValueError):
            continue
    return data.decode("utf-8", "replace")


def _clean(text: str) -> str:
    if text.isascii():
        return text.replace("\0", "")
    return _as_text(text.encode("utf-8", "surrogateescape"), None).replace("\0", "")


def _addresses(message: Message, *names: str) -> tuple[str, ...]:
    values = [_clean(str(value)) for name in names for value in message.get_all(name, [])]
    found = [address.strip().lower() for _, address in getaddresses(values) if "@" in address]
    return tuple(dict.fromkeys(found))


def _sender(message: Message) -> tuple[str, str]:
    """The name and the address of From, else of Sender; a relay's person stands in Reply-To."""
    for header in ("From", "Sender", "Reply-To"):
        for _, address in getaddresses([_clean(str(value)) for value in message.get_all(header, [])]):
            if "@" in address:
                name, _ = next(iter(getaddresses([_header(message, header)])), ("", ""))
                return ("" if "@" in name else name), address.strip().lower()
    return "", ""


def _references(message: Message) -> tuple[str, ...]:
    chain = _MESSAGE_ID.findall(_header(message, "References"))
    parent = _MESSAGE_ID.findall(_header(message, "In-Reply-To"))[:1]
    return tuple(dict.fromkeys([*chain, *parent]))


def _thread_hint(message: Message) -> str:
    if gmail := re.sub(r"\D", "", _header(message, "X-GM-THRID")):
        return f"gm-{gmail}"
    index = "".join(_header(message, "Thread-Index").split())
    try:
        head = base64.b64decode(index, validate=False)[:THREAD_INDEX_BYTES]
    except (ValueError, binascii.Error):
        return ""
    return f"ex-{hashlib.sha256(head).hexdigest()[:24]}" if len(head) == THREAD_INDEX_BYTES else ""


def _date(message: Message) -> tuple[datetime | None, str, str]:
    raw = _header(message, "Date")
    if found := _parsed_date(raw):
        return found.astimezone(UTC), raw, "offset" if _has_zone(raw) else "assumed"
    for value in message.get_all("Received", []):
        hop = _RECEIVED_DATE.search(str(value))
        if hop and (found := _parsed_date(hop.group(1))):
            return found.astimezone(UTC), raw, "received"
    return None, raw, "none"


def _parsed_date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(" ".join(text.split()))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    try:
        # `-0000` gives a time without zone: it is UTC, sent from nobody knows where.
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (OverflowError, ValueError):
        return None


def _has_zone(raw: str) -> bool:
    return bool(re.search(r"[+-]\d{4}\b|\b(?:GMT|UTC?|[ECMP][SD]T|Z)\b", raw)) and "-0000" not in raw


def _text(message: Message) -> tuple[str, str]:
    """The mail's text and how it was had."""
    plain: list[str] = []
    markup: list[str] = []
    for part in _own_parts(message):
        target = {"text/plain": plain, "text/html": markup}.get(part.get_content_type())
        if target is not None and part.get_content_disposition() != "attachment":
            target.append(_payload(part))
    text = "\n\n".join(piece.strip() for piece in plain if piece.strip()).replace("\r\n", "\n")
    from_html, was_cut = text_of("\n".join(markup)) if markup else ("", False)
    # The surer marks are in the HTML; the plain part may be empty or a "view in your browser".
    if from_html and (was_cut or len(text) < len(from_html) / 2):
        return from_html, "html_quotes" if was_cut else "html"
    return text, "plain"


def _own_parts(message: Message) -> Iterator[Message]:
    """The leaves of the mail, without those of mails that are attached to it."""
    waiting, seen = [message], 0
    while waiting and seen < PARTS_LIMIT:
        part = waiting.pop(0)
        seen += 1
        if part.get_content_maintype() == "multipart" and isinstance(part.get_payload(), list):
            waiting = [inner for inner in part.get_payload() if isinstance(inner, Message)] + waiting
        elif part.get_content_maintype() != "message":
            yield part


def _payload(part: Message) -> str:
    data = part.get_payload(decode=True)
    if not isinstance(data, bytes):
        return ""
    charset = part.get_param("charset")
    return _clean(_as_text(data, charset if isinstance(charset, str) else None))
