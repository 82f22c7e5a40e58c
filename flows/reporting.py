"""Reads the published snapshot and writes the week's report in all its forms, and the page over all weeks."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from flows import people, store
from flows.config import Settings
from flows.people import Page
from flows.quality import QUALITY_PAGE, write_quality
from flows.store import Home
from schemas.errors import NothingToDoError, UsageError
from sql.frames import fetch

if TYPE_CHECKING:
    from reports.overview import Week

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
FORMS = {"HTML": ".html", "PDF": ".pdf", "Excel": ".xlsx", "JSON": ".json"}
STEM = "weekly"


@dataclass(frozen=True)
class WeekReport:
    """A written week: the composed page, where it lies, and why a form of it is missing."""

    page: Mapping[str, Any]
    path: Path
    pdf: bytes | None
    notes: tuple[str, ...] = ()

    @property
    def week(self) -> date:
        """Its Monday."""
        week: date = self.page["facts_of_week"]["week"]
        return week

    @property
    def published_at(self) -> datetime:
        """When the numbers were published."""
        moment: datetime = self.page["facts_of_week"]["published_at"]
        return moment


def write_report(
    home: Home, settings: Settings, *, day: date | None = None, team: str | None = None, now: datetime | None = None
) -> WeekReport:
    """Write the week that holds `day` into `reports/<iso-week>/` as HTML, PDF, XLSX and JSON, and renew the overview.

    Without a day: the newest week that everybody had seven days to answer. Numbers come from the snapshot only; names
    of recruiters, where configured, from `people.names_of`, logged at `now`. With a team: `weekly-<team>.html` and so
    on, of that team's rows. The PDF needs the extra `pdf`, and a note says so where it is missing. Raises
    NothingToDoError if there is no snapshot, or nothing in it, UsageError for an unknown or too small team.
    """
    from reports.sheets import as_json, as_workbook
    from reports.weekly import as_html

    page = _composed(home, settings, day, team, now)
    year, number, _ = page["facts_of_week"]["week"].isocalendar()
    folder = home.reports / f"{year}-W{number:02d}"
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"{STEM}-{_as_file_name(team)}" if team else STEM
    pdf, notes = _pdf_of(page)
    forms = {
        "HTML": as_html(page).encode(),
        "PDF": pdf,
        "Excel": as_workbook(page),
        "JSON": as_json(page).encode(),
    }
    for name, content in forms.items():
        path = folder / f"{stem}{FORMS[name]}"
        if content is None:
            path.unlink(missing_ok=True)  # what an earlier rendering left
        else:
            store.write_whole(path, content)
    write_quality(home, settings)
    store.write_whole(home.reports / "index.html", _overview(home, settings).encode())
    return WeekReport(page, folder / f"{stem}{FORMS['HTML']}", pdf, notes)


def _composed(
    home: Home, settings: Settings, day: date | None, team: str | None, now: datetime | None
) -> dict[str, Any]:
    from reports.team import team_data
    from reports.weekly import ReportOptions, WeeklyData, compose

    with closing(store.open_snapshot(home)) as connection:
        frames = {name: fetch(connection, f"from {name}") for name in FRAMES}
        info = fetch(connection, "from snapshot_info").row(0, named=True)
        runs = fetch(connection, "select files_refused from runs order by run_no desc limit 1")
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
    return compose(data, week=week, settings=options)


def _pdf_of(page: Mapping[str, Any]) -> tuple[bytes | None, tuple[str, ...]]:
    from reports.summary import as_pdf

    try:
        return as_pdf(page), ()
    except UsageError as error:
        return None, (str(error),)


def _overview(home: Home, settings: Settings) -> str:
    from reports.overview import overview

    pages = sorted(home.reports.glob(f"*/{STEM}{FORMS['HTML']}"))
    weeks = [week for page in pages if (week := _week_in(page.parent))]
    return overview(weeks, title=settings.report.title, quality=QUALITY_PAGE)


def _week_in(folder: Path) -> Week | None:
    """What a folder's own files tell of its week; None for a folder that is not called like one."""
    from reports.overview import Week

    try:
        first = date.fromisoformat(f"{folder.name}-1")
    except ValueError:
        return None
    told: dict[str, Any] = {}
    # Reports of before there was a JSON are listed too, without their finding.
    with contextlib.suppress(OSError, ValueError):
        told = json.loads((folder / f"{STEM}{FORMS['JSON']}").read_text(encoding="utf-8"))
    return Week(
        monday=first,
        folder=folder.name,
        main_point=next(iter(told.get("main_points", [])), ""),
        made_at=told.get("made", ""),
        files={name: f"{STEM}{end}" for name, end in FORMS.items() if (folder / f"{STEM}{end}").exists()},
    )


def write_team_reports(
    home: Home, settings: Settings, *, day: date | None = None, now: datetime | None = None
) -> tuple[list[WeekReport], list[str]]:
    """The pages of the configured teams, and why some have none."""
    reports, refusals = [], []
    for team in settings.report.teams:
        try:
            reports.append(write_report(home, settings, day=day, team=team, now=now))
        except UsageError as error:
            refusals.append(str(error))
    return reports, refusals


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
