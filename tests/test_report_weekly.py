"""The weekly report as a reader opens it: what it says, what it keeps to itself, and that it stands alone."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from functools import cache
from html.parser import HTMLParser

import polars as pl
import pytest

import tests.report_fixtures as invented
import tests.report_tables as tables
from reports.weekly import ReportOptions, WeeklyData, render
from schemas.errors import UsageError

WEEK = invented.WEEK
OPTIONS = ReportOptions()
REFUSED = "41 of 41 judged approaches were answered: the export seems to lack unanswered conversations."
SCENARIOS = {
    "usual": invented.weekly_data,
    "effect": lambda: invented.weekly_data(real_effect=True, last_week_rate=0.34),
    "no outcome source": lambda: invented.weekly_data(outcome_source=False, info={"link_rate": None}),
    "refused": lambda: invented.weekly_data(info={"reply_refused_reason": REFUSED}),
    "nearly empty": invented.nearly_empty,
    "empty": invented.empty,
}
VOID = {"meta", "path", "line", "circle", "rect", "br", "hr", "img", "input", "link"}


@cache
def data(name: str) -> WeeklyData:
    return SCENARIOS[name]()


@cache
def page(name: str) -> str:
    return render(data(name), week=WEEK, settings=OPTIONS)


class Reader(HTMLParser):
    """What a browser would make of the page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: dict[str, list[str]] = {}
        self.is_balanced = True
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            self.is_balanced = self.is_balanced and bool(self.open) and self.open.pop() == tag

    def handle_data(self, text: str) -> None:
        for tag in set(self.open):
            self.texts.setdefault(tag, []).append(text)

    def text_of(self, tag: str) -> str:
        return " ".join(" ".join(self.texts.get(tag, [])).split())


def main_points(html: str) -> list[str]:
    part = html[html.index('class="points"') :]
    part = part[: part.index("</ul>")]
    items = re.findall(r"<li>(.*?)</li>", part, re.S)
    return [" ".join(re.sub(r"<[^>]+>", "", item).split()) for item in items]


# What it says


def test_says_that_nothing_is_unusual_when_nothing_is() -> None:
    points = main_points(page("usual"))
    assert points[0].startswith("Nothing unusual this week. ")
    assert points[1].startswith("Nothing we measure goes clearly with replies or conversions.")
    assert "The reply rate stayed in its usual range" in page("usual")
    assert "No length of the first message stands out" in page("usual")
    assert "◆" not in page("usual")


def test_says_what_is_unusual_and_what_goes_with_replies_when_it_is_so() -> None:
    points = main_points(page("effect"))
    sent = [
        row
        for row in data("effect").approach_metrics.iter_rows(named=True)
        if row["week"] == WEEK and row["first_message_known"] and row["replied_7d"] is not None
    ]
    assert points[0].startswith("More candidates replied than in a usual week. ")
    assert f"({sum(row['replied_7d'] for row in sent)} of {len(sent)})" in points[0]
    assert points[1].startswith("Longer first messages (words) go with fewer replies within 7 days: 6.2 fewer per 100")
    assert "◆ above the usual range" in page("effect")


def test_has_at_most_five_main_points() -> None:
    assert all(1 <= len(main_points(page(name))) <= 5 for name in SCENARIOS)


def test_never_speaks_of_causes() -> None:
    for name in SCENARIOS:
        text = Reader(page(name)).text_of("main").replace("not what leads to them", "")
        assert not re.search(r"\b(leads to|because of|causes|improves|boosts)\b", text)


def test_says_that_the_week_was_empty() -> None:
    assert main_points(page("empty")) == ["No first messages were sent in this week, so there is nothing to judge."]
    assert "<svg" not in page("empty")


def test_says_so_when_only_this_week_was_empty() -> None:
    html = render(invented.without_week(data("usual"), [WEEK]), week=WEEK, settings=OPTIONS)
    assert main_points(html)[0].startswith("No first messages were sent in this week")
    assert 'id="weekly"' in html


