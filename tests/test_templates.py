"""Rates of template families: by hand, against a slow twin, by laws, and in simulated teams whose truth is known.

`python -m tests.test_templates --full` measures error and coverage over many teams, with the Monte-Carlo error.
"""

from __future__ import annotations

import argparse
from contextlib import closing
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import betainc, betaln

from flows import store
from flows.store import Home
from sql.frames import fetch, load_frame
from sql.runner import load_macros
from sql.shrinkage import COMPARED, FAMILY_COLUMNS, OTHERS, Groups, Prior, family_rates, fit, posterior
from tests.homes import ask, run, write_messages


@dataclass(frozen=True)
class Team:
    """A simulated team: standard deviations of true rates, in shares, between texts and between recruiters."""

    texts: float
    recruiters: float
    families: int = 60
    people: int = 14
    each: int = 250
    """Approaches outside the families, per recruiter."""
    rate: float = 0.18
    shared: float = 0.3
    """The part of the families that two to five recruiters use; the others have one user."""


NO_DIFFERENCE, TEXTS_DIFFER, RECRUITERS_DIFFER = Team(0, 0), Team(0.05, 0), Team(0, 0.1)
FULL = (
    NO_DIFFERENCE,
    Team(0, 0, families=12),
    TEXTS_DIFFER,
    Team(0.05, 0, families=12),
    Team(0.05, 0, families=200),
    Team(0.02, 0, rate=0.03),
    Team(0, 0.05),
    RECRUITERS_DIFFER,
    Team(0, 0.1, each=20),
    Team(0.05, 0.05),
    Team(0.05, 0.05, each=20),
    Team(0.05, 0.05, families=12, people=5),
    Team(0.1, 0.05),
    Team(0.02, 0.02, rate=0.05),
)


def true_rates(rng: np.random.Generator, mean: float, sd: float, size: int) -> np.ndarray:
    strength = mean * (1 - mean) / sd**2 - 1 if sd else np.inf
    return rng.beta(mean * strength, (1 - mean) * strength, size) if sd else np.full(size, mean)


def simulate(rng: np.random.Generator, team: Team) -> pl.DataFrame:
    """Counts as `family_rates` takes them, with the true rate of every row here and elsewhere."""
    person = true_rates(rng, team.rate, team.recruiters, team.people)
    text = true_rates(rng, team.rate, team.texts, team.families) - team.rate
    rows = [(OTHERS, recruiter, team.each, person[recruiter]) for recruiter in range(team.people)]
    for family in range(team.families):
        n = 5 + int(min(rng.exponential(20), 150))
        users = rng.choice(team.people, rng.integers(2, 6) if rng.random() < team.shared else 1, replace=False)
        for user, part in zip(users, rng.multinomial(n, np.full(len(users), 1 / len(users))), strict=True):
            rows.append(
                (f"t{family:04d}", int(user), int(part), float(np.clip(person[user] + text[family], 0.001, 0.999)))
            )
    frame = pl.DataFrame(rows, schema=["template_id", "recruiter_id", "n", "true"], orient="row").filter(
        pl.col("n") > 0
    )
    frame = frame.with_columns(k=pl.Series(rng.binomial(frame["n"].to_numpy(), frame["true"].to_numpy())))
    reached, elsewhere = pl.col("n") * pl.col("true"), pl.col("n").sum().over("recruiter_id") - pl.col("n")
    return frame.with_columns(
        n_elsewhere=elsewhere,
        k_elsewhere=pl.col("k").sum().over("recruiter_id") - pl.col("k"),
        n_candidates_elsewhere=elsewhere,
        true_elsewhere=(reached.sum().over("recruiter_id") - reached) / elsewhere,
    )


@dataclass(frozen=True)
class Found:
    """Means over the families of simulated teams; errors are mean squares, in squared points."""

    raw_error: float
    shrunken_error: float
    from_pool: float
    """Mean distance of the shrunken rates from the true mean, in points."""
    covered: float
    difference_raw_error: float
    difference_error: float
    difference_covered: float
    difference_shown: float
    """The part of the families whose difference's interval leaves out 0."""


