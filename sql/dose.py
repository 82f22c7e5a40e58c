"""Dose and response: how often the outcome came in each fifth of the metric, so that a bend in the middle is seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from sql import statistics
from sql.associate import Sample, samples
from sql.guard import MetricSpec, OutcomeSpec
from sql.statistics import Codes, Floats, dense

BINS = 5

DOSES: dict[str, Any] = {
    "metric": pl.String,
    "outcome": pl.String,
    "bin_no": pl.Int64,
    "bin_from": pl.Float64,
    "bin_to": pl.Float64,
    "n_approaches": pl.Int64,
    "n_candidates": pl.Int64,
    "n_recruiters": pl.Int64,
    "n_outcomes": pl.Int64,
    "n_effective": pl.Float64,
    "rate": pl.Float64,
    "rate_low": pl.Float64,
    "rate_high": pl.Float64,
    "adjusted_rate": pl.Float64,
}


def dose_response(
    rows: pl.DataFrame,
    metrics: Sequence[MetricSpec],
    outcomes: Sequence[OutcomeSpec],
    *,
    refused_outcomes: Mapping[str, str] | None = None,
    minimum_candidates: int,
) -> pl.DataFrame:
    """Per allowed pair up to five bins of the metric, each with its rate and interval clustered by recruiter.

    `rows` as in `associate`. Bins are cut at fifths of the metric; equal values never part, so there can be fewer.
    `adjusted_rate` compares within recruiter, language and month and has the same mean as `rate`. A pair with a bin
    about fewer than `minimum_candidates` is left out as a whole.
    """
    tables = []
    for _, metric, outcome, sample in samples(rows, metrics, outcomes, week=""):
        if outcome.name in (refused_outcomes or {}) or sample.x.size < minimum_candidates:
            continue
        table = _bins(sample)
        if table["n_candidates"].min() >= minimum_candidates:  # type: ignore[operator]
            names = [pl.lit(metric.name).alias("metric"), pl.lit(outcome.name).alias("outcome")]
            tables.append(table.select(*names, pl.all()))
    found = pl.concat(tables) if tables else pl.DataFrame(schema=DOSES)
    return found.with_columns(pl.col(pl.Float64).round(9))


def _bins(sample: Sample) -> pl.DataFrame:
    groups = sample.groups
    codes = bin_codes(sample.x)
    n_bins = int(codes.max()) + 1
    recruiters, candidates = dense(groups.recruiters), dense(groups.candidates)
    records = []
    for number, adjusted in enumerate(_adjusted_rates(codes, sample.y, dense(groups.cells()[1]))):
        here = codes == number
        rate = statistics.clustered_rate(sample.y[here], recruiters[here])
        records.append(
            {
                "bin_no": number + 1,
                "bin_from": float(sample.x[here].min()),
                "bin_to": float(sample.x[here].max()),
                "n_approaches": int(here.sum()),
                "n_candidates": statistics.count_groups(candidates[here]),
                "n_recruiters": statistics.count_groups(recruiters[here]),
                "n_outcomes": int(sample.y[here].sum()),
                "n_effective": rate.n_effective,
                "rate": rate.rate,
                "rate_low": rate.low,
                "rate_high": rate.high,
                "adjusted_rate": adjusted if n_bins > 1 else rate.rate,
            }
        )
    return pl.DataFrame(
        records, schema={name: kind for name, kind in DOSES.items() if name not in ("metric", "outcome")}
    )


def bin_codes(x: Floats, bins: int = BINS) -> Codes:
    """Codes 0.. of at most `bins` bins of about equal size; equal values share one."""
    cuts = np.quantile(x, np.arange(1, bins) / bins, method="inverted_cdf")
    return dense(np.searchsorted(np.unique(cuts), x, side="left").astype(np.int64))


def _adjusted_rates(codes: Codes, y: Floats, cells: Codes) -> Floats:
    """The bins' rates with everybody's cell the same: least squares on bins within cells, centred on the mean."""
    n_bins = int(codes.max()) + 1
    inside = np.column_stack(
        [statistics.demean((codes == number).astype(np.float64), cells) for number in range(n_bins)]
    )
    effects = np.linalg.lstsq(inside.T @ inside, inside.T @ statistics.demean(y, cells), rcond=1e-9)[0]
    shares = np.bincount(codes) / codes.size
    rates: Floats = y.mean() + effects - shares @ effects
    return rates
