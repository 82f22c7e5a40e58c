"""The nightly run as a Prefect flow: the same plain functions, each step a task."""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE

from flows import alarms, pipeline
from flows.config import load_settings
from flows.deadline import deadline
from flows.failures import StepError, failure_of, without_names
from flows.pipeline import RunReport
from flows.store import Home
from schemas.errors import BusyError

RETRIES = {"take_in": 2, "publish": 2}
"""Only steps at the edge of the disk are tried again; a wrong number does not get better by repeating it."""
RETRY_SECONDS = 30
TURN_SECONDS = 60
TURNS = 30
"""How often, and how many times, a night asks for a home that somebody else holds, before it gives up."""
CRASHED = {
    "error": "Crashed",
    "reason": "the process was ended from outside, for its memory, or for taking longer than [schedule] timeout_hours",
    "advice": "talkshare run; it goes on from what is whole",
}


def as_task(
    function: Callable[..., Any], *, retries: int | None = None, seconds: float = RETRY_SECONDS
) -> Callable[..., Any]:
    """A step as a task: named, retried at I/O edges only, never cached or persisted.

    Prefect keeps a failed task's message and traceback in its database, so only what names nobody reaches it.
    """

    @functools.wraps(function)
    def in_our_words(*arguments: Any, **options: Any) -> Any:
        try:
            return function(*arguments, **options)
        except Exception as error:
            raise without_names(error) from None

    as_named_task: Any = task(
        name=function.__name__,
        retries=RETRIES.get(function.__name__, 0) if retries is None else retries,
        retry_delay_seconds=seconds,
        retry_condition_fn=_may_pass,
        cache_policy=NO_CACHE,
        persist_result=False,
    )
    decorated: Callable[..., Any] = as_named_task(in_our_words)
    return decorated


async def _may_pass(_task: Any, _run: Any, state: Any) -> bool:
    exception = await state.aresult(raise_on_failure=False)
    return isinstance(exception, StepError) and exception.may_pass


async def tell_operator(flow: Any, flow_run: Any, state: Any) -> None:
    """The hook of both flows, for a run that failed and for one whose process was ended."""
    problem = None if state.is_crashed() else await state.aresult(raise_on_failure=False)
    failure = failure_of(problem) if isinstance(problem, BaseException) else CRASHED
    since = flow_run.start_time or flow_run.expected_start_time or datetime.now(UTC)
    home = Home(Path(flow_run.parameters["home"]))
    key = f"flow {flow_run.id}"
    await asyncio.to_thread(alarms.tell, home, flow.name, key, failure, since=since, say=print)


@flow(
    name="nightly",
    persist_result=False,
    log_prints=False,
    on_failure=[tell_operator],
    on_crashed=[tell_operator],
)
def nightly(home: str) -> dict[str, Any]:
    """Take in what is new under `home`, measure everything, publish the snapshot; returns the run's counts.

    Names of files stay out of Prefect's database: they may be names of people.
    """
    place, logger = Home(Path(home).resolve()), get_run_logger()
    try:
        settings = load_settings(place.root)
        with deadline(settings.schedule.timeout_hours):
            report = _in_turn(lambda: pipeline.run(place, settings, now=datetime.now(UTC), step=as_task))
        alarms.remember(place, settings)
        for line in alarms.warn_of_refused(place, settings, report, what="nightly"):
            logger.info("alarm by %s", line)
    except Exception as error:
        raise without_names(error) from None
    counts = pipeline.run_record(report)
    logger.info("snapshot published: %s rows in, %s kept", counts["rows_in"], counts["rows_kept"])
    if report.warnings:
        # Their words stay at the home: they may quote an export.
        logger.warning("%s warnings; `talkshare run` and the report show them", len(report.warnings))
    create_table_artifact(
        table=[{"count": name, "value": str(value)} for name, value in counts.items()],
        key="nightly-run",
        description="What the run did with the rows it read: in = kept + set aside + already known + excluded.",
    )
    return {name: value for name, value in counts.items() if isinstance(value, int | str)}


def _in_turn(run: Callable[[], RunReport], *, turns: int = TURNS, seconds: float = TURN_SECONDS) -> RunReport:
    """The run, once nobody else holds the home. Raises BusyError if that takes too long."""
    for _ in range(turns):
        try:
            return run()
        except BusyError:
            time.sleep(seconds)
    return run()
