"""Hypotheses: registered before their answer can be known, judged once, kept for good."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from flows import store
from flows.config import HypothesisSettings, Settings, load_settings
from flows.explaining import explain_hypotheses
from flows.store import Home
from schemas.errors import AuditError, ForbiddenPairError, UsageError
from sql.frames import load_frame
from sql.hypotheses import Hypothesis, hypothesis_sentence, judge, refuse_late, settle
from tests.homes import ask, run, write_messages
from tests.test_associate import approaches

REGISTERED = datetime(2026, 1, 5, tzinfo=UTC)
ENTRY = """
[[hypotheses]]
name = "short openers get more replies"
metric = "first_message_words"
outcome = "replied_30d"
direction = "lower"
from = 2025-11-01
until = 2026-03-01
"""


def claim(direction: Any = "lower", until: date = date(2026, 3, 1), **given: Any) -> Settings:
    entry = {"name": "short openers", "metric": "first_message_words", "outcome": "replied_30d"} | given
    return Settings(hypotheses=[HypothesisSettings(direction=direction, from_=date(2025, 11, 1), until=until, **entry)])


def at(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=UTC)


# What the settings may say


@pytest.mark.parametrize(
    ("line", "changed", "error", "message"),
    [
        ("until = 2026-03-01", "", UsageError, r"hypotheses\.0\.until: Field required"),
        ("until = 2026-03-01", "until = 2025-11-01", UsageError, r"hypotheses\.0\.until: .*must be later than from"),
        ('"first_message_words"', '"charm"', UsageError, r"hypotheses\.0\.metric: .*no metric .* 'charm'"),
        ('"first_message_words"', '"opening_style"', UsageError, r"hypotheses\.0\.metric: .*no metric with an order"),
        ('"replied_30d"', '"hugged_30d"', UsageError, r"hypotheses\.0\.outcome: .*no outcome is called 'hugged_30d'"),
        ('"lower"', '"other"', UsageError, r"hypotheses\.0\.direction"),
        ('"first_message_words"', '"talk_share"', ForbiddenPairError, "whole-contains-the-outcome"),
    ],
)
def test_a_wrong_entry_is_refused_by_the_name_of_its_key(
    tmp_path: Path, line: str, changed: str, error: type[Exception], message: str
):
    (tmp_path / "talkshare.toml").write_text(ENTRY.replace(line, changed))
    with pytest.raises(error, match=message):
        load_settings(tmp_path)


def test_the_same_question_under_two_names_is_refused(tmp_path: Path):
    (tmp_path / "talkshare.toml").write_text(ENTRY + ENTRY.replace("short openers", "brevity"))
    with pytest.raises(UsageError, match="are the same question"):
        load_settings(tmp_path)


def test_days_begin_at_midnight_where_the_report_is_read(tmp_path: Path):
    (tmp_path / "talkshare.toml").write_text('time_zone = "Europe/Berlin"\n' + ENTRY)
    [asked] = load_settings(tmp_path).asked()
    assert (asked.starts_at, asked.ends_at) == (at("2025-10-31T23:00"), at("2026-02-28T23:00"))


# Registration


def test_an_entry_that_is_changed_back_is_a_third_question():
    [first], [edited] = claim().asked(), claim("higher").asked()
    kept = settle([], [first], now=at("2026-01-05"))
    kept = settle(kept, [edited], now=at("2026-01-06"))
    kept = settle(kept, [first], now=at("2026-01-07"))
    assert [(row["direction"], row["status"], row["starts_at"]) for row in kept] == [
        ("lower", "withdrawn", at("2026-01-05")),
        ("higher", "withdrawn", at("2026-01-06")),
        ("lower", "registered", at("2026-01-07")),
    ]


def test_a_new_name_is_no_new_question_and_a_judged_one_is_never_withdrawn():
    [first], [renamed] = claim().asked(), claim(name="brevity").asked()
    [kept] = settle([], [first], now=at("2026-01-05"))
    assert settle([kept], [renamed], now=at("2026-01-06")) == [kept]
    judged = kept | {"status": "judged"}
    assert settle([judged], [], now=at("2026-05-01")) == [judged]


def test_an_end_that_has_passed_is_refused_unless_it_was_registered_in_time():
    asked = claim().asked()
    kept = settle([], asked, now=at("2026-01-05"))
    refuse_late(kept, asked, now=at("2026-05-01"))
    with pytest.raises(UsageError, match=r"until = 2026-03-01 has passed"):
        refuse_late([], asked, now=at("2026-05-01"))


# The judgement


@pytest.fixture
def connection() -> Iterator[store.Connection]:
    with closing(store.connect()) as opened:
        load_frame(opened, "int_refusals", pl.DataFrame(schema={"outcome": pl.String, "reason": pl.String}))
        yield opened


def measured(connection: store.Connection, rows: pl.DataFrame, seen_to: str = "2026-06-01") -> None:
    seen = pl.lit(at(seen_to)).cast(pl.Datetime("us", "UTC"))
    load_frame(
        connection,
        "approach_metrics",
        rows.with_columns(observed_until=seen, outcome_observed_until=seen, is_outreach=pl.lit(True)),
    )


def record(direction: str = "lower", **other: Any) -> dict[str, Any]:
    asked = Hypothesis(
        "short openers", "first_message_words", "replied_30d", direction,  # type: ignore[arg-type]
        date(2026, 1, 5), date(2026, 5, 1), at("2026-01-05"), at("2026-05-01"),
    )  # fmt: skip
    [row] = settle([], [asked], now=at("2026-01-05"))
    return row | other


def judged(connection: store.Connection, row: dict[str, Any], day: str = "2026-06-02", minimum: int = 5) -> Any:
    return judge(connection, row, now=at(day), minimum_candidates=minimum)


@pytest.mark.parametrize(
    ("effect", "direction", "verdict"),
    [
        (-0.08, "lower", "confirmed"),
        (-0.08, "higher", "contradicted"),
        (0.08, "higher", "confirmed"),
        (0.08, "lower", "contradicted"),
        (0.0, "higher", "not confirmed"),
    ],
)
def test_the_verdict_goes_by_the_registered_direction(connection, effect: float, direction: str, verdict: str):
    measured(connection, approaches(1, effect=effect))
    row = judged(connection, record(direction))
    assert (row["status"], row["verdict"], row["reason"]) == ("judged", verdict, None)
    assert row["judged_at"] == at("2026-06-02")
    assert (row["low"] < 0 < row["high"]) == (verdict == "not confirmed")
    sentence = hypothesis_sentence(row)
    assert f"Judged 2026-06-02 on 900 approaches: {verdict};" in sentence
    assert ("could not have seen less than" in sentence) == (verdict == "not confirmed")


def test_too_little_data_gives_the_reason_and_no_guess(connection):
    measured(connection, approaches(1, n=120))
    row = judged(connection, record())
    assert (row["verdict"], row["reason"]) == ("too little data", "fewer than 100 approaches with the outcome")
    assert hypothesis_sentence(row).endswith("too little data (fewer than 100 approaches with the outcome).")


def test_numbers_about_too_few_candidates_are_withheld(connection):
    measured(connection, approaches(1, n=9))
    row = judged(connection, record(), minimum=10)
    assert (row["verdict"], row["reason"], row["n_candidates"]) == ("too little data", "fewer than 10 candidates", 9)
    assert {row[name] for name in ("n_outcomes", "rate", "adjusted_difference", "low", "high", "p")} == {None}


def test_only_approaches_of_the_stretch_count(connection):
    rows = approaches(1)
    measured(connection, rows)
    row = judged(connection, record(starts_at=at("2026-02-01"), ends_at=at("2026-03-01")))
    inside = rows.filter(pl.col("started_at").is_between(at("2026-02-01"), at("2026-03-01"), closed="left")).height
    assert 0 < row["n_approaches"] == inside < rows.height


def test_waits_until_everybody_is_seen_to_the_end_but_not_for_ever(connection):
    measured(connection, approaches(1, effect=-0.08))
    assert judged(connection, record(), "2026-05-30")["status"] == "registered"
    connection.execute(
        "update approach_metrics set observed_until = '2026-05-20', "
        "replied_30d = case when started_at <= timestamptz '2026-04-20' then replied_30d end "
        "where recruiter_id in ('p_01', 'p_02')"
    )
    assert judged(connection, record(), "2026-06-02")["status"] == "registered"
    assert judged(connection, record(), "2026-07-29")["status"] == "registered"
    row = judged(connection, record(), "2026-07-31")
    assert row["verdict"] == "confirmed"
    assert row["reason"] == "judged 60 days late, on what was closed: 2 recruiters were not seen to the end"


def test_waits_for_whoever_wrote_shortly_before_and_sent_no_export_since(connection):
    rows = approaches(1)
    measured(connection, rows)
    connection.execute(
        "insert into approach_metrics by name select * replace ('p_gone' as recruiter_id, "
        "timestamptz '2026-01-01' as started_at, timestamptz '2026-01-02' as observed_until) "
        "from approach_metrics limit 1"
    )
    assert judged(connection, record())["status"] == "registered"
    connection.execute(
        "update approach_metrics set started_at = timestamptz '2025-09-01' where recruiter_id = 'p_gone'"
    )
    assert judged(connection, record())["status"] == "judged"


def test_conversions_wait_for_the_outcome_source_but_not_where_there_is_none(connection):
    rows = approaches(1, effect=-0.08).rename({"replied_30d": "converted_60d"})
    measured(connection, rows, "2026-07-01")
    row = record() | {"outcome": "converted_60d"}
    connection.execute("update approach_metrics set outcome_observed_until = '2026-03-01' where recruiter_id = 'p_01'")
    assert judged(connection, row, "2026-07-02")["status"] == "registered"
    connection.execute(
        "update approach_metrics set outcome_observed_until = null, converted_60d = null where recruiter_id = 'p_01'"
    )
    assert judged(connection, row, "2026-07-02")["verdict"] == "confirmed"
    connection.execute("update approach_metrics set outcome_observed_until = null, converted_60d = null")
    assert judged(connection, row, "2026-07-02")["status"] == "registered"
    late = judged(connection, row, "2026-09-01")
    assert late["verdict"] == "too little data"
    assert late["reason"].endswith("nothing was seen of it")


def test_a_refused_rate_is_no_answer(connection):
    measured(connection, approaches(1, effect=-0.08))
    connection.execute("insert into int_refusals values ('replied_30d', 'the export seems incomplete')")
    assert judged(connection, record())["status"] == "registered"
    row = judged(connection, record(), "2026-07-31")
    assert (row["verdict"], row["reason"], row["rate"]) == ("too little data", "the export seems incomplete", None)


def test_what_is_judged_or_withdrawn_is_not_looked_at_again(connection):
    for status in ("judged", "withdrawn"):
        assert judged(connection, record(status=status)) == record(status=status)


# The whole way

WORDS = ["".join(letters) for letters in product("bdklmr", "aeiou", "nst")]
"""Without digits, which would be masked and make all messages one template family."""
Rows = list[tuple[str, str, str, str, str]]


def outreach(rng: np.random.Generator, name: str, begin: datetime, days: int, each: int, effect: float) -> Rows:
    """Ten recruiters' first messages of 10 to 60 words; `effect` on the reply share from shortest to longest."""
    rows: Rows = []
    for number in range(10 * each):
        words = int(rng.integers(10, 61))
        sent = begin + timedelta(days=int(rng.integers(days)), hours=int(rng.integers(1, 20)))
        thread, recruiter = f"{name}{number}", f"r{number % 10}"
        rows.append((thread, sent.isoformat(), recruiter, "recruiter", " ".join(rng.choice(WORDS, words))))
        if rng.random() < 0.4 + effect * (words - 35) / 50:
            answered = (sent + timedelta(days=2)).isoformat()
            rows.append((thread, answered, f"c{thread}", "candidate", "Thanks, tell me more."))
    return rows


