"""The shared arithmetic of `sql/macros`, against the libraries that know it."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from flows import store
from flows.config import OpeningSettings
from sql.frames import fetch, load_frame
from sql.measure import set_variables
from sql.runner import load_macros


@pytest.fixture
def value():
    connection = store.connect()
    connection.execute("set variable time_zone = 'Europe/Berlin'")
    set_variables(connection, OpeningSettings().model_dump() | {"minimum_candidates": 5})
    load_macros(connection)
    yield lambda expression: connection.execute(f"select {expression}").fetchall()[0][0]
    connection.close()


@pytest.mark.parametrize(("k", "n"), [(0, 10), (3, 10), (40, 40), (123, 663), (1, 100000)])
def test_wilson_is_statsmodels_wilson(value, k: int, n: int):
    low, high = proportion_confint(k, n, method="wilson")
    assert value(f"wilson_low({k}::double / {n}, {n})") == pytest.approx(low, abs=1e-12)
    assert value(f"wilson_high({k}::double / {n}, {n})") == pytest.approx(high, abs=1e-12)


@pytest.mark.parametrize(
    ("degrees", "tolerance"), [(1, 2e-5), (1.3, 2e-5), (2, 2e-5), (4.6, 2e-5), (5, 2e-3), (13, 1e-4), (300, 1e-6)]
)
def test_t_is_close_to_the_table(value, degrees: float, tolerance: float):
    assert value(f"t_975({degrees})") == pytest.approx(stats.t.ppf(0.975, degrees), rel=tolerance)


def test_a_share_of_nothing_is_unknown(value):
    assert value("share(0, 0)") is None
    assert value("share(1, 4)") == 0.25


def test_odds_are_with_for_one_without(value):
    assert value("odds(0.75::double)") == pytest.approx(3)
    assert value("odds(1.0::double)") is None


def test_an_hour_is_elapsed_time_not_a_boundary_crossed(value):
    assert value(
        "elapsed_hours(timestamptz '2026-01-01 10:59:00+00', timestamptz '2026-01-01 11:01:00+00')"
    ) == pytest.approx(2 / 60)


@pytest.mark.parametrize(
    ("seen_until", "happened", "expected"),
    [
        ("2026-01-08 00:00:00+00", "2026-01-08 00:00:00+00", True),
        ("2026-01-08 00:00:00+00", "2026-01-08 00:00:01+00", False),
        ("2026-01-08 00:00:00+00", None, False),
        ("2026-01-07 23:59:59+00", "2026-01-02 00:00:00+00", None),
        (None, None, None),
    ],
)
def test_a_window_is_judged_only_when_it_was_seen_to_its_end(value, seen_until, happened, expected):
    def moment(text: str | None) -> str:
        return f"timestamptz '{text}'" if text else "null::timestamptz"

    assert (
        value(f"judged({moment(seen_until)}, timestamptz '2026-01-01 00:00:00+00', {moment(happened)}, 7)") is expected
    )


def test_a_week_begins_on_monday_in_the_reports_time_zone(value):
    sunday_night_in_utc = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)
    assert str(value(f"report_week(timestamptz '{sunday_night_in_utc.isoformat()}')")) == "2026-11-23"


@pytest.mark.parametrize(
    ("offers", "plain", "before_ask", "last_kind", "style"),
    [
        (2, 4, 0, "ask_open", "sell_first"),  # half of the sentences
        (2, 9, 2, "ask_open", "sell_first"),  # two before the first ask
        (2, 9, 1, "ask_open", "mixed"),
        (1, 4, 1, "ask_permission", "reaction_first"),
        (0, 1, 0, "ask_closed", "reaction_first"),
        (1, 4, 1, "ask_process", "mixed"),
        (1, 4, 1, "ask_rhetorical", "mixed"),
        (0, 3, 0, "tell_self", "mixed"),
        (0, 0, 0, None, None),
        (None, 3, None, None, "unsupported"),
    ],
)
def test_an_opening_has_one_of_three_styles(value, offers, plain, before_ask, last_kind, style):
    arguments = ", ".join("null" if given is None else repr(given) for given in (offers, plain, before_ask, last_kind))
    assert value(f"opening_style({arguments})") == style


@pytest.mark.parametrize(
    ("sizes", "withheld"),
    [
        ((), []),
        ((5, 6), []),
        ((4, 20, 30), [4, 20]),
        ((1, 4, 20), [1, 4]),
        ((0, 2, 9, 30), [2, 9]),
        ((3,), [3]),
    ],
)
def test_those_withheld_hold_the_minimum_together(value, sizes, withheld):
    before = {size: sum(other for other in sizes if other < size) for size in sizes}
    has_few = any(value(f"is_few({size}, 5)") for size in sizes)
    assert [size for size in sizes if value(f"is_withheld({size}, 5, {has_few}, {before[size]})")] == withheld


def test_a_sum_with_an_unknown_part_is_unknown(value):
    assert value("known_sum(x) from (values (1), (2)) as parts (x)") == 3
    assert value("known_sum(x) from (values (1), (null)) as parts (x)") is None


@pytest.mark.parametrize(
    ("then", "now", "hides"),
    [
        ((12, 12), (14, 14), True),
        ((12, 12), (8, 8), True),
        ((12, 12), (17, 17), False),
        ((12, 12), (12, 12), False),
        ((12, 10), (13, 10), True),  # one more approach to one of the same people
        ((None, None), (12, 12), False),
    ],
)
def test_two_numbers_differ_by_few_where_their_difference_is_about_fewer_than_the_minimum(value, then, now, hides):
    numbers = ", ".join("null" if number is None else str(number) for number in (*then, *now))
    assert value(f"differ_by_few({numbers})") == hides


# Rates of approaches that come in recruiters


Row = tuple[str, str, str, bool | None]


def rates(rows: list[Row]) -> dict[str, dict[str, Any]]:
    """`clustered_rates` over rows of key, recruiter, candidate, happened."""
    schema = {"style": pl.String, "recruiter_id": pl.String, "candidate_id": pl.String, "happened": pl.Boolean}
    with closing(store.connect()) as connection:
        load_macros(connection)
        load_frame(connection, "invented", pl.DataFrame(rows, schema, orient="row"))
        connection.execute("create table keyed as select {'style': style} as key, * exclude (style) from invented")
        found = fetch(connection, "select unnest(key), * exclude (key) from clustered_rates('keyed')").to_dicts()
    return {row["style"]: row for row in found}


def unequal_recruiters(seed: int, recruiters: int, icc: float, rate: float = 0.2) -> list[Row]:
    rng = np.random.default_rng(seed)
    sizes = np.maximum(1, 30 * np.exp(rng.normal(0, 1, recruiters))).astype(int)
    true = rng.beta(rate * (1 / icc - 1), (1 - rate) * (1 / icc - 1), recruiters)
    counts = zip(sizes.tolist(), rng.binomial(sizes, true).tolist(), strict=True)
    return [
        ("a", f"r{number}", f"c{number}", place < happened)
        for number, (size, happened) in enumerate(counts)
        for place in range(size)
    ]


def test_a_clustered_rate_equals_statsmodels_where_recruiters_are_of_one_size() -> None:
    """statsmodels divides by G / (G - 1) * (n - 1) / (n - 1) for a mean: the same factor where sizes are equal."""
    import statsmodels.api as sm

    rng = np.random.default_rng(3)
    codes = np.repeat(np.arange(9), 20)
    happened = rng.random(180) < np.repeat(rng.beta(4, 16, 9), 20)
    found = rates([("a", f"r{c}", f"p{i}", bool(h)) for i, (c, h) in enumerate(zip(codes, happened, strict=True))])["a"]
    fit = sm.OLS(happened.astype(float), np.ones(180)).fit(cov_type="cluster", cov_kwds={"groups": codes})
    expected = found["rate"] * (1 - found["rate"]) / fit.bse[0] ** 2
    assert found["n_effective"] == pytest.approx(min(180, expected), rel=1e-6)
    shrunk = found["n_effective"] * (stats.norm.ppf(0.975) / stats.t.ppf(0.975, 8)) ** 2
    low, high = proportion_confint(found["rate"] * shrunk, shrunk, method="wilson")
    assert (found["low"], found["high"]) == pytest.approx((low, high), abs=5e-5)


def test_a_clustered_rate_covers_the_truth_though_recruiters_differ_in_rate_and_size() -> None:
    rows = [
        (f"{recruiters} {seed}", *row[1:])
        for recruiters, icc in ((6, 0.1), (12, 0.1), (30, 0.3))
        for seed in range(60)
        for row in unequal_recruiters(seed, recruiters, icc)
    ]
    covered = [row["low"] <= 0.2 <= row["high"] for row in rates(rows).values()]
    assert len(covered) == 180
    assert np.mean(covered) > 0.91


def test_an_unknown_event_is_not_counted_and_one_recruiter_counts_approaches() -> None:
    rows = [("a", "r", f"c{i}", i < 3) for i in range(10)] + [("a", "r", "c", None), ("b", "r", "c", None)]
    found = rates(rows)
    assert list(found) == ["a"]
    assert (found["a"]["n_approaches"], found["a"]["n_events"], found["a"]["n_candidates"]) == (10, 3, 10)
    low, high = proportion_confint(3, 10, method="wilson")
    assert (found["a"]["low"], found["a"]["high"]) == pytest.approx((low, high), abs=1e-9)
