"""The weekly report as a Prefect flow: written, and sent where somebody is to get it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

from prefect import flow, get_run_logger
from prefect.artifacts import create_link_artifact

from flows.config import Settings, load_settings
from flows.deadline import deadline
from flows.failures import without_names
from flows.mailing import send_report
from flows.nightly import as_task, tell_operator
from flows.reporting import WeekReport, write_report, write_team_reports
from flows.store import Home


@flow(
    name="weekly",
    persist_result=False,
    log_prints=False,
    on_failure=[tell_operator],
    on_crashed=[tell_operator],
)
def weekly(home: str, day: str | None = None) -> str:
    """Write the report of the week that holds `day` (ISO date; default: the newest judged week); returns its path.

    It is sent to `[mail] recipients`, once a week each. Addresses stay out of Prefect's database and logs.
    """
    place = Home(Path(home).resolve())
    try:
        settings = load_settings(place.root)
        with deadline(settings.schedule.timeout_hours):
            return str(_written_and_sent(place, settings, day))
    except Exception as error:
        raise without_names(error) from None


def _written_and_sent(place: Home, settings: Settings, day: str | None) -> Path:
    logger = get_run_logger()
    now, chosen = datetime.now(UTC), date.fromisoformat(day) if day else None
    report: WeekReport = as_task(write_report, retries=1)(place, settings, day=chosen, now=now)
    create_link_artifact(
        link=report.path.as_uri(), key="weekly-report", description=f"Report of {report.path.parent.name}"
    )
    _, refusals = write_team_reports(place, settings, day=chosen, now=now)
    for note in (*report.notes, *refusals):
        logger.warning(note)
    if settings.mail.recipients:
        # A run may be under way, and mails wait until it is over; what a mail server says was tried again already.
        send = as_task(send_report, retries=5, seconds=120)
        for line in send(place, settings, report, now=now, is_newest=day is None):
            logger.info(line)
    return report.path
