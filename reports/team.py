"""The page of one team: rows of that team only, and nothing from which the others' numbers follow by subtraction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import date
from typing import Any

import polars as pl

from reports import words
from reports.estimates import outreach, recent
from reports.weekly import ReportOptions, WeeklyData
from schemas.errors import UsageError

WHOLE_IMPORT = ("set_aside", "exclusions", "source_files")
"""About files, not about people: a team's page shows them as they are."""


def team_data(data: WeeklyData, team: str, week: date, options: ReportOptions) -> WeeklyData:
    """`data` for the page of `team`: tables without a team stand empty.

    Raises UsageError if there is no such team, if it is too small, or if the page would tell of a small rest.
    """
    rows = data.approach_metrics
    teams = sorted(rows["team"].drop_nulls().unique())
    if team not in teams:
        there = ", ".join(map(repr, teams)) or "no team at all"
        raise UsageError(f"Team {team!r}: there is none of that name. The snapshot knows {there}.")
    reason = withheld_teams(recent(outreach(rows), "replied_7d", week, options.weeks), options).get(team)
    if reason:
        raise UsageError(f"Team {team!r}: no page. {reason}")
    is_own = pl.col("team").eq_missing(team)
    changed: dict[str, Any] = {
        "approach_metrics": rows.filter(is_own),
        "metric_week": _weeks_of(data.metric_week, team, options),
    }
    for field in fields(data):
        frame = getattr(data, field.name)
        if field.name not in (*changed, *WHOLE_IMPORT, "others") and isinstance(frame, pl.DataFrame):
            changed[field.name] = frame.head(0)
    return replace(data, **changed, others=rows.filter(~is_own))


def withheld_teams(judged: pl.DataFrame, options: ReportOptions) -> dict[str, str]:
    """Team -> why it has no page: too small, or left over with too small a rest once the other pages are out.

    Those without a team are a team here that is never asked for.
    """
    people = judged.with_columns(pl.col("team").fill_null(""))
    sizes = people.group_by("team").agg(pl.col("recruiter_id").n_unique(), pl.col("person").n_unique()).sort("team")
    needs = (
        f"A page of its own needs {options.minimum_recruiters} recruiters and {options.minimum_candidates} candidates"
    )
    since = f"in the last {options.weeks} judged weeks"
    found = {
        team: f"{needs} {since}; it has {recruiters} and {words.few(candidates, options.minimum_candidates)}."
        for team, recruiters, candidates in sizes.iter_rows()
        if recruiters < options.minimum_recruiters or candidates < options.minimum_candidates
    }
    rest = f"Its page and the report of all would tell by subtraction of a rest of fewer people than that ({since})."
    shown = [team for team, *_ in sizes.sort("person", "team").iter_rows() if team not in found]
    while found and shown and _is_small(people.filter(pl.col("team").is_in(list(found))), options):
        found[shown.pop(0)] = rest
    return found


def _is_small(rows: pl.DataFrame, options: ReportOptions) -> bool:
    few_recruiters = rows["recruiter_id"].n_unique() < options.minimum_recruiters
    return few_recruiters or rows["person"].n_unique() < options.minimum_candidates


def _weeks_of(metric_week: pl.DataFrame, team: str, options: ReportOptions) -> pl.DataFrame:
    """The team's weekly rows as if they were everybody's; withheld where few wrote, in the team or outside it."""
    everybody = metric_week.filter(pl.col("group_by") == "all").select(
        "metric", "week", all_recruiters="n_recruiters", all_candidates="n_candidates"
    )
    own = metric_week.filter(pl.col("group_by") == "team", pl.col("group_value") == team)
    joined = own.join(everybody, on=["metric", "week"], how="left", maintain_order="left")
    few = _is_few("n_recruiters", "all_recruiters", options.minimum_recruiters)
    few |= _is_few("n_candidates", "all_candidates", options.minimum_candidates)
    numbers: Sequence[str] = [
        name for name in ("numerator", "denominator", "value", "low", "high") if name in own.columns
    ]
    return joined.with_columns(
        pl.when(few).then(None).otherwise(pl.col(name)).alias(name) for name in numbers
    ).select(
        pl.lit("all").alias("group_by"),
        pl.lit("all").alias("group_value"),
        pl.when(few).then(pl.lit("withheld")).otherwise("state").alias("state"),
        (pl.col("suppressed") | few).alias("suppressed"),
        *[name for name in own.columns if name not in ("group_by", "group_value", "state", "suppressed")],
    )  # fmt: skip


def _is_few(own: str, everybody: str, minimum: int) -> pl.Expr:
    rest = pl.col(everybody) - pl.col(own)
    return pl.col(own).is_between(1, minimum - 1) | rest.is_between(1, minimum - 1)
