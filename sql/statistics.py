"""Numeric kernels that relate a metric to a yes-or-no outcome when approaches come in clusters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

Z_95 = 1.959963984540054
WEBB = np.array([-np.sqrt(1.5), -1.0, -np.sqrt(0.5), np.sqrt(0.5), 1.0, np.sqrt(1.5)])
PAIRWISE_CLUSTERS = 1000
BISECTIONS = 40
"""More than the widest bracket needs; an end in any case."""
ROUNDING = 1e-9
CHUNK_CELLS = 2_000_000


@dataclass(frozen=True)
class Slope:
    """A least-squares slope (outcome share per unit of the metric) and its standard errors.

    `se_first` and `se_second` are clustered one way, `se_both` two ways; NaN where a dimension is absent, has
    fewer than two clusters, or gives a negative variance.
    """

    slope: float
    iid_se: float
    se_first: float
    se_second: float = np.nan
    se_both: float = np.nan

    @property
    def has_error(self) -> bool:
        """False for a perfect fit, whose standard error is nothing but rounding."""
        return bool(self.se > ROUNDING * abs(self.slope))

    @property
    def se(self) -> float:
        """Two-way where defined; a negative two-way variance falls back to the larger one-way."""
        if np.isfinite(self.se_both):
            return self.se_both
        return max((s for s in (self.se_first, self.se_second) if np.isfinite(s)), default=np.nan)


@dataclass(frozen=True)
class WildTest:
    """A slope's two-sided p and 95 % interval by wild cluster bootstrap; a bound that never closes is NaN."""

    p: float
    low: float
    high: float


def dense(codes: npt.NDArray[np.integer]) -> Codes:
    """Renumber non-negative group codes 0..G-1 in their own order, dropping numbers nobody uses."""
    if codes.size == 0:
        return codes.astype(np.int64)
    used = np.bincount(codes) > 0
    numbers: Codes = (np.cumsum(used) - 1)[codes].astype(np.int64)
    return numbers


def count_groups(codes: npt.NDArray[np.integer]) -> int:
    """Number of distinct non-negative codes."""
    return int(np.count_nonzero(np.bincount(codes))) if codes.size else 0


def demean(values: Floats, cells: Codes) -> Floats:
    """`values` less the mean of their cell; cells are dense codes."""
    means = np.bincount(cells, weights=values) / np.bincount(cells)
    return values - means[cells]


def midranks(values: Floats) -> Floats:
    """Ranks from 1, ties sharing their mean rank."""
    _, codes, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[codes]


def spearman(x: Floats, y: Floats) -> float:
    """Spearman's rho of two equally long samples: Pearson's r of midranks; NaN where one is constant."""
    return _pearson(midranks(x), midranks(y))


def _pearson(x: Floats, y: Floats) -> float:
    x, y = x - x.mean(), y - y.mean()
    scale = np.sqrt(np.sum(x * x) * np.sum(y * y))
    return float(np.sum(x * y) / scale) if scale > 0 else np.nan


def cluster_bootstrap_spearman(
    x: Floats, y: Floats, clusters: Codes, *, seed: int, draws: int = 999
) -> tuple[float, float]:
    """95 % percentile interval of Spearman's rho with whole clusters drawn with replacement.

    `y` is 0 or 1; `clusters` are dense codes. Ranks are those of each resample, not of the original sample.
    Draws in which one side is constant are left out; fewer than two clusters give NaN. With few clusters a
    percentile interval is somewhat too narrow; no verdict rests on it.
    """
    n_clusters = count_groups(clusters)
    if n_clusters < 2:
        return np.nan, np.nan
    rng = np.random.default_rng(seed)
    resamples = _cluster_draws(rng, n_clusters, draws, width=max(n_clusters, x.size))
    rho = np.concatenate([resampled_spearman(x, y, clusters, times) for times in resamples])
    rho = rho[np.isfinite(rho)]
    if rho.size == 0:
        return np.nan, np.nan
    low, high = np.quantile(rho, [0.025, 0.975])
    return float(low), float(high)


