"""Invented teams whose truth is known, and what the method says of them.

`team` draws one team: recruiters of very unequal size who differ in how often they are answered (`icc`), in their
habits, and in how much the metric matters with them (`slope_sd`); first messages from templates that all share
(crossed), that each recruiter has alone (nested), or none. Everything follows from the generator that is given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from sql.associate import ALL, associate
from sql.guard import MetricSpec, OutcomeSpec

Floats = npt.NDArray[np.float64]

WORDS = MetricSpec("first_message_words", "opening", "mean", "words")
REPLIED = OutcomeSpec("replied_30d", "opening", 30)
RATE = 0.25
SIZES = {6: 900, 12: 1200, 30: 2000, 100: 4000}
"""Approaches of a team by its number of recruiters."""


@dataclass(frozen=True)
class Team:
    """How a team is drawn. Effects are in log odds per standard deviation of the metric."""

    recruiters: int
    templates: str = "none"
    """none: every message is its own; crossed: all recruiters share them; nested: each has a few alone."""
    icc: float = 0.1
    """Of replies within recruiters; templates have half of it."""
    effect: float = 0.0
    slope_sd: float = 0.2
    """How much the effect differs from recruiter to recruiter around `effect`."""
    confounding: float = 0.0
    """How much being answered goes with a recruiter's habit."""
    approaches: int = 0
    """0: by the number of recruiters."""
    shared_templates: int = 40

    def __str__(self) -> str:
        return f"{self.recruiters:>3} recruiters, templates {self.templates:<7}, ICC {self.icc:.2f}"


@cache
def _spread(icc: float) -> float:
    """The standard deviation in log odds at which shares around `RATE` have this intraclass correlation."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(41)
    weights = weights / weights.sum()

    def share(spread: float) -> float:
        chances = expit(_centre(spread) + spread * nodes)
        mean = float(weights @ chances)
        return float(weights @ (chances - mean) ** 2) / (mean * (1 - mean))

    low, high = 0.0, 6.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if share(middle) < icc else (low, middle)
    return low


@cache
def _centre(spread: float) -> float:
    """The log odds whose mean chance over people who differ by `spread` is `RATE`."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(41)
    low, high = -12.0, 4.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if weights @ expit(middle + spread * nodes) / weights.sum() < RATE else (low, middle)
    return low


def expit(log_odds: Floats) -> Floats:
    return 1 / (1 + np.exp(-log_odds))


def team(rng: np.random.Generator, kind: Team) -> pl.DataFrame:
    """Approaches of one team, as `approach_metrics` has them, with the true `chance` of a reply."""
    n, g = kind.approaches or SIZES[kind.recruiters], kind.recruiters
    size = np.exp(rng.normal(0, 1, g))
    recruiter = np.concatenate([np.arange(g), rng.choice(g, n - g, p=size / size.sum())])
    habit = rng.normal(size=g)
    template = _templates(rng, kind, recruiter)
    shared = rng.normal(size=template.max() + 1)[template]
    own = rng.normal(size=n)
    x = 0.5 * habit[recruiter] + (0.87 * own if kind.templates == "none" else 0.8 * shared + 0.33 * own)
    spread, template_spread = _spread(kind.icc), _spread(kind.icc / 2) if kind.templates != "none" else 0.0
    total = float(np.hypot(np.hypot(spread, template_spread), np.hypot(kind.slope_sd, kind.effect)))
    answered = kind.confounding * habit + np.sqrt(1 - kind.confounding**2) * rng.normal(size=g)
    slope = kind.effect + kind.slope_sd * rng.normal(size=g)
    log_odds = _centre(total) + spread * answered[recruiter] + slope[recruiter] * x
    log_odds = log_odds + template_spread * rng.normal(size=template.max() + 1)[template]
    chance = expit(log_odds)
    start = datetime(2026, 1, 5, 9, tzinfo=UTC)
    return pl.DataFrame(
        {
            "thread_id": [f"t{i:06d}" for i in range(n)],
            "approach_no": np.ones(n, dtype=np.int64),
            "recruiter_id": [f"p_{code:03d}" for code in recruiter],
            "candidate_id": [f"p_c{i}" for i in range(n)],
            "language": rng.choice(["en", "de"], n, p=[0.8, 0.2]),
            "started_at": [start + timedelta(days=int(day)) for day in rng.integers(0, 84, n)],
            "template_id": [f"h{code}" for code in template],
            "first_message_words": np.round(60 + 20 * x).astype(np.int64),
            "replied_30d": rng.random(n) < chance,
            "chance": chance,
        }
    )


