"""Burning, where the truth is known: re-contact with and without alienation, and the interval of lost for one won.

`python -m tests.test_recontact --full` measures both over more draws and settings, with the Monte-Carlo error.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from flows import store
from flows.store import Home
from sql.associate import associate
from sql.frames import fetch, load_frame
from sql.guard import MetricSpec, OutcomeSpec
from sql.measure import set_variables
from sql.registry import registry
from sql.runner import load_macros
from tests.homes import ask, run, write_messages, write_outcomes

MET = [MetricSpec("previous_sell_first", "opening", "proportion", "share")]
REPLIED = [OutcomeSpec("replied_30d", "opening", 30)]
BEGIN = datetime(2024, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Outreach:
    """An invented team. People differ in how likely they answer anybody (`answering`, `icc`); the next approach is
    likelier after some answers than after others; `alienation` multiplies the next answer of those sold to first."""

    recruiters: int = 60
    people: int = 3000
    answering: float = 0.103
    icc: float = 0.029
    alienation: float = 1.0


AGAIN_IF = {"ignored": 0.4, "declined": 0.2, "answered": 0.6}
OF_ANSWERS = {"declined": 0.4, "answered": 0.5, "won": 0.1}
STYLE_NOW = {"sell_first": 0.8, "reaction_first": 1.2}
"""What the style does to the answer of its own approach."""


def contacts(rng: np.random.Generator, team: Outreach, draws: int) -> pl.DataFrame:
    """Everybody's first approach and, for some, a second: one row each, draws apart by their ids."""
    n = draws * team.people
    odds = 1 / team.icc - 1
    chance = rng.beta(team.answering * odds, (1 - team.answering) * odds, n)
    names, effects = np.array(list(STYLE_NOW)), np.array(list(STYLE_NOW.values()))
    leaning = rng.beta(2, 2, team.recruiters)
    first, second = rng.integers(0, team.recruiters, (2, n))
    sold, sold_again = (rng.random(n) < leaning[who] for who in (first, second))
    replied = rng.random(n) < chance * effects[1 - sold]
    answer = np.where(replied, rng.choice(list(OF_ANSWERS), n, p=list(OF_ANSWERS.values())), "ignored")
    again = (
        rng.random(n) < pl.Series(answer).replace_strict(AGAIN_IF | {"won": 0.5}, return_dtype=pl.Float64).to_numpy()
    )
    burnt = np.where(sold, team.alienation, 1.0)
    replied_again = rng.random(n) < chance * effects[1 - sold_again] * burnt
    person = np.arange(n)
    one = _rows(person, team, 1, first, names[1 - sold], replied, answer, rng.integers(0, 80, n))
    two = _rows(
        person, team, 2, second, names[1 - sold_again], replied_again,
        np.where(replied_again, "answered", "ignored"), rng.integers(120, 200, n),
    ).filter(again)  # fmt: skip
    return pl.concat([one, two])


def _rows(
    person: np.ndarray,
    team: Outreach,
    number: int,
    recruiter: np.ndarray,
    style: np.ndarray,
    replied: np.ndarray,
    answer: np.ndarray,
    day: np.ndarray,
) -> pl.DataFrame:
    rows = pl.DataFrame(
        {
            "draw": person // team.people, "person": person, "recruiter": recruiter, "opening_style": style,
            "replied_30d": replied, "answer": answer, "day": day,
        }
    )  # fmt: skip
    started = pl.lit(BEGIN) + pl.duration(days="day")
    return rows.select(
        "draw", "opening_style", "replied_30d",
        thread_id=pl.format("{} {}", "person", pl.lit(number)),
        candidate_id=pl.format("c{}", "person"),
        recruiter_id=pl.format("r{} {}", "draw", "recruiter"),
        candidate_approach_no=pl.lit(number, pl.Int64),
        started_at=started,
        replied_at=pl.when("replied_30d").then(started + timedelta(days=2)),
        reply_class=pl.when(pl.col("answer") == "declined").then(pl.lit("declined")),
        converted_at=pl.when(pl.col("answer") == "won").then(started + timedelta(days=20)),
    )  # fmt: skip


