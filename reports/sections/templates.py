"""Template families whose rates differ from what their senders otherwise get, from `template_rates` and `templates`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from reports.estimates import is_refused
from reports.figure import Figure, Table
from reports.words import templates as words

MAXIMUM_ROWS = 8


@dataclass(frozen=True)
class Family:
    """A family and one outcome; differences are shares."""

    template_id: str
    """To count families; never shown."""
    outcome: str
    style: str
    language: str
    n_recruiters: int
    n_judged: int
    rate: float
    expected: float
    difference: float
    low: float
    high: float


@dataclass(frozen=True)
class Standouts:
    """The families whose interval excludes 0, and of how many."""

    families: tuple[Family, ...] = ()
    n_compared: int = 0
    n_of_few: int = 0
    """Families that stand out but are sent by too few recruiters to show: their numbers would be a person's."""
    is_refused: bool = False


def read(
    templates: pl.DataFrame, template_rates: pl.DataFrame, info: Mapping[str, Any], *, minimum_recruiters: int
) -> Standouts:
    """The outcomes of `template_rates` that are not refused, most different first."""
    if info.get("reply_refused_reason") or template_rates.is_empty() or templates.is_empty():
        return Standouts(is_refused=bool(info.get("reply_refused_reason")))
    rows = template_rates.filter(pl.col("difference_low").is_not_null()).join(
        templates.select("template_id", "opening_style", "language"), on="template_id"
    )
    refused = [outcome for outcome in rows["outcome"].unique() if is_refused(outcome, info)]
    rows = rows.filter(~pl.col("outcome").is_in(refused))
    far = rows.filter((pl.col("difference_low") > 0) | (pl.col("difference_high") < 0))
    far = far.sort(pl.col("shrunken_difference").abs(), "outcome", "template_id", descending=[True, False, False])
    shown = far.filter(pl.col("n_recruiters") >= minimum_recruiters)
    few = far.filter(pl.col("n_recruiters") < minimum_recruiters)
    return Standouts(
        tuple(map(_family, shown.iter_rows(named=True))),
        rows["template_id"].n_unique(),
        few["template_id"].n_unique(),
    )


def _family(row: Mapping[str, Any]) -> Family:
    return Family(
        row["template_id"],
        row["outcome"],
        row["opening_style"],
        row["language"],
        int(row["n_recruiters"]),
        int(row["n_judged"]),
        row["rate"],
        row["expected_rate"],
        row["shrunken_difference"],
        row["difference_low"],
        row["difference_high"],
    )


def figure(found: Standouts, event: str, labels: Mapping[str, str], minimum_recruiters: int) -> Figure:
    """A table of families, or the sentence that none stands out; never a text, an id or a person."""
    headline = words.headline(found)
    if not found.families:
        return Figure(
            "templates",
            headline,
            instead=words.instead(found, minimum_recruiters),
            over=words.OVER,
            is_summary=False,
        )
    return Figure(
        "templates",
        headline,
        words.SUBTITLE,
        table=Table(
            words.COLUMNS,
            [words.row(family, event, labels) for family in found.families[:MAXIMUM_ROWS]],
            (False, False, True, True, True, True, True),
        ),
        notes=words.notes(found, len(found.families) - MAXIMUM_ROWS, minimum_recruiters),
        over=words.OVER,
        is_summary=False,
    )
