"""What became of a hundred people contacted, by opening style, from the table `funnel`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from reports import charts
from reports.estimates import Rate
from reports.figure import Figure, Table
from reports.words import funnel as words

GAINS = ("replied", "interested", "discussion", "interview", "offer", "hired")
LOSSES = ("declined", "opted out")
STYLES = ("sell_first", "mixed", "reaction_first")


@dataclass(frozen=True)
class Stage:
    """One stage of one opening style; `rate` is None unless the state is judged."""

    name: str
    window_days: int
    state: str
    rate: Rate | None
    n_open: int


@dataclass(frozen=True)
class Funnel:
    """Stages by opening style, and of everybody."""

    styles: Mapping[str, Mapping[str, Stage]] = field(default_factory=dict)
    reason: str = ""
    """Why nothing is known, where the table says so."""

    @property
    def everybody(self) -> Mapping[str, Stage]:
        """Of all approaches together."""
        return self.styles.get("all", {})

    @property
    def shown(self) -> tuple[str, ...]:
        """The styles that stand side by side; everybody where none can be shown."""
        known = tuple(style for style in STYLES if any(s.rate for s in self.styles.get(style, {}).values()))
        return known or (("all",) if any(stage.rate for stage in self.everybody.values()) else ())

    def contrast(self, stage: str) -> tuple[str, str] | None:
        """The styles with the highest and the lowest rate of a stage, if their intervals do not overlap."""
        rates = [(self.styles[style][stage].rate, style) for style in self.shown if stage in self.styles[style]]
        rated = [(rate, style) for rate, style in rates if rate]
        if len(rated) < 2:
            return None
        top, bottom = max(rated, key=lambda pair: pair[0].value), min(rated, key=lambda pair: pair[0].value)
        return (top[1], bottom[1]) if top[0].low > bottom[0].high else None


def read(funnel: pl.DataFrame, *, is_conversion_refused: bool = False) -> Funnel:
    """The rows of `funnel` as records; later stages stay unknown where conversions are refused."""
    styles: dict[str, dict[str, Stage]] = {}
    reasons: list[str] = []
    for row in _ordered(funnel):
        styles.setdefault(row["opening_style"], {})[row["stage"]] = _stage(row)
        reasons += [row["reason"]] if row["reason"] and row["opening_style"] == "all" else []
    if is_conversion_refused:
        for stages in styles.values():
            for name in GAINS[3:]:
                if name in stages:
                    stages[name] = Stage(name, stages[name].window_days, "refused", None, stages[name].n_open)
    return Funnel(styles, reasons[0] if reasons else "")


def _ordered(funnel: pl.DataFrame) -> list[dict[str, Any]]:
    if funnel.is_empty():
        return []
    return funnel.sort("opening_style", "stage_no").to_dicts()


def _stage(row: Mapping[str, Any]) -> Stage:
    rate = None
    if row["state"] == "judged" and row["rate"] is not None:
        rate = Rate(int(row["n_reached"]), int(row["n_contacted"]), row["rate"], row["low"], row["high"])
    return Stage(row["stage"], int(row["window_days"]), row["state"], rate, int(row["n_open"] or 0))


def figure(result: Funnel, labels: Mapping[str, str]) -> Figure:
    """The styles side by side, won above lost."""
    headline = words.headline(result, labels)
    if not result.shown:
        return Figure("funnel", headline, instead=words.instead(result))
    panels = [
        charts.Panel(
            words.STYLES[style],
            [_bar(result.styles[style], name, labels) for name in GAINS],
            [_bar(result.styles[style], name, labels) for name in LOSSES],
            [_bar(result.styles[style], "ignored", labels)],
        )
        for style in result.shown
    ]
    return Figure(
        "funnel",
        headline,
        words.subtitle(result),
        charts.draw(lambda width: charts.panels(panels, width)),
        words.alt(result, labels),
        Table(words.columns(result), words.rows(result, labels), (False, *(True for _ in words.columns(result)[1:]))),
        words.notes(result),
    )


def _bar(stages: Mapping[str, Stage], name: str, labels: Mapping[str, str]) -> charts.Bar:
    stage = stages.get(name)
    rate = stage.rate if stage else None
    text = words.value(stage)
    if rate is None:
        return charts.Bar(words.step(labels, name), None, None, None, text)
    return charts.Bar(words.step(labels, name), rate.value, rate.low, rate.high, text)
