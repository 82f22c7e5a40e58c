"""One spelling per person: `kind:value`, the text that is hashed into a published id."""

from __future__ import annotations

import re
from urllib.parse import unquote

_LINKEDIN = re.compile(r"linkedin\.com/(?:in|pub|talent/profile)/([^/?#\s]+)", re.IGNORECASE)
_ADDRESS = re.compile(r"^[^@\s<>]+@[^@\s<>]+\.[^@\s<>]+$")


def identity(value: str | None) -> str | None:
    """`linkedin:<slug>` for a profile URL, `email:<address>` for an address, else `id:<value>`; None for nothing."""
    text = (value or "").strip()
    if not text:
        return None
    if match := _LINKEDIN.search(text):
        return f"linkedin:{unquote(match.group(1)).lower()}"
    if _ADDRESS.match(text):
        return f"email:{text.lower()}"
    return f"id:{text}"


def name_identity(owner: str, name: str) -> str:
    """Identity of somebody known by display name only; unique within one owner's inbox."""
    return f"name:{owner}|{' '.join(name.split()).lower()}"


def hidden_identity(thread_id: str) -> str:
    """Identity of a hidden or closed account (`LinkedIn Member`): one unknown person per conversation."""
    return f"hidden:{thread_id}"