def hypotheses(home: Home) -> list[dict[str, Any]]:
    return ask(home, "from hypotheses order by registered_at, direction")


def test_registered_once_judged_once_and_kept_whatever_comes_later(tmp_path: Path):
    home, rng, settings = Home(tmp_path / "home"), np.random.default_rng(5), claim()

    def export(name: str, rows: Rows, now: str) -> dict[str, Any]:
        run(home, write_messages(tmp_path / name, rows), settings=settings, now=at(now))
        [row] = hypotheses(home)
        return row

    first = export("december", outreach(rng, "a", at("2025-12-01"), 30, 6, 0.6), "2026-01-05")
    assert first["given_from"] == date(2025, 11, 1)
    assert first["starts_at"] == first["registered_at"] >= at("2026-01-05")

    later = outreach(rng, "b", at("2026-01-06"), 50, 36, -0.6)
    still_open = export("winter", later, "2026-03-20")
    assert still_open == first

    done = export("april", outreach(rng, "c", at("2026-04-01"), 2, 1, 0), "2026-04-10")
    assert (done["status"], done["verdict"], done["registered_at"]) == ("judged", "confirmed", first["registered_at"])
    assert (done["n_approaches"], done["n_recruiters"]) == (360, 10)
    assert done["high"] < 0
    assert "Judged 2026-04-10 on 360 approaches: confirmed" in explain_hypotheses(home)

    more = outreach(rng, "d", at("2026-01-10"), 40, 30, 0.6)
    assert export("late", more, "2026-04-20") == done
    run(home, settings=settings, now=at("2026-04-21"), rebuild=True)
    assert hypotheses(home) == [done]
    run(home, now=at("2026-04-22"))
    assert hypotheses(home) == [done]