def test_says_nothing_about_three_candidates() -> None:
    html = page("nearly empty")
    text = Reader(html).text_of("main")
    assert main_points(html) == ["Too few candidates were contacted in this week to say anything about it."]
    assert "<svg" not in html
    assert "100%" not in text.replace("100% Candidates", "").split("Approaches")[0]
    assert "Approaches fewer than 5" in text


def test_says_that_later_steps_are_not_known_without_an_outcome_source() -> None:
    html = page("no outcome source")
    assert "later steps are not known" in html
    assert html.count(">not known</td>") >= 3
    assert "no outcome data" in html


def test_refuses_to_draw_what_would_mislead() -> None:
    html = page("refused")
    assert main_points(html)[0].startswith("Reply rates are not shown: 41 of 41")
    assert 'id="funnel"' not in html
    assert 'id="length"' not in html
    assert 'id="talk"' in html
    assert "reply rate" not in Reader(html).text_of("h2").lower().replace("reply rates are not shown", "")


def test_refused_conversions_leave_the_replies() -> None:
    refused = invented.weekly_data(info={"conversion_refused_reason": "3 of 9 candidates link to a conversation."})
    html = render(refused, week=WEEK, settings=OPTIONS)
    assert "Conversion rates are not shown: 3 of 9 candidates" in html
    assert "later steps are not known" in html


def test_calls_a_week_open_while_its_windows_are() -> None:
    html = render(data("usual"), week=WEEK + timedelta(weeks=1), settings=OPTIONS)
    assert main_points(html)[0].startswith("This week is still open.")
    assert "in the week of 9 Nov, the newest that can be judged, " in html


def test_draws_a_reference_line_only_when_asked() -> None:
    asked = render(data("usual"), week=WEEK, settings=ReportOptions(talk_share_reference=0.2))
    assert "reference 20%" in asked
    assert "not a measured optimum" in asked
    assert "reference 20%" not in page("usual")


def test_uses_the_words_of_the_house_for_outcomes() -> None:
    options = ReportOptions(outcome_labels={"interview_90d": "first call"})
    assert "reached “first call”" in render(data("usual"), week=WEEK, settings=options)


def test_says_that_rows_are_missing_when_they_do_not_add_up() -> None:
    lost = data("usual").source_files.with_columns(pl.col("rows_kept") - 7)
    html = render(replace(data("usual"), source_files=lost), week=WEEK, settings=OPTIONS)
    assert "14 rows are unaccounted for" in html


def test_shows_the_sign_that_turns_within_recruiters() -> None:
    assert "Taken all together the sign is the opposite" in page("usual")


def test_groups_pairs_with_too_little_data() -> None:
    assert "Too little data to judge: 3 pairs" in page("usual")


def test_is_not_for_employment_decisions() -> None:
    assert all("Not for employment decisions." in page(name) for name in SCENARIOS)


def test_knows_no_other_language_yet() -> None:
    with pytest.raises(UsageError, match="'xx'"):
        render(data("empty"), week=WEEK, settings=ReportOptions(language="xx"))


# What it keeps to itself


def test_shows_no_recruiter_candidate_or_thread() -> None:
    for name in SCENARIOS:
        assert not re.search(r"p_[rc]\d{3}|t_\d{6}|f_\d\d\b", page(name))


def test_hides_a_group_of_four_candidates_and_the_next_smallest() -> None:
    rows = data("usual").approach_metrics.with_row_index()
    rows = rows.with_columns(
        channel=pl.when((pl.col("week") == WEEK) & (pl.col("index") % 50 == 0))
        .then(pl.lit("pigeon post"))
        .otherwise("channel")
    ).drop("index")
    assert 0 < rows.filter(channel="pigeon post")["candidate_id"].n_unique() < 5
    html = render(replace(data("usual"), approach_metrics=rows), week=WEEK, settings=OPTIONS)
    assert "Not shown: email, pigeon post." in html
    assert not re.search(r'<th scope="row">(email|pigeon post)</th>', html)