PARTS = {
    "int_approaches": """
        thread_id, 1 as approach_no, candidate_id, true as candidate_known, candidate_approach_no, recruiter_id,
        started_at, timestamptz '2026-01-01 00:00:00+00' as observed_until, true as is_outreach, true as is_judgeable
        from invented
    """,
    "opening": "thread_id, 1 as approach_no, opening_style from invented",
    "reply": "thread_id, 1 as approach_no, replied_at, replied_30d, reply_class, false as reply_opted_out from invented",
    "conversion": """
        thread_id, 1 as approach_no, converted_at, converted_at is not null as converted_ever,
        false as already_in_process, timestamptz '2026-01-01 00:00:00+00' as outcome_observed_until
        from invented
    """,
    "int_outcome_approaches": """
        thread_id, 1 as approach_no, null::varchar as event, null::timestamptz as occurred_at
        from invented limit 0
    """,
}


@contextmanager
def measured(invented: pl.DataFrame) -> Iterator[store.Connection]:
    """A connection on which our own SQL has made the history of the invented approaches."""
    with closing(store.connect()) as connection:
        _prepare(connection)
        load_frame(connection, "invented", invented)
        for table, columns in PARTS.items():
            connection.execute(f"create table {table} as select {columns}")
        build(connection, "int_candidate_approaches", "history")
        yield connection


def build(connection: store.Connection, *names: str) -> None:
    for name in names:
        connection.execute(f"create table {name} as {registry().queries[name].select}")


def _prepare(connection: store.Connection) -> None:
    load_macros(connection)
    set_variables(connection, {"minimum_candidates": 5})
    connection.execute("create table int_refusals (outcome varchar, reason varchar)")


def approached_again(connection: store.Connection) -> list[pl.DataFrame]:
    """Per draw what `associate` asks for."""
    rows = fetch(
        connection,
        """
        select invented.draw, history.*, recruiter_id, candidate_id, started_at, replied_30d, 'en' as language,
            null::varchar as template_id
        from history inner join invented using (thread_id)
        where previous_sell_first is not null
        """,
    )
    return rows.sort("draw", "thread_id").partition_by("draw")


def verdicts(team: Outreach, draws: int, seed: int) -> pl.DataFrame:
    """The row of `associations` that METRICS names as the test of burning, for every draw."""
    rng = np.random.default_rng(seed)
    parts: list[pl.DataFrame] = []
    while len(parts) < draws:
        with measured(contacts(rng, team, min(100, draws - len(parts)))) as connection:
            parts += approached_again(connection)
    slices = {"all": pl.lit(True)}
    return pl.concat(associate(part, MET, REPLIED, week=f"{n}", slices=slices) for n, part in enumerate(parts))


def by_earlier_outcome(team: Outreach, seed: int) -> dict[str, tuple[int, float]]:
    """Outcome of the approach before -> how many next approaches were judged, and the share answered."""
    with measured(contacts(np.random.default_rng(seed), team, 1)) as connection:
        build(connection, "int_recontact_people", "recontact")
        found = fetch(connection, "select value, n_judged, reply_rate from recontact where split = 'earlier outcome'")
    return {value: (n, rate) for value, n, rate in found.iter_rows()}


@dataclass(frozen=True)
class Ledger:
    """An invented team's judged people: recruiters' sizes are log-normal, and so differ by factors; recruiters differ
    (`icc`) in how many they win and lose."""

    recruiters: int
    lost_per_won: float = 10.0
    won: float = 0.03
    tail: float = 1.0
    each: int = 120
    icc: float = 0.02


