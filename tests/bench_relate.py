"""How long relating takes: a million approaches, 20 metrics, 6 outcomes, all in one slice and in every slice.

`python -m tests.bench_relate` prints seconds and the process's largest memory; with `--home HOME` beside the seconds that
`measure` and `relate` took in that home's last run.
"""

from __future__ import annotations

import argparse
import resource
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl

from flows import store
from flows.store import Home
from sql.associate import associate, default_slices
from sql.dose import dose_response
from sql.guard import MetricSpec, OutcomeSpec
from tests.simulated_truths import Team, team

METRICS, OUTCOMES = 20, 6


def rows_of(approaches: int, recruiters: int) -> pl.DataFrame:
    """Approaches with metrics of every sort: counts, shares, flags, heavy tails."""
    rng = np.random.default_rng(1)
    kind = replace(
        Team(recruiters, "crossed", icc=0.1), approaches=approaches, shared_templates=max(40, approaches // 50)
    )
    rows = team(rng, kind)
    metrics = {
        f"m{number}": (
            np.round(rng.gamma(2, 30, approaches))
            if number % 4 == 0
            else rng.random(approaches)
            if number % 4 == 1
            else rng.random(approaches) < 0.3
            if number % 4 == 2
            else rng.poisson(1.2, approaches)
        )
        for number in range(METRICS)
    }
    outcomes = {f"o{number}": rng.random(approaches) < 0.3 / (number + 1) for number in range(OUTCOMES)}
    return rows.with_columns(**metrics, **outcomes, channel=pl.lit("linkedin"), role_method=pl.lit("configured"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--approaches", type=int, default=1_000_000)
    parser.add_argument("--recruiters", type=int, default=200)
    parser.add_argument("--home", type=Path)
    given = parser.parse_args()
    rows = rows_of(given.approaches, given.recruiters)
    metrics = [MetricSpec(f"m{number}", "opening", "mean", "words") for number in range(METRICS)]
    outcomes = [OutcomeSpec(f"o{number}", "opening", 30) for number in range(OUTCOMES)]
    print(f"{rows.height:,} approaches, {given.recruiters} recruiters, {rows['template_id'].n_unique():,} templates")
    slices = default_slices(rows)
    for name, where in (("slice all", {"all": slices["all"]}), (f"{len(slices)} slices", slices)):
        start = time.perf_counter()
        found = associate(rows, metrics, outcomes, week="w", slices=where)
        print(f"{name}: {found.height} pairs in {time.perf_counter() - start:.1f} s", flush=True)
    start = time.perf_counter()
    found = dose_response(rows, metrics, outcomes)
    print(f"dose and response: {found.height} bins in {time.perf_counter() - start:.1f} s")
    print(f"largest memory of the process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.1f} GB")
    if given.home:
        with closing(store.open_snapshot(Home(given.home))) as connection:
            steps = connection.execute(
                "select step, seconds from run_steps where run_id = (select max(run_id) from runs)"
            ).fetchall()
        seconds = dict(steps)
        print(f"{given.home}: {seconds}; relate / measure = {seconds['relate'] / seconds['measure']:.2f}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
