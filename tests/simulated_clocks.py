"""Invented conversations that would mislead anybody who looks too early or forgets who left: what the SQL makes of them."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl

from flows import store
from sql.associate import associate
from sql.frames import fetch, load_frame
from sql.guard import MetricSpec, OutcomeSpec
from sql.registry import registry
from sql.runner import load_macros
from sql.statistics import spearman

SEEN_UNTIL = datetime(2026, 10, 1, tzinfo=UTC)
TALK_SHARE = MetricSpec("talk_share_landmark", "landmark", "ratio", "share")
CONVERTED = OutcomeSpec("converted_60d_after_landmark", "landmark", 60)
MOMENT = pl.Datetime("us", "UTC")


def decliners(rng: np.random.Generator, n: int = 1500, recruiters: int = 15) -> pl.DataFrame:
    """Answered approaches in which talk share has nothing to do with conversions, but a decline ends the talk.

    A row an approach: who declined (35 %), words of both sides in the week after the reply, days to conversion.
    """
    declined = rng.random(n) < 0.35
    goes_on = ~declined
    recruiter_words = 80 + np.where(goes_on, rng.poisson(60, n), rng.poisson(5, n))
    candidate_words = 1 + np.where(goes_on, rng.poisson(rng.gamma(4, 25, n)), rng.poisson(15, n))
    converts = goes_on & (rng.random(n) < 0.35)
    return pl.DataFrame(
        {
            "thread_id": [f"t{number:05d}" for number in range(n)],
            "approach_no": np.ones(n, dtype=np.int64),
            "recruiter_id": [f"p_{code:02d}" for code in rng.integers(0, recruiters, n)],
            "candidate_id": [f"c{number}" for number in range(n)],
            "language": ["en"] * n,
            "template_id": pl.Series([None] * n, dtype=pl.String),
            "started_at": _days(rng.uniform(-240, -120, n)),
            "recruiter_words": recruiter_words,
            "candidate_words": candidate_words,
            "declined": declined,
            "days_to_conversion": np.where(converts, 9 + rng.uniform(1, 40, n), np.nan),
        }
    ).with_columns(pl.col("days_to_conversion").fill_nan(None))


def _days(before_the_end: Any) -> pl.Series:
    return pl.Series(SEEN_UNTIL.timestamp() * 1e6 + before_the_end * 86_400e6).cast(pl.Int64).cast(MOMENT)


def at_the_landmark(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with what `sql/metrics/landmark.sql` makes of them; every reply comes on the second day."""

    def after(days: float | pl.Expr) -> pl.Expr:
        days = pl.lit(days) if isinstance(days, float) else days
        return (pl.col("started_at").dt.epoch("us") + days * 86_400e6).cast(pl.Int64).cast(MOMENT)

    keys = ["thread_id", "approach_no"]
    replied, converted = after(2.0), after(pl.col("days_to_conversion"))
    approaches = rows.select(
        *keys, "recruiter_id", "started_at", observed_until=pl.lit(SEEN_UNTIL, MOMENT), is_judgeable=True
    )
    reply = rows.select(*keys, replied_at=replied)
    conversion = rows.select(
        *keys,
        converted_at=converted,
        converted_60d=pl.col("days_to_conversion").is_not_null(),
        is_conversion_open_60d=False,
        outcome_observed_until=pl.lit(SEEN_UNTIL, MOMENT),
    )
    declines = rows.filter("declined").select(*keys, event=pl.lit("declined"), occurred_at=after(2.1))
    ours, theirs, later = (
        rows.select(
            *keys, message_no=pl.lit(number), side=pl.lit(side), is_first=pl.lit(number == 1), sent_at=at, words=words
        )
        for number, side, at, words in (
            (1, "recruiter", pl.col("started_at"), pl.lit(80)),
            (2, "candidate", replied, pl.col("candidate_words").cast(pl.Int32)),
            (3, "recruiter", after(3.0), (pl.col("recruiter_words") - 80).cast(pl.Int32)),
        )
    )
    nothing = pl.DataFrame(
        schema={"outcome_key": pl.String, "thread_id": pl.String, "event": pl.String, "occurred_at": MOMENT}
    )
    tables = {
        "int_approaches": approaches,
        "reply": reply,
        "conversion": conversion,
        "int_outcome_approaches": declines,
        "int_outcome_threads": nothing,
        "stg_outcomes": nothing,
        "int_approach_messages": pl.concat([ours, theirs, later]),
    }
    with closing(store.connect()) as connection:
        load_macros(connection)
        for name, frame in tables.items():
            load_frame(connection, name, frame)
        landmark = fetch(connection, registry().queries["landmark"].select)
    return rows.join(landmark, on=keys, how="left", validate="1:1")


