"""First-message length in words, by fifths, from the table `dose_response`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from reports import charts
from reports.estimates import Finding, Rate, is_refused
from reports.figure import Figure, Table
from reports.words import length as words
from reports.words.numbers import percent

HALF = 365


@dataclass(frozen=True)
class Fifth:
    """First messages between two lengths, and how many were answered."""

    first: float
    last: float
    rate: Rate
    adjusted: float | None


@dataclass(frozen=True)
class Fifths:
    """The fifths of one metric, by rising length."""

    outcome: str
    groups: tuple[Fifth, ...] = ()

    @property
    def contrast(self) -> tuple[Fifth, Fifth] | None:
        """The fifths with the highest and the lowest rate, if their intervals do not overlap."""
        if len(self.groups) < 2:
            return None
        top = max(self.groups, key=lambda fifth: fifth.rate.value)
        bottom = min(self.groups, key=lambda fifth: fifth.rate.value)
        return (top, bottom) if top.rate.low > bottom.rate.high else None


def read(
    dose_response: pl.DataFrame, info: Mapping[str, Any], *, outcome: str = "replied_7d", minimum_candidates: int
) -> Fifths:
    """The bins of first-message words and `outcome`; none where its rates are refused or a bin is too small."""
    if dose_response.is_empty() or is_refused(outcome, info):
        return Fifths(outcome)
    rows = dose_response.filter(pl.col("metric") == "first_message_words", pl.col("outcome") == outcome).sort("bin_no")
    if any(row["rate"] is None or row["n_candidates"] < minimum_candidates for row in rows.iter_rows(named=True)):
        return Fifths(outcome)
    return Fifths(outcome, tuple(map(_fifth, rows.iter_rows(named=True))))


def _fifth(row: Mapping[str, Any]) -> Fifth:
    rate = Rate(int(row["n_outcomes"]), int(row["n_approaches"]), row["rate"], row["rate_low"], row["rate_high"])
    return Fifth(row["bin_from"], row["bin_to"], rate, row["adjusted_rate"])


def figure(fifths: Fifths, finding: Finding | None, top: float) -> Figure:
    """Dots with intervals, one a fifth; `top` ends the axis, which the picture beside shares."""
    headline = words.headline(fifths, finding)
    if not fifths.groups:
        return Figure("length-words", headline, instead=words.INSTEAD)
    rows = [
        charts.Bar(
            words.span(fifth),
            fifth.rate.value,
            fifth.rate.low,
            fifth.rate.high,
            percent(fifth.rate.value),
        )
        for fifth in fifths.groups
    ]
    return Figure(
        "length-words",
        headline,
        words.subtitle(fifths),
        charts.draw(lambda width: charts.rates(rows, top, width), HALF),
        words.alt(fifths),
        Table(words.COLUMNS, words.rows(fifths), (False, True, True, True, True, True)),
    )
