"""Relates a metric to an outcome within recruiter, language and month: estimate, interval, n and verdict."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from sql import statistics
from sql.guard import MetricSpec, OutcomeSpec, allowed_pairs
from sql.statistics import Codes, Floats, Slope, dense
from sql.verdicts import Minimums, too_little, with_q, with_verdicts

Flags = npt.NDArray[np.bool_]

ENOUGH_CLUSTERS = 50
WILD_CLUSTERS = 500
WILD_CLUSTERS_ACROSS_CELLS = 150
SLICED_BY = ("language", "channel", "team")
SLICE_APPROACHES = 500
SLICES_EACH = 4
ALL = {"all": pl.lit(value=True)}

ASSOCIATIONS: dict[str, Any] = {
    "metric": pl.String,
    "observation": pl.String,
    "outcome": pl.String,
    "slice": pl.String,
    "n_approaches": pl.Int64,
    "n_candidates": pl.Int64,
    "n_recruiters": pl.Int64,
    "n_templates": pl.Int64,
    "n_outcomes": pl.Int64,
    "n_effective": pl.Float64,
    "share_identifying": pl.Float64,
    "rate": pl.Float64,
    "rho": pl.Float64,
    "rho_low": pl.Float64,
    "rho_high": pl.Float64,
    "iqr_low": pl.Float64,
    "iqr_high": pl.Float64,
    "difference": pl.Float64,
    "difference_low": pl.Float64,
    "difference_high": pl.Float64,
    "adjusted_difference": pl.Float64,
    "adjusted_low": pl.Float64,
    "adjusted_high": pl.Float64,
    "p": pl.Float64,
    "q": pl.Float64,
    "minimum_detectable_difference": pl.Float64,
    "sign_pooled": pl.Int64,
    "sign_within": pl.Int64,
    "is_simpson": pl.Boolean,
    "is_confounded": pl.Boolean,
    "method": pl.String,
    "verdict": pl.String,
    "verdict_reason": pl.String,
}
ESTIMATES = [name for name, dtype in ASSOCIATIONS.items() if dtype == pl.Float64]


def associate(
    rows: pl.DataFrame,
    metrics: Sequence[MetricSpec],
    outcomes: Sequence[OutcomeSpec],
    *,
    week: str,
    slices: Mapping[str, pl.Expr] | None = None,
    refused_outcomes: Mapping[str, str] | None = None,
    minimums: Minimums | None = None,
) -> pl.DataFrame:
    """One row of `associations` per allowed pair and slice, from rows of `approach_metrics`.

    Differences are shares (0.03 = 3 points) between the metric's quartiles. `refused_outcomes` maps an
    outcome to the reason why we refuse its rates. Rows come in any order; `week` and names seed the draws.
    """
    minimums = minimums or Minimums()
    records = []
    slices = slices or default_slices(rows)
    for name, metric, outcome, sample in samples(rows, metrics, outcomes, week=week, slices=slices):
        pair = {"metric": metric.name, "observation": metric.observation, "outcome": outcome.name, "slice": name}
        refusal = (refused_outcomes or {}).get(outcome.name)
        records.append(pair | _relate(sample, minimums, refusal))
    associations = pl.DataFrame(records, schema=ASSOCIATIONS)
    # Sums of doubles may differ in the last bits between machines; nine decimals of a share do not.
    return with_verdicts(with_q(associations)).with_columns(pl.col(ESTIMATES).round(9))


def samples(
    rows: pl.DataFrame,
    metrics: Sequence[MetricSpec],
    outcomes: Sequence[OutcomeSpec],
    *,
    week: str,
    slices: Mapping[str, pl.Expr] = ALL,
) -> Iterator[tuple[str, MetricSpec, OutcomeSpec, Sample]]:
    """Every slice's allowed pairs with the approaches in which both are known, in an order that is their own."""
    ordered = rows.sort("thread_id", "approach_no")
    pairs = allowed_pairs(metrics, outcomes)
    groups = Groups.of(ordered)
    values = {spec.name: _floats(ordered, spec.name) for pair in pairs for spec in pair}
    for name, where in slices.items():
        inside = ordered.with_columns(inside=where)["inside"].fill_null(value=False).to_numpy()
        for metric, outcome in pairs:
            x, y = values[metric.name], values[outcome.name]
            used = inside & np.isfinite(x) & np.isfinite(y)
            seed = _seed(metric.name, outcome.name, name, week)
            is_flag = rows.schema[metric.name] == pl.Boolean
            yield name, metric, outcome, Sample(x[used], y[used], groups.take(used), seed, is_flag)