@pytest.fixture
def small(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    folder = write_messages(tmp_path / "in", [("t", "2026-01-01T00:00:00Z", "r", "recruiter", "Hi there")])
    run(home, folder, settings=claim(), now=REGISTERED)
    return home


def test_an_edited_entry_is_withdrawn_and_asked_anew(small: Home):
    run(small, settings=claim("higher"), now=REGISTERED + timedelta(days=9))
    old, new = hypotheses(small)
    assert (old["direction"], old["status"], old["verdict"]) == ("lower", "withdrawn", None)
    assert (new["direction"], new["status"]) == ("higher", "registered")
    assert old["withdrawn_at"] == new["registered_at"] == new["starts_at"] >= REGISTERED + timedelta(days=9)
    assert "Withdrawn 2026-01-14, before it was judged." in explain_hypotheses(small)


def test_a_run_that_publishes_nothing_registers_nothing(small: Home, monkeypatch: pytest.MonkeyPatch):
    from schemas import marts

    with monkeypatch.context() as patched:
        impossible = marts._no_row("no approach at all is allowed", "thread_id is not null")
        patched.setitem(marts.MARTS, "approach_metrics", (impossible,))
        with pytest.raises(AuditError):
            run(small, settings=claim("higher"), now=REGISTERED + timedelta(days=1))
    run(small, settings=claim(), now=REGISTERED + timedelta(days=2))
    assert [(row["direction"], row["status"]) for row in hypotheses(small)] == [("lower", "registered")]


def test_what_was_published_is_remembered_even_if_the_run_died_before_the_store_knew(small: Home):
    before = hypotheses(small)
    with closing(store.open_store(small)) as connection:
        assert connection.execute("delete from hypotheses").fetchall() == [(1,)]
    run(small, settings=claim(), now=REGISTERED + timedelta(days=5))
    assert hypotheses(small) == before
    with closing(store.open_store(small)) as connection:
        assert connection.execute("select count(*) from hypotheses").fetchall() == [(1,)]


def test_a_late_question_stops_the_run_before_it_reads_anything(small: Home):
    (small.inbox / "messages.csv").write_text("thread_id,sent_at,sender_id,sender_role,body\n")
    with pytest.raises(UsageError, match="has passed"):
        run(small, settings=claim("higher"), now=REGISTERED + timedelta(days=90))
    assert (small.inbox / "messages.csv").exists()
