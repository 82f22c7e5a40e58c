"""Reads the published snapshot and writes the week's report."""

from __future__ import annotations

import hashlib
import re
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl

from flows import people, store
from flows.config import Settings
from flows.people import Page
from flows.store import Home
from schemas.errors import NothingToDoError, UsageError
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


def write_report(
    home: Home, settings: Settings, *, day: date | None = None, team: str | None = None, now: datetime | None = None
) -> Path:
    """Render the report of the week that holds `day`, into `reports/<iso-week>/weekly.html`; returns its path.

    Without a day: the newest week that everybody had seven days to answer. Numbers come from the snapshot only; names
    of recruiters, where configured, from `people.names_of`, logged at `now`. With a team: `weekly-<team>.html`, of that
    team's rows. Raises NothingToDoError if there is no snapshot, or nothing in it, UsageError for an unknown or too
    small team.
    """
    from reports.team import team_data
    from reports.weekly import ReportOptions, WeeklyData, render

    with closing(store.open_snapshot(home)) as connection:
        frames = {name: fetch(connection, f"from {name}") for name in FRAMES}
        info = fetch(connection, "from snapshot_info").row(0, named=True)
        runs = fetch(connection, "select files_refused from runs order by started_at desc limit 1")
    week = report_week(frames["metric_week"], day)
    options = ReportOptions(
        title=settings.report.title,
        talk_share_reference=settings.report.talk_share_reference,
        weeks=settings.report.weeks,
        minimum_candidates=settings.privacy.minimum_candidates,
        team=team,
        recruiters=settings.report.recruiters,
        names=_names(home, settings, now) if settings.report.recruiters and not team else {},
    )
    data = WeeklyData(**frames, snapshot_info=info | runs.row(0, named=True))
    if team:
        data = team_data(data, team, week, options)
    html = render(data, week=week, settings=options)
    year, number, _ = week.isocalendar()
    path = home.reports / f"{year}-W{number:02d}" / (f"weekly-{_as_file_name(team)}.html" if team else "weekly.html")
    path.parent.mkdir(parents=True, exist_ok=True)
    built = path.with_suffix(".next")
    built.write_text(html, encoding="utf-8")
    store.swap_in(built, path)
    return path


def write_team_reports(home: Home, settings: Settings, *, day: date | None = None) -> tuple[list[Path], list[str]]:
    """The pages of the configured teams, and why some have none."""
    paths, refusals = [], []
    for team in settings.report.teams:
        try:
            paths.append(write_report(home, settings, day=day, team=team))
        except UsageError as error:
            refusals.append(str(error))
    return paths, refusals


def _names(home: Home, settings: Settings, now: datetime | None) -> dict[str, str]:
    return people.names_of(home, settings, Page("weekly report", "manager"), now=now or datetime.now(UTC))


def _as_file_name(team: str) -> str:
    """Readable, and one file a team whatever it is called."""
    readable = re.sub(r"[^a-z0-9]+", "-", team.lower()).strip("-")
    return f"{readable[:40]}-{hashlib.sha256(team.encode()).hexdigest()[:6]}".lstrip("-")


def report_week(metric_week: pl.DataFrame, day: date | None) -> date:
    """The Monday of the week that holds `day`, else of the newest judged one. Raises NothingToDoError without data."""
    return _known_week(metric_week, day) if day else _newest_judged_week(metric_week)


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
