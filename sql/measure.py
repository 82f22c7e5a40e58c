"""Measures everything that the store holds: texts once, everything else by SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from sql.associate import SLICED_BY, associate
from sql.curves import COLUMNS, curves
from sql.dose import dose_response
from sql.erased import with_erased_families, with_erased_replies
from sql.families import families
from sql.frames import fetch, load_frame
from sql.guard import MetricSpec, OutcomeSpec
from sql.reading import count_new_texts, detect_new_languages, forget_old_readings, read_new_texts, set_versions
from sql.registry import registry
from sql.replies import reply_classes, reply_cues
from sql.runner import build
from sql.shrinkage import FAMILY_COLUMNS, family_rates
from sql.verdicts import Minimums


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
    find_families(connection)
    detect_new_languages(connection)
    done = build(connection, until="int_text_wanted", done=done)
    set_versions(connection)
    classified = read_new_texts(connection)
    done = build(connection, until="int_first_replies", done=done)
    classify_replies(connection)
    forget_old_readings(connection)
    build(connection, done=done)
    return {"texts counted": counted, "texts classified": classified}


def find_families(connection: Any) -> None:
    """Group the first messages of all approaches into families of near copies: table `text_families`.

    Found anew every time, since a new message can join two families.
    """
    openings = fetch(
        connection,
        """
        select body_hash, body from store.bodies
        where body_hash in (select body_hash from int_sided_messages where is_first)
        """,
    )
    elsewhere = fetch(connection, "select shingle from store.erased_shingles")["shingle"]
    load_frame(connection, "text_families", with_erased_families(connection, families(openings, elsewhere)))


def classify_replies(connection: Any) -> None:
    """What the first replies say: table `text_replies`; the languages that have rules for it: `reply_languages`."""
    texts = fetch(
        connection,
        """
        select distinct replies.body_hash, replies.language, bodies.body
        from int_first_replies as replies
        inner join store.bodies as bodies on replies.body_hash = bodies.body_hash
        """,
    )
    load_frame(connection, "text_replies", with_erased_replies(connection, reply_classes(texts)))
    load_frame(connection, "reply_languages", pl.DataFrame({"language": list(reply_cues())}))


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


def outreach_rows(
    connection: Any, metrics: Sequence[MetricSpec], outcomes: Sequence[OutcomeSpec], *more: str
) -> pl.DataFrame:
    """Every outreach with the given metrics and outcomes, what it is grouped by, and the columns `more`."""
    wanted = dict.fromkeys(
        [
            "thread_id", "approach_no", "recruiter_id", "candidate_id", "candidate_known", "language", "started_at",
            "template_id", "role_method",
            *(metric.name for metric in metrics), *(outcome.name for outcome in outcomes), *more,
        ]
    )  # fmt: skip
    return fetch(connection, f"select {', '.join(wanted)} from approach_metrics where is_outreach")


def relate(connection: Any, *, minimum_candidates: int) -> pl.DataFrame:
    """Relate every allowed pair over `approach_metrics`, and keep `associations` and `dose_response` as tables.

    Nothing but counts is told of a pair about fewer than `minimum_candidates`.
    """
    metrics, outcomes = metric_specs(), outcome_specs()
    rows = outreach_rows(connection, metrics, outcomes, *SLICED_BY)
    refusals = dict(connection.execute("select outcome, reason from int_refusals").fetchall())
    (week,) = connection.execute(
        "select coalesce(max(week), date '1970-01-05')::varchar from approach_metrics"
    ).fetchall()[0]
    associations = associate(
        rows, metrics, outcomes, week=week, refused_outcomes=refusals, minimums=Minimums(candidates=minimum_candidates)
    )
    doses = dose_response(rows, metrics, outcomes, refused_outcomes=refusals, minimum_candidates=minimum_candidates)
    load_frame(connection, "associations", associations)
    load_frame(connection, "dose_response", doses)
    return associations


FOLLOWED = {
    "replied": ("replied_30d", "is_reply_open_30d", "observed_until", "replied_at", 30),
    "converted": ("converted_60d", "is_conversion_open_60d", "outcome_observed_until", "converted_at", 90),
}
"""Curve -> the outcome whose rate says who is followed, when that is open, the end of observation, event, days."""


def follow(connection: Any, *, minimum_candidates: int) -> pl.DataFrame:
    """By what day how many were answered and converted, per opening style: kept as table `curves`.

    Followed are the approaches that enter the outcome's rate now or once their window closes; only the end of
    observation censors. Nothing where the outcome is refused, or of a style about too few people, or of one whose
    numbers would tell theirs. `window_*` are the judged rates of `int_windows` on their days, else null.
    """
    tables = [pl.DataFrame(schema={"outcome": pl.String, "opening_style": pl.String, **COLUMNS})]
    refused = {row[0] for row in connection.execute("select outcome from int_refusals").fetchall()}
    for number, (name, (outcome, is_open, observed, event, days)) in enumerate(FOLLOWED.items()):
        rows = fetch(
            connection,
            f"""
            with followed as (
                select
                    recruiter_id, candidate_id, opening_style,
                    elapsed_hours(started_at, {observed}) / 24 as days_observed,
                    elapsed_hours(started_at, {event}) / 24 as days_to_event
                from approach_metrics
                where is_outreach and ({outcome} is not null or {is_open})
            ),
            sizes as (
                select opening_style, count(distinct candidate_id) as n_candidates
                from followed
                group by opening_style
            ),
            shown_styles as (
                select opening_style
                from sizes
                qualify not is_withheld(
                    n_candidates, {minimum_candidates}, bool_or(is_few(n_candidates, {minimum_candidates})) over (),
                    coalesce(sum(n_candidates) over (
                        order by n_candidates, opening_style rows between unbounded preceding and 1 preceding
                    ), 0)
                )
            )
            select recruiter_id, opening_style, days_observed, days_to_event
            from followed
            semi join shown_styles using (opening_style)
            """,
        )
        if outcome not in refused:
            found = curves(rows, group="opening_style", days=days, seed=number)
            tables.append(found.select(pl.lit(name).alias("outcome"), pl.all()))
    windows = fetch(connection, "from int_windows")
    table = pl.concat(tables).join(windows, on=["outcome", "opening_style", "day"], how="left", maintain_order="left")
    table = table.with_columns(pl.col(pl.Float64).round(9))
    load_frame(connection, "curves", table)
    return table


def compare_templates(connection: Any, *, minimum_candidates: int) -> pl.DataFrame:
    """How many of each template family reached each outcome, beside what is usual: table `template_rates`."""
    users = fetch(connection, "from int_template_users")
    found = [
        family_rates(part, minimum_candidates=minimum_candidates).with_columns(outcome=pl.lit(outcome))
        for (outcome,), part in users.partition_by("outcome", as_dict=True).items()
    ]
    empty = pl.DataFrame(
        schema={"template_id": pl.String, **dict.fromkeys(FAMILY_COLUMNS, pl.Float64), "outcome": pl.String}
    )
    table = (
        fetch(connection, "from int_template_counts")
        .join(pl.concat([empty, *found]), on=["outcome", "template_id"], how="left")
        .sort("outcome", "template_id")
        .with_columns(pl.col(pl.Float64).round(9))
    )
    load_frame(connection, "template_rates", table)
    return table