def judged_people(rng: np.random.Generator, team: Ledger, draw: str) -> pl.DataFrame:
    """One row per person: recruiter, fate and whether lost."""
    size = np.ceil(team.each * np.exp(rng.normal(-(team.tail**2) / 2, team.tail, team.recruiters))).astype(int)
    odds = 1 / team.icc - 1
    lost = team.won * team.lost_per_won
    ours = rng.beta(team.won * odds, (1 - team.won) * odds, team.recruiters)
    theirs = rng.beta(lost * odds, (1 - lost) * odds, team.recruiters)
    recruiter = np.repeat(np.arange(team.recruiters), size)
    place = rng.random(recruiter.size)
    is_won = place < ours[recruiter]
    is_lost = place > 1 - theirs[recruiter]
    return pl.DataFrame(
        {
            "style": draw,
            "recruiter_id": recruiter,
            "fate": np.where(is_won, "won", "ignored"),
            "is_lost": is_lost & ~is_won,
        }
    )


def ledgers(team: Ledger, draws: int, seed: int) -> pl.DataFrame:
    """`burn_ledger` of so many invented teams, one row each."""
    rng = np.random.default_rng(seed)
    people = pl.concat(judged_people(rng, team, f"draw {draw}") for draw in range(draws)).with_row_index("person")
    with closing(store.connect()) as connection:
        _prepare(connection)
        load_frame(connection, "invented", people)
        connection.execute(
            """
            create table int_ledger_people as select
                {'first_style': style} as key, person::varchar as candidate_id, recruiter_id::varchar as recruiter_id,
                2 as n_approaches, 'judged' as state, fate, is_lost,
                case when fate = 'won' then true when is_lost then false end as happened
            from invented
            """
        )
        return fetch(connection, registry().queries["burn_ledger"].select)


# Fates, once more and slowly


def invented_people(rng: np.random.Generator, people: int) -> list[dict[str, Any]]:
    """Rows of int_candidate_approaches with every mixture of what may be known, open, said or too late."""

    def maybe(share: float, start: datetime, *days: int) -> datetime | None:
        return start + timedelta(days=int(rng.choice(days))) if rng.random() < share else None

    rows: list[dict[str, Any]] = []
    for person in range(people):
        start = BEGIN
        for number in range(1, int(rng.integers(1, 4)) + 1):
            start += timedelta(days=int(rng.choice([1, 30, 89, 90, 91, 200])))
            judgeable, in_process = rng.random() < 0.9, rng.random() < 0.1
            replied_at = maybe(0.4, start, 1, 30, 31, 90, 91)
            in_time = replied_at is not None and replied_at <= start + timedelta(days=30)
            rows.append(
                {
                    "candidate_id": f"c{person:04}", "candidate_approach_no": number, "started_at": start,
                    "is_judgeable": judgeable, "is_in_process": in_process,
                    "observed_until": start + timedelta(days=int(rng.choice([89, 90, 900, 900, 900]))),
                    "replied_at": replied_at, "replied_30d": in_time if judgeable else None,
                    "reply_class": rng.choice(["declined", "interested", "other"]) if replied_at else None,
                    "reply_opted_out": bool(rng.random() < 0.1) if replied_at else None,
                    "opted_out_at": maybe(0.05, start, 5, 90, 91, 400), "declined_at": maybe(0.1, start, 5, 90, 91),
                    "converted_at": maybe(0.1, start, 5, 90, 91, 150),
                    "is_converted_undated": bool(rng.random() < 0.03),
                    "outcome_observed_until": maybe(0.97, start, 90, 900, 900, 900, 900),
                }
            )  # fmt: skip
    return rows


