"""One spelling per person: `kind:value`, the text that is hashed into a published id."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from urllib.parse import unquote

import polars as pl

LONGEST = 2_000
"""Characters of an identity; what is longer is cut, since no address and no id is."""

_LINKEDIN = re.compile(r"linkedin\.com/(?:in|pub|talent/profile)/([^/?#\s]+)", re.IGNORECASE)
_ADDRESS = re.compile(r"^(?:mailto:)?([^@\s<>]+@[^@\s<>]+\.[^@\s<>]+)$", re.IGNORECASE)
_NAMED_ADDRESS = re.compile(r"<([^@\s<>]+@[^@\s<>]+\.[^@\s<>]+)>$")
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\u00ad]")


def identity(value: str | None) -> str | None:
    """`linkedin:<slug>` for a profile URL, `email:<address>` for an address, else `id:<value>`, or None."""
    text = unicodedata.normalize("NFC", _INVISIBLE.sub("", (value or "")[:LONGEST])).strip()
    if not text:
        return None
    if match := _LINKEDIN.search(text):
        return linkedin_identity(match.group(1))
    if match := _ADDRESS.match(text) or _NAMED_ADDRESS.search(text):
        return f"email:{match.group(1).lower()}"
    return f"id:{text}"


def linkedin_identity(slug: str) -> str:
    """Identity of a profile by its slug, percent-encoded or not."""
    return f"linkedin:{unicodedata.normalize('NFC', unquote(slug)).lower()}"


def name_identity(owner: str, name: str) -> str:
    """Identity of somebody known by display name only; unique within one owner's inbox."""
    return f"name:{owner}|{' '.join(name.split()).lower()}"


def hidden_identity(thread_id: str) -> str:
    """Identity of a hidden or closed account (`LinkedIn Member`): one unknown person per conversation."""
    return f"hidden:{thread_id}"


def mapped(values: pl.Series, function: Callable[[str], str | None]) -> pl.Series:
    """A function over the distinct values of a column: people are few, rows are many."""
    unique = values.drop_nulls().unique()
    found = pl.Series(unique.name, [function(value) for value in unique], dtype=pl.String)
    return values.replace_strict(unique, found, default=None, return_dtype=pl.String)