def default_slices(rows: pl.DataFrame) -> dict[str, pl.Expr]:
    """All rows; where a method resolved the roles, those whose candidate was not merely assumed; the larger groups."""
    slices = dict(ALL)
    if "role_method" in rows.columns:
        slices["without assumed candidates"] = pl.col("role_method").ne_missing("assumed_counterpart")
    for name in SLICED_BY:
        if name in rows.columns:
            sizes = rows.drop_nulls(name).group_by(name).len().sort(["len", name], descending=[True, False])
            large = sizes.filter(pl.col("len") >= SLICE_APPROACHES, pl.col("len") < rows.height)
            slices |= {f"{name}: {value}": pl.col(name) == value for value in large[name].head(SLICES_EACH)}
    return slices


def _seed(*names: str) -> int:
    return int.from_bytes(hashlib.blake2b("\x1f".join(names).encode(), digest_size=8).digest(), "big")


def _floats(rows: pl.DataFrame, column: str) -> Floats:
    values: Floats = rows[column].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    return values


@dataclass(frozen=True)
class Groups:
    """Codes of whom and what each approach belongs to, all of one length."""

    recruiters: Codes
    candidates: Codes
    templates: Codes
    """An approach without a template family is a family of its own."""
    has_template: Flags
    recruiter_cells: Codes
    """recruiter x language x month"""
    common_cells: Codes
    """language x month"""

    @classmethod
    def of(cls, rows: pl.DataFrame) -> Groups:
        """Codes of every row, numbered by sorted value."""
        month = pl.col("started_at").dt.strftime("%Y-%m")
        recruiter = pl.col("recruiter_id")
        row = pl.concat_str(pl.lit("row "), pl.int_range(pl.len()).cast(pl.String))
        keys = rows.select(
            recruiters=_code(recruiter),
            candidates=_code(pl.coalesce("candidate_id", "thread_id")),
            templates=_code(pl.coalesce(pl.col("template_id").cast(pl.String), row)),
            has_template=pl.col("template_id").is_not_null(),
            recruiter_cells=_code(recruiter, pl.col("language"), month),
            common_cells=_code(pl.col("language"), month),
        )
        return cls(**{name: keys[name].to_numpy() for name in keys.columns})

    def take(self, used: Flags) -> Groups:
        """The groups of the rows where `used` is true."""
        return Groups(**{name: codes[used] for name, codes in vars(self).items()})

    def cells(self) -> tuple[str, Codes]:
        """The cells compared within: without the recruiter where most recruiters have a single approach."""
        sizes = np.bincount(self.recruiters)
        if np.mean(sizes[sizes > 0] == 1) > 0.5:
            return "within language and month", self.common_cells
        return "within recruiter, language and month", self.recruiter_cells


def _code(*keys: pl.Expr) -> pl.Expr:
    text = pl.concat_str([key.cast(pl.String).fill_null("") for key in keys], separator="\x1f")
    return text.rank("dense").cast(pl.Int64) - 1


@dataclass(frozen=True)
class Contrast:
    """The metric as regressed, and how far apart "high" and "low" are on it."""

    x: Floats
    width: float
    low: float
    high: float
    smaller_group: int
    name: str

    @classmethod
    def of(cls, x: Floats, *, is_flag: bool = False) -> Contrast:
        """Across the interquartile range; where that is nil, approaches above the median against the rest.

        A yes-or-no metric: yes against no.
        """
        if is_flag:
            return cls(x, 1.0, 0.0, 1.0, int(min(x.sum(), x.size - x.sum())), "yes against no")
        low, median, high = (float(v) for v in np.quantile(x, [0.25, 0.5, 0.75]))
        above = x > median if np.any(x > median) else x >= median
        group = int(min(np.sum(above), np.sum(~above)))
        if high > low:
            return cls(x, high - low, low, high, group, "across the quartiles")
        return cls(above.astype(np.float64), 1.0, low, high, group, "above the median against the rest")


@dataclass(frozen=True)
class Sample:
    """The approaches of one pair in which metric and outcome are both known."""

    x: Floats
    y: Floats
    groups: Groups
    seed: int
    is_flag: bool = False
    """The metric is yes or no."""


