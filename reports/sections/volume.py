"""Volume against discussions: each recruiter's lean, usual and busy months, from the table `volume`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from reports import charts
from reports.estimates import Finding
from reports.figure import Figure, Table
from reports.words import volume as words

HALF = 365
OUTCOME = "discussion"


@dataclass(frozen=True)
class Months:
    """A third of the months: `rate` per 100 contacted and `total` per month, each (value, low, high)."""

    outcome: str
    volume: str
    contacts: float
    n: int
    rate: tuple[float, float, float] | None
    total: tuple[float, float, float] | None


@dataclass(frozen=True)
class Volume:
    """All thirds of all outcomes, or the reason why there are none."""

    months: tuple[Months, ...] = ()
    reason: str = ""

    def of(self, outcome: str) -> tuple[Months, ...]:
        """The thirds of one outcome, lean first."""
        return tuple(each for each in self.months if each.outcome == outcome)


def read(volume: pl.DataFrame, *, minimum_recruiters: int) -> Volume:
    """The rows of `volume` as records; nothing where fewer recruiters stand behind them."""
    rows = [] if volume.is_empty() else volume.sort("outcome", "volume_no").to_dicts()
    reason = next((row["reason"] for row in rows if row["outcome"] == OUTCOME and row["reason"]), "")
    known = [row for row in rows if not row["reason"]]
    if any(row["n_recruiters"] < minimum_recruiters for row in known if row["outcome"] == OUTCOME):
        return Volume((), words.FEW_RECRUITERS)
    return Volume(tuple(_months(row) for row in known if row["n_recruiters"] >= minimum_recruiters), reason)


def _months(row: Mapping[str, Any]) -> Months:
    return Months(
        row["outcome"],
        row["volume"],
        row["contacts_per_month"] or 0.0,
        int(row["n_approaches"]),
        _triple(row, "per_100"),
        _triple(row, "per_month"),
    )


def _triple(row: Mapping[str, Any], name: str) -> tuple[float, float, float] | None:
    value, low, high = row[name], row[f"{name}_low"], row[f"{name}_high"]
    return None if value is None or low is None or high is None else (value, max(0.0, low), high)


def figures(volume: Volume, finding: Finding | None, event: str, labels: Mapping[str, str]) -> list[Figure]:
    """Per 100 contacted beside per month: "fewer and better" claims both."""
    months = volume.of(OUTCOME)
    drawn = [each for each in months if each.rate and each.total]
    if len(drawn) < 2:
        said = words.instead(volume)
        return [Figure("volume", words.NO_HEADLINE, instead=said, over=words.OVER)]
    rates = [(words.label(each), each.rate) for each in drawn if each.rate]
    totals = [(words.label(each), each.total) for each in drawn if each.total]
    pictures = (("volume-rate", rates, "rate"), ("volume-month", totals, "total"))
    return [
        Figure(
            ident,
            words.headline(drawn, kind),
            words.subtitle(kind, sum(each.n for each in drawn)),
            _picture(rows),
            words.alt(rows, kind),
            Table(words.COLUMNS[kind], words.rows(volume, kind, event, labels), (False, True, True, True)),
            words.notes(finding) if kind == "rate" else (),
            over=words.OVER if kind == "rate" else words.OVER_SECOND,
        )
        for ident, rows, kind in pictures
    ]


def _picture(rows: Sequence[tuple[str, tuple[float, float, float]]]) -> charts.Picture:
    highest = max(triple[2] for _, triple in rows)
    top = next((end for end in (1.0, 2.0, 4.0, 8.0, 10.0, 16.0, 20.0, 40.0, 60.0, 80.0) if end >= highest), 100.0)
    bars = [charts.Bar(label, value, low, min(high, top), words.number(value)) for label, (value, low, high) in rows]
    ticks = [top * place / 4 for place in range(5)]
    form = {"format": ".0f" if top >= 4 and top % 4 == 0 else ".1f"}
    return charts.draw(lambda width: charts.dots(bars, top, width, ticks=ticks, form=form), HALF)
