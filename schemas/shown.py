"""Text from outside as it may be shown: what a terminal would obey, or nobody could see, stands there as an escape."""

from __future__ import annotations

import re

_OBEYED = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")


def shown(text: str) -> str:
    """On one line: control characters, marks that turn the direction, and half characters as `\\x1b`, `\\u202e`."""
    return _OBEYED.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)
