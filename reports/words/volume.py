"""Volume against discussions, in English."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from reports.words.findings import difference_words, outcome_words
from reports.words.numbers import count, sentence

if TYPE_CHECKING:
    from reports.estimates import Finding
    from reports.sections.volume import Months, Volume

OVER = "Volume against discussions"
OVER_SECOND = "The same months, in all"
NO_HEADLINE = "Whether fewer contacts go with better talks cannot be said yet"
FEW_RECRUITERS = "too few recruiters to show this without showing one of them"
COLUMNS = {
    "rate": ("Months", "Per 100 contacted", "95% interval", "Contacted"),
    "total": ("Months", "Per recruiter and month", "95% interval", "Contacted"),
}


def number(value: float) -> str:
    """0.8, 12."""
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}"


def label(months: Months) -> str:
    """Lean: 6 people."""
    return f"{months.volume}: {number(months.contacts)} people"


def headline(thirds: Sequence[Months], kind: str) -> str:
    """Lean against busy months; neutral where the intervals overlap."""
    lean, busy = (each.rate if kind == "rate" else each.total for each in (thirds[0], thirds[-1]))
    per = "per 100 contacted" if kind == "rate" else "a month"
    names = thirds[0].volume.capitalize(), thirds[-1].volume.capitalize()
    if lean is None or busy is None:
        return NO_HEADLINE
    if lean[1] > busy[2]:
        return f"{names[0]} months go with more discussions {per}: {number(lean[0])} against {number(busy[0])}"
    if busy[1] > lean[2]:
        return f"{names[1]} months go with more discussions {per}: {number(busy[0])} against {number(lean[0])}"
    return f"{names[0]} and {names[1].lower()} months do not differ clearly in discussions {per}"


def subtitle(kind: str, n: int) -> str:
    """Measure, who, period."""
    if kind == "rate":
        return f"Discussions per 100 contacted, by thirds of each recruiter’s own full months; {count(n)} approaches."
    return "Discussions per recruiter and month in the same thirds, on average of recruiters."


def alt(rows: Sequence[tuple[str, tuple[float, float, float]]], kind: str) -> str:
    """The picture in a sentence."""
    parts = [f"{name} {number(value)} ({number(low)} to {number(high)})" for name, (value, low, high) in rows]
    return f"Dots with intervals, discussions per {'100 contacted' if kind == 'rate' else 'month'}: {'; '.join(parts)}."


def rows(volume: Volume, kind: str, event: str, labels: Mapping[str, str]) -> list[list[str]]:
    """The table under the picture, all outcomes."""
    told = []
    for months in volume.months:
        triple = months.rate if kind == "rate" else months.total
        what = f"{sentence(outcome_words(months.outcome, event, labels)).rstrip('.')}, {months.volume}"
        if triple is None:
            told.append([what, "–", "–", count(months.n)])
        else:
            value, low, high = map(number, triple)
            told.append([what, value, f"{low} to {high}", count(months.n)])
    return told


def notes(finding: Finding | None) -> list[str]:
    """The tested form of the same question."""
    if finding is None or finding.difference is None or finding.verdict == "too little data":
        return []
    said = {"higher": "goes with more discussions", "lower": "goes with fewer discussions"}
    verdict = said.get(finding.verdict, "shows no difference in discussions")
    return [
        f"Within the same month, having contacted more people in the 28 days before {verdict}: "
        f"{difference_words(finding)} points."
    ]


def instead(volume: Volume) -> str:
    """Why there is no picture."""
    return sentence(volume.reason or "no recruiter has enough full months yet")