def _templates(rng: np.random.Generator, kind: Team, recruiter: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    n = recruiter.size
    if kind.templates == "none":
        return np.arange(n)
    if kind.templates == "crossed":
        popular = np.exp(rng.normal(0, 1, kind.shared_templates))
        return rng.choice(kind.shared_templates, n, p=popular / popular.sum())
    own = rng.integers(3, 9, kind.recruiters)
    return np.cumsum(own)[recruiter] - 1 - (rng.random(n) * own[recruiter]).astype(np.int64)


def related(rows: pl.DataFrame, *, week: str = "w") -> dict[str, Any]:
    """The row of `associations` on words and replies."""
    return associate(rows, [WORDS], [REPLIED], week=week, slices=ALL).row(0, named=True)


@cache
def true_slope(kind: Team) -> float:
    """The share by which a word more changes the chance within a recruiter, in a team of 1,500 recruiters."""
    many = replace(kind, recruiters=1500, approaches=150_000, shared_templates=20_000)
    rows = team(np.random.default_rng(99), many).select(
        x=pl.col("first_message_words").cast(pl.Float64), y="chance", r="recruiter_id"
    )
    within = rows.select(pl.col("x", "y") - pl.col("x", "y").mean().over("r"))
    return float((within["x"] * within["y"]).sum() / (within["x"] ** 2).sum())


def naive_p(rows: pl.DataFrame) -> float:
    """The test anybody would do first: Pearson's correlation of all approaches, as if independent."""
    from scipy.stats import pearsonr

    return float(pearsonr(rows["first_message_words"], rows["replied_30d"].cast(pl.Float64)).pvalue)


@dataclass(frozen=True)
class Said:
    """What was said of many teams of one kind; shares are of the teams that got a verdict."""

    kind: Team
    draws: int
    given: float
    """Share of teams that got a verdict at all."""
    naive: float
    """Share of all teams in which the naive test has p below .05."""
    found: float
    """Share whose 95 % interval excludes 0."""
    covered: float
    """Share whose interval holds the true difference."""
    rightly: float
    """Share with the verdict `higher`."""
    true_difference: float
    detectable: float

    @property
    def error(self) -> float:
        """Monte-Carlo standard error of a share of 5 %."""
        return float(np.sqrt(0.05 * 0.95 / max(1, self.draws * self.given)))


def said(kind: Team, draws: int, *, seed: int, pool: Any = None) -> Said:
    """Draw teams and collect what is said of each."""
    tasks = [(kind, seed, number) for number in range(draws)]
    results = pool.map(_one, tasks, chunksize=10) if pool else [_one(task) for task in tasks]
    truth = true_slope(kind)
    verdicts = [row for row, _ in results if row["verdict"] != "too little data"]
    widths = [truth * (row["iqr_high"] - row["iqr_low"]) for row in verdicts]

    def share(holds: Iterable[bool]) -> float:
        return float(np.mean([*holds])) if verdicts else float("nan")

    return Said(
        kind,
        draws,
        given=len(verdicts) / draws,
        naive=float(np.mean([p < 0.05 for _, p in results])),
        found=share(not row["adjusted_low"] <= 0 <= row["adjusted_high"] for row in verdicts),
        covered=share(
            row["adjusted_low"] <= true <= row["adjusted_high"] for row, true in zip(verdicts, widths, strict=True)
        ),
        rightly=share(row["verdict"] == "higher" for row in verdicts),
        true_difference=float(np.mean(widths)) if verdicts else float("nan"),
        detectable=float(np.mean([row["minimum_detectable_difference"] for row in verdicts])) if verdicts else np.nan,
    )


def _one(task: tuple[Team, int, int]) -> tuple[dict[str, Any], float]:
    kind, seed, number = task
    rows = team(np.random.default_rng([seed, number]), kind)
    return related(rows, week=str(number)), naive_p(rows)


def with_difference(kind: Team, difference: float) -> Team:
    """The same team with an effect whose true difference across the quartiles is this (within a hundredth)."""
    width = np.mean([related_width(team(np.random.default_rng([4, n]), kind)) for n in range(20)])
    effect = 0.2
    for _ in range(6):
        effect *= difference / (true_slope(replace(kind, effect=effect)) * width)
    return replace(kind, effect=float(effect))


def related_width(rows: pl.DataFrame) -> float:
    low, high = np.quantile(rows["first_message_words"], [0.25, 0.75])
    return float(high - low)


# Many metrics of which none matters


def null_metrics(rng: np.random.Generator, kind: Team, n: int = 5) -> pl.DataFrame:
    """A team in which `n` metrics, alike and by habit, and three outcomes, alike, have nothing to do with each other."""
    rows = team(rng, kind)
    habits = rows.select(pl.col("recruiter_id").rank("dense").cast(pl.Int64) - 1).to_series().to_numpy()
    common = rng.normal(size=rows.height)
    metrics = {
        f"m{number}": 0.5 * rng.normal(size=kind.recruiters)[habits] + 0.5 * common + rng.normal(size=rows.height)
        for number in range(n)
    }
    more = {
        f"outcome_{number}_30d": rows["replied_30d"].to_numpy() & (rng.random(rows.height) < chance)
        for number, chance in enumerate((0.9, 0.7, 0.5))
    }
    return rows.with_columns(**metrics, **more)


def any_discovery(rows: pl.DataFrame, *, week: str) -> bool:
    """Whether any pair of `null_metrics` is called higher or lower."""
    metrics = [MetricSpec(name, "opening", "mean", "words") for name in rows.columns if name.startswith("m")]
    outcomes = [OutcomeSpec(name, "opening", 30) for name in rows.columns if name.startswith("outcome_")]
    table = associate(rows, metrics, outcomes, week=week, slices=ALL)
    return bool(table["verdict"].is_in(["higher", "lower"]).any())


def _discovered(task: tuple[Team, int, int]) -> bool:
    kind, seed, number = task
    return any_discovery(null_metrics(np.random.default_rng([seed, number]), kind), week=str(number))


# The whole proof


TEMPLATES = ("none", "crossed", "nested")
ICCS = (0.02, 0.1, 0.3)


def main() -> int:
    import argparse
    from multiprocessing import Pool

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--part", choices=["size", "power", "confounding", "discoveries"], action="append")
    given = parser.parse_args()
    parts = given.part or ["size", "power", "confounding", "discoveries"]
    with Pool() as pool:
        failed = [name for name in parts if not PARTS[name](given.draws, pool)]
    print("all as promised" if not failed else f"not as promised: {', '.join(failed)}")
    return len(failed)


def _size(draws: int, pool: Any) -> bool:
    print(f"No effect, {draws} teams a line, in per cent; aim: found 3 to 7 wherever a verdict is given.")
    good = []
    for recruiters in SIZES:
        for templates in TEMPLATES:
            for icc in ICCS:
                seen = said(Team(recruiters, templates, icc), draws, seed=1, pool=pool)
                good.append(seen.given == 0 or 0.03 - 2 * seen.error <= seen.found <= 0.07 + 2 * seen.error)
                print(
                    f"{seen.kind}: naive {100 * seen.naive:4.1f}  verdict given {100 * seen.given:5.1f}  "
                    f"found {100 * seen.found:4.1f} (+-{100 * seen.error:.1f})  holds the truth {100 * seen.covered:5.1f}",
                    flush=True,
                )
    return all(good)


def _power(draws: int, pool: Any) -> bool:
    print(f"An effect as large as the promised one, {draws} teams a line; aim: coverage 93 to 97, found near 80.")
    good = []
    for recruiters in (12, 30, 100):
        for templates in TEMPLATES:
            promised = said(Team(recruiters, templates), max(20, draws // 10), seed=2, pool=pool).detectable
            kind = with_difference(Team(recruiters, templates), promised)
            seen = said(kind, draws, seed=3, pool=pool)
            good.append(0.93 - 2 * seen.error <= seen.covered <= 0.97 + 2 * seen.error)
            print(
                f"{seen.kind}: true difference {100 * seen.true_difference:4.1f} points, promised {100 * promised:4.1f}  "
                f"holds the truth {100 * seen.covered:5.1f} (+-{100 * seen.error:.1f})  found {100 * seen.found:5.1f}  "
                f"called higher {100 * seen.rightly:5.1f}",
                flush=True,
            )
    return all(good)


def _confounding(draws: int, pool: Any) -> bool:
    print(f"Wordy recruiters are liked, words do not matter, {draws} teams.")
    kind = Team(30, icc=0.3, confounding=0.9)
    results = [row for row, _ in pool.map(_one, [(kind, 5, number) for number in range(draws)], chunksize=10)]
    pooled = np.mean([row["difference_low"] > 0 for row in results])
    found = np.mean([row["verdict"] in ("higher", "lower") for row in results])
    flagged = np.mean([row["is_confounded"] for row in results])
    calm = [row for row, _ in pool.map(_one, [(Team(30, icc=0.3), 6, number) for number in range(draws)], chunksize=10)]
    wrongly = np.mean([row["is_confounded"] for row in calm])
    print(
        f"pooled interval above 0 in {100 * pooled:.1f} %, adjusted verdict in {100 * found:.1f} %, flagged "
        f"{100 * flagged:.1f} %; without confounding flagged {100 * wrongly:.1f} %"
    )
    return bool(found <= 0.07 and flagged > 0.5 and wrongly < 0.1)


def _discoveries(draws: int, pool: Any) -> bool:
    kind = Team(12, "crossed")
    share = np.mean(pool.map(_discovered, [(kind, 7, number) for number in range(draws)], chunksize=10))
    error = np.sqrt(0.1 * 0.9 / draws)
    print(
        f"15 pairs of which none matters, {draws} teams: any discovery at q <= .10 in {100 * share:.1f} % "
        f"(+-{100 * error:.1f}); aim: at most 10"
    )
    return bool(share <= 0.10 + 2 * error)


PARTS: dict[str, Callable[[int, Any], bool]] = {
    "size": _size,
    "power": _power,
    "confounding": _confounding,
    "discoveries": _discoveries,
}


if __name__ == "__main__":
    raise SystemExit(main())
