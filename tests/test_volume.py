"""Volume: a recruiter's lean, usual and busy months against each other."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from flows import store
from sql.frames import fetch, load_frame
from sql.measure import set_variables
from sql.registry import registry
from sql.runner import load_macros

Row = tuple[str, datetime, bool | None, bool]
"""Recruiter, first message, discussion, whether its window is open."""


def volume(rows: Sequence[Row], refusals: Sequence[tuple[str, str]] = ()) -> dict[str, dict[str, Any]]:
    """The rows of `volume` about discussions, by kind of month."""
    schema = {
        "recruiter_id": pl.String,
        "started_at": pl.Datetime("us", "UTC"),
        "discussion": pl.Boolean,
        "is_reply_open_30d": pl.Boolean,
    }
    frame = pl.DataFrame(rows, schema, orient="row").with_row_index("n")
    frame = frame.with_columns(
        thread_id=pl.format("t{}", "n"),
        approach_no=1,
        candidate_id=pl.format("c{}", "n"),
        is_outreach=True,
        is_first_contact=True,
        interested_30d=pl.lit(None, pl.Boolean),
        converted_60d=pl.lit(None, pl.Boolean),
        is_conversion_open_60d=False,
    )
    with closing(store.connect()) as connection:
        set_variables(connection, {"time_zone": "Europe/Berlin", "minimum_candidates": 5})
        load_macros(connection)
        for name in ("int_approaches", "reply", "stages", "conversion"):
            load_frame(connection, name, frame)
        load_frame(
            connection,
            "int_refusals",
            pl.DataFrame(refusals, {"outcome": pl.String, "reason": pl.String}, orient="row"),
        )
        for name in ("int_volume_values", "volume"):
            connection.execute(f"create table {name} as {registry().queries[name].select}")
        found = fetch(connection, "from volume where outcome = 'discussion'").to_dicts()
    return {row["volume"]: row for row in found}


def month(recruiter: str, number: int, contacted: int, discussed: int, *, is_open: bool = False) -> list[Row]:
    """Approaches of one month (0 = January 2026), the first `discussed` of which became discussions."""
    begin = datetime(2026, 1 + number, 2, 9, tzinfo=UTC)
    return [
        (recruiter, begin + timedelta(hours=i), None if is_open else i < discussed, is_open) for i in range(contacted)
    ]


def test_each_recruiter_is_compared_with_their_own_months() -> None:
    """A writes to many and B to few; for both, the busy month brings half as much per 100, and as much in all."""
    rows = [
        *month("a", 0, 90, 90),
        *month("a", 1, 40, 8), *month("a", 2, 80, 8), *month("a", 3, 60, 8),
        *month("b", 0, 90, 90),
        *month("b", 1, 20, 4), *month("b", 2, 10, 4), *month("b", 3, 30, 3),
    ]  # fmt: skip
    found = volume(rows)
    assert list(found) == ["lean", "usual", "busy"]
    assert [row["n_months"] for row in found.values()] == [2, 2, 2]
    assert [row["contacts_per_month"] for row in found.values()] == [25, 40, 55]
    assert (found["lean"]["n_approaches"], found["lean"]["n_outcomes"]) == (50, 12)
    assert found["lean"]["per_100"] == pytest.approx(24)
    assert found["busy"]["per_100"] == pytest.approx(10)
    assert [row["per_month"] for row in found.values()] == pytest.approx([6, 6, 5.5])


def test_first_months_open_months_and_recruiters_with_few_months_are_left_out() -> None:
    rows = [
        *month("a", 0, 9, 9), *month("a", 1, 10, 1), *month("a", 2, 20, 2), *month("a", 3, 30, 3),
        *month("a", 4, 99, 0, is_open=True),
        *month("b", 0, 50, 50), *month("b", 1, 50, 50), *month("b", 2, 50, 50),
    ]  # fmt: skip
    found = volume(rows)
    assert {row["n_recruiters"] for row in found.values()} == {1}
    assert [row["n_approaches"] for row in found.values()] == [10, 20, 30]
    assert found["busy"]["per_month_low"] is None


def test_nothing_is_shown_of_few_people_or_of_a_refused_outcome() -> None:
    few = [*month("a", 0, 1, 1), *month("a", 1, 4, 1), *month("a", 2, 20, 2), *month("a", 3, 30, 3)]
    assert [row["per_100"] for row in volume(few).values()] == [None] * 3
    enough = [*month("a", 0, 1, 1), *month("a", 1, 6, 1), *month("a", 2, 20, 2), *month("a", 3, 30, 3)]
    assert None not in [row["per_100"] for row in volume(enough).values()]
    refused = volume(enough, refusals=[("discussion", "no unanswered ones")])
    assert {(row["reason"], row["per_100"], row["n_outcomes"]) for row in refused.values()} == {
        ("no unanswered ones", None, None)
    }


def test_where_volume_does_not_matter_none_is_seen_though_busy_recruiters_are_answered_less() -> None:
    rng = np.random.default_rng(4)
    rows: list[Row] = []
    for code in range(30):
        usual = int(np.exp(rng.normal(3, 0.6)))
        chance = 0.5 - 0.1 * np.log(usual)
        for number in range(8):
            contacted = max(4, rng.poisson(usual))
            rows += month(f"r{code:02d}", number, contacted, int(rng.binomial(contacted, np.clip(chance, 0.02, 0.9))))
    found = volume(rows)
    lean, busy = found["lean"], found["busy"]
    assert busy["contacts_per_month"] > lean["contacts_per_month"] + 3
    assert lean["per_100_low"] < busy["per_100"] < lean["per_100_high"]
    assert busy["per_month"] > lean["per_month"]
