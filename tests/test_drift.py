"""How often a week is called unlike the weeks before by chance, and whether one that is unlike is seen: by simulation."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from itertools import chain

import numpy as np
import polars as pl
import pytest

from flows import pipeline, store
from flows.config import Settings
from sql.frames import fetch, load_frame
from sql.measure import set_variables
from sql.registry import registry
from sql.runner import load_macros

Week = tuple[float, int | None, int | None, int]
"""value, numerator, denominator, rows"""
Draw = Callable[[np.random.Generator, float], Week]
MONDAY = date(2026, 1, 5)
FALSE_LOOKS = 1 / 150


def counts(mean: float, shape: float | None = None) -> Draw:
    """Poisson, or with months that differ by more than that."""

    def draw(random: np.random.Generator, change: float) -> Week:
        n = int(random.poisson(mean * change * (random.gamma(shape, 1 / shape) if shape else 1)))
        return float(n), n, None, n

    return draw


def shares(share: float, size: float) -> Draw:
    def draw(random: np.random.Generator, change: float) -> Week:
        whole = max(int(random.poisson(size)), 1)
        part = int(random.binomial(whole, min(share * change, 1.0)))
        return part / whole, part, whole, whole

    return draw


def medians(size: float) -> Draw:
    def draw(random: np.random.Generator, change: float) -> Week:
        n = max(int(random.poisson(size)), 1)
        return float(np.median(np.round(random.lognormal(4.4, 0.5, n) * change))), None, None, n

    return draw


WORLDS: dict[str, tuple[str, Draw]] = {
    "3 a week": ("count", counts(3)),
    "20 a week": ("count", counts(20)),
    "20 a week, uneven": ("count", counts(20, shape=8)),
    "25 % of 30": ("proportion", shares(0.25, 30)),
    "2 % of 30": ("proportion", shares(0.02, 30)),
    "80 % of 100": ("proportion", shares(0.8, 100)),
    "median of 40": ("quantile", medians(40)),
}


def compare(world: str, *, weeks: int, sources: int, change: float = 1.0, seed: int = 7) -> dict[str, float]:
    """Shares of the comparisons outside and needing a look, when the newest week is `change` times the others."""
    kind, draw = WORLDS[world]
    random = np.random.default_rng(seed)
    rows = [
        ("m", "inbox", f"p_{source}", MONDAY + timedelta(weeks=week), kind, "share" if kind == "proportion" else "x",
         part, whole, value, n, None, False)
        for source in range(sources)
        for week in range(weeks + 1)
        for value, part, whole, n in [draw(random, change if week == weeks else 1.0)]
    ]  # fmt: skip
    schema = {
        "metric": pl.String, "source_kind": pl.String, "source": pl.String, "week": pl.Date, "kind": pl.String,
        "unit": pl.String, "numerator": pl.Int64, "denominator": pl.Int64, "value": pl.Float64, "n_rows": pl.Int64,
        "n_candidates": pl.Int64, "is_open": pl.Boolean,
    }  # fmt: skip
    with closing(store.connect()) as connection:
        load_macros(connection)
        set_variables(connection, pipeline._variables(Settings(), datetime(2026, 12, 1, tzinfo=UTC)))
        load_frame(connection, "int_quality_values", pl.DataFrame(rows, schema=schema, orient="row"))
        connection.execute(f"create table found as {registry().queries['quality_weeks'].select}")
        return fetch(
            connection,
            """
            select
                count(*)::double as compared, avg((place != 'usual')::int) as outside, avg(needs_look::int) as look,
                any_value(chance_outside) as promised
            from found
            where is_compared
            """,
        ).row(0, named=True)


@pytest.mark.parametrize("weeks", [8, 14, 26])
def test_by_chance_no_more_comparisons_lie_outside_than_the_table_promises(weeks: int):
    found = [compare(world, weeks=weeks, sources=100) for world in WORLDS]
    n = sum(each["compared"] for each in found)
    outside = sum(each["compared"] * each["outside"] for each in found) / n
    looks = sum(each["compared"] * each["look"] for each in found) / n
    assert n == 100 * len(WORLDS)
    assert 0 < outside <= found[0]["promised"]
    # Three standard errors of so many draws.
    assert looks <= FALSE_LOOKS + 3 * (FALSE_LOOKS / n) ** 0.5


@pytest.mark.parametrize(
    ("world", "change"), [("20 a week", 0.0), ("20 a week", 2.5), ("80 % of 100", 0.5), ("median of 40", 2.0)]
)
def test_a_source_that_breaks_is_seen(world: str, change: float):
    found = compare(world, weeks=26, sources=100, change=change)
    assert found["outside"] > 0.9
    assert found["look"] > 0.75


def main() -> None:
    """The table of the decision record, on thousands of sources."""
    print("| world | weeks compared with | outside by chance | promised, at most | needs a look by chance |")
    print("|---|---|---|---|---|")
    worst = 0.0
    for world, weeks in chain.from_iterable([(world, weeks) for weeks in (8, 14, 26)] for world in WORLDS):
        found = compare(world, weeks=weeks, sources=4000)
        worst = max(worst, found["look"])
        print(f"| {world} | {weeks} | {found['outside']:.2%} | {found['promised']:.1%} | {found['look']:.2%} |")
        assert found["outside"] <= found["promised"] + 0.01, "more lie outside by chance than promised"
    assert worst <= FALSE_LOOKS, f"{worst:.2%} need a look by chance"


if __name__ == "__main__" and "--full" in sys.argv:
    main()
