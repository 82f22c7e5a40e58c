"""Invented teams whose truth is known, and what the method says of them.

`team` draws one team: recruiters of very unequal size who differ in how often they are answered (`icc`), in their
habits, and in how much the metric matters with them (`slope_sd`); first messages from templates that all share
(crossed), that each recruiter has alone (nested), or none. Everything follows from the generator that is given.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from sql.associate import associate
from sql.guard import MetricSpec, OutcomeSpec

Floats = npt.NDArray[np.float64]

WORDS = MetricSpec("first_message_words", "opening", "mean", "words")
REPLIED = OutcomeSpec("replied_30d", "opening", 30)
ALL = {"all": pl.lit(True)}
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


def draws(kind: Team, n: int, *, seed: int) -> Iterable[tuple[pl.DataFrame, dict[str, Any]]]:
    """Teams and what is said of them."""
    for number in range(n):
        rows = team(np.random.default_rng([seed, number]), kind)
        yield rows, related(rows, week=str(number))