def test_hides_a_team_of_one_recruiter() -> None:
    rows = data("usual").approach_metrics
    alone = pl.when(pl.col("recruiter_id") == "p_r001").then(pl.lit("Solo")).otherwise("team")
    html = render(replace(data("usual"), approach_metrics=rows.with_columns(team=alone)), week=WEEK, settings=OPTIONS)
    assert re.search(r"Not shown: \w+, Solo\.", html)
    assert '<th scope="row">Solo</th>' not in html


@pytest.mark.parametrize(
    "hostile", ["<script>alert(1)</script>", '=cmd|"/c calc"!A0', "🦄 & <b>x", "'\"><svg onload=1>"]
)
def test_shows_hostile_words_as_words(hostile: str) -> None:
    rows = data("usual").approach_metrics.with_columns(
        team=pl.lit(hostile), channel=pl.lit(hostile + "2"), language=pl.lit("en")
    )
    options = ReportOptions(title=hostile, outcome_labels={"interview_90d": hostile, "replied_30d": hostile + "3"})
    html = render(replace(data("usual"), approach_metrics=rows), week=WEEK, settings=options)
    reader = Reader(html)
    assert hostile in reader.text_of("h1")
    assert hostile in reader.text_of("table")
    assert "script" not in {tag for tag, _ in reader.tags}
    assert "b" not in {tag for tag, attributes in reader.tags if attributes}
    assert not any(name.startswith("on") for _, attributes in reader.tags for name in attributes)
    assert reader.is_balanced


# That it stands alone


@pytest.mark.parametrize("name", SCENARIOS)
def test_asks_for_nothing_from_outside(name: str) -> None:
    html = page(name)
    assert "<script" not in html
    assert not re.search(r"https?://|url\(|@import|\ssrc=|<link|<iframe", html)
    assert all(
        (value or "").startswith("#")
        for _, attributes in Reader(html).tags
        for key, value in attributes.items()
        if "href" in key
    )
    assert len(html.encode()) < 300_000


@pytest.mark.parametrize("name", SCENARIOS)
def test_is_whole_and_names_nothing_twice(name: str) -> None:
    reader = Reader(page(name))
    assert "clip-path=" not in page(name)
    names = [attributes["id"] for _, attributes in reader.tags if "id" in attributes]
    assert reader.is_balanced and not reader.open
    assert len(names) == len(set(names))
    assert "None" not in reader.text_of("main")
    assert not re.search(r"\bnan\b|NaN|undefined", page(name))


@pytest.mark.parametrize("name", SCENARIOS)
def test_gives_every_picture_a_sentence_and_its_numbers(name: str) -> None:
    figures = re.findall(r'<section class="figure[^"]*".*?</section>', page(name), re.S)
    pictured = [figure for figure in figures if "<svg" in figure]
    assert len(figures) >= 2
    for figure in pictured:
        assert figure.count('role="img"') == 1
        assert len(re.findall(r'role="img" aria-label="([^"]{30,})"', figure)) == 1
        assert figure.count("<svg") == figure.count('aria-hidden="true" focusable="false"') == 2
        assert re.search(r"<details>.*<table>.*</table>", figure, re.S)
        assert "graphics-" not in figure


def test_draws_in_the_colours_of_the_page() -> None:
    drawn = "".join(re.findall(r"<svg.*?</svg>", page("effect"), re.S))
    assert "var(--accent)" in drawn
    assert not re.findall(r'(?:fill|stroke)="#', drawn)


def test_gives_the_same_bytes_twice_and_for_rows_in_another_order() -> None:
    usual = data("usual")
    shuffled = replace(
        usual,
        metric_week=usual.metric_week.sample(fraction=1.0, shuffle=True, seed=3),
        associations=usual.associations.reverse(),
        approach_metrics=usual.approach_metrics.sample(fraction=1.0, shuffle=True, seed=4),
        **{name: getattr(usual, name).reverse() for name in tables.usual(invented.PUBLISHED_AT)},
    )
    assert render(usual, week=WEEK, settings=OPTIONS) == page("usual")
    assert render(shuffled, week=WEEK, settings=OPTIONS) == page("usual")
