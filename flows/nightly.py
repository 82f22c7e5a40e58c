"""The nightly run as a Prefect flow: the same plain functions, each step a task."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE

from flows import pipeline
from flows.config import load_settings
from flows.store import Home
from schemas.errors import BusyError

RETRIES = {"take_in": 2, "publish": 2}
"""Only steps at the edge of the disk are tried again; a wrong number does not get better by repeating it."""


def as_task(function: Callable[..., Any]) -> Callable[..., Any]:
    """A pipeline step as a task: named, retried at I/O edges only, never cached or persisted."""
    name = function.__name__
    as_named_task: Any = task(
        name=name,
        retries=RETRIES.get(name, 0),
        retry_delay_seconds=30,
        retry_condition_fn=_is_io_failure,
        cache_policy=NO_CACHE,
        persist_result=False,
    )
    decorated: Callable[..., Any] = as_named_task(function)
    return decorated


async def _is_io_failure(_task: Any, _run: Any, state: Any) -> bool:
    exception = await state.aresult(raise_on_failure=False)
    # DuckDB's own failure to read or write a file is no OSError, and DuckDB has another door.
    return isinstance(exception, OSError | BusyError) or type(exception).__name__ == "IOException"


@flow(name="nightly", persist_result=False, log_prints=False)
def nightly(home: str) -> dict[str, Any]:
    """Take in what is new under `home`, measure everything, publish the snapshot; returns the run's counts.

    Names of files stay out of Prefect's database: they may be names of people.
    """
    place = Home(Path(home).resolve())
    logger = get_run_logger()
    report = pipeline.run(
        place,
        load_settings(place.root),
        now=datetime.now(UTC),
        step=as_task,
    )
    counts = pipeline.run_record(report)
    logger.info("snapshot published: %s rows in, %s kept", counts["rows_in"], counts["rows_kept"])
    for warning in report.warnings:
        logger.warning(warning)
    create_table_artifact(
        table=[{"count": name, "value": str(value)} for name, value in counts.items()],
        key="nightly-run",
        description="What the run did with the rows it read: in = kept + set aside + already known + excluded.",
    )
    return {name: value for name, value in counts.items() if isinstance(value, int | str)}