def fate_of(approaches: list[dict[str, Any]]) -> tuple[str, str | None, bool | None]:
    """State, fate and whether lost, read off METRICS one sentence at a time."""
    quarter = timedelta(days=90)
    counted = [row for row in approaches if row["is_judgeable"] and not row["is_in_process"]]
    if not counted:
        return "not_counted", None, None
    end = counted[-1]["started_at"] + quarter
    if any(row["outcome_observed_until"] is None or row["is_converted_undated"] for row in counted):
        return "unknown", None, None
    if any(
        row["observed_until"] < row["started_at"] + quarter or row["outcome_observed_until"] < end for row in counted
    ):
        return "open", None, None
    if any(row["converted_at"] and row["converted_at"] <= end for row in counted):
        return "judged", "won", False
    if len(counted) < len(approaches) and any(row["is_in_process"] for row in approaches):
        return "in_process", None, None
    answers, out = [], False
    for row in counted:
        replied = row["replied_at"] is not None and row["replied_at"] <= row["started_at"] + quarter
        said_no = row["declined_at"] is not None and row["declined_at"] <= row["started_at"] + quarter
        out = out or (replied and row["reply_opted_out"]) or bool(row["opted_out_at"] and row["opted_out_at"] <= end)
        if said_no or (replied and row["reply_class"] == "declined"):
            answers.append("declined")
        elif replied:
            answers.append("answered")
    fate = "opted_out" if out else (answers or ["ignored"])[-1]
    return "judged", fate, out or any(row["replied_30d"] is False for row in counted[1:])


def test_fates_agree_with_their_slow_twin() -> None:
    rows = invented_people(np.random.default_rng(8), 1500)
    people: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        people.setdefault(row["candidate_id"], []).append(row)
    with closing(store.connect()) as connection:
        _prepare(connection)
        load_frame(connection, "invented", pl.DataFrame(rows, infer_schema_length=None))
        connection.execute(
            """
            create table int_candidate_approaches as select *, true as is_outreach, 'r' as recruiter_id,
                'mixed' as opening_style, is_judgeable and not is_in_process as is_counted
            from invented
            """
        )
        build(connection, "candidate_metrics")
        found = fetch(connection, "select candidate_id, state, fate, is_lost from candidate_metrics")
    assert {row[0]: row[1:] for row in found.iter_rows()} == {name: fate_of(those) for name, those in people.items()}
    kinds = found.group_by("state", "fate", "is_lost").len()
    assert kinds.height == 12
    assert kinds["len"].min() >= 2  # type: ignore[operator]


