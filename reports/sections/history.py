"""What was said before: registered hypotheses, and weekly figures then and now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from reports.figure import Figure, Table
from reports.words import history as words

MAXIMUM_ROWS = 8
WORTH_SAYING = 0.01
"""A weekly share that moved by a point."""


@dataclass(frozen=True)
class Hypothesis:
    """One registration; differences are shares."""

    name: str
    metric: str
    outcome: str
    direction: str
    last_day: date | None
    status: str
    verdict: str
    reason: str
    difference: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Restated:
    """A weekly share that says something else now than when it was first judged."""

    metric: str
    week: date
    then: float | None
    now: float | None
    change: float | None
    reason: str


@dataclass(frozen=True)
class Restatements:
    """The restated figures, newest week first, of so many that were judged once."""

    rows: tuple[Restated, ...] = ()
    n_judged: int = 0


def hypotheses(table: pl.DataFrame, time_zone: str) -> tuple[Hypothesis, ...]:
    """The rows of `hypotheses`, in order of their end."""
    if table.is_empty():
        return ()
    rows = table.sort("ends_at", "name", "metric", "outcome", nulls_last=True).to_dicts()
    return tuple(_hypothesis(row, ZoneInfo(time_zone)) for row in rows)


def _hypothesis(row: Mapping[str, Any], zone: ZoneInfo) -> Hypothesis:
    ends = row["ends_at"]
    return Hypothesis(
        row["name"],
        row["metric"],
        row["outcome"],
        row["direction"],
        ends.astimezone(zone).date() if ends else None,
        row["status"],
        row["verdict"] or "",
        row["reason"] or "",
        row["adjusted_difference"],
        row["low"],
        row["high"],
    )


def restatements(table: pl.DataFrame, published_at: datetime | str, refused: tuple[str, ...] = ()) -> Restatements:
    """The rows of `restatements` that were judged in an earlier snapshot and moved; refused metrics left out."""
    if table.is_empty():
        return Restatements()
    if isinstance(published_at, str):
        published_at = datetime.fromisoformat(published_at)
    judged = table.filter(pl.col("first_judged_at") < published_at, ~pl.col("metric").is_in(list(refused)))
    moved = judged.filter(pl.col("is_restated").fill_null(False)).sort("week", "metric", descending=[True, False])
    rows = [
        Restated(
            row["metric"], row["week"], row["first_judged_value"], row["value"], row["change"], row["reason"] or ""
        )
        for row in moved.iter_rows(named=True)
    ]
    return Restatements(tuple(rows), judged.height)


def worth_saying(found: Restatements, week: date, weeks: int) -> int:
    """How many figures of the last `weeks` weeks moved by a point or more, or are shown no more."""
    first = week - timedelta(weeks=weeks)
    recent = [row for row in found.rows if first < row.week <= week]
    return sum(row.now is None or abs(row.change or 0.0) >= WORTH_SAYING for row in recent)


def hypotheses_figure(found: tuple[Hypothesis, ...], event: str, labels: Mapping[str, str]) -> Figure:
    """A table of what was registered and what became of it, or the sentence that nothing was."""
    headline = words.hypotheses_headline(found)
    if not found:
        return Figure("hypotheses", headline, instead=words.NONE_REGISTERED, over=words.HYPOTHESES, is_summary=False)
    return Figure(
        "hypotheses",
        headline,
        words.HYPOTHESES_SUBTITLE,
        table=Table(
            words.HYPOTHESES_COLUMNS,
            [words.hypothesis_row(each, event, labels) for each in found],
            (False, False, False, True),
        ),
        over=words.HYPOTHESES,
        is_summary=False,
    )


def restatements_figure(found: Restatements) -> Figure:
    """A table of the figures that moved, or the sentence that none did."""
    headline = words.restatements_headline(found)
    if not found.rows:
        return Figure(
            "restatements", headline, instead=words.not_restated(found), over=words.RESTATEMENTS, is_summary=False
        )
    return Figure(
        "restatements",
        headline,
        words.RESTATEMENTS_SUBTITLE,
        table=Table(
            words.RESTATEMENTS_COLUMNS,
            [words.restated_row(each) for each in found.rows[:MAXIMUM_ROWS]],
            (False, False, True, True, True, False),
        ),
        notes=words.restatements_notes(found, MAXIMUM_ROWS),
        over=words.RESTATEMENTS,
        is_summary=False,
    )