def _relate(sample: Sample, minimums: Minimums, refusal: str | None) -> dict[str, Any]:
    groups = sample.groups
    record: dict[str, Any] = {
        "n_approaches": sample.x.size,
        "n_candidates": statistics.count_groups(groups.candidates),
        "n_recruiters": statistics.count_groups(groups.recruiters),
        "n_templates": statistics.count_groups(groups.templates[groups.has_template]),
        "is_simpson": False,
        "is_confounded": False,
    }
    if refusal:
        return record | {"verdict_reason": refusal}
    if record["n_candidates"] < minimums.candidates:
        return record | {"verdict_reason": f"fewer than {minimums.candidates} candidates"}
    contrast = Contrast.of(sample.x, is_flag=sample.is_flag)
    record |= {
        "n_outcomes": int(sample.y.sum()),
        "rate": float(sample.y.mean()),
        "iqr_low": contrast.low,
        "iqr_high": contrast.high,
    }
    record |= _correlation(sample) | _pooled(contrast, sample) | _within(contrast, sample)
    record |= _signs(record)
    families = statistics.count_groups(groups.templates)
    record["verdict_reason"] = too_little(record | {"n_families": families}, contrast.smaller_group, minimums)
    record["is_confounded"] &= record["verdict_reason"] is None
    return {name: _finite(value) for name, value in record.items() if name in ASSOCIATIONS}


def _correlation(sample: Sample) -> dict[str, Any]:
    low, high = statistics.cluster_bootstrap_spearman(
        sample.x, sample.y, dense(sample.groups.recruiters), seed=sample.seed
    )
    return {"rho": statistics.spearman(sample.x, sample.y), "rho_low": low, "rho_high": high}


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not np.isfinite(value) else value


def _pooled(contrast: Contrast, sample: Sample) -> dict[str, Any]:
    recruiters = dense(sample.groups.recruiters)
    fit = statistics.cluster_robust_slope(contrast.x, sample.y, recruiters)
    half = statistics.t_quantile(0.975, int(recruiters.max())) * fit.se
    return {
        "difference": fit.slope * contrast.width,
        "difference_low": (fit.slope - half) * contrast.width,
        "difference_high": (fit.slope + half) * contrast.width,
    }


def _within(contrast: Contrast, sample: Sample) -> dict[str, Any]:
    """The primary estimate: only cells in which the metric varies can compare like with like."""
    groups = sample.groups
    cell_name, cells = groups.cells()
    cells = dense(cells)
    varies = _varies(contrast.x, cells)
    how = f"{cell_name}; {contrast.name}"
    record: dict[str, Any] = {
        "share_identifying": float(varies.mean()),
        "n_identifying": statistics.count_groups(groups.recruiters[varies]),
        "method": how,
    }
    if not varies.any():
        return record
    x, y, cells = contrast.x[varies], sample.y[varies], dense(cells[varies])
    clusters = Clusters.of(groups.take(varies), cells)
    fit = statistics.cluster_robust_slope(x, y, clusters.recruiters, second=clusters.templates, cells=cells)
    record["adjusted_difference"] = fit.slope * contrast.width
    if not fit.has_error:
        return record
    test = _cautious_interval(fit, x, y, clusters, sample.seed)
    return record | {
        "adjusted_low": test.low * contrast.width,
        "adjusted_high": test.high * contrast.width,
        "p": test.p,
        "minimum_detectable_difference": test.detectable * contrast.width,
        "n_effective": float(sample.x.size * np.minimum(1.0, (fit.iid_se / fit.se) ** 2)),
        "method": f"{how}; {test.method}",
    }


def _varies(x: Floats, cells: Codes) -> Flags:
    lowest, highest = np.full(int(cells.max()) + 1, np.inf), np.full(int(cells.max()) + 1, -np.inf)
    np.minimum.at(lowest, cells, x)
    np.maximum.at(highest, cells, x)
    return (highest > lowest)[cells]


@dataclass(frozen=True)
class Clusters:
    """Codes of the rows that identify the within estimate."""

    recruiters: Codes
    templates: Codes | None
    """None where every family lies inside one recruiter: it is part of the recruiter's likeness then."""
    cells: Codes

    @classmethod
    def of(cls, groups: Groups, cells: Codes) -> Clusters:
        """Of the groups of those rows; `cells` are dense."""
        recruiters, templates = dense(groups.recruiters), dense(groups.templates)
        return cls(recruiters, None if statistics.is_nested(templates, recruiters) else templates, cells)


