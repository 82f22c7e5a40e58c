"""From estimates to verdicts: enough data, the false discovery rate of a family, and what may be said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from sql import statistics

FALSE_DISCOVERY = 0.10


@dataclass(frozen=True)
class Minimums:
    """What a verdict needs: approaches with the outcome, approaches in the smaller group, recruiters.

    As many template families as recruiters: with 6 shared ones no method tried held 5 % (7 to 10 %, sim). Below
    `candidates` different people nothing but counts is told at all.
    """

    outcomes: int = 100
    group: int = 30
    recruiters: int = 8
    candidates: int = 5


def too_little(record: Mapping[str, Any], smaller_group: int, minimums: Minimums) -> str | None:
    """Why no verdict is given, or None where there is enough data."""
    interval = [record.get(name, np.nan) for name in ("p", "adjusted_low", "adjusted_high")]
    within = str(record["method"]).split(";", maxsplit=1)[0]
    reasons = {
        f"fewer than {minimums.outcomes} approaches with the outcome": record["n_outcomes"] < minimums.outcomes,
        "every approach has the outcome": record["n_outcomes"] == record["n_approaches"],
        f"fewer than {minimums.group} approaches in a group": smaller_group < minimums.group,
        f"fewer than {minimums.recruiters} recruiters": record["n_recruiters"] < minimums.recruiters,
        f"the metric does not vary {within}": record["share_identifying"] == 0,
        f"fewer than {minimums.recruiters} recruiters in whom the metric varies": record["n_identifying"]
        < minimums.recruiters,
        f"fewer than {minimums.recruiters} template families": record["n_families"] < minimums.recruiters,
        "no method holds its error rate on so few comparable groups": not np.all(np.isfinite(interval)),
    }
    return next((reason for reason, applies in reasons.items() if applies), None)


def with_q(associations: pl.DataFrame) -> pl.DataFrame:
    """Benjamini-Hochberg over two families: slice `all`, and every other slice together."""
    is_all = pl.col("slice") == "all"
    families = (is_all, ~is_all)
    enough = pl.col("verdict_reason").is_null()
    q = np.full(associations.height, np.nan)
    for family in families:
        members = associations.select((family & enough).alias("member"))["member"].to_numpy()
        q[members] = statistics.benjamini_hochberg(associations["p"].to_numpy()[members])
    return associations.with_columns(q=pl.Series(q).fill_nan(None))


def with_verdicts(associations: pl.DataFrame) -> pl.DataFrame:
    """`higher` or `lower` where q and the interval agree; `too little data` with its reason; else no difference."""
    is_little = pl.col("verdict_reason").is_not_null()
    is_clear = (pl.col("adjusted_low") > 0) | (pl.col("adjusted_high") < 0)
    is_found = is_clear & (pl.col("q") <= FALSE_DISCOVERY)
    verdict = (
        pl.when(is_little)
        .then(pl.lit("too little data"))
        .when(is_found & (pl.col("adjusted_difference") > 0))
        .then(pl.lit("higher"))
        .when(is_found)
        .then(pl.lit("lower"))
        .otherwise(pl.lit("no difference seen"))
    )
    chance = pl.lit("the interval excludes 0, but among so many pairs one such is likely by chance")
    reason = pl.when(~is_little & is_clear & ~is_found).then(chance).otherwise(pl.col("verdict_reason"))
    return associations.with_columns(verdict=verdict, verdict_reason=reason)
