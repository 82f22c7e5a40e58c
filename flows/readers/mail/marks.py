"""The words of `marks.toml`: how mail clients and systems announce quotes, footers and automatic mails."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path

_WORDS = tomllib.loads(Path(__file__).with_name("marks.toml").read_text(encoding="utf-8"))


def _one_of(words: Iterable[str]) -> str:
    """The longest that fits."""
    return "|".join(re.escape(word).replace(r"\ ", r"\s") for word in sorted(words, key=len, reverse=True))


def _begins(words: Iterable[str]) -> re.Pattern[str]:
    return re.compile(rf"\s*(?:{_one_of(words)})(?!\w)", re.IGNORECASE)


_KIND_OF = {word: kind for kind, words in _WORDS["headers"].items() for word in words}
_VERB = re.compile(rf"(?<!\w)(?:{_one_of(_WORDS['attribution']['verbs'])})(?!\w)", re.IGNORECASE)
_OPENER = _begins(_WORDS["attribution"]["openers"])
_WEEKDAY = re.compile(rf"\b(?:{_one_of(_WORDS['attribution']['weekdays'])})", re.IGNORECASE)
_FOOTER = re.compile(
    rf"(?:{_one_of(_WORDS['footers']['openers'])})\b.{{0,80}}(?:{_one_of(_WORDS['footers']['devices'])})"
    rf"|{_one_of(_WORDS['footers']['whole'])}",
    re.IGNORECASE,
)
_FORWARD = re.compile(rf"(?:{_one_of(_WORDS['forwards']['lines'])})\s?:", re.IGNORECASE)
_AUTOMATIC = _begins(_WORDS["subjects"]["automatic"])
_BOUNCED = _begins(_WORDS["subjects"]["bounced"])
_LABELS = {label: kind for kind, labels in _WORDS["labels"].items() for label in labels}
_SYSTEM = re.compile(rf"[@.](?:{_one_of(_WORDS['systems']['domains'])})$", re.IGNORECASE)
_PREFIX = re.compile(
    rf"\s*(?:\[[^\]]{{1,40}}\]\s*)?(?:{_one_of(_WORDS['subjects']['prefixes'])})(?:\s?\[\d+\]|\s?\(\d+\))?\s*[:：]\s*",
    re.IGNORECASE,
)


def header_kind(label: str) -> str | None:
    """from, sent, to, cc or subject where the label is one of theirs in any language known, else None."""
    return _KIND_OF.get(" ".join(label.split()).casefold())


def has_verb(text: str) -> bool:
    """Whether a word for `wrote` stands in it."""
    return bool(_VERB.search(text))


def is_opener(text: str) -> bool:
    """Whether it begins as an attribution may."""
    return bool(_OPENER.match(text))


def has_weekday(text: str) -> bool:
    """Whether the name of a weekday stands in it."""
    return bool(_WEEKDAY.search(text))


def is_device_footer(line: str) -> bool:
    """`Sent from my iPhone` and its like."""
    return bool(_FOOTER.match(line)) or ("aka.ms/" in line and "outlook" in line.casefold())


def is_forward_line(line: str) -> bool:
    """`Begin forwarded message:` and its like."""
    return bool(_FORWARD.match(line))


def is_automatic_subject(subject: str) -> bool:
    """`Automatic reply:` and its like."""
    return bool(_AUTOMATIC.match(subject))


def is_bounce_subject(subject: str) -> bool:
    """`Undeliverable:` and its like."""
    return bool(_BOUNCED.match(subject))


def label_kind(label: str) -> str | None:
    """sent, draft, spam, trash or chat for a label of Gmail's own, else None."""
    return _LABELS.get(label.casefold())


def is_system_domain(address: str) -> bool:
    """Whether a recruiting system or network writes from there in the name of people."""
    return bool(_SYSTEM.search(address))


def normal_subject(subject: str) -> str:
    """Without `Re:` and its like in any language, however often, in lower case."""
    text = " ".join(subject.split())
    while prefix := _PREFIX.match(text):
        text = text[prefix.end() :]
    return text.casefold()