def test_a_person_is_followed_from_one_recruiter_to_the_next(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    pitch = "Our company is growing. We offer a high salary and our stack is Python. Are you interested?"
    rows = [
        ("t1", "2026-01-01T10:00:00Z", "r1", "recruiter", pitch),
        ("t1", "2026-01-02T10:00:00Z", "ana", "candidate", "Thank you for writing."),
        ("t2", "2026-03-01T10:00:00Z", "r2", "recruiter", "Hello Ana. May I ask what you are working on these days?"),
        ("t2", "2026-08-01T10:00:00Z", "ana", "candidate", "I only read this now."),
    ]
    run(home, write_messages(tmp_path / "in", rows))
    [ana] = ask(home, "select n_approaches, n_recruiters, first_style, last_style, state, fate from candidate_metrics")
    assert ana == {
        "n_approaches": 2, "n_recruiters": 2, "first_style": "sell_first", "last_style": "reaction_first",
        "state": "unknown", "fate": None,
    }  # fmt: skip
    history = "select previous_sell_first, previous_outcome, replied_30d from approach_metrics order by started_at"
    assert [tuple(row.values()) for row in ask(home, history)] == [(None, None, True), (True, "answered", False)]
    write_outcomes(tmp_path / "in", [("t2", "declined", "2026-08-02T10:00:00Z", "2026-09-01T00:00:00Z")])
    run(home, tmp_path / "in" / "outcomes.csv")
    assert ask(home, "select state, fate, is_lost from candidate_metrics") == [
        {"state": "judged", "fate": "answered", "is_lost": True}
    ]


def share_held(table: pl.DataFrame, truth: float) -> float:
    """How often the interval holds the true ratio, among the ledgers that show one."""
    shown = table.drop_nulls("lost_per_won")
    return shown.filter((pl.col("low") <= truth) & (pl.col("high") >= truth)).height / shown.height


def false_positives(draws: int, seed: int) -> float:
    found = verdicts(Outreach(), draws, seed)
    assert found["verdict_reason"].null_count() > 0.8 * draws
    return found.filter((pl.col("adjusted_low") > 0) | (pl.col("adjusted_high") < 0)).height / draws


def test_selection_alone_makes_the_earlier_outcome_look_like_burning() -> None:
    """METRICS: 10.0 against 12.9 %, by nothing but who answers anybody: the mean of a beta distribution after a no and
    after a yes is m - icc * m and m + icc * (1 - m)."""
    found = by_earlier_outcome(Outreach(people=200_000, recruiters=400), seed=4)
    answered = [found[value] for value in ("answered", "declined")]
    n = sum(judged for judged, _ in answered)
    assert found["ignored"][1] == pytest.approx(0.100, abs=0.004)
    assert sum(judged * rate for judged, rate in answered) / n == pytest.approx(0.129, abs=3 * (0.129 / n) ** 0.5)
    assert n > 5000


def test_without_alienation_the_earlier_style_shows_no_difference() -> None:
    """A nominal 5 % in 200 draws: more than 21 come once in 700 runs; `--full` says it more sharply."""
    assert false_positives(200, seed=1) <= 0.105


def test_alienation_is_found() -> None:
    [row] = verdicts(Outreach(people=8000, alienation=0.5), 1, seed=2).to_dicts()
    assert (row["verdict"], row["adjusted_difference"] < -0.02) == ("lower", True)
    assert row["rate"] == pytest.approx(0.08, abs=0.02)


@pytest.mark.parametrize("team", [Ledger(6), Ledger(12), Ledger(30), Ledger(30, 1.0)], ids=str)
def test_the_interval_of_lost_for_one_won_covers_the_truth(team: Ledger) -> None:
    found = ledgers(team, 300, seed=5)
    assert found["lost_per_won"].null_count() < 60
    assert share_held(found, team.lost_per_won) > 0.92


@pytest.mark.parametrize(("truth", "said", "share"), [(2, "below", 0.95), (10, "cannot say", 0.9), (28, "above", 0.6)])
def test_ten_times_is_tested_not_repeated(truth: float, said: str, share: float) -> None:
    found = ledgers(Ledger(30, truth), 200, seed=6)["ten_times"].to_list()
    assert found.count(said) > share * len(found)
    assert said == "cannot say" or not ({"below", "above"} - {said}) & set(found)


FULL = (
    Ledger(6),
    Ledger(6, tail=0.0),
    Ledger(6, 1.0),
    Ledger(12),
    Ledger(12, tail=0.0),
    Ledger(12, 1.0),
    Ledger(30),
    Ledger(30, icc=0.1),
    Ledger(30, 1.0),
    Ledger(100),
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="1,000 draws a setting instead of 100")
    draws = 1000 if parser.parse_args().full else 100
    error = (0.95 * 0.05 / draws) ** 0.5
    print(f"{draws} draws; Monte-Carlo error of a nominal 5 or 95 %: {100 * error:.1f} points")
    found = false_positives(draws, seed=2026)
    print(f"no alienation, but a difference by the earlier style: {100 * found:.1f} %", flush=True)
    outside = int(found > 0.05 + 3 * error)
    for team in FULL:
        held = share_held(ledgers(team, draws, seed=2026), team.lost_per_won)
        # Recruiters so unlike that most win nobody are shown, not promised.
        outside += team.icc < 0.1 and held < 0.93 - 2 * error
        print(f"{team}: the interval holds the true ratio in {100 * held:.1f} %", flush=True)
    return int(outside > 0)


if __name__ == "__main__":
    raise SystemExit(main())