def look(rng: np.random.Generator, team: Team) -> tuple[float, ...]:
    counts, part = simulate(rng, team), pl.col("n") / pl.sum("n")
    truth = counts.group_by("template_id").agg(
        true=(part * pl.col("true")).sum(),
        usual=(part * pl.col("true_elsewhere")).sum(),
        raw=pl.sum("k") / pl.sum("n"),
    )
    found = family_rates(counts, minimum_candidates=5).join(truth, on="template_id")
    points = found.with_columns(pl.exclude("template_id") * 100).with_columns(gap=pl.col("true") - pl.col("usual"))
    return points.select(
        ((pl.col("raw") - pl.col("true")) ** 2).mean().alias("raw_error"),
        ((pl.col("shrunken_rate") - pl.col("true")) ** 2).mean().alias("shrunken_error"),
        (pl.col("shrunken_rate") - 100 * team.rate).abs().mean().alias("from_pool"),
        pl.col("true").is_between("low", "high").mean().alias("covered"),
        ((pl.col("difference") - pl.col("gap")) ** 2).mean().alias("difference_raw_error"),
        ((pl.col("shrunken_difference") - pl.col("gap")) ** 2).mean().alias("difference_error"),
        pl.col("gap").is_between("difference_low", "difference_high").mean().alias("difference_covered"),
        (~pl.lit(0).is_between("difference_low", "difference_high")).mean().alias("difference_shown"),
    ).row(0)


def teams(team: Team, draws: int) -> Found:
    rng = np.random.default_rng(2026)
    return Found(*np.mean([look(rng, team) for _ in range(draws)], axis=0).tolist())


def test_families_that_do_not_differ_are_drawn_to_the_pool() -> None:
    found = teams(NO_DIFFERENCE, 40)
    assert found.covered >= 0.95
    assert found.from_pool < 2
    assert found.shrunken_error < found.raw_error / 15
    assert found.difference_shown < 0.05


def test_families_that_differ_are_nearer_to_the_truth_and_covered() -> None:
    found = teams(TEXTS_DIFFER, 80)
    assert found.shrunken_error < found.raw_error / 3
    assert found.difference_error < found.difference_raw_error / 3
    assert 0.93 <= found.covered <= 0.97
    assert 0.93 <= found.difference_covered <= 0.97


def test_recruiters_who_differ_do_not_make_their_families_look_different() -> None:
    found = teams(RECRUITERS_DIFFER, 40)
    assert found.difference_shown < 0.05
    assert found.difference_covered >= 0.95
    assert found.difference_error < 5
    assert found.covered > 0.92


def test_a_large_difference_of_one_text_is_seen() -> None:
    rows = (
        [(f"t{n}", n % 7, 40, 6) for n in range(20)] + [("good", 1, 60, 30)] + [(OTHERS, n, 200, 30) for n in range(7)]
    )
    counts = pl.DataFrame(rows, schema=["template_id", "recruiter_id", "n", "k"], orient="row").with_columns(
        n_elsewhere=pl.col("n").sum().over("recruiter_id") - pl.col("n"),
        k_elsewhere=pl.col("k").sum().over("recruiter_id") - pl.col("k"),
        n_candidates_elsewhere=100,
    )
    found = {row["template_id"]: row for row in family_rates(counts, minimum_candidates=5).to_dicts()}
    good = found.pop("good")
    assert good["difference"] == pytest.approx(0.5 - good["expected_rate"])
    assert 0.05 < good["difference_low"] < good["shrunken_difference"] < good["difference"]
    assert all(row["difference_low"] < 0 < row["difference_high"] for row in found.values())
    assert OTHERS not in found


def test_a_rate_is_drawn_by_what_the_prior_is_worth() -> None:
    """Rho of 1 / 21 is worth 20 approaches: 7 of 10 beside 20 at 20 % are 11 of 30."""
    one = Prior(np.array([1 / 21]), np.array([1.0]), np.array([0.2]), np.array([0.0]))
    mean, variance = posterior(one, Groups.of([10, 0], [7, 0]))
    assert mean == pytest.approx([11 / 30, 0.2])
    assert variance == pytest.approx([11 / 30 * 19 / 30 / 31, 0.2 * 0.8 / 21])
    assert one.strength == pytest.approx(20)


