"""Reads the published snapshot and writes the week's report."""

from __future__ import annotations

from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from flows import store
from flows.config import Settings
from flows.store import Home
from schemas.errors import NothingToDoError
from sql.frames import fetch

FRAMES = (
    "metric_week",
    "associations",
    "approach_metrics",
    "set_aside",
    "exclusions",
    "source_files",
    "funnel",
    "dose_response",
    "templates",
    "template_rates",
    "burn_ledger",
    "recontact",
    "volume",
    "hypotheses",
    "restatements",
)


def write_report(home: Home, settings: Settings, *, day: date | None = None) -> Path:
    """Render the report of the week that holds `day`, into `reports/<iso-week>/weekly.html`; returns its path.

    Without a day: the newest week that everybody had seven days to answer. Numbers come from the snapshot only.
    Raises NothingToDoError if there is no snapshot, or nothing in it.
    """
    from reports.weekly import ReportOptions, WeeklyData, render

    with closing(store.open_snapshot(home)) as connection:
        frames = {name: fetch(connection, f"from {name}") for name in FRAMES}
        info = fetch(connection, "from snapshot_info").row(0, named=True)
        runs = fetch(connection, "select files_refused from runs order by started_at desc limit 1")
    week = _known_week(frames["metric_week"], day) if day else _newest_judged_week(frames["metric_week"])
    options = ReportOptions(
        title=settings.report.title,
        talk_share_reference=settings.report.talk_share_reference,
        weeks=settings.report.weeks,
        minimum_candidates=settings.privacy.minimum_candidates,
    )
    html = render(WeeklyData(**frames, snapshot_info=info | runs.row(0, named=True)), week=week, settings=options)
    year, number, _ = week.isocalendar()
    path = home.reports / f"{year}-W{number:02d}" / "weekly.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    built = path.with_suffix(".next")
    built.write_text(html, encoding="utf-8")
    store.swap_in(built, path)
    return path


def monday(day: date) -> date:
    """The Monday of the day's ISO week."""
    return day - timedelta(days=day.weekday())


def _known_week(metric_week: pl.DataFrame, day: date) -> date:
    week, first, last = monday(day), metric_week["week"].min(), metric_week["week"].max()
    if not (isinstance(first, date) and isinstance(last, date) and first <= week <= last):
        there = f"from the week of {first!s} to the week of {last!s}" if first else "for no week at all"
        raise NothingToDoError(f"The week of {week}: no data; the snapshot has some {there}.")
    return week


def _newest_judged_week(metric_week: pl.DataFrame) -> date:
    replies = metric_week.filter(pl.col("metric") == "replied_7d", pl.col("group_by") == "all")
    judged = replies.filter(pl.col("state") == "judged")["week"].max()
    week = judged or metric_week["week"].max()
    if not isinstance(week, date):
        raise NothingToDoError("The snapshot holds no approach of a recruiter, so there is no week to report on.")
    return week
