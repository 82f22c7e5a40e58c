"""Relates a metric to an outcome within recruiter, language and month: estimate, interval, n and verdict."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from schemas.errors import ForbiddenPairError
from sql import statistics
from sql.statistics import Codes, Floats, Slope, dense

Flags = npt.NDArray[np.bool_]

MIN_CANDIDATES = 5
FALSE_DISCOVERY = 0.10
ENOUGH_CLUSTERS = 50
WILD_CLUSTERS = 500
WILD_CLUSTERS_ACROSS_CELLS = 150

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
    "method": pl.String,
    "verdict": pl.String,
    "verdict_reason": pl.String,
}
ESTIMATES = [name for name, dtype in ASSOCIATIONS.items() if dtype == pl.Float64]


@dataclass(frozen=True)
class MetricSpec:
    """A metric as its SQL header declares it; `name` is a column of `approach_metrics`."""

    name: str
    observation: str
    """opening | landmark | landmark_unanswered | before_reply | whole"""
    kind: str
    unit: str


@dataclass(frozen=True)
class OutcomeSpec:
    """A yes-or-no outcome; `name` is a column of `approach_metrics`, NULL where unknown or still open."""

    name: str
    start: str
    """Where its window begins: opening | landmark | landmark_unanswered"""
    maturity_days: int | None


@dataclass(frozen=True)
class Minimums:
    """What a verdict needs: approaches with the outcome, approaches in the smaller group, recruiters.

    As many template families as recruiters: with 6 shared ones no method tried held 5 % (7 to 10 %, sim).
    """

    outcomes: int = 100
    group: int = 30
    recruiters: int = 8


def check_pair(metric: MetricSpec, outcome: OutcomeSpec) -> None:
    """Raise `ForbiddenPairError` unless the metric was complete before the outcome could happen."""
    pair = f"{metric.name} may not be related to {outcome.name}"
    if metric.observation == "whole":
        raise ForbiddenPairError(
            "whole-contains-the-outcome",
            f"{pair}: it is measured over the whole conversation, which contains the outcome; "
            "use its landmark form with an outcome after the landmark.",
        )
    if metric.observation == "before_reply":
        raise ForbiddenPairError(
            "before-reply-contains-the-outcome",
            f"{pair}: it stops growing when the reply comes, so it contains the outcome; "
            "use followups_unanswered_7d with replied_8_to_30d.",
        )
    if metric.observation not in ("opening", "landmark", "landmark_unanswered"):
        raise ForbiddenPairError(
            "unknown-observation-point",
            f"{pair}: we know no observation point '{metric.observation}'; declare one in the SQL header.",
        )
    if outcome.maturity_days is None:
        raise ForbiddenPairError(
            "undated-outcome",
            f"{pair}: the outcome has no window, so older approaches had longer to reach it; "
            "use the same event within 30, 60 or 90 days.",
        )
    if metric.observation == outcome.start:
        return
    if metric.observation == "landmark":
        raise ForbiddenPairError(
            "landmark-needs-outcomes-after-it",
            f"{pair}: the outcome may have happened before the landmark, 7 days after the first reply; "
            "use converted_60d_after_landmark.",
        )
    if metric.observation == "landmark_unanswered":
        raise ForbiddenPairError(
            "unanswered-landmark-needs-later-replies",
            f"{pair}: the outcome may have happened before day 7, when this metric is taken; "
            "use replied_8_to_30d, among approaches still unanswered on day 7.",
        )
    raise ForbiddenPairError(
        "opening-needs-outcomes-from-the-start",
        f"{pair}: the outcome is known only for approaches that were, or were not, answered by then; "
        "use an outcome counted from the first message.",
    )


def allowed_pairs(
    metrics: Sequence[MetricSpec], outcomes: Sequence[OutcomeSpec]
) -> list[tuple[MetricSpec, OutcomeSpec]]:
    """Every pair the guard lets through, in the given order."""
    return [(metric, outcome) for metric in metrics for outcome in outcomes if is_allowed(metric, outcome)]


def is_allowed(metric: MetricSpec, outcome: OutcomeSpec) -> bool:
    """Whether the guard lets the pair through."""
    try:
        check_pair(metric, outcome)
    except ForbiddenPairError:
        return False
    return True


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
    ordered = rows.sort("thread_id", "approach_no")
    minimums = minimums or Minimums()
    pairs = allowed_pairs(metrics, outcomes)
    records = []
    for name, where in (slices or default_slices(rows)).items():
        part = ordered.filter(where)
        groups = Groups.of(part)
        metric_values = {metric.name: _floats(part, metric.name) for metric, _ in pairs}
        outcome_values = {outcome.name: _floats(part, outcome.name) for _, outcome in pairs}
        for metric, outcome in pairs:
            x, y = metric_values[metric.name], outcome_values[outcome.name]
            used = np.isfinite(x) & np.isfinite(y)
            pair = {"metric": metric.name, "observation": metric.observation, "outcome": outcome.name}
            sample = Sample(x[used], y[used], groups.take(used), _seed(metric.name, outcome.name, name, week))
            refusal = (refused_outcomes or {}).get(outcome.name)
            records.append(pair | {"slice": name} | _relate(sample, minimums, refusal))
    associations = pl.DataFrame(records, schema=ASSOCIATIONS)
    # Sums of doubles may differ in the last bits between machines; nine decimals of a share do not.
    return _with_verdicts(_with_q(associations)).with_columns(pl.col(ESTIMATES).round(9))


def default_slices(rows: pl.DataFrame) -> dict[str, pl.Expr]:
    """All rows; and, where a method resolved the roles, those whose candidate was not merely assumed."""
    slices = {"all": pl.lit(True)}
    if "role_method" in rows.columns:
        slices["without assumed candidates"] = pl.col("role_method").ne_missing("assumed_counterpart")
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
    def of(cls, x: Floats) -> Contrast:
        """Across the interquartile range; where that is nil, approaches above the median against the rest."""
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


def _relate(sample: Sample, minimums: Minimums, refusal: str | None) -> dict[str, Any]:
    groups = sample.groups
    record: dict[str, Any] = {
        "n_approaches": sample.x.size,
        "n_candidates": statistics.count_groups(groups.candidates),
        "n_recruiters": statistics.count_groups(groups.recruiters),
        "n_templates": statistics.count_groups(groups.templates[groups.has_template]),
        "is_simpson": False,
    }
    if refusal:
        return record | {"verdict_reason": refusal}
    if record["n_candidates"] < MIN_CANDIDATES:
        return record | {"verdict_reason": f"fewer than {MIN_CANDIDATES} candidates"}
    contrast = Contrast.of(sample.x)
    record |= {
        "n_outcomes": int(sample.y.sum()),
        "rate": float(sample.y.mean()),
        "iqr_low": contrast.low,
        "iqr_high": contrast.high,
    }
    record |= _correlation(sample) | _pooled(contrast, sample) | _within(contrast, sample)
    record |= _signs(record)
    families = statistics.count_groups(groups.templates)
    record["verdict_reason"] = _too_little(record | {"n_families": families}, contrast, minimums)
    return {name: _finite(value) for name, value in record.items()}


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
    record: dict[str, Any] = {"share_identifying": float(varies.mean()), "method": how}
    if not varies.any():
        return record
    x, y, cells = contrast.x[varies], sample.y[varies], dense(cells[varies])
    recruiters, templates = dense(groups.recruiters[varies]), dense(groups.templates[varies])
    fit = statistics.cluster_robust_slope(x, y, recruiters, second=templates, cells=cells)
    record["adjusted_difference"] = fit.slope * contrast.width
    if not fit.has_error:
        return record
    test = _cautious_interval(fit, x, y, Clusters(recruiters, templates, cells), sample.seed)
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
    templates: Codes
    cells: Codes


@dataclass(frozen=True)
class Interval:
    """Two-sided p, 95 % interval and the effect seen four times in five, all in slope units."""

    method: str
    p: float
    low: float
    high: float
    detectable: float


def _cautious_interval(fit: Slope, x: Floats, y: Floats, clusters: Clusters, seed: int) -> Interval:
    """The larger p and the outer bounds of resampling recruiters and of resampling template families.

    By recruiter alone, few shared templates gave up to 19 % false positives at a nominal 5 %; this way
    2 to 7 % with 8 to 100 recruiters (sim).
    """
    recruiters, templates = clusters.recruiters, clusters.templates
    by_recruiter = _interval(fit, Drawn("recruiter", x, y, recruiters, templates, clusters.cells, seed))
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
    others: Codes
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
    """Simpson: pooled and within estimates point opposite ways, and one interval at least excludes 0."""
    pooled, within = (_sign(record.get(name)) for name in ("difference", "adjusted_difference"))
    bounds = [(record.get(f"{name}_low"), record.get(f"{name}_high")) for name in ("difference", "adjusted")]
    is_clear = any(_excludes_zero(low, high) for low, high in bounds)
    is_simpson = pooled is not None and within is not None and pooled * within < 0 and is_clear
    return {"sign_pooled": pooled, "sign_within": within, "is_simpson": is_simpson}


def _sign(value: float | None) -> int | None:
    return None if value is None or not np.isfinite(value) else int(np.sign(value))


def _excludes_zero(low: float | None, high: float | None) -> bool:
    return low is not None and high is not None and (low > 0 or high < 0)


def _too_little(record: Mapping[str, Any], contrast: Contrast, minimums: Minimums) -> str | None:
    """Why no verdict is given, or None where there is enough data."""
    interval = [record.get(name, np.nan) for name in ("p", "adjusted_low", "adjusted_high")]
    within = str(record["method"]).split(";", maxsplit=1)[0]
    reasons = {
        f"fewer than {minimums.outcomes} approaches with the outcome": record["n_outcomes"] < minimums.outcomes,
        "every approach has the outcome": record["n_outcomes"] == record["n_approaches"],
        f"fewer than {minimums.group} approaches in a group": contrast.smaller_group < minimums.group,
        f"fewer than {minimums.recruiters} recruiters": record["n_recruiters"] < minimums.recruiters,
        f"the metric does not vary {within}": record["share_identifying"] == 0,
        f"fewer than {minimums.recruiters} template families": record["n_families"] < minimums.recruiters,
        "no method holds its error rate on so few comparable groups": not np.all(np.isfinite(interval)),
    }
    return next((reason for reason, applies in reasons.items() if applies), None)


def _with_q(associations: pl.DataFrame) -> pl.DataFrame:
    """Benjamini-Hochberg over two families: slice `all`, and every other slice together."""
    is_all = pl.col("slice") == "all"
    families = (is_all, ~is_all)
    enough = pl.col("verdict_reason").is_null()
    q = np.full(associations.height, np.nan)
    for family in families:
        members = associations.select((family & enough).alias("member"))["member"].to_numpy()
        q[members] = statistics.benjamini_hochberg(associations["p"].to_numpy()[members])
    return associations.with_columns(q=pl.Series(q).fill_nan(None))


def _with_verdicts(associations: pl.DataFrame) -> pl.DataFrame:
    too_little = pl.col("verdict_reason").is_not_null()
    is_clear = (pl.col("adjusted_low") > 0) | (pl.col("adjusted_high") < 0)
    is_found = is_clear & (pl.col("q") <= FALSE_DISCOVERY)
    verdict = (
        pl.when(too_little)
        .then(pl.lit("too little data"))
        .when(is_found & (pl.col("adjusted_difference") > 0))
        .then(pl.lit("higher"))
        .when(is_found)
        .then(pl.lit("lower"))
        .otherwise(pl.lit("no difference seen"))
    )
    chance = pl.lit("the interval excludes 0, but among so many pairs one such is likely by chance")
    reason = pl.when(~too_little & is_clear & ~is_found).then(chance).otherwise(pl.col("verdict_reason"))
    return associations.with_columns(verdict=verdict, verdict_reason=reason)


OUTCOME_WORDS = {
    "discussion": "discussions",
    "replied_8_to_30d": "replies between day 8 and day 30",
    "converted_60d_after_landmark": "conversions in the 60 days after the landmark",
}
EVENT_WORDS = {
    "replied": "replies",
    "converted": "conversions",
    "interested": "interested replies",
    "declined": "declines",
    "opted_out": "opt-outs",
    "interview": "interviews",
    "offer": "offers",
    "hired": "hires",
}


def verdict_sentence(row: Mapping[str, Any]) -> str:
    """One row of `associations` in words, for a reader who knows no statistics; never says "leads to"."""
    metric, outcome = metric_words(row["metric"]), outcome_words(row["outcome"])
    if row["verdict"] == "too little data":
        return f"{metric}: too little data to say anything about {outcome} ({row['verdict_reason']})."
    if row["verdict"] == "no difference seen":
        detectable = difference_points(row["minimum_detectable_difference"])
        return f"{metric}: no difference seen in {outcome}; this team could not see less than {detectable}."
    amount = "more" if row["verdict"] == "higher" else "fewer"
    size = difference_points(row["adjusted_difference"])
    low, high = sorted(abs(100 * row[name]) for name in ("adjusted_low", "adjusted_high"))
    is_split = "above the median" in row["method"]
    where = "above the median than in the rest" if is_split else "between the lower and the upper quartile"
    sentence = f"{metric}: a higher value goes with {amount} {outcome}: {size} {where}"
    sentence += f" (95 % interval {low:.1f} to {high:.1f})."
    return sentence + " Across all recruiters together it points the other way." * bool(row["is_simpson"])


def difference_points(share: float) -> str:
    """A difference of shares in words: 0.031 is `3 points`."""
    points = abs(100 * share)
    shown = f"{points:.0f}" if points >= 2 else f"{points:.1f}"
    return f"{shown} point" if shown == "1.0" else f"{shown} points"


def metric_words(name: str) -> str:
    """A metric's name as a sentence begins with it."""
    words = name.replace("first_message_", "first-message ").replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def outcome_words(name: str) -> str:
    """An outcome's name in the plural, as it stands within a sentence."""
    if name in OUTCOME_WORDS:
        return OUTCOME_WORDS[name]
    event, _, window = name.rpartition("_")
    if window.endswith("d") and window[:-1].isdigit():
        return f"{EVENT_WORDS.get(event, event.replace('_', ' '))} within {window[:-1]} days"
    return name.replace("_", " ")