def twin(n: np.ndarray, k: np.ndarray, which: int) -> tuple[float, float, float]:
    """Mean and 95 % interval of one true rate, over a grid of all means and rhos, without any approximation."""
    m, rho = np.meshgrid((np.arange(120) + 0.5) / 120, (np.arange(120) + 0.5) / 120 * 0.64, indexing="ij")
    alpha, beta = m * (1 / rho - 1), (1 - m) * (1 / rho - 1)
    fits = sum(betaln(alpha + b, beta + a - b) - betaln(alpha, beta) for a, b in zip(n, k, strict=True))
    weights = np.exp(fits - fits.max()) / np.exp(fits - fits.max()).sum()
    kept = weights > 1e-6
    ours = alpha[kept] + k[which], beta[kept] + n[which] - k[which]
    rates = np.linspace(0.005, 0.995, 199)
    low, high = np.interp([0.025, 0.975], [weights[kept] @ betainc(*ours, rate) for rate in rates], rates)
    return float(weights[kept] @ (ours[0] / (ours[0] + ours[1]))), float(low), float(high)


@pytest.mark.parametrize(("rate", "sd", "families"), [(0.2, 0.0, 25), (0.2, 0.08, 25), (0.35, 0.15, 12)])
def test_rates_are_those_of_a_slow_twin(rate: float, sd: float, families: int) -> None:
    rng = np.random.default_rng(11)
    n = rng.integers(6, 60, families).astype(float)
    k = rng.binomial(n.astype(int), true_rates(rng, rate, sd, families)).astype(float)
    users = [(f"t{place:03d}", 0, int(a), int(b)) for place, (a, b) in enumerate(zip(n, k, strict=True))]
    counts = pl.DataFrame(users, schema=["template_id", "recruiter_id", "n", "k"], orient="row").with_columns(
        n_elsewhere=100, k_elsewhere=20, n_candidates_elsewhere=100
    )
    found = family_rates(counts, minimum_candidates=5)
    for which in (0, int(np.argmax(k / n)), int(np.argmin(k / n))):
        mean, low, high = twin(n, k, which)
        row = found.row(which, named=True)
        assert row["shrunken_rate"] == pytest.approx(mean, abs=0.01)
        assert (row["low"], row["high"]) == pytest.approx((low, high), abs=0.025)


counted = st.lists(
    st.tuples(
        st.integers(0, 4), st.integers(0, 3), st.integers(1, 60), st.floats(0, 1), st.integers(0, 50), st.floats(0, 1)
    ),
    min_size=1,
    max_size=15,
    unique_by=lambda row: row[:2],
)


@settings(max_examples=150)
@given(counted, st.randoms(use_true_random=False))
def test_any_counts_give_shares_inside_their_intervals_whatever_the_order(rows: list, random) -> None:
    def table(order: list) -> pl.DataFrame:
        records = [(f"t{f}", f"r{r}", n, round(n * s), e, round(e * t), e) for f, r, n, s, e, t in order]
        names = [
            "template_id", "recruiter_id", "n", "k", "n_elsewhere", "k_elsewhere", "n_candidates_elsewhere",
        ]  # fmt: skip
        return family_rates(pl.DataFrame(records, schema=names, orient="row"), minimum_candidates=5)

    found = table(rows)
    for row in found.to_dicts():
        assert 0 <= row["low"] <= row["shrunken_rate"] <= row["high"] <= 1
        assert row["prior_strength"] > 0
        known = row["difference"] is not None
        assert all((row[name] is not None) == known for name in COMPARED)
        assert not known or row["difference_low"] <= row["shrunken_difference"] <= row["difference_high"]
    random.shuffle(rows)
    rounded = pl.exclude("template_id").round(9)
    assert table(rows).select("template_id", rounded).equals(found.select("template_id", rounded))


@pytest.mark.parametrize("share", [0, 1])
def test_outcomes_that_nobody_or_everybody_reached_have_rates_and_intervals(share: int) -> None:
    groups = Groups.of([5, 30, 80], [5 * share, 30 * share, 80 * share])
    mean, variance = posterior(fit(groups), groups)
    assert np.all(np.abs(mean - share) < 0.02)
    assert np.all(variance > 0)


