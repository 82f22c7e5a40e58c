"""All rendered weeks on one page, newest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from reports import words
from reports.weekly import as_html


@dataclass(frozen=True)
class Week:
    """One rendered week, as its own files tell it."""

    monday: date
    folder: str
    main_point: str = ""
    made_at: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    """What to call a file -> its name in the folder."""


def overview(weeks: Sequence[Week], *, title: str, quality: str = "", language: str = "en") -> str:
    """One HTML file with the main finding of each week and links to its files; no script, no request.

    `quality`: the file name of the data-quality page, where there is one.
    """
    ordered = sorted(weeks, key=lambda week: week.monday, reverse=True)
    page = {
        "words": words,
        "labels": words.LABELS,
        "language": language,
        "title": title,
        "weeks": ordered,
        "quality": quality,
    }
    return as_html(page, "index.html.j2")
