"""The weekly report as a Prefect flow."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_link_artifact
from prefect.cache_policies import NO_CACHE

from flows.config import load_settings
from flows.reporting import write_report, write_team_reports
from flows.store import Home


@flow(name="weekly", persist_result=False, log_prints=False)
def weekly(home: str, day: str | None = None) -> str:
    """Render the report of the week that holds `day` (ISO date; default: the newest judged week); returns its path."""
    place = Home(Path(home).resolve())
    render: Any = task(name="write_report", retries=1, cache_policy=NO_CACHE, persist_result=False)(write_report)
    path: Path = render(place, load_settings(place.root), day=date.fromisoformat(day) if day else None)
    _, refusals = write_team_reports(place, load_settings(place.root), day=date.fromisoformat(day) if day else None)
    for refusal in refusals:
        get_run_logger().warning(refusal)
    create_link_artifact(link=path.as_uri(), key="weekly-report", description=f"Report of {path.parent.name}")
    return str(path)