def test_no_families_are_no_rates() -> None:
    names = ["template_id", "recruiter_id", "n", "k", "n_elsewhere", "k_elsewhere", "n_candidates_elsewhere"]
    only_others = pl.DataFrame([(OTHERS, "r", 9, 3, 0, 0, 0)], schema=names, orient="row")
    found = family_rates(only_others, minimum_candidates=5)
    assert found.columns == ["template_id", *FAMILY_COLUMNS]
    assert found.is_empty()


parts = st.lists(
    st.tuples(st.sampled_from("xy"), st.sampled_from("abcdef"), st.integers(0, 12)), min_size=1, max_size=60
)


@settings(max_examples=60)
@given(parts)
def test_what_is_held_back_is_about_enough_people_together(rows: list[tuple[str, str, int]]) -> None:
    with closing(store.connect()) as connection:
        load_macros(connection)
        connection.execute("set variable minimum_candidates = 5")
        load_frame(connection, "uses", pl.DataFrame(rows, schema=["whole", "part", "candidate_id"], orient="row"))
        found = fetch(connection, "from shown_parts('uses')")
    for (whole,), group in found.group_by("whole"):
        people: dict[bool, set[int]] = {True: set(), False: set()}
        shown = dict(group.select("part", "is_shown").iter_rows())
        for place, part, candidate in rows:
            if place == whole:
                people[shown[part]].add(candidate)
        assert group.filter("is_shown")["n_candidates"].min() in (None, *range(5, 14))
        assert not people[True] or not people[False] or len(people[False]) >= 5


PITCH = (
    "I saw your work at the library and thought of a team in our city that builds tools for doctors, would you be open "
    "to hear more about it next week or is this not the right moment for you to look around at all"
)


def test_the_snapshot_counts_every_judged_approach_in_a_family_or_in_the_others(tmp_path: Path) -> None:
    rows = []
    for number in range(30):
        recruiter, own = f"r{number % 2}", number >= 18
        words = " ".join("abcdefghij"[number % 10] * (place + number // 10) for place in range(2, 30))
        body = words if own else f"Hi Ana,\n{PITCH}"
        rows.append((f"t{number}", f"2026-01-{1 + number % 20:02d}T09:00:00Z", recruiter, "recruiter", body))
        if number % 3 == 0:
            rows.append((f"t{number}", "2026-01-28T09:00:00Z", f"c{number}", "candidate", "Yes, gladly"))
    rows.append(("last", "2026-06-01T09:00:00Z", "r0", "recruiter", "Something short and late"))
    home = Home(tmp_path / "home")
    run(home, write_messages(tmp_path / "in", rows))
    rates = ask(home, "from template_rates where outcome = 'replied_30d' order by template_id = 'others'")
    assert [(row["n_judged"], row["n_reached"], row["n_recruiters"]) for row in rates] == [(18, 6, 2), (12, 4, 2)]
    assert rates[0]["expected_rate"] == pytest.approx(1 / 3, abs=0.02)
    assert rates[1]["template_id"] == "others"
    assert rates[1]["shrunken_rate"] is None
    [family] = ask(home, "from templates")
    assert family["template_id"] == rates[0]["template_id"]
    assert (family["n_approaches"], family["n_recruiters"]) == (18, 2)
    weeks = ask(home, "from template_weeks order by week")
    assert sum(row["n_judged"] for row in weeks) == 18
    assert {row["n_recruiters_so_far"] for row in weeks[1:]} == {2}
    assert ask(
        home,
        "select table_name from duckdb_columns() where table_name like 'template%' and column_name like 'recruiter%'",
    ) == []  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="1,000 draws a team instead of 60")
    draws = 1000 if parser.parse_args().full else 60
    names = [field.name for field in fields(Found)]
    print(f"{draws} teams each; errors in squared points, shares in %; mean over families of: {', '.join(names)}")
    outside = 0
    for team in FULL:
        found = teams(team, draws)
        outside += team.texts > 0 and not (0.92 <= found.covered <= 0.98 and 0.92 <= found.difference_covered <= 0.98)
        outside += team.texts == 0 and found.difference_shown > 0.05
        values = [100 * value if value <= 1 else value for value in vars(found).values()]
        print(f"{team}  {'  '.join(f'{value:.1f}' for value in values)}", flush=True)
    return int(outside > 0)


if __name__ == "__main__":
    raise SystemExit(main())
