"""Prefect's environment, and the schedules served from one process without a worker."""

from __future__ import annotations

import os
from typing import Any

from flows.config import Settings
from flows.store import Home


def prepare_environment(home: Home) -> None:
    """Keep Prefect's state in our home and its telemetry off. Must be called before Prefect is imported."""
    os.environ.setdefault("PREFECT_HOME", str(home.prefect.resolve()))
    os.environ.setdefault("DO_NOT_TRACK", "1")
    os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
    os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "90")
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "WARNING")


def serve(home: Home, settings: Settings, *, nightly_cron: str | None = None) -> None:
    """Run the nightly and weekly schedules in this process until it is stopped; one run of each at a time.

    Schedules come from `[schedule]`, in the report's time zone; `nightly_cron` replaces the nightly one.
    """
    from prefect import serve as serve_deployments
    from prefect.schedules import Cron

    from flows.nightly import nightly
    from flows.weekly import weekly

    place = {"home": str(home.root.resolve())}
    crons: dict[Any, str] = {nightly: nightly_cron or settings.schedule.nightly, weekly: settings.schedule.weekly}
    deployments: list[Any] = [
        flow.to_deployment(
            name=flow.name,
            schedule=Cron(cron, timezone=settings.time_zone),
            parameters=place,
            concurrency_limit=1,
        )
        for flow, cron in crons.items()
    ]
    serve_deployments(*deployments)
