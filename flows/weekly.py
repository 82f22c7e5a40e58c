"""The weekly report as a Prefect flow: written, and sent where somebody is to get it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_link_artifact
from prefect.cache_policies import NO_CACHE

from flows.config import load_settings
from flows.mailing import send_report
from flows.reporting import WeekReport, write_report, write_team_reports
from flows.store import Home
from schemas.errors import BusyError


@flow(name="weekly", persist_result=False, log_prints=False)
def weekly(home: str, day: str | None = None) -> str:
    """Write the report of the week that holds `day` (ISO date; default: the newest judged week); returns its path.

    It is sent to `[mail] recipients`, once a week each. Addresses stay out of Prefect's database and logs.
    """
    place = Home(Path(home).resolve())
    settings, logger = load_settings(place.root), get_run_logger()
    render: Any = task(name="write_report", retries=1, cache_policy=NO_CACHE, persist_result=False)(write_report)
    now, chosen = datetime.now(UTC), date.fromisoformat(day) if day else None
    report: WeekReport = render(place, settings, day=chosen, now=now)
    create_link_artifact(
        link=report.path.as_uri(), key="weekly-report", description=f"Report of {report.path.parent.name}"
    )
    _, refusals = write_team_reports(place, settings, day=chosen, now=now)
    for note in (*report.notes, *refusals):
        logger.warning(note)
    if settings.mail.recipients:
        send: Any = task(
            name="send_report",
            retries=5,
            retry_delay_seconds=120,
            retry_condition_fn=_is_busy,
            cache_policy=NO_CACHE,
            persist_result=False,
        )(send_report)
        for line in send(place, settings, report, now=now, is_newest=day is None):
            logger.info(line)
    return str(report.path)


async def _is_busy(_task: Any, _run: Any, state: Any) -> bool:
    """A run is under way, and mails wait until it is over; what a mail server says was tried again already."""
    return isinstance(await state.aresult(raise_on_failure=False), BusyError)
