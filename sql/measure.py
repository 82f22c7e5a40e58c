"""Measures everything that the store holds: texts once, everything else by SQL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from sql.associate import MetricSpec, OutcomeSpec, associate
from sql.frames import fetch, load_frame
from sql.reading import count_new_texts, detect_new_languages, forget_old_readings, read_new_texts, set_versions
from sql.registry import registry
from sql.runner import build


def set_variables(connection: Any, variables: Mapping[str, Any]) -> None:
    """Make the settings readable to SQL as `getvariable(name)`."""
    for name, value in variables.items():
        connection.execute(f"set variable {name} = $1", [value])


def measure(connection: Any) -> dict[str, int]:
    """Build all tables on a connection that has the macros and whose search path ends in the store.

    Returns how many texts had to be read. Texts are read once per (body, language, rule version) and kept in the
    store; the rest is rebuilt.
    """
    set_versions(connection)
    counted = count_new_texts(connection)
    done = build(connection, until="int_undecided_texts")
    detect_new_languages(connection)
    done = build(connection, until="int_text_wanted", done=done)
    set_versions(connection)
    classified = read_new_texts(connection)
    forget_old_readings(connection)
    build(connection, done=done)
    return {"texts counted": counted, "texts classified": classified}


def metric_specs(*, related: bool = True) -> list[MetricSpec]:
    """The metrics of the SQL headers, as the guard and the statistics know them."""
    return [
        MetricSpec(metric.name, metric.observation, metric.kind, metric.unit)
        for metric in registry().metrics.values()
        if metric.related or not related
    ]


def outcome_specs(*, related: bool = True) -> list[OutcomeSpec]:
    """The outcomes of the SQL headers, as the guard and the statistics know them."""
    return [
        OutcomeSpec(outcome.name, outcome.start, outcome.maturity_days)
        for outcome in registry().outcomes.values()
        if outcome.related or not related
    ]


def relate(connection: Any) -> pl.DataFrame:
    """Relate every allowed pair over `approach_metrics`, and keep the result as table `associations`."""
    metrics, outcomes = metric_specs(), outcome_specs()
    wanted = dict.fromkeys(
        [
            "thread_id", "approach_no", "recruiter_id", "candidate_id", "candidate_known", "language", "started_at",
            "template_id", "role_method", *(metric.name for metric in metrics), *(outcome.name for outcome in outcomes),
        ]
    )  # fmt: skip
    rows = fetch(connection, f"select {', '.join(wanted)} from approach_metrics where is_outreach")
    refusals = dict(connection.execute("select outcome, reason from int_refusals").fetchall())
    (week,) = connection.execute(
        "select coalesce(max(week), date '1970-01-05')::varchar from approach_metrics"
    ).fetchall()[0]
    associations = associate(rows, metrics, outcomes, week=week, refused_outcomes=refusals)
    load_frame(connection, "associations", associations)
    return associations
