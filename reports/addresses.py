"""Mail addresses: what counts as one, and how one is named where it may not stand in full."""

from __future__ import annotations

import re
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.utils import getaddresses

_PLAIN = r"[^\s@<>,;:\"()\[\]\\]+@[^\s@<>,;:\"()\[\]\\]+"
# Line ends that would begin a new header, and marks that turn the writing around.
NOT_FOR_HEADERS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")


def address_of(text: str) -> Address | None:
    """`ana@example.org` or `Ana <ana@example.org>` as an address; None for anything else, more than one among it."""
    found = getaddresses([text])
    if len(found) != 1 or not re.fullmatch(_PLAIN, found[0][1]) or NOT_FOR_HEADERS.search(text):
        return None
    name, plain = found[0]
    user, domain = plain.rsplit("@", 1)
    try:
        return Address(name, user, domain)
    except (HeaderParseError, ValueError):
        return None


def masked(text: str) -> str:
    """The text with every address cut down to its first letter and its domain: `a…@example.org`."""
    return re.sub(r"([^\s@<>,;:\"()\[\]\\])[^\s@<>,;:\"()\[\]\\]*@", r"\1…@", text)
