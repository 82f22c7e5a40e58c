"""Dose and response: bins of a metric and how often the outcome came in each."""

from __future__ import annotations

from contextlib import closing

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows import store
from sql.dose import BINS, bin_codes, dose_response
from sql.frames import fetch, load_frame
from sql.runner import load_macros
from sql.statistics import clustered_rate
from tests.simulated_truths import REPLIED, WORDS, Team, team


def doses(rows: pl.DataFrame, **options: object) -> pl.DataFrame:
    return dose_response(rows, [WORDS], [REPLIED], **{"minimum_candidates": 5, **options})  # type: ignore[arg-type]


def a_team(seed: int, **options: object) -> pl.DataFrame:
    return team(np.random.default_rng(seed), Team(12, **options))  # type: ignore[arg-type]


def test_bins_hold_every_approach_once_and_do_not_overlap() -> None:
    rows = a_team(1)
    table = doses(rows)
    assert table["bin_no"].to_list() == [1, 2, 3, 4, 5]
    assert table["n_approaches"].sum() == rows.height
    assert table["n_outcomes"].sum() == rows["replied_30d"].sum()
    assert (table["bin_from"][1:] > table["bin_to"][:-1]).all()
    assert table["n_approaches"].min() > 0.7 * rows.height / BINS  # type: ignore[operator]


def test_a_bend_in_the_middle_is_seen_though_no_line_would_show_it() -> None:
    rows = a_team(2).with_columns(replied_30d=(pl.col("first_message_words") - 60).abs() < 12)
    rates = doses(rows)["rate"].to_list()
    assert rates[2] > 0.9
    assert max(rates[0], rates[4]) < 0.1


def test_adjusted_rates_do_not_show_who_writes() -> None:
    """Wordy recruiters are answered more; words do not matter."""
    rows = a_team(3, confounding=0.95, icc=0.3, slope_sd=0.0, approaches=6000)
    table = doses(rows)
    assert table["rate"][4] - table["rate"][0] > 0.1
    assert abs(table["adjusted_rate"][4] - table["adjusted_rate"][0]) < 0.06
    weights = table["n_approaches"] / table["n_approaches"].sum()
    assert (weights * table["adjusted_rate"]).sum() == pytest.approx(rows["replied_30d"].mean(), abs=1e-8)


def test_a_flag_has_two_bins_and_a_constant_one() -> None:
    rows = a_team(4)
    flag = rows.with_columns(first_message_words=pl.col("first_message_words") > 60)
    assert doses(flag)["bin_no"].to_list() == [1, 2]
    constant = doses(rows.with_columns(first_message_words=7))
    assert constant["rate"].to_list() == constant["adjusted_rate"].to_list()


def test_a_pair_with_a_bin_about_too_few_people_is_left_out() -> None:
    rows = a_team(5)
    lowest = pl.col("first_message_words") <= doses(rows)["bin_to"][0]
    few = rows.with_columns(candidate_id=pl.when(lowest).then(pl.lit("p")).otherwise("candidate_id"))
    assert doses(few).is_empty()
    assert doses(rows, refused_outcomes={"replied_30d": "too few link"}).is_empty()
    assert doses(rows.clear()).columns == doses(rows).columns


def test_the_rate_is_that_of_the_macro() -> None:
    rows = a_team(6, icc=0.3)
    y, recruiters = rows["replied_30d"], rows["recruiter_id"]
    with closing(store.connect()) as connection:
        load_macros(connection)
        load_frame(
            connection, "keyed", rows.select("recruiter_id", "candidate_id", happened="replied_30d", key=pl.lit(1))
        )
        expected = fetch(connection, "from clustered_rates('keyed')").row(0, named=True)
    found = clustered_rate(y.cast(pl.Float64).to_numpy(), np.unique(recruiters, return_inverse=True)[1])
    assert found.n_effective == pytest.approx(expected["n_effective"], abs=1e-5)
    assert (found.rate, found.low, found.high) == pytest.approx(
        (expected["rate"], expected["low"], expected["high"]), abs=1e-4
    )


@given(st.lists(st.integers(-3, 12), min_size=1, max_size=60))
def test_equal_values_share_a_bin_and_bins_rise(values: list[int]) -> None:
    x = np.array(values, dtype=np.float64)
    codes = bin_codes(x)
    assert codes.min() == 0
    assert codes.max() < BINS
    assert len(np.unique(codes)) == codes.max() + 1
    ordered = codes[np.argsort(x)]
    assert (np.diff(ordered) >= 0).all()
    assert all(len(set(codes[x == value])) == 1 for value in values)
