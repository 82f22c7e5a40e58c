"""Registered hypotheses, and what weeks said then and say now, in English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from reports.words.findings import claim
from reports.words.numbers import count, day, percent, plain, points, sentence

if TYPE_CHECKING:
    from reports.sections.history import Hypothesis, Restated, Restatements

HYPOTHESES = "Registered hypotheses"
NONE_REGISTERED = (
    "A question asked before its answer can be known is judged once, without the doubt of having looked at many. "
    "The settings file takes them."
)
HYPOTHESES_SUBTITLE = "Registered before the approaches they speak of; each is judged once, and stays as it was judged."
HYPOTHESES_COLUMNS = ("Name", "What was said beforehand", "What became of it", "Difference, points")

RESTATEMENTS = "What a week said then and says now"
RESTATEMENTS_SUBTITLE = "Weekly figures of everybody, when they were first judged and in this snapshot."
RESTATEMENTS_COLUMNS = ("Figure", "Week of", "Then", "Now", "Change, points", "Why")
RATES = {
    "replied_7d": "replied within 7 days",
    "replied_14d": "replied within 14 days",
    "replied_30d": "replied within 30 days",
    "discussion": "became a discussion",
    "converted_60d": "converted within 60 days",
    "sell_first": "sell-first openings",
    "reaction_first": "reaction-first openings",
}


def hypotheses_headline(found: tuple[Hypothesis, ...]) -> str:
    """How many were judged, and how they came out."""
    if not found:
        return "No hypothesis is registered"
    judged = [each for each in found if each.status == "judged"]
    if not judged:
        waiting = sum(each.status == "registered" for each in found)
        return f"{count(waiting)} registered, none judged yet" if waiting else "None was judged; all were withdrawn"
    parts = [
        f"{count(number)} {verdict}"
        for verdict in ("confirmed", "contradicted", "not confirmed", "too little data")
        if (number := sum(each.verdict == verdict for each in judged))
    ]
    return f"{count(len(judged))} of {count(len(found))} hypotheses judged: {', '.join(parts)}"


def hypothesis_row(each: Hypothesis, event: str, labels: Mapping[str, str]) -> list[str]:
    """Its name as its author wrote it, the claim, the outcome, the size."""
    known = each.difference is not None and each.low is not None and each.high is not None
    size = f"{points(each.difference or 0)} ({points(each.low or 0)} to {points(each.high or 0)})" if known else "–"
    return [each.name, claim(each.metric, each.direction, each.outcome, event, labels), _became(each), size]


def _became(each: Hypothesis) -> str:
    if each.status == "withdrawn":
        return "withdrawn before it was judged"
    if each.status != "judged":
        return f"not judged yet; counts approaches before {day(each.last_day)}" if each.last_day else "not judged yet"
    return f"{each.verdict}: {each.reason}" if each.reason else each.verdict


def restatements_headline(found: Restatements) -> str:
    """How many figures say something else now."""
    if not found.n_judged:
        return "No earlier week to compare with yet"
    if not found.rows:
        return "No judged week says something else now"
    n = len(found.rows)
    return f"{count(n)} of {count(found.n_judged)} judged weekly figures say{'s' if n == 1 else ''} something else now"


def restatements_point(number: int) -> str:
    """As a main point; empty when nothing moved by a point or more."""
    if not number:
        return ""
    what = "weekly figure says" if number == 1 else "weekly figures say"
    return f"{count(number)} {what} something else now than when first judged, by a point or more; see then and now."


def not_restated(found: Restatements) -> str:
    """In place of the table."""
    if not found.n_judged:
        return "This takes a figure that was judged in an earlier snapshot."
    return f"{count(found.n_judged)} figures of judged weeks were compared with what they first said; all are the same."


def restated_row(each: Restated) -> list[str]:
    """Then, now and why."""
    return [
        sentence(RATES.get(each.metric, plain(each.metric))).rstrip("."),
        day(each.week),
        "withheld" if each.then is None else percent(each.then),
        "not shown" if each.now is None else percent(each.now),
        "–" if each.change is None else points(each.change),
        each.reason,
    ]


def restatements_notes(found: Restatements, shown: int) -> list[str]:
    """How many more there are."""
    more = len(found.rows) - shown
    return [f"{count(more)} more stand in the snapshot’s table restatements."] if more > 0 else []
