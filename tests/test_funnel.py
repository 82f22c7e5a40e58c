"""The funnel per 100 contacted: bait is seen, and what must not be shown is not; windows stand beside the curves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from flows.config import CompletenessSettings, Settings
from flows.store import Home
from tests.homes import ask, run, write_messages, write_outcomes

BEGIN = datetime(2026, 1, 5, 10, tzinfo=UTC)
DAY = timedelta(days=1)
SEEN_UNTIL = "2026-06-01T00:00:00Z"

REACTION_FIRST = "Hi, I have read your article about queues. What would make you think about a change?"
SELL_FIRST = (
    "Hi, we are hiring a backend engineer in Berlin. Our company offers a salary of 90k and a great stack. "
    "We work with Python and Kafka. Send me your CV."
)
ITALIAN = "Ciao, stiamo cercando uno sviluppatore per la nostra azienda a Milano. Ti interessa questa posizione?"
YES = "Yes, I am interested, tell me more please."
NO = "No thanks, I am not interested in this."
OTHER = "I will read it when I am back from my holiday."
STOP = "Please stop contacting me, remove me from your list."
STAGES = (
    "replied", "interested", "discussion", "interview", "offer", "hired", "declined", "other", "ignored", "opted out",
)  # fmt: skip

Message = tuple[str, str, str, str, str]
Funnel = dict[tuple[str, str], dict[str, Any]]


def at(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def outreach(name: str, opening: str, replies: list[str | None], recruiters: int = 4) -> list[Message]:
    """One approach per reply, three hours apart, over several recruiters; None stays unanswered."""
    rows: list[Message] = []
    for number, reply in enumerate(replies):
        thread, start = f"{name}{number}", BEGIN + number * timedelta(hours=3)
        rows.append((thread, at(start), f"r{number % recruiters}", "recruiter", opening))
        if reply:
            rows.append((thread, at(start + DAY), f"c-{thread}", "candidate", reply))
    return rows


def ends() -> list[Message]:
    """A last message in June, so that every window of January is closed."""
    return [("last", SEEN_UNTIL, "r0", "recruiter", SELL_FIRST)]


def funnel(home: Home) -> Funnel:
    return {(row["opening_style"], row["stage"]): row for row in ask(home, "from funnel")}


def states(table: Funnel, stage: str) -> dict[str, str]:
    return {style: row["state"] for (style, of), row in table.items() if of == stage}


# 100 contacted each. Bait: 54 answer, 11 of them interested. Honest: 30 answer, 23 interested and one by label.
BAIT = [*[YES] * 11, *[NO] * 30, *[STOP] * 3, *[OTHER] * 10, *[None] * 46]
HONEST = [*[YES] * 23, OTHER, *[NO] * 6, *[None] * 70]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    folder = tmp_path_factory.mktemp("funnel")
    messages = [*outreach("bait", REACTION_FIRST, BAIT), *outreach("honest", SELL_FIRST, HONEST), *ends()]
    write_messages(folder / "in", messages)
    interviews = [*(f"bait{i}" for i in range(4)), *(f"honest{i}" for i in range(12))]
    write_outcomes(
        folder / "in",
        [
            *((thread, "interview", at(BEGIN + 60 * DAY), SEEN_UNTIL) for thread in interviews),
            ("honest23", "interested", at(BEGIN + 5 * DAY), SEEN_UNTIL),
            ("bait99", "opted_out", at(BEGIN + 20 * DAY), SEEN_UNTIL),
        ],
    )
    built = Home(folder / "home")
    run(built, folder / "in")
    return built


def test_bait_wins_replies_and_little_interest(home: Home) -> None:
    table = funnel(home)
    reached = {
        style: [table[style, stage]["n_reached"] for stage in STAGES]
        for style in ("reaction_first", "sell_first", "all")
    }
    assert reached == {
        "reaction_first": [54, 11, 0, 4, None, None, 30, 10, 45, 4],
        "sell_first": [30, 24, 0, 12, None, None, 6, 0, 70, 0],
        "all": [84, 35, 0, 16, None, None, 36, 10, 115, 4],
    }
    bait, honest = (
        {stage: table[style, stage]["per_100"] for stage in STAGES} for style in ("reaction_first", "sell_first")
    )
    assert (bait["replied"], bait["interested"]) == (54, 11)
    assert (honest["replied"], honest["interested"]) == (30, 24)
    assert all(table["reaction_first", stage]["n_contacted"] == 100 for stage in STAGES if bait[stage] is not None)


def test_every_stage_says_its_window_its_order_and_its_people(home: Home) -> None:
    rows = ask(home, "from funnel where opening_style = 'all' order by stage_no")
    assert tuple(row["stage"] for row in rows) == STAGES
    assert [row["window_days"] for row in rows] == [30, 30, 30, 90, 90, 90, 30, 30, 30, 30]
    for row in rows[:4]:
        assert (row["n_candidates"], row["n_recruiters"], row["n_open"]) == (200, 4, 1)
        assert row["low"] <= row["rate"] <= row["high"]
        assert row["n_effective"] <= 200


def test_the_first_month_adds_up_to_a_hundred_and_styles_add_up_to_all(home: Home) -> None:
    table = funnel(home)
    month = ("interested", "declined", "other", "ignored", "opted out")
    for style in ("reaction_first", "sell_first", "all"):
        assert sum(table[style, stage]["per_100"] for stage in month) == pytest.approx(100)
    for stage in (*month, "replied", "interview"):
        parts = [table[style, stage]["n_reached"] for style in ("reaction_first", "sell_first")]
        assert sum(parts) == table["all", stage]["n_reached"]


def test_a_source_that_never_says_offer_leaves_offers_unknown(home: Home) -> None:
    for stage in ("offer", "hired"):
        row = funnel(home)["all", stage]
        assert (row["state"], row["n_contacted"], row["rate"]) == ("unknown", 0, None)
        assert row["reason"] == "No outcome source says."


def test_without_an_outcome_source_interviews_are_unknown_and_replies_are_not(tmp_path: Path) -> None:
    write_messages(tmp_path / "in", [*outreach("t", SELL_FIRST, HONEST), *ends()])
    run(Home(tmp_path / "home"), tmp_path / "in")
    table = funnel(Home(tmp_path / "home"))
    assert {states(table, stage)["all"] for stage in ("interview", "offer", "hired")} == {"unknown"}
    assert table["all", "interested"]["n_reached"] == 23
    assert table["all", "other"]["n_reached"] == 1


def test_refused_reply_rates_refuse_every_stage_that_rests_on_replies(tmp_path: Path) -> None:
    write_messages(tmp_path / "in", [*outreach("t", SELL_FIRST, [YES] * 40), *ends()])
    for declared, state in ((False, "refused"), (True, "judged")):
        home = Home(tmp_path / f"home-{declared}")
        settings = Settings(completeness=CompletenessSettings(declared_complete=declared))  # type: ignore[call-arg]
        run(home, tmp_path / "in", settings=settings)
        rows = [row for (_, stage), row in funnel(home).items() if stage not in ("interview", "offer", "hired")]
        assert {row["state"] for row in rows} == {state}
        assert {row["n_reached"] is None for row in rows} == {not declared}
        assert {"40 of 40" in str(row["reason"]) for row in rows} == {not declared}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Two people written to in a language without reply rules, eight by one style, twenty by another."""
    folder = tmp_path_factory.mktemp("small")
    parts = (
        outreach("italian", ITALIAN, ["Grazie, volentieri!", None], 1),
        outreach("few", REACTION_FIRST, [YES, NO, *[None] * 6], 2),
        outreach("many", SELL_FIRST, [YES, YES, OTHER, *[None] * 17], 2),
    )
    write_messages(folder / "in", [*chain(*parts), *ends()])
    built = Home(folder / "home")
    run(built, folder / "in")
    return built


