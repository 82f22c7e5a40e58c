"""The sections of the report on tables with a known truth: nothing, something, and nothing that may be said."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any

import polars as pl
import pytest

import tests.report_fixtures as invented
import tests.report_tables as tables
from reports.estimates import Finding, Findings
from reports.sections import asking, burning, funnel, history, length, pairs, templates, volume
from reports.weekly import ReportOptions, WeeklyData, render
from reports.words import burning as burning_words
from reports.words import findings as finding_words
from reports.words import funnel as funnel_words
from reports.words import history as history_words

WEEK = invented.WEEK
PUBLISHED = invented.PUBLISHED_AT
NOTHING: dict[str, Any] = {"reply_refused_reason": None, "conversion_refused_reason": None}
REFUSED = NOTHING | {"reply_refused_reason": "all of them were answered"}
SAME, BAIT, BETTER = tables.NO_DIFFERENCE, tables.REPLY_BAIT, tables.BETTER


def finding(
    metric: str, verdict: str, outcome: str = "replied_7d", difference: float = 0.06, **changes: Any
) -> Finding:
    values = {"is_simpson": False, "is_confounded": False} | changes
    ends = (difference - 0.02, difference + 0.02)
    return Finding(metric, outcome, verdict, "", difference, *ends, 0.0, 1.0, 0.03, values["is_simpson"], 900, values["is_confounded"])  # fmt: skip


@cache
def page(*, real_effect: bool) -> str:
    return render(invented.weekly_data(real_effect=real_effect), week=WEEK, settings=ReportOptions())


def headlines(html: str) -> list[str]:
    return [" ".join(text.split()) for text in re.findall(r"<h2[^>]*>(.*?)</h2>", html, re.S)]


def styles(**rates: Any) -> funnel.Funnel:
    return funnel.read(tables.funnel({name: rates.get(name, SAME) for name in funnel.STYLES}))


# Per 100 contacted


def test_names_no_style_where_intervals_overlap() -> None:
    assert funnel_words.headline(styles(), {}) == (
        "Of 100 contacted, 19 replied, 2.0 reached “interview”; no opening style stands out"
    )


def test_shows_reply_bait_for_what_it_is() -> None:
    baited = styles(mixed=BAIT)
    assert funnel_words.headline(baited, {}).endswith("ones, not clearly with more interest")
    assert funnel_words.headline(baited, {}).startswith("Mixed openings go with more replies than")
    assert "not clearly with more interest" in funnel_words.point(baited, {})


def test_says_when_replies_and_interest_go_together_or_apart() -> None:
    assert funnel_words.headline(styles(reaction_first=BETTER), {}) == (
        "Reaction-first openings go with more replies and more interest than sell-first ones"
    )
    apart = styles(sell_first=BAIT, reaction_first=SAME | {"interested": 0.18})
    assert funnel_words.headline(apart, {}) == (
        "Sell-first openings go with most replies, reaction-first ones with most interest"
    )
    quiet = styles(mixed=SAME | {"interested": 0.18})
    assert funnel_words.headline(quiet, {}).startswith("Mixed openings go with more interest than")


def test_later_steps_without_a_source_are_not_known_and_not_zero() -> None:
    result = funnel.read(tables.funnel(sourced=False))
    drawn = funnel.figure(result, {})
    assert "later steps are not known" in drawn.headline
    assert drawn.table and next(row for row in drawn.table.rows if row[0] == "Hired")[1] == "not known"
    assert any("not counted as “no”" in note for note in drawn.notes)


def test_refused_conversions_hide_the_later_steps() -> None:
    result = funnel.read(tables.funnel(), is_conversion_refused=True)
    assert [name for name, stage in result.everybody.items() if stage.rate is None] == list(tables.LATER)


@pytest.mark.parametrize("state", ["withheld", "refused", "empty"])
def test_a_funnel_without_rates_is_a_sentence(state: str) -> None:
    drawn = funnel.figure(funnel.read(tables.funnel(state=state, reason="too few candidates")), {})
    assert drawn.picture is None and drawn.instead == "Too few candidates."
    assert drawn.headline == ("Too few contacted to show rates" if state == "withheld" else "No outcome per 100 contacted is known yet")  # fmt: skip


# Length in words


def test_fifths_speak_only_where_their_intervals_stand_apart() -> None:
    flat = length.read(tables.dose_response(), NOTHING, minimum_candidates=5)
    steep = length.read(tables.dose_response((0.28, 0.22, 0.2, 0.16, 0.11)), NOTHING, minimum_candidates=5)
    assert length.figure(flat, None, 0.3).headline == "In words: no length stands out"
    assert length.figure(steep, None, 0.3).headline == "40–79 words: 28% replied; 200–239 words: 11%"
    within = length.figure(steep, finding("first_message_words", "no difference seen"), 0.3).headline
    assert within == "Replies differ by words, but not within the same recruiter, language and month"


def test_fifths_of_refused_rates_or_few_people_are_not_drawn() -> None:
    assert length.read(tables.dose_response(), REFUSED, minimum_candidates=5).groups == ()
    assert length.read(tables.dose_response(n=4), NOTHING, minimum_candidates=5).groups == ()


# Ask versus tell


def sentences(asks: int, tells: int, *, n: int = 60, style: str = "sell_first") -> pl.DataFrame:
    return pl.DataFrame(
        {
            "recruiter_id": [f"r{place % 9}" for place in range(n)],
            "person": [f"c{place}" for place in range(n)],
            "week": [WEEK] * n,
            "opening_style": [style] * n,
            "ask_sentences_opening": [asks + place % 2 for place in range(n)],
            "tell_sentences_opening": [tells + (place + 1) % 2 for place in range(n)],
            "plain_sentences_opening": [asks + tells + 1] * n,
        }
    )


@pytest.mark.parametrize(
    ("asks", "tells", "said"),
    [(2, 2, "ask about as much as they tell"), (1, 5, "tell more than they ask"), (5, 1, "ask more than they tell")],
)
def test_an_even_share_of_asking_and_telling_is_called_even(asks: int, tells: int, said: str) -> None:
    mixes = asking.openings(sentences(asks, tells), WEEK, 12, minimum_candidates=5)
    assert said in asking.figure(mixes).headline


def test_shares_of_sentences_by_hand() -> None:
    mixes = asking.openings(sentences(1, 2), WEEK, 12, minimum_candidates=5)
    everybody = mixes.everybody
    assert everybody is not None
    assert (everybody.ask, everybody.tell, everybody.reflect) == pytest.approx((1.5 / 4, 2.5 / 4, 0.0))


def test_a_style_of_three_people_is_not_shown_and_cannot_be_subtracted() -> None:
    rows = pl.concat(
        [sentences(1, 2, n=40), sentences(2, 1, n=3, style="mixed").with_columns(person=pl.lit("x") + "person")]
    )
    rows = pl.concat([rows, sentences(3, 1, n=20, style="reaction_first")])
    mixes = asking.openings(rows, WEEK, 12, minimum_candidates=5)
    assert [mix.label for mix in mixes.groups] == ["all", "sell_first"]


def test_too_few_sentences_are_a_sentence() -> None:
    drawn = asking.figure(asking.openings(sentences(1, 2, n=4), WEEK, 12, minimum_candidates=5))
    assert drawn.picture is None and "too few" in drawn.headline


# What goes with what


def test_yes_or_no_measures_have_words_of_their_own() -> None:
    said = finding_words.finding_point(finding("previous_sell_first", "lower", difference=-0.06), "interview", {})
    assert said.startswith("Messages to people once approached with a sell-first message go with fewer replies")
    assert said.endswith("than without.")


def test_flags_a_difference_that_who_writes_explains() -> None:
    confounded = finding("you_share", "higher", is_confounded=True)
    shown = pairs.view(Findings((confounded,)), NOTHING, {})
    assert "who writes explains part of it" in shown["measures"][0]["cells"][0]["flag"]
    assert shown["measures"][0]["cells"][0]["verdict"] == "more"


def test_a_measure_has_one_row_and_an_outcome_one_column() -> None:
    found = Findings(
        (finding("you_share", "higher"), finding("you_share", "higher", "discussion", 0.04)),
        (finding("first_message_words", "no difference seen", "discussion"),),
        (finding("first_message_words", "too little data"),),
    )
    shown = pairs.view(found, NOTHING, {})
    assert shown["columns"] == ["Measure", "Replies within 7 days", "Discussions"]
    assert [[cell["verdict"] for cell in row["cells"]] for row in shown["measures"]] == [
        ["more", "more"],
        ["too little data", "no difference seen"],
    ]


# Templates


def test_says_that_no_template_stands_out() -> None:
    found = templates.read(tables.templates(), tables.template_rates(), NOTHING, minimum_recruiters=5)
    drawn = templates.figure(found, "interview", {}, 5)
    assert drawn.headline == "No template stands out" and drawn.table is None
    assert "2 families" in drawn.instead


def test_shows_a_template_by_its_style_and_use_and_never_one_recruiter_s() -> None:
    found = templates.read(tables.templates(), tables.template_rates(stands_out=True), NOTHING, minimum_recruiters=5)
    drawn = templates.figure(found, "interview", {}, 5)
    assert drawn.table and [row[0] for row in drawn.table.rows] == ["Reaction first, en"]
    assert found.n_of_few == 1 and any("fewer than 5 recruiters" in note for note in drawn.notes)
    assert drawn.headline == "1 template goes with more than its senders otherwise get"


def test_templates_of_refused_rates_are_not_compared() -> None:
    found = templates.read(tables.templates(), tables.template_rates(stands_out=True), REFUSED, minimum_recruiters=5)
    assert found.families == ()


# Burn ledger


@pytest.mark.parametrize(
    ("ledger", "said"),
    [
        (tables.burn_ledger(), "Whether ten people are lost for one won cannot be said: 10 (6.0 to 15)"),
        (tables.burn_ledger(12, 19, against_ten="above"), "More than ten people are lost for one won: 16 (12 to 19)"),
        (
            tables.burn_ledger(0.6, 1.0, against_ten="below"),
            "Fewer than ten people are lost for one won: 0.8 (0.6 to 1.0)",
        ),
        (tables.burn_ledger().clear(), "How many are lost for one won cannot be said yet"),
    ],
)
def test_the_ten_burnt_are_believed_only_beyond_the_interval(ledger: pl.DataFrame, said: str) -> None:
    read = burning.read(ledger, tables.recontact())
    assert burning_words.headline(read) == said
    assert bool(burning_words.point(read)) is (said.startswith(("More", "Fewer")))


def test_a_style_with_few_won_has_no_ratio() -> None:
    drawn = burning.figure(burning.read(tables.burn_ledger(), tables.recontact()), None)
    assert drawn.table and [row[-1] for row in drawn.table.rows] == ["10 (6.0 to 15)", "too few won"]
    assert any("10% of those approached again answered" in note for note in drawn.notes)
    assert any("cannot be said yet" in note for note in drawn.notes)


def test_withheld_people_are_not_counted_either() -> None:
    withheld = tables.burn_ledger().with_columns(
        *(pl.lit(None, pl.Int64).alias(f"n_{fate}") for fate in burning_words.FATES),
        lost_per_won=None,
        n_candidates=3,
        reason=pl.lit("too few candidates"),
    )
    drawn = burning.figure(burning.read(withheld, tables.recontact()), None)
    assert drawn.picture is None and drawn.instead == "Too few candidates."
    assert burning_words.rows(burning.read(withheld, tables.recontact()))[0][1] == "–"


# Volume


def test_lean_and_busy_months_are_alike_unless_their_intervals_stand_apart() -> None:
    said = [each.headline for each in volume.figures(volume.read(tables.volume(), minimum_recruiters=5), None, "", {})]
    assert said == [
        "Lean and busy months do not differ clearly in discussions per 100 contacted",
        "Busy months go with more discussions a month: 3.0 against 1.0",
    ]
    fewer = volume.read(tables.volume(18.0, 6.0), minimum_recruiters=5)
    assert [each.headline for each in volume.figures(fewer, None, "", {})] == [
        "Lean months go with more discussions per 100 contacted: 18 against 6.0",
        "Lean and busy months do not differ clearly in discussions a month",
    ]


def test_volume_of_few_recruiters_is_not_shown() -> None:
    few = volume.read(tables.volume(recruiters=3), minimum_recruiters=5)
    refused = volume.read(tables.volume(reason="reply rates are refused"), minimum_recruiters=5)
    assert [each.instead for result in (few, refused) for each in volume.figures(result, None, "", {})] == [
        "Too few recruiters to show this without showing one of them.",
        "Reply rates are refused.",
    ]


# What was said before


def test_hypotheses_are_told_as_they_were_judged() -> None:
    found = history.hypotheses(tables.hypotheses(), "Europe/Berlin")
    drawn = history.hypotheses_figure(found, "interview", {})
    assert drawn.headline == "1 of 2 hypotheses judged: 1 not confirmed"
    assert drawn.table and drawn.table.rows[0] == [
        "Questions first",
        "More questions in the first message go with more replies within 7 days",
        "not confirmed",
        "+0.8 (−1.0 to +2.6)",
    ]
    assert "not judged yet" in drawn.table.rows[1][2]
    assert history_words.hypotheses_headline(()) == "No hypothesis is registered"


def test_a_week_that_says_the_same_needs_no_table() -> None:
    same = history.restatements(tables.restatements(published_at=PUBLISHED), PUBLISHED)
    assert history.restatements_figure(same).headline == "No judged week says something else now"
    first = history.restatements(tables.restatements(published_at=PUBLISHED + timedelta(days=7)), PUBLISHED)
    assert history.restatements_figure(first).headline == "No earlier week to compare with yet"


def test_a_week_that_moved_is_told_and_a_point_is_worth_a_main_point() -> None:
    moved = history.restatements(tables.restatements((0.03, 0.0, -0.004), published_at=PUBLISHED), PUBLISHED)
    drawn = history.restatements_figure(moved)
    assert drawn.headline == "2 of 3 judged weekly figures say something else now"
    assert drawn.table and drawn.table.rows[0][2:5] == ["20%", "23%", "+3.0"]
    assert history.worth_saying(moved, WEEK, 12) == 1
    assert history.worth_saying(moved, WEEK - timedelta(weeks=1), 12) == 0


def test_a_withheld_value_is_not_told() -> None:
    withheld = history.restatements(tables.restatements((None,), published_at=PUBLISHED), PUBLISHED)
    drawn = history.restatements_figure(withheld)
    assert drawn.table and drawn.table.rows[0][2] == "withheld" and drawn.table.rows[0][4] == "–"


# The whole page


def test_the_headlines_change_with_the_estimates() -> None:
    def by_section(html: str) -> dict[str, str]:
        return {
            ident: headlines(part)[0]
            for ident, part in re.findall(r'<section[^>]* id="([a-z-]+)">(.*?)</section>', html, re.S)
        }

    nothing, something = by_section(page(real_effect=False)), by_section(page(real_effect=True))
    sections = ("funnel", "length", "length-words", "findings", "templates", "burning", "volume-rate", "restatements")
    assert [name for name in sections if nothing[name] == something[name]] == []


def test_headlines_of_the_page_have_at_most_fifteen_words() -> None:
    said = headlines(page(real_effect=False)) + headlines(page(real_effect=True))
    assert [text for text in said if len(text.split()) > 15] == []


def test_the_sections_stand_in_their_order() -> None:
    order = ["main-points", "figures", "weekly", "conversions", "funnel", "talk", "length", "length-words"]
    order += ["asking-openings", "asking-conversations", "question", "request", "groups", "findings", "templates"]
    order += ["burning", "volume-rate", "volume-month", "hypotheses", "restatements", "data", "how"]
    assert re.findall(r'id="([a-z-]+)"', page(real_effect=True)) == order


def test_tables_without_a_row_and_tables_that_are_missing_say_the_same() -> None:
    full = invented.weekly_data()
    names = tables.usual(PUBLISHED)
    cleared = replace(full, **{name: getattr(full, name).clear() for name in names})
    missing = WeeklyData(**{name: getattr(full, name) for name in WeeklyData.__dataclass_fields__ if name not in names})
    assert render(cleared, week=WEEK, settings=ReportOptions()) == render(missing, week=WEEK, settings=ReportOptions())
    assert "There is nothing to draw yet" in render(cleared, week=WEEK, settings=ReportOptions())


def test_refused_replies_leave_out_whatever_rests_on_silence() -> None:
    refused = invented.weekly_data(real_effect=True, info={"reply_refused_reason": "41 of 41 were answered"})
    html = render(refused, week=WEEK, settings=ReportOptions())
    assert not re.findall(r'id="(funnel|burning|volume-rate|volume-month|length|length-words|question)"', html)
    assert not re.search("lost for one won|Of 100 contacted|template goes", html)


@pytest.mark.parametrize("hostile", ["<script>alert(1)</script>", '=cmd|"/c calc"!A0', "🦄 <b>x</b>"])
def test_shows_hostile_names_as_words(hostile: str) -> None:
    full = invented.weekly_data(real_effect=True)
    data = replace(
        full,
        hypotheses=tables.hypotheses(hostile),
        templates=tables.templates().with_columns(language=pl.lit(hostile), opening_style=pl.lit(hostile)),
        funnel=tables.funnel(state="refused", reason=hostile),
        approach_metrics=full.approach_metrics.with_columns(channel=pl.lit(hostile), language=pl.lit(hostile)),
        snapshot_info=dict(full.snapshot_info) | {"conversion_event": hostile},
    )
    options = ReportOptions(
        title=hostile, outcome_labels={"interview": hostile, "discussion": hostile, "hired": hostile}
    )
    html = render(data, week=WEEK, settings=options)
    assert "<script" not in html and "<b>x" not in html
    assert not re.findall(r'<[a-z]+ [^>]*="[^"]*<', html)


def test_stays_small_at_fifty_recruiters() -> None:
    html = render(invented.weekly_data(real_effect=True, recruiters=50), week=WEEK, settings=ReportOptions())
    assert len(html.encode()) < 300_000