def naive_rho(rows: pl.DataFrame) -> float:
    """Spearman's rho of talk share and conversion with those who declined left in."""
    share = rows["recruiter_words"] / (rows["recruiter_words"] + rows["candidate_words"])
    return spearman(share.to_numpy(), rows["days_to_conversion"].is_not_null().cast(pl.Float64).to_numpy())


def related(rows: pl.DataFrame, *, week: str = "w") -> dict[str, Any]:
    table = associate(at_the_landmark(rows), [TALK_SHARE], [CONVERTED], week=week, slices={"all": pl.lit(True)})
    return table.row(0, named=True)


def reply_rates_of_the_last_week(rng: np.random.Generator, n: int = 20_000) -> tuple[float, float, int]:
    """A true 20 % within 30 days, hours to the reply log-normal: (naive rate of the last week, judged rate of all, how
    many of the last week are judged)."""
    started = rng.uniform(-70, 0, n)
    delay = np.exp(rng.normal(np.log(30), 1.6, n)) / 24
    answered = rng.random(n) < 0.20 / np.mean(delay <= 30)
    seen = answered & (started + delay <= 0)
    rows = pl.DataFrame(
        {
            "started_at": _days(started),
            "replied_at": pl.Series(np.where(seen, started + delay, np.nan)).fill_nan(None),
            "is_last_week": started > -7,
        }
    ).with_columns(replied_at=pl.lit(SEEN_UNTIL, MOMENT) + pl.duration(seconds=pl.col("replied_at") * 86_400))
    with closing(store.connect()) as connection:
        load_macros(connection)
        load_frame(connection, "rows", rows)
        found = connection.execute(
            """
            with known as (
                select *, judged($1, started_at, replied_at, 30) as replied_30d
                from rows
            )
            select
                avg((replied_at is not null)::integer) filter (where is_last_week),
                avg(replied_30d::integer),
                count(replied_30d) filter (where is_last_week)
            from known
            """,
            [SEEN_UNTIL],
        ).fetchall()[0]
    return found[0], found[1], found[2]


def _one(number: int) -> tuple[float, dict[str, Any]]:
    rows = decliners(np.random.default_rng([8, number]))
    return naive_rho(rows), related(rows, week=str(number))


def main() -> int:
    import argparse
    from multiprocessing import Pool

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=1000)
    draws = parser.parse_args().draws
    with Pool() as pool:
        results = pool.map(_one, range(draws), chunksize=10)
    naive, rows = np.mean([rho for rho, _ in results]), [row for _, row in results]
    found = float(np.mean([not row["adjusted_low"] <= 0 <= row["adjusted_high"] for row in rows]))
    error = np.sqrt(0.05 * 0.95 / draws)
    print(
        f"Declines end talks, talk share does nothing, {draws} teams: rho {naive:+.3f} with decliners, "
        f"{np.mean([row['rho'] for row in rows]):+.3f} at the landmark without them; found in {100 * found:.1f} % "
        f"(+-{100 * error:.1f})"
    )
    rates = np.array([reply_rates_of_the_last_week(np.random.default_rng([9, number])) for number in range(20)])
    naive_rate, judged_rate, n_judged = rates.mean(axis=0)
    print(
        f"A true 20.0 % of replies: the last week reads {100 * naive_rate:.1f} %, judged approaches {100 * judged_rate:.1f} %, "
        f"judged of the last week {n_judged:.0f}"
    )
    return int(not 0.03 - 2 * error <= found <= 0.07 + 2 * error)


if __name__ == "__main__":
    raise SystemExit(main())