@dataclass(frozen=True)
class Interval:
    """Two-sided p, 95 % interval and the effect seen four times in five, all in slope units."""

    method: str
    p: float
    low: float
    high: float
    detectable: float


def _cautious_interval(fit: Slope, x: Floats, y: Floats, clusters: Clusters, seed: int) -> Interval:
    """By resampling recruiters; where they share templates, the larger p and the outer bounds of both dimensions.

    By recruiter alone, few shared templates gave up to 19 % false positives at a nominal 5 %; resampling families
    that lie inside recruiters would only lose power. Simulated in `tests/simulated_truths.py`.
    """
    recruiters, templates = clusters.recruiters, clusters.templates
    by_recruiter = _interval(fit, Drawn("recruiter", x, y, recruiters, templates, clusters.cells, seed))
    if templates is None:
        return by_recruiter
    by_template = _interval(fit, Drawn("template", x, y, templates, recruiters, clusters.cells, seed))
    return Interval(
        by_recruiter.method if by_recruiter.p >= by_template.p else by_template.method,
        float(np.maximum(by_recruiter.p, by_template.p)),
        float(np.minimum(by_recruiter.low, by_template.low)),
        float(np.maximum(by_recruiter.high, by_template.high)),
        float(np.fmax(by_recruiter.detectable, by_template.detectable)),
    )


@dataclass(frozen=True)
class Drawn:
    """Rows whose `clusters` are resampled; standard errors also know the `others`."""

    dimension: str
    x: Floats
    y: Floats
    clusters: Codes
    others: Codes | None
    cells: Codes
    seed: int


def _interval(fit: Slope, rows: Drawn) -> Interval:
    """Wild bootstrap below fifty *effective* clusters: a few large ones mislead t even among a hundred."""
    n_clusters = int(rows.clusters.max()) + 1
    effective = statistics.effective_clusters(rows.x, rows.clusters, rows.cells)
    is_nested = statistics.is_nested(rows.cells, rows.clusters)
    is_affordable = n_clusters <= (WILD_CLUSTERS if is_nested else WILD_CLUSTERS_ACROSS_CELLS)
    degrees = n_clusters - 1 if effective >= ENOUGH_CLUSTERS or is_affordable else effective - 1
    critical, extra = (statistics.t_quantile(share, degrees) for share in (0.975, 0.8))
    if effective < ENOUGH_CLUSTERS and is_affordable:
        test = statistics.wild_cluster_p(
            rows.x, rows.y, rows.clusters, second=rows.others, cells=rows.cells, seed=rows.seed
        )
        # Where the bootstrap asks for more than t, so does the smallest difference we could have seen.
        critical = float(np.fmax(critical, (test.high - test.low) / 2 / fit.se))
        how = f"wild cluster bootstrap by {rows.dimension}"
        return Interval(how, test.p, test.low, test.high, (critical + extra) * fit.se)
    low, high = fit.slope - critical * fit.se, fit.slope + critical * fit.se
    p = statistics.t_p(fit.slope / fit.se, degrees)
    return Interval(f"cluster-robust t by {rows.dimension}", p, low, high, (critical + extra) * fit.se)


def _signs(record: Mapping[str, Any]) -> dict[str, Any]:
    """Does who writes mislead? Simpson: pooled and within estimates point opposite ways, and an interval excludes 0.

    Confounded: each estimate lies outside the other's interval, whatever the signs.
    """
    pooled, within = (_sign(record.get(name)) for name in ("difference", "adjusted_difference"))
    bounds = [(record.get(f"{name}_low"), record.get(f"{name}_high")) for name in ("difference", "adjusted")]
    is_clear = any(_excludes(0.0, *pair) for pair in bounds)
    is_simpson = pooled is not None and within is not None and pooled * within < 0 and is_clear
    estimates = (record.get("adjusted_difference"), record.get("difference"))
    is_confounded = all(_excludes(value, *pair) for value, pair in zip(estimates, bounds, strict=True))
    return {
        "sign_pooled": pooled,
        "sign_within": within,
        "is_simpson": is_simpson,
        "is_confounded": is_confounded,
    }


def _sign(value: float | None) -> int | None:
    return None if value is None or not np.isfinite(value) else int(np.sign(value))


def _excludes(value: float | None, low: float | None, high: float | None) -> bool:
    return value is not None and low is not None and high is not None and not low <= value <= high