def test_what_would_tell_of_fewer_than_five_is_withheld_in_every_way_it_could(small: Home) -> None:
    table = funnel(small)
    withheld = {"unsupported": "withheld", "reaction_first": "withheld", "sell_first": "judged", "all": "judged"}
    for stage in ("replied", "discussion", "ignored"):
        assert states(table, stage) == withheld
    known = {"unsupported": "unknown", "reaction_first": "judged", "sell_first": "judged", "all": "judged"}
    for stage in ("interested", "declined", "opted out"):
        assert states(table, stage) == known
    # With it, the 6 replies of all less the 5 with a class would be the one of the two.
    assert states(table, "other") == dict.fromkeys(known, "withheld") | {"unsupported": "unknown"}
    for row in table.values():
        shown = [row[name] for name in ("n_reached", "n_effective", "rate", "low", "high", "per_100")]
        assert {value is not None for value in shown} == {row["state"] == "judged"}
        assert (row["reason"] is None) == (row["state"] in ("judged", "empty"))


def test_answers_in_a_language_without_rules_stay_in_replies_and_out_of_classes(small: Home) -> None:
    table = funnel(small)
    assert (table["all", "replied"]["n_contacted"], table["all", "replied"]["n_reached"]) == (30, 6)
    assert (table["all", "interested"]["n_contacted"], table["all", "interested"]["n_reached"]) == (28, 3)


