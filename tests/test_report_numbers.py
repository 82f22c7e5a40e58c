"""The report's own arithmetic and wording, by hand-computed examples and simulated truths."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

import tests.report_fixtures as invented
from reports import estimates, words
from reports.disclose import Size, hidden_groups, merged_bins
from reports.estimates import Bar, Cohort, Comparison, Finding, Findings, Group, Point, Rate, Series, TalkShares
from reports.words import findings as finding_words

WEEK = invented.WEEK
COHORT = Cohort(1000, WEEK - timedelta(weeks=11), WEEK)


def rate(value: float, half: float) -> Rate:
    return Rate(round(value * 1000), 1000, value, value - half, value + half)


def finding(verdict: str, difference: float) -> Finding:
    return Finding(
        "first_message_words",
        "replied_7d",
        verdict,
        "",
        difference,
        difference - 0.02,
        difference + 0.02,
        92,
        160,
        0.03,
        False,
        900,
    )


def lengths(*rates: Rate | None) -> Comparison:
    groups = [Group(label, rate) for label, rate in zip(estimates.LENGTH_BINS, rates, strict=True)]
    return Comparison("length", COHORT, tuple(groups))


def weeks_of_replies(counts: list[tuple[int, int]], last_open: int = 0) -> pl.DataFrame:
    rows = [
        {
            "metric": "replied_7d",
            "kind": "proportion",
            "unit": "share",
            "group_by": "all",
            "group_value": "all",
            "week": WEEK - timedelta(weeks=len(counts) - 1 - place),
            "numerator": yes,
            "denominator": n,
            "value": yes / n,
            "n_approaches": n,
            "n_open": last_open if place == len(counts) - 1 else 0,
            "n_candidates": n,
            "state": "open" if last_open and place == len(counts) - 1 else "judged",
            "suppressed": False,
        }
        for place, (yes, n) in enumerate(counts)
    ]
    return pl.DataFrame(rows, schema=invented.METRIC_WEEK_SCHEMA)


# Disclosure


def test_hides_the_next_smallest_group_with_a_lone_small_one() -> None:
    sizes = {"a": Size(3), "b": Size(40), "c": Size(20), "d": Size(0)}
    assert hidden_groups(sizes, 5) == {"a", "c"}


def test_hides_two_small_groups_without_a_third() -> None:
    assert hidden_groups({"a": Size(3), "b": Size(40), "c": Size(2)}, 5) == {"a", "c"}


def test_hides_groups_of_few_recruiters_where_they_count() -> None:
    sizes = {"a": Size(90, 2), "b": Size(90, 9), "c": Size(80, 7)}
    assert hidden_groups(sizes, 5, 5) == {"a", "c"}
    assert hidden_groups(sizes, 5) == frozenset()


def test_joins_bars_until_each_stands_for_five() -> None:
    assert merged_bins([0, 2, 4, 9, 1, 0], 5) == [(1, 3), (3, 5)]
    assert merged_bins([4, 0, 0], 5) == []
    assert merged_bins([5, 0, 5], 5) == [(0, 1), (1, 3)]


# Intervals and usual ranges


def test_wilson_agrees_with_the_textbook() -> None:
    assert estimates.wilson(10, 50, 50) == pytest.approx((0.1124, 0.3304), abs=1e-4)


def test_widens_the_interval_where_replies_cluster_by_recruiter() -> None:
    rows = pl.DataFrame(
        {
            "recruiter_id": [f"r{place // 50}" for place in range(500)],
            "template_id": [None] * 500,
            "replied_7d": [place // 50 < 3 for place in range(500)],
        },
        schema_overrides={"template_id": pl.String},
    )
    alone = rows.with_columns(recruiter_id=pl.int_range(500).cast(pl.String))
    assert estimates.effective_number(rows, "replied_7d") == pytest.approx(9.0)
    assert estimates.effective_number(alone, "replied_7d") == pytest.approx(499.0)


def test_laney_limits_by_hand() -> None:
    counts = [(20, 100), (25, 100)] * 6 + [(21, 100)]
    point = estimates.weekly_series(weeks_of_replies(counts), "replied_7d", WEEK, 12).current
    centre = 0.225
    sigma = (centre * (1 - centre) / 100) ** 0.5
    spread = max(1.0, (0.05 / sigma) / 1.128)
    assert point is not None
    assert (point.lower, point.upper) == pytest.approx((centre - 3 * spread * sigma, centre + 3 * spread * sigma))
    assert point.verdict == "usual"


def test_wild_weeks_make_a_wide_range_and_calm_ones_no_narrower_than_chance() -> None:
    calm = estimates.weekly_series(weeks_of_replies([(20, 100)] * 13), "replied_7d", WEEK, 12).current
    wild = estimates.weekly_series(weeks_of_replies([(10, 100), (30, 100)] * 6 + [(20, 100)]), "replied_7d", WEEK, 12)
    assert calm is not None and calm.upper == pytest.approx(0.32)
    assert wild.current is not None and wild.current.upper is not None and wild.current.upper > 0.7


def test_gives_no_usual_range_after_seven_weeks() -> None:
    series = estimates.weekly_series(weeks_of_replies([(20, 100)] * 8), "replied_7d", WEEK, 12)
    assert series.current is not None and series.current.verdict == "unjudged"
    assert words.weekly_headline(series) == "20% replied; too few earlier weeks for a usual range"


def test_an_open_week_is_neither_judged_nor_part_of_the_usual_range() -> None:
    series = estimates.weekly_series(
        weeks_of_replies([(20, 100)] * 12 + [(1, 30)], last_open=70), "replied_7d", WEEK, 12
    )
    assert series.current is not None and series.current.week == WEEK - timedelta(weeks=1)
    assert series.centre == pytest.approx(0.2)
    assert series.reported is not None and series.reported.lower is None


def test_seldom_calls_an_ordinary_week_unusual_and_sees_a_large_change() -> None:
    random = np.random.default_rng(5)

    def verdicts(last: float) -> list[str]:
        seen = []
        for _ in range(150):
            counts = [(int(random.binomial(200, 0.18)), 200) for _ in range(26)] + [
                (int(random.binomial(200, last)), 200)
            ]
            point = estimates.weekly_series(weeks_of_replies(counts), "replied_7d", WEEK, 12).current
            assert point is not None
            seen.append(point.verdict)
        return seen

    assert verdicts(0.18).count("usual") >= 146
    assert verdicts(0.36).count("above") >= 140


def test_leaves_a_gap_for_a_week_without_messages() -> None:
    table = weeks_of_replies([(20, 100)] * 12).filter(pl.col("week") != WEEK - timedelta(weeks=3))
    series = estimates.weekly_series(table, "replied_7d", WEEK, 12)
    assert [point.state for point in series.points].count("empty") == 1
    assert len(series.points) == 12


# Headlines


def test_length_headline_is_neutral_where_intervals_overlap() -> None:
    overlapping = lengths(rate(0.2, 0.04), rate(0.18, 0.02), rate(0.17, 0.02), rate(0.16, 0.04))
    assert words.comparison_headline(overlapping, None, "interview", {}) == (
        "No length of the first message stands out"
    )


def test_length_headline_follows_the_comparison_within_recruiters() -> None:
    apart = lengths(rate(0.26, 0.03), rate(0.2, 0.02), rate(0.15, 0.02), rate(0.1, 0.03))
    clear, none = finding("lower", -0.06), finding("no difference seen", 0.001)
    assert words.comparison_headline(apart, clear, "interview", {}) == (
        "Longer first messages (words) go with fewer replies within 7 days"
    )
    assert "but not within the same recruiter" in words.comparison_headline(apart, none, "interview", {})
    assert words.comparison_headline(apart, None, "interview", {}) == (
        "First messages of up to 400 characters go with more replies than over 1,200 characters: 26% against 10%"
    )


def test_talk_headline_says_half_as_long_as_a_half_is_plausible() -> None:
    def shares(median: float, half: float) -> TalkShares:
        return TalkShares(COHORT, (Bar(0.0, 1.0, 100),), median, median - half, median + half)

    assert "about half" in words.talk_headline(shares(0.46, 0.05))
    assert "more than half" in words.talk_headline(shares(0.58, 0.03))
    assert "more than two thirds" in words.talk_headline(shares(0.8, 0.03))
    assert "less than half" in words.talk_headline(shares(0.4, 0.03))
    assert words.talk_headline(TalkShares(COHORT)).startswith("Too few")


def test_headlines_have_at_most_fifteen_words() -> None:
    apart = lengths(rate(0.26, 0.03), rate(0.2, 0.02), rate(0.15, 0.02), rate(0.1, 0.03))
    point = Point(WEEK, 0.31, 31, 100, 0, "judged", False, 0.11, 0.25)
    headlines = [
        words.comparison_headline(apart, finding("lower", -0.06), "interview", {}),
        words.comparison_headline(apart, finding("no difference seen", 0.0), "interview", {}),
        words.weekly_headline(Series("replied_7d", "share", (point,), 0.18, 26, point, point)),
        finding_words.findings_headline(Findings((finding("lower", -0.06),)), False),
        words.talk_headline(TalkShares(COHORT, (), 0.5, 0.4, 0.6)),
    ]
    assert [headline for headline in headlines if len(headline.split()) > 15] == []


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0%"), (0.004, "0.4%"), (0.0678, "6.8%"), (0.0996, "10%"), (0.19, "19%"), (1.0, "100%")],
)
def test_writes_shares_as_a_reader_would(value: float, text: str) -> None:
    assert words.percent(value) == text


def test_writes_weeks_across_months_and_years() -> None:
    assert words.week_range(date(2026, 11, 9)) == "9–15 November 2026"
    assert words.week_range(date(2026, 11, 30)) == "30 November – 6 December 2026"
    assert words.week_range(date(2026, 12, 28)) == "28 December 2026 – 3 January 2027"


def test_does_not_tell_small_counts() -> None:
    assert [words.few(number, 5) for number in (0, 1, 4, 5, 1204)] == [
        "0",
        "fewer than 5",
        "fewer than 5",
        "5",
        "1,204",
    ]


def test_groups_stay_hidden_until_subtraction_finds_nothing_about_fewer_than_five() -> None:
    sizes = {"a": Size(1), "b": Size(1), "c": Size(6), "d": Size(9)}
    assert hidden_groups(sizes, 5) == {"a", "b", "c"}
    assert hidden_groups({"c": Size(6), "d": Size(9)}, 5) == frozenset()
