"""The shared arithmetic of `sql/macros`, against the libraries that know it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from flows import store
from flows.config import OpeningSettings
from sql.measure import set_variables
from sql.runner import load_macros


@pytest.fixture
def value():
    connection = store.connect()
    connection.execute("set variable time_zone = 'Europe/Berlin'")
    set_variables(connection, OpeningSettings().model_dump())
    load_macros(connection)
    yield lambda expression: connection.execute(f"select {expression}").fetchall()[0][0]
    connection.close()


@pytest.mark.parametrize(("k", "n"), [(0, 10), (3, 10), (40, 40), (123, 663), (1, 100000)])
def test_wilson_is_statsmodels_wilson(value, k: int, n: int):
    low, high = proportion_confint(k, n, method="wilson")
    assert value(f"wilson_low({k}::double / {n}, {n})") == pytest.approx(low, abs=1e-12)
    assert value(f"wilson_high({k}::double / {n}, {n})") == pytest.approx(high, abs=1e-12)


@pytest.mark.parametrize(
    ("degrees", "tolerance"), [(1, 1e-9), (2, 1e-9), (4, 1e-9), (5, 2e-3), (13, 1e-4), (300, 1e-6)]
)
def test_t_is_close_to_the_table(value, degrees: int, tolerance: float):
    assert value(f"t_975({degrees})") == pytest.approx(stats.t.ppf(0.975, degrees), rel=tolerance)


def test_a_share_of_nothing_is_unknown(value):
    assert value("share(0, 0)") is None
    assert value("share(1, 4)") == 0.25


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


def test_a_sum_with_an_unknown_part_is_unknown(value):
    assert value("known_sum(x) from (values (1), (2)) as parts (x)") == 3
    assert value("known_sum(x) from (values (1), (null)) as parts (x)") is None
