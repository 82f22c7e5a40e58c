"""Measures everything that the store holds: texts once, everything else by SQL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from sql import text
from sql.associate import MetricSpec, OutcomeSpec, associate
from sql.frames import fetch, load_frame
from sql.registry import registry
from sql.runner import build

TEXTS_PER_BATCH = 20_000


def set_variables(connection: Any, variables: Mapping[str, Any]) -> None:
    """Make the settings readable to SQL as `getvariable(name)`."""
    for name, value in variables.items():
        connection.execute(f"set variable {name} = $1", [value])


def measure(connection: Any) -> dict[str, int]:
    """Build all tables on a connection that has the macros and whose search path ends in the store.

    Returns how many texts had to be read. Texts are read once per (body, language, rule version) and kept in the
    store; the rest is rebuilt.
    """
    version = text.rule_version()
    counted = _count_new_texts(connection, version)
    for name in ("text_counts", "text_stop_words", "text_features"):
        connection.execute(
            f"create or replace view {name} as select * exclude (rule_version) from store.kept_{name} "
            f"where rule_version = '{version}'"
        )
    done = build(connection, until="int_text_wanted")
    classified = _classify_new_texts(connection, version)
    build(connection, done=done)
    return {"texts counted": counted, "texts classified": classified}


def _count_new_texts(connection: Any, version: str) -> int:
    connection.execute(
        """
        create or replace temp table new_texts as
        select body_hash, body, row_number() over (order by body_hash) - 1 as n
        from store.bodies
        where body_hash not in (select body_hash from store.kept_text_counts where rule_version = $1)
        """,
        [version],
    )
    total = 0
    for texts in _batches(connection, "body_hash, body"):
        counts = text.count_words(texts)
        stop_words = (
            counts.unpivot(
                pl.selectors.starts_with("stop_words_"),
                index="body_hash",
                variable_name="language",
                value_name="n",
            )
            .filter(pl.col("n") > 0)
            .with_columns(pl.col("language").str.strip_prefix("stop_words_"))
        )
        load_frame(connection, "counted_texts", counts.select("body_hash", "words", "chars", "template_id"))
        load_frame(connection, "counted_stop_words", stop_words)
        # Both or neither: a text with counts is never looked at again.
        connection.execute("begin")
        connection.execute(
            "insert or replace into store.kept_text_counts "
            "select body_hash, $1, words, chars, template_id from counted_texts",
            [version],
        )
        connection.execute(
            "insert into store.kept_text_stop_words select body_hash, $1, language, n from counted_stop_words",
            [version],
        )
        connection.execute("commit")
        total += texts.height
    connection.execute("drop table if exists counted_texts")
    connection.execute("drop table if exists counted_stop_words")
    return total


def _classify_new_texts(connection: Any, version: str) -> int:
    connection.execute(
        """
        create or replace temp table new_texts as
        select
            wanted.body_hash, wanted.language, wanted.is_opening, bodies.body,
            row_number() over (order by wanted.body_hash, wanted.language) - 1 as n
        from int_text_wanted as wanted
        inner join store.bodies as bodies on wanted.body_hash = bodies.body_hash
        left join store.kept_text_features as kept
            on wanted.body_hash = kept.body_hash and wanted.language = kept.language and kept.rule_version = $1
        where kept.body_hash is null or (wanted.is_opening and not kept.is_opening)
        """,
        [version],
    )
    total = 0
    for texts in _batches(connection, "body_hash, language, body, is_opening"):
        features = text.classify(texts).join(
            texts.select("body_hash", "language", "is_opening"), on=["body_hash", "language"]
        )
        load_frame(connection, "classified_texts", features)
        connection.execute(
            """
            insert or replace into store.kept_text_features
            select body_hash, language, $1, is_opening, sentences, social_sentences, question_sentences,
                request_sentences, flesch_reading_ease
            from classified_texts
            """,
            [version],
        )
        total += texts.height
    connection.execute("drop table if exists classified_texts")
    return total


def _batches(connection: Any, columns: str) -> Iterator[pl.DataFrame]:
    (n_rows,) = connection.execute("select count(*) from new_texts").fetchall()[0]
    for start in range(0, n_rows, TEXTS_PER_BATCH):
        yield fetch(
            connection,
            f"select {columns} from new_texts where n >= {start} and n < {start + TEXTS_PER_BATCH}",
        )
    connection.execute("drop table new_texts")


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