def _cluster_draws(rng: np.random.Generator, n_clusters: int, draws: int, width: int) -> Iterator[Floats]:
    """Chunks of (draws, clusters): how often each cluster stands in each resample."""
    step = draws if n_clusters <= PAIRWISE_CLUSTERS else max(1, CHUNK_CELLS // width)
    for first in range(0, draws, step):
        n = min(step, draws - first)
        picks = rng.integers(0, n_clusters, size=(n, n_clusters)) + np.arange(n)[:, None] * n_clusters
        yield np.bincount(picks.ravel(), minlength=n * n_clusters).reshape(n, n_clusters).astype(np.float64)


def resampled_spearman(x: Floats, y: Floats, clusters: Codes, times: Floats) -> Floats:
    """Spearman's rho of each resample in which cluster g stands `times[draw, g]` times; `y` is 0 or 1.

    Every sum is of integers and halves, so it is exact whatever the order of summation. With a binary outcome
    sum(y * rank) is a quadratic form in the multiplicities: a draw costs clusters squared, not rows.
    """
    n, events = _totals(clusters, times), _totals(clusters, times, y)
    if times.shape[1] <= PAIRWISE_CLUSTERS:
        codes = np.unique(x, return_inverse=True)[1]
        event_ranks = _event_ranks_by_pairs(codes, y, clusters, times) + events / 2
        cubes = _tie_cubes_by_pairs(codes, clusters, times)
    else:
        event_ranks, cubes = _event_ranks_by_rows(x, y, clusters, times)
    covariance = event_ranks - events * (n + 1) / 2
    scale = np.sqrt((n**3 - cubes) / 12 * events * (n - events) / n)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(scale > 0, covariance / scale, np.nan)


def _totals(clusters: Codes, times: Floats, weights: Floats | None = None) -> Floats:
    totals: Floats = times @ np.bincount(clusters, weights=weights, minlength=times.shape[1])
    return totals


def _event_ranks_by_pairs(codes: Codes, y: Floats, clusters: Codes, times: Floats) -> Floats:
    """Per draw, the sum over events of (rows below + half the rows level), by pairs of clusters."""
    n_clusters, n_values = times.shape[1], int(codes.max()) + 1
    event = y > 0
    event_codes, event_clusters = codes[event], clusters[event]
    by_cluster = np.split(codes[np.argsort(clusters, kind="stable")], np.cumsum(np.bincount(clusters))[:-1])
    below = np.empty((n_clusters, n_clusters))
    for other, other_codes in enumerate(by_cluster):
        counts = np.bincount(other_codes, minlength=n_values)
        level = np.cumsum(counts) - counts / 2
        below[:, other] = np.bincount(event_clusters, weights=level[event_codes], minlength=n_clusters)
    ranks: Floats = np.einsum("bg,bg->b", times @ below, times)
    return ranks


def _tie_cubes_by_pairs(codes: Codes, clusters: Codes, times: Floats) -> Floats:
    """Per draw, the sum of cubed tie sizes; a value seen by one cluster alone needs no table."""
    n_clusters = times.shape[1]
    pairs, counts = np.unique(codes * n_clusters + clusters, return_counts=True)
    values, owners = np.divmod(pairs, n_clusters)
    is_shared = np.bincount(values)[values] > 1
    own = np.bincount(owners[~is_shared], weights=counts[~is_shared].astype(np.float64) ** 3, minlength=n_clusters)
    cubes = times**3 @ own
    shared, columns = np.unique(values[is_shared], return_inverse=True)
    step = max(1, CHUNK_CELLS // max(times.shape[0], n_clusters))
    for first in range(0, shared.size, step):
        here = (columns >= first) & (columns < first + step)
        table = np.zeros((n_clusters, min(step, shared.size - first)))
        table[owners[is_shared][here], columns[here] - first] = counts[is_shared][here]
        ties = times @ table
        cubes += np.einsum("bu,bu,bu->b", ties, ties, ties)
    return cubes


def _event_ranks_by_rows(x: Floats, y: Floats, clusters: Codes, times: Floats) -> tuple[Floats, Floats]:
    """Per draw, the sum of event midranks and of cubed tie sizes, row by row: for many clusters."""
    order = np.argsort(x, kind="stable")
    starts = np.flatnonzero(np.diff(x[order], prepend=-np.inf))
    weights = times[:, clusters[order]]
    ties = np.add.reduceat(weights, starts, axis=1)
    event_ties = np.add.reduceat(weights * y[order], starts, axis=1)
    ranks = np.cumsum(ties, axis=1) - (ties - 1) / 2
    return np.sum(event_ties * ranks, axis=1), np.sum(ties**3, axis=1)


def cluster_robust_slope(
    x: Floats, y: Floats, first: Codes, *, second: Codes | None = None, cells: Codes | None = None
) -> Slope:
    """Least-squares slope of `y` on `x` within `cells` (none: one cell), with CR1 standard errors.

    All codes are dense. Clustered by `first`, by `second`, and by both (Cameron, Gelbach and Miller 2011).
    The small-sample factor is G/(G-1) * (n-1)/(n-k); k counts the cells unless each lies inside one cluster,
    where absorbing them costs the clustered variance nothing (as in reghdfe). Equal to statsmodels where k
    agrees. NaN where `x` does not vary within any cell.
    """
    cells = np.zeros(x.size, dtype=np.int64) if cells is None else cells
    raw_size = float(np.sum(x * x))
    x, y = demean(x, cells), demean(y, cells)
    spread = float(np.sum(x * x))
    if spread <= 1e-18 * raw_size:
        return Slope(np.nan, np.nan, np.nan)
    slope = float(np.sum(x * y)) / spread
    residuals = y - slope * x
    n, k = x.size, int(cells.max()) + 2
    iid = float(np.sum(residuals**2)) / (n - k) / spread if n > k else np.nan
    scores = x * residuals / spread
    groupings = ways(first, second)
    squares = [np.sum(np.bincount(groups, weights=scores) ** 2) for groups in groupings]
    variances = _factors(groupings, cells) @ np.array(squares)
    return Slope(slope, np.sqrt(iid), *(np.sqrt(v) if v > 0 else np.nan for v in variances))


def ways(first: Codes, second: Codes | None) -> list[Codes]:
    """The groupings a two-way variance is made of: first, second, and both at once; or the first alone."""
    if second is None:
        return [first]
    both = np.unique(first * (int(second.max()) + 1) + second, return_inverse=True)[1]
    return [first, second, both]


def _factors(groupings: list[Codes], cells: Codes) -> Floats:
    """(variances, groupings): small-sample factors that turn sums of squared scores into variances.

    The one-way variances first, then the two-way one; 0 where there are too few clusters or rows.
    """
    spent = [_parameters(cells, groups) for groups in groupings[:2]]
    sizes = [int(groups.max()) + 1 for groups in groupings]
    factors = np.diag([_small_sample_factor(g, cells.size, k) for g, k in zip(sizes, spent, strict=False)])
    if len(groupings) > 1:
        two_way = [_small_sample_factor(g, cells.size, min(spent)) for g in sizes]
        factors = np.vstack([np.pad(factors, ((0, 0), (0, 1))), np.array(two_way) * [1, 1, -1]])
    return factors.astype(np.float64)


def _parameters(cells: Codes, clusters: Codes) -> int:
    return 2 if is_nested(cells, clusters) else int(cells.max()) + 2


def _small_sample_factor(n_clusters: int, n: int, parameters: int) -> float:
    if n_clusters < 2 or n <= parameters:
        return 0.0
    return n_clusters / (n_clusters - 1) * (n - 1) / (n - parameters)


def is_nested(cells: Codes, clusters: Codes) -> bool:
    """Whether every cell lies inside one cluster; one cell for all counts as nested, as an intercept does."""
    if int(cells.max()) == 0:
        return True
    one_of = np.empty(int(cells.max()) + 1, dtype=np.int64)
    one_of[cells] = clusters
    return bool(np.all(one_of[cells] == clusters))


def effective_clusters(x: Floats, clusters: Codes, cells: Codes | None = None) -> float:
    """How many equally informative clusters the slope rests on.

    (sum b)^2 / sum b^2, where b is a cluster's sum of squares of `x` within cells; 0 where `x` is constant.
    """
    x = demean(x, np.zeros(x.size, dtype=np.int64) if cells is None else cells)
    shares = np.bincount(clusters, weights=x * x)
    return float(np.sum(shares) ** 2 / np.sum(shares**2)) if np.any(shares > 0) else 0.0


def wild_cluster_p(
    x: Floats,
    y: Floats,
    clusters: Codes,
    *,
    seed: int,
    second: Codes | None = None,
    cells: Codes | None = None,
    draws: int = 1999,
) -> WildTest:
    """Restricted wild cluster bootstrap-t of the slope of `y` on `x` within `cells`, Webb weights.

    Weights go by `clusters`. t divides by `Slope.se`, in the data as in every draw: with `second`, by the
    two-way error, or the larger one-way where its variance is negative. The interval inverts the test: every
    tested slope restricts the residuals anew. Rows enter through tables of clusters squared, and each draw's t
    is a ratio of polynomials in the tested slope. NaN where no error can be computed; bounds are right to a thousandth
    of a standard error.
    Sources: Cameron, Gelbach and Miller 2008; Webb 2014; Roodman, Nielsen, MacKinnon and Webb 2019;
    MacKinnon, Nielsen and Webb 2021 (weights by one dimension, errors by two).
    """
    cells = np.zeros(x.size, dtype=np.int64) if cells is None else cells
    fit = cluster_robust_slope(x, y, clusters, second=second, cells=cells)
    if not fit.has_error:
        return WildTest(np.nan, np.nan, np.nan)
    weights = WEBB[np.random.default_rng(seed).integers(0, WEBB.size, size=(draws, int(clusters.max()) + 1))]
    drawn = _DrawnSlopes.of(demean(x, cells), demean(y, cells), (clusters, second), cells, weights)

    def p_of(tested: float) -> float:
        return (1 + drawn.at_least(abs(fit.slope - tested) / fit.se, tested)) / (draws + 1)

    def bound(side: int) -> float:
        inside, outside = fit.slope, fit.slope + side * 2 * fit.se
        for _ in range(8):
            if p_of(outside) <= 0.05:
                break
            inside, outside = outside, fit.slope + 2 * (outside - fit.slope)
        else:
            return np.nan
        for _ in range(BISECTIONS):
            if abs(outside - inside) <= 0.001 * fit.se:
                break
            middle = (inside + outside) / 2
            inside, outside = (middle, outside) if p_of(middle) > 0.05 else (inside, middle)
        return outside

    return WildTest(p_of(0.0), bound(-1), bound(+1))


@dataclass(frozen=True)
class _DrawnSlopes:
    """Per draw, the slope less the tested one (`moved`) and its variances: polynomials in the tested one."""

    moved: tuple[Floats, Floats]
    variances: tuple[Floats, Floats, Floats]

    @classmethod
    def of(
        cls, x: Floats, y: Floats, clusters: tuple[Codes, Codes | None], cells: Codes, weights: Floats
    ) -> _DrawnSlopes:
        spread = float(np.sum(x * x))
        start = weights @ np.bincount(clusters[0], weights=x * y) / spread
        pace = weights @ np.bincount(clusters[0], weights=x * x) / spread
        squares, groupings = [], ways(*clusters)
        for groups in groupings:
            by_y, by_x = (_score_table(x, values, groups, clusters[0], cells) for values in (y, x))
            own = np.bincount(groups, weights=x * x)
            y_own, x_own, own_own = weights @ (by_y @ own), weights @ (by_x @ own), float(np.sum(own * own))
            squares.append(
                [
                    _quadratic(by_y, by_y, weights) - 2 * start * y_own + start**2 * own_own,
                    2 * (pace * y_own + start * x_own - start * pace * own_own - _quadratic(by_x, by_y, weights)),
                    _quadratic(by_x, by_x, weights) - 2 * pace * x_own + pace**2 * own_own,
                ]
            )
        factors = _factors(groupings, cells) / spread**2
        terms = np.einsum("vg,gtb->tvb", factors, np.array(squares))
        return cls((start, pace), (terms[0], terms[1], terms[2]))

    def at_least(self, t: float, tested: float) -> int:
        """In how many draws the absolute t of the tested slope is `t` or more."""
        moved = self.moved[0] - tested * self.moved[1]
        variances = self.variances[0] + tested * (self.variances[1] + tested * self.variances[2])
        # A draw that repeats the data (all weights of one sign) is a tie, whatever its last bits are.
        variance = np.where(variances[-1] > 0, variances[-1], np.maximum(np.max(variances, axis=0), 0))
        needed = t * t * (1 - 1e-9) * variance
        return int(np.count_nonzero(moved * moved >= needed))


def _quadratic(left: Any, right: Any, weights: Floats) -> Floats:
    """Per draw, the sum over groups of (weights @ left) * (weights @ right)."""
    n_clusters, n_groups = left.shape
    if n_groups < n_clusters:
        sums: Floats = np.einsum("bg,bg->b", weights @ left, weights @ right)
    else:
        sums = np.einsum("bg,bg->b", weights @ (left @ right.T), weights)
    return sums


def _score_table(x: Floats, values: Floats, groups: Codes, clusters: Codes, cells: Codes) -> Any:
    """(clusters, groups): what a cluster of weight 1 adds to each group's score; all values are demeaned."""
    from scipy.sparse import csr_array

    def table(entries: Floats, rows: Codes, columns: Codes) -> Any:
        return csr_array((entries, (rows, columns)), shape=(int(rows.max()) + 1, int(columns.max()) + 1))

    scores = table(x * values, clusters, groups)
    if int(cells.max()) > 0 and is_nested(cells, clusters):
        return scores
    # Weights by cluster upset the means of cells that span clusters: the drawn outcome is demeaned again.
    means = table(values, clusters, cells).toarray() / np.bincount(cells)
    return scores.toarray() - means @ table(x, groups, cells).T


def wilson(successes: float, n: float) -> tuple[float, float]:
    """Wilson's 95 % interval of a share (Wilson 1927); `n` may be an effective number, NaN where it is 0."""
    if n <= 0:
        return np.nan, np.nan
    share, z2 = successes / n, Z_95**2
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z_95 / (1 + z2 / n) * np.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    return max(0.0, float(centre - half)), min(1.0, float(centre + half))


@dataclass(frozen=True)
class Rate:
    """A share with its 95 % interval, and how many independent approaches it is worth."""

    rate: float
    low: float
    high: float
    n_effective: float


def clustered_rate(y: Floats, clusters: Codes) -> Rate:
    """The macro `clustered_rates` (sql/macros/rates.sql, where it is explained) for one key: `y` is 0 or 1."""
    sizes = np.bincount(clusters).astype(np.float64)
    sums, sizes = np.bincount(clusters, weights=y)[sizes > 0], sizes[sizes > 0]
    n, rate = float(sizes.sum()), float(sums.sum() / sizes.sum())
    if sizes.size == 1:
        return Rate(rate, *wilson(rate * n, n), n)
    squared, cubed = float(np.sum(sizes**2)), float(np.sum(sizes**3))
    kept = squared - 2 * cubed / n + (squared / n) ** 2
    variance = float(np.sum((sums - rate * sizes) ** 2)) / n**2 * squared / kept
    effective = min(n, rate * (1 - rate) / variance) if variance > 1e-12 else n
    shrunk = (Z_95 / t_quantile(0.975, max(n**2 / squared - 1, 1.0))) ** 2
    return Rate(rate, *wilson(rate * effective * shrunk, effective * shrunk), effective)


def benjamini_hochberg(p: Floats) -> Floats:
    """False-discovery q of each p value of one family, in the given order (Benjamini and Hochberg 1995)."""
    if p.size == 0:
        return p.astype(np.float64)
    order = np.argsort(p, kind="stable")
    scaled = p[order] * p.size / np.arange(1, p.size + 1)
    q = np.empty(p.size)
    q[order] = np.minimum(1.0, np.minimum.accumulate(scaled[::-1])[::-1])
    return q


def t_quantile(probability: float, degrees: float) -> float:
    """Quantile of Student's t; NaN below one degree of freedom."""
    from scipy.special import stdtrit

    return float(stdtrit(degrees, probability)) if degrees >= 1 else np.nan


def t_p(statistic: float, degrees: float) -> float:
    """Two-sided p of a t statistic; NaN below one degree of freedom."""
    from scipy.special import stdtr

    return float(2 * stdtr(degrees, -abs(statistic))) if degrees >= 1 else np.nan
