"""First-message length in words, in English."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.words.numbers import count, interval, percent

if TYPE_CHECKING:
    from reports.estimates import Finding
    from reports.sections.length import Fifth, Fifths

INSTEAD = "Too few first messages with a word count to compare lengths."
COLUMNS = ("Words", "Reply rate", "95% interval", "Within recruiter, language, month", "Replied", "Sent")


def span(fifth: Fifth) -> str:
    """26–46 words."""
    return f"{fifth.first:.0f}–{fifth.last:.0f} words"


def headline(fifths: Fifths, finding: Finding | None) -> str:
    """The fifths that differ, and whether they do within recruiters, too."""
    if not fifths.groups:
        return "Too few messages to compare lengths in words"
    contrast = fifths.contrast
    if contrast is None:
        return "In words: no length stands out"
    top, bottom = contrast
    if finding and finding.verdict == "no difference seen":
        return "Replies differ by words, but not within the same recruiter, language and month"
    return f"{span(top)}: {percent(top.rate.value)} replied; {span(bottom)}: {percent(bottom.rate.value)}"


def subtitle(fifths: Fifths) -> str:
    """Measure, who, period."""
    n = sum(fifth.rate.denominator for fifth in fifths.groups)
    return f"Reply rate within 7 days by fifths of length in words, all {count(n)} judged first messages."


def alt(fifths: Fifths) -> str:
    """The picture in a sentence."""
    parts = [f"{span(fifth)} {percent(fifth.rate.value)} ({interval(fifth.rate)})" for fifth in fifths.groups]
    return f"Dots with intervals, reply rate within 7 days: {'; '.join(parts)}."


def rows(fifths: Fifths) -> list[list[str]]:
    """The table under the picture."""
    return [
        [
            span(fifth),
            percent(fifth.rate.value),
            interval(fifth.rate),
            "–" if fifth.adjusted is None else percent(fifth.adjusted),
            count(fifth.rate.numerator),
            count(fifth.rate.denominator),
        ]
        for fifth in fifths.groups
    ]