def test_curves_and_windows_withhold_the_same_styles(small: Home) -> None:
    found = ask(small, "select distinct opening_style from curves where outcome = 'replied'")
    assert found == [{"opening_style": "sell_first"}]


def test_an_opening_that_only_greets_stands_under_none(tmp_path: Path) -> None:
    greeting = "Hello, how are you? Thank you and best regards"
    write_messages(
        tmp_path / "in",
        [*outreach("g", greeting, [YES, *[None] * 9]), *outreach("s", SELL_FIRST, [YES, *[None] * 9]), *ends()],
    )
    run(Home(tmp_path / "home"), tmp_path / "in")
    table = funnel(Home(tmp_path / "home"))
    assert [table[style, "replied"]["n_reached"] for style in ("none", "sell_first", "all")] == [1, 1, 2]


def test_the_newest_approaches_are_open_and_a_style_of_them_alone_is_empty(tmp_path: Path) -> None:
    newest = [(f"n{i}", "2026-05-20T00:00:00Z", "r0", "recruiter", REACTION_FIRST) for i in range(6)]
    write_messages(tmp_path / "in", [*outreach("s", SELL_FIRST, [YES, *[None] * 9], 1), *newest, *ends()])
    run(Home(tmp_path / "home"), tmp_path / "in")
    row = funnel(Home(tmp_path / "home"))["reaction_first", "replied"]
    assert (row["state"], row["n_contacted"], row["n_open"], row["rate"]) == ("empty", 0, 6, None)


def test_windows_stand_beside_the_curve_on_their_days_only(home: Home) -> None:
    rows = ask(home, "select * from curves where window_n is not null order by all")
    days = {(row["outcome"], row["day"]) for row in rows}
    assert days == {*(("replied", day) for day in (7, 14, 30)), *(("converted", day) for day in (30, 60, 90))}
    assert len(rows) == 2 * len(days)
    for row in rows:
        assert row["window_n"] == 100
        assert row["window_low"] <= row["window_share"] <= row["window_high"]
    shares = {(row["outcome"], row["opening_style"], row["day"]): row["window_share"] for row in rows}
    assert shares["replied", "reaction_first", 7] == 0.54
    assert shares["converted", "reaction_first", 30] == 0
    # Of the interviews on 6 March those of people contacted on 5 January come on day 60, the rest earlier.
    assert shares["converted", "sell_first", 60] == 0.12
    interval = ask(home, "select low, high from funnel where opening_style = 'sell_first' and stage = 'replied'")
    [window] = [
        row for row in rows if (row["opening_style"], row["day"], row["outcome"]) == ("sell_first", 30, "replied")
    ]
    assert [{"low": window["window_low"], "high": window["window_high"]}] == interval
