"""Recruiters one by one, and the page of one team: what is shown, what is not, and the limits of the funnel plot."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from functools import cache

import numpy as np
import polars as pl
import pytest
from scipy import stats

import tests.report_fixtures as invented
from reports.disclose import Size, hidden_groups, merged_bins
from reports.estimates import outreach, recent
from reports.recruiters import MINIMUM_APPROACHES, limits, over_dispersion, too_few_to_judge
from reports.team import team_data, withheld_teams
from reports.weekly import ReportOptions, WeeklyData, render
from schemas.errors import UsageError
from tests.test_report_weekly import Reader

WEEK = invented.WEEK
SHOWN = ReportOptions(recruiters=True)
LEVELS = (0.95, 0.998)


@cache
def usual() -> WeeklyData:
    return invented.weekly_data()


@cache
def with_teams() -> WeeklyData:
    """The usual snapshot with the columns and rows that pages of teams read."""
    rows = usual().approach_metrics
    weeks = [
        part.with_columns(group_by=pl.lit("all" if team is None else "team"), group_value=pl.lit(team or "all"))
        for team in (None, *sorted(rows["team"].unique()))
        if (part := with_recruiters(rows if team is None else rows.filter(team=team))) is not None
    ]
    return replace(usual(), metric_week=pl.concat(weeks))


def with_recruiters(rows: pl.DataFrame) -> pl.DataFrame:
    counts = rows.group_by("week").agg(n_recruiters=pl.col("recruiter_id").n_unique().cast(pl.Int64))
    return invented.metric_week(rows).join(counts, on="week", how="left")


def section(html: str, name: str = "recruiters") -> str:
    start = html.index(f'id="{name}"')
    return html[start : html.index("</section>", start)]


def first_cells(html: str) -> list[str]:
    return re.findall(r'<th scope="row">(.*?)</th>', html)


# The funnel plot


@pytest.mark.parametrize("level", LEVELS)
def test_limits_are_the_normal_ones_where_there_is_much_data(level: float) -> None:
    n, centre = 20_000, 0.18
    half = stats.norm.ppf((1 + level) / 2) * math.sqrt(centre * (1 - centre) / n)
    assert limits(n, centre, level) == pytest.approx((centre - half, centre + half), abs=2e-4)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(("n", "centre"), [(30, 0.1), (60, 0.2), (200, 0.05), (35, 0.9)])
def test_limits_lie_between_the_neighbouring_binomial_points(n: int, centre: float, level: float) -> None:
    low, high = limits(n, centre, level)
    points = stats.binom.ppf([(1 - level) / 2, (1 + level) / 2], n, centre) / n
    assert max(0.0, points[0] - 1 / n) <= low <= points[0]
    assert points[1] - 1 / n <= high <= points[1]


@pytest.mark.parametrize("level", LEVELS)
def test_chance_alone_rarely_leaves_the_limits(level: float) -> None:
    n, centre = 120, 0.18
    low, high = limits(n, centre, level)
    counts = np.arange(n + 1)
    outside = stats.binom.pmf(counts, n, centre)[(counts / n < low) | (counts / n > high)].sum()
    assert outside <= (1 - level) * 1.7


def test_over_dispersion_is_one_where_only_chance_is_at_work_and_more_where_people_differ() -> None:
    random = np.random.default_rng(3)
    sizes = random.integers(40, 400, 300)
    chance = list(zip(random.binomial(sizes, 0.2).tolist(), sizes.tolist(), strict=True))
    rates = random.beta(0.2 * 30, 0.8 * 30, 300)
    spread = list(zip(random.binomial(sizes, rates).tolist(), sizes.tolist(), strict=True))
    assert over_dispersion(chance, 0.2) < 1.1
    wide = over_dispersion(spread, 0.2)
    assert wide > 3
    outside = [not limits(n, 0.2, 0.95, wide)[0] <= k / n <= limits(n, 0.2, 0.95, wide)[1] for k, n in spread]
    assert np.mean(outside) < 0.12


def test_one_outlier_does_not_widen_its_own_limits() -> None:
    counts = [(20, 100)] * 20
    assert over_dispersion([*counts, (90, 100)], 0.2) < 1.5


# Who is shown


def test_recruiters_are_left_out_unless_configured() -> None:
    assert 'id="recruiters"' not in render(usual(), week=WEEK, settings=ReportOptions())


def test_recruiters_stand_in_alphabetical_order_and_hidden_names_are_ids() -> None:
    html = section(render(usual(), week=WEEK, settings=SHOWN))
    labels = first_cells(html)
    assert len(labels) == 20
    assert labels == sorted(labels)
    assert all(re.fullmatch(r"p_r\d{3}", label) for label in labels)


def test_shown_names_decide_the_order() -> None:
    names = {"p_r003": "adam Berg", "p_r001": "Zoë Wirth", "p_r007": "Çelik, Ada"}
    labels = first_cells(section(render(usual(), week=WEEK, settings=replace(SHOWN, names=names))))
    assert labels[0] == "adam Berg"
    assert labels == sorted(labels, key=str.casefold)


def test_two_of_one_name_keep_their_ids() -> None:
    names = {"p_r003": "Ada Berg", "p_r004": "Ada Berg"}
    labels = first_cells(section(render(usual(), week=WEEK, settings=replace(SHOWN, names=names))))
    assert labels[:2] == ["Ada Berg (p_r003)", "Ada Berg (p_r004)"]


def test_who_sent_few_stands_in_a_group_without_a_number_and_so_does_the_next() -> None:
    rows = usual().approach_metrics
    mine = rows.filter(recruiter_id="p_r005").tail(25)
    few = pl.concat([rows.filter(pl.col("recruiter_id") != "p_r005"), mine])
    html = section(render(replace(usual(), approach_metrics=few), week=WEEK, settings=SHOWN))
    (group,) = re.findall(r"Too few to judge: ([^.]*)\.", html)
    assert "p_r005" in group.split(", ")
    assert len(group.split(", ")) >= 2
    assert not set(group.split(", ")) & set(first_cells(html))


def test_what_is_left_of_a_team_never_tells_one_recruiter() -> None:
    rows = recent(outreach(usual().approach_metrics), "replied_7d", WEEK, 12)
    few = pl.concat([rows.filter(pl.col("recruiter_id") != "p_r005"), rows.filter(recruiter_id="p_r005").head(12)])
    hidden = too_few_to_judge(few, 5)
    for _, part in few.group_by("team"):
        in_team = set(part["recruiter_id"].unique()) & hidden
        assert len(in_team) != 1
    assert "p_r005" in hidden


def test_four_recruiters_are_never_shown_one_by_one() -> None:
    data = invented.weekly_data(recruiters=4)
    html = section(render(data, week=WEEK, settings=SHOWN))
    assert "Fewer than 5 recruiters" in html
    assert "p_r0" not in html
    assert "<svg" not in html


def test_refused_reply_rates_are_refused_here_too() -> None:
    data = invented.weekly_data(info={"reply_refused_reason": "41 of 41 were answered"})
    html = section(render(data, week=WEEK, settings=SHOWN))
    assert "41 of 41" in html
    assert "<svg" not in html


def test_nobody_is_judged_by_a_few_messages() -> None:
    data = invented.weekly_data(per_week=30)
    html = section(render(data, week=WEEK, settings=SHOWN))
    judged = recent(outreach(data.approach_metrics), "replied_7d", WEEK, 12)
    assert judged.group_by("recruiter_id").len()["len"].max() < MINIMUM_APPROACHES
    assert first_cells(html) == []
    assert html.count("p_r0") == 20


def test_a_hostile_name_is_only_a_name() -> None:
    hostile = "<script>alert(1)</script> '\"><svg onload=1> 🦄"
    rows = usual().approach_metrics
    much = rows.with_columns(replied_7d=pl.when(recruiter_id="p_r001").then(True).otherwise("replied_7d"))
    data = replace(usual(), approach_metrics=much)
    html = render(data, week=WEEK, settings=replace(SHOWN, names={"p_r001": hostile}))
    reader = Reader(html)
    assert hostile in reader.text_of("table")
    assert hostile in " ".join(re.findall(r"<text[^>]*>([^<]*alert[^<]*)<", html)).replace("&lt;", "<").replace(
        "&gt;", ">"
    ).replace("&quot;", '"').replace("&#39;", "'")
    assert "script" not in {tag for tag, _ in reader.tags}
    assert not any(name.startswith("on") for _, attributes in reader.tags for name in attributes)
    assert reader.is_balanced


def test_the_section_has_a_sentence_and_its_numbers_and_the_same_bytes_twice() -> None:
    html = render(usual(), week=WEEK, settings=SHOWN)
    shuffled = replace(usual(), approach_metrics=usual().approach_metrics.sample(fraction=1.0, shuffle=True, seed=5))
    assert render(shuffled, week=WEEK, settings=SHOWN) == html
    assert re.search(r'role="img" aria-label="Funnel plot of 20 recruiters[^"]{30,}"', html)
    assert "No ranking" in section(html)
    assert "Not for employment decisions." in section(html)
    reader = Reader(html)
    names = [attributes["id"] for _, attributes in reader.tags if "id" in attributes]
    assert reader.is_balanced
    assert len(names) == len(set(names))
    assert len(html.encode()) < 300_000


# The page of one team


def test_a_team_page_speaks_of_that_team_only() -> None:
    options = ReportOptions(team="Data")
    data = team_data(with_teams(), "Data", WEEK, options)
    html = render(data, week=WEEK, settings=replace(options, recruiters=True))
    assert data.approach_metrics["team"].unique().to_list() == ["Data"]
    assert "Candidate outreach, Data" in html
    assert "Only the first messages of the team “Data”" in html
    assert "Engineering" not in html
    assert "Product" not in html
    assert 'id="findings"' not in html
    assert 'id="recruiters"' not in html
    assert "7 recruiters" in html
    rows = recent(outreach(data.approach_metrics), "replied_7d", WEEK, 1)
    assert f"({int(rows['replied_7d'].sum())} of {rows.height})" in html


def test_tables_without_a_team_stand_empty() -> None:
    data = team_data(with_teams(), "Data", WEEK, ReportOptions(team="Data"))
    assert data.associations.is_empty()
    assert data.source_files.equals(with_teams().source_files)
    assert data.others is not None
    assert data.others.height + data.approach_metrics.height == with_teams().approach_metrics.height


def test_an_unknown_team_is_named_with_those_there_are() -> None:
    with pytest.raises(UsageError, match="'Data', 'Engineering', 'Product'"):
        team_data(with_teams(), "Sales", WEEK, ReportOptions(team="Sales"))


def teams(sizes: dict[str | None, int], *, per_recruiter: int = 10) -> pl.DataFrame:
    """Judged approaches, each to somebody else."""
    rows = [
        (team, f"{team}-{recruiter}", f"{team}-{recruiter}-{number}")
        for team, recruiters in sizes.items()
        for recruiter in range(recruiters)
        for number in range(per_recruiter)
    ]
    return pl.DataFrame(rows, schema={"team": pl.String, "recruiter_id": pl.String, "person": pl.String}, orient="row")


@pytest.mark.parametrize(
    ("sizes", "withheld"),
    [
        ({"A": 6, "B": 7}, set()),
        ({"A": 4, "B": 7, "C": 9}, {"A", "B"}),
        ({"A": 3, "B": 3, "C": 9}, {"A", "B"}),
        ({"A": 9, None: 2}, {"A", ""}),
        ({"A": 9, None: 8}, set()),
        ({"A": 9}, set()),
    ],
)
def test_a_team_has_a_page_only_if_no_small_rest_follows(sizes: dict[str | None, int], withheld: set[str]) -> None:
    assert set(withheld_teams(teams(sizes), ReportOptions())) == withheld


def test_why_a_team_has_no_page_is_said() -> None:
    reasons = withheld_teams(teams({"A": 4, "B": 7, "C": 9}), ReportOptions())
    assert "it has 4 and 40" in reasons["A"]
    assert "by subtraction" in reasons["B"]


def test_a_team_week_of_four_recruiters_is_withheld_and_so_is_one_that_leaves_four() -> None:
    everybody = with_teams().metric_week
    few_inside = pl.col("group_by") == "team"
    few_outside = pl.col("group_by") == "all"
    inside = everybody.with_columns(n_recruiters=pl.when(few_inside).then(4).otherwise("n_recruiters"))
    outside = everybody.with_columns(n_recruiters=pl.when(few_outside).then(11).otherwise("n_recruiters"))
    for changed in (inside, outside):
        data = team_data(replace(with_teams(), metric_week=changed), "Data", WEEK, ReportOptions(team="Data"))
        assert data.metric_week["suppressed"].all()
        assert data.metric_week["value"].null_count() == data.metric_week.height
    assert not team_data(with_teams(), "Data", WEEK, ReportOptions(team="Data")).metric_week["suppressed"].all()


def test_a_bin_that_only_three_others_share_is_hidden_on_a_team_page() -> None:
    rows = with_teams().approach_metrics.with_row_index()
    longest = pl.col("first_message_bin") == "> 1200"
    others = (pl.col("team") != "Data") & longest
    lucky = rows.filter(others, pl.col("week") == WEEK)["index"].head(3).to_list()
    kept = pl.when(others & ~pl.col("index").is_in(lucky)).then(pl.lit("801-1200")).otherwise("first_message_bin")
    data = replace(with_teams(), approach_metrics=rows.with_columns(first_message_bin=kept).drop("index"))
    options = ReportOptions(team="Data")
    html = section(render(team_data(data, "Data", WEEK, options), week=WEEK, settings=options), "length")
    assert re.search(r'over 1,200 characters</th><td class="num">too few to show', html)
    assert html.count("too few to show</td>") >= 2


# The rules behind


def test_hidden_anyway_counts_like_too_small() -> None:
    sizes = {"a": Size(40), "b": Size(50), "c": Size(60)}
    assert hidden_groups(sizes, 5, hidden_anyway=["b"]) == {"a", "b"}


def test_bins_are_joined_until_the_others_are_many_or_none() -> None:
    assert merged_bins([5, 5, 5], 5, [0, 2, 9]) == [(0, 1), (1, 3)]
    assert merged_bins([5, 5, 5], 5, [9, 0, 2]) == [(0, 3)]
    assert merged_bins([5, 5, 5], 5, [0, 0, 3]) == []
    assert merged_bins([5, 5, 5], 5) == [(0, 1), (1, 2), (2, 3)]
