"""Rates of template families drawn toward what families usually get: the few by much, the many by little."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from sql.statistics import Z_95, Floats

GRID = 120
WIDEST = 0.8
"""The largest standard deviation of true rates looked at, of the largest there can be."""
OTHERS = "others"
"""The row of all approaches outside the shown families; it is compared with and not a member of them."""

POOLED = ("shrunken_rate", "low", "high", "prior_rate", "prior_strength")
COMPARED = ("expected_rate", "difference", "shrunken_difference", "difference_low", "difference_high", "prior_ratio")
FAMILY_COLUMNS = POOLED + COMPARED


@dataclass(frozen=True)
class Groups:
    """Groups of approaches: `k` of `n` reached the outcome where `base` of them might have been expected to.

    `base_variance` says how well `base` is known. Without a base to compare with it is 1, known, and `Prior.ratios` are
    rates.
    """

    n: Floats
    k: Floats
    base: Floats
    base_variance: Floats

    @classmethod
    def of(cls, n: npt.ArrayLike, k: npt.ArrayLike) -> Groups:
        """Groups that are compared with nothing."""
        counts = np.asarray(n, dtype=np.float64)
        return cls(counts, np.asarray(k, dtype=np.float64), np.ones(counts.size), np.zeros(counts.size))


@dataclass(frozen=True)
class Prior:
    """What the true rates of such groups look like, for each `rho` of a grid; arrays run over the grid.

    A true rate is Beta about `ratios` times its base with the intraclass correlation `rho`: its variance is `rho` of
    the largest that this mean allows. `weights` say how well each `rho` fits, and add to 1; `errors` are the standard
    errors of the ratios.
    """

    rho: Floats
    weights: Floats
    ratios: Floats
    errors: Floats

    @property
    def ratio(self) -> float:
        """The mean of the true rates, as a multiple of their base."""
        return float(self.weights @ self.ratios)

    @property
    def strength(self) -> float:
        """As many approaches as the prior is worth: a group of so many is drawn half of the way."""
        return float(1 / (self.weights @ self.rho) - 1)


def fit(groups: Groups) -> Prior:
    """The prior of the true rates of groups of one or more approaches.

    Beta-binomial with Kleinman's (1973) weights n / (1 + (n - 1) rho) for the ratio of what was reached to the base.
    The ratio is integrated out of the marginal likelihood by its normal approximation (Gelman et al. 2013, section
    5.4), and rho has a flat prior, which keeps intervals near their size where data hardly tell whether groups differ
    (Morris and Tang 2011); the best rho alone would be 0 too often, and its intervals too short.
    """
    from scipy.special import betaln

    roots = WIDEST * (np.arange(GRID) + 0.5) / GRID
    rho = roots**2
    first = np.clip(groups.k.sum() / (groups.n @ groups.base) * groups.base, *_edges(groups))
    effective = groups.n / (1 + (groups.n - 1) * _total_rho(rho, first, groups))
    expected = effective @ groups.base
    edge = 0.5 / (groups.n @ groups.base + 1)
    ratios = np.maximum((effective @ (groups.k / groups.n)) / expected, edge)
    mean = np.clip(ratios[:, None] * groups.base, *_edges(groups))
    errors = np.sqrt((effective * mean * (1 - mean)).sum(axis=1)) / expected
    strength = 1 / _total_rho(rho, mean, groups) - 1
    alpha, beta = mean * strength, (1 - mean) * strength
    likelihood = (betaln(alpha + groups.k, beta + groups.n - groups.k) - betaln(alpha, beta)).sum(axis=1)
    # The grid is even in the root of rho, so flat in rho means weights in proportion to the root.
    fits = likelihood + np.log(errors) + np.log(roots)
    weights = np.exp(fits - fits.max())
    return Prior(rho, weights / weights.sum(), ratios, errors)


def posterior(prior: Prior, groups: Groups) -> tuple[Floats, Floats]:
    """Mean and variance of the groups' true rates; a group may have no approach at all."""
    _, drawn, mean, variance = _by_rho(prior, groups)
    return _averaged(prior, mean, variance + (drawn * groups.base * prior.errors[:, None]) ** 2)


def posterior_difference(prior: Prior, groups: Groups) -> tuple[Floats, Floats]:
    """Mean and variance of the true rates less the true bases.

    A rate differs from what the base lets expect by its own effect and by the error of the base; the part of the first
    in both is the part of what is seen that is the group's own (Efron and Morris 1975, each group with its variance).
    """
    usual, drawn, rate, variance = _by_rho(prior, groups)
    own = prior.rho[:, None] / _total_rho(prior.rho, usual, groups)
    mean = usual - groups.base + own * (rate - usual)
    variance = own**2 * variance + (1 - own) * prior.rho[:, None] * usual * (1 - usual)
    by_ratio = (1 - own * (1 - drawn)) * groups.base * prior.errors[:, None]
    return _averaged(prior, mean, variance + by_ratio**2)


def _by_rho(prior: Prior, groups: Groups) -> tuple[Floats, Floats, Floats, Floats]:
    """(rho, group): the usual rate, how far a rate is drawn to it, and mean and variance were the ratio known."""
    usual = np.clip(prior.ratios[:, None] * groups.base, *_edges(groups))
    strength = 1 / _total_rho(prior.rho, usual, groups) - 1
    drawn = strength / (groups.n + strength)
    mean = (groups.k + strength * usual) / (groups.n + strength)
    return usual, drawn, mean, mean * (1 - mean) / (groups.n + strength + 1)


def _total_rho(rho: Floats, mean: Floats, groups: Groups) -> Floats:
    """(rho, group): rho with the error of the base, which spreads rates about what the base lets expect as well."""
    return np.minimum(rho[:, None] + groups.base_variance / (mean * (1 - mean)), 0.99)


def _edges(groups: Groups) -> tuple[float, float]:
    edge = 0.5 / (groups.n.sum() + 1)
    return edge, 1 - edge


def _averaged(prior: Prior, means: Floats, variances: Floats) -> tuple[Floats, Floats]:
    mean = prior.weights @ means
    return mean, prior.weights @ (variances + (means - mean) ** 2)


def beta_interval(mean: Floats, variance: Floats) -> tuple[Floats, Floats]:
    """The 2.5 and 97.5 % points of the Beta distributions with these moments; of very skewed ones up to the mean."""
    from scipy.special import betaincinv

    strength = np.maximum(mean * (1 - mean) / variance - 1, 1e-6)
    alpha, beta = mean * strength, (1 - mean) * strength
    return np.minimum(betaincinv(alpha, beta, 0.025), mean), np.maximum(betaincinv(alpha, beta, 0.975), mean)


def family_rates(counts: pl.DataFrame, *, minimum_candidates: int) -> pl.DataFrame:
    """One outcome's rates per family, sorted by `template_id`: `template_id` and `FAMILY_COLUMNS`, shares.

    `counts`: `template_id, recruiter_id, n` (one or more), `k, n_elsewhere, k_elsewhere, n_candidates_elsewhere`. The
    pool are the families without the row `others`: one-off and little used texts are another kind of text, and what is
    used once says nothing of how far rates of texts lie apart. `expected_rate` is the mean of the users' own rates
    elsewhere, by how often each used the family, each drawn toward the team's rate by how little that recruiter wrote
    elsewhere; null (and with it all that rests on it) if no user wrote to `minimum_candidates` other people. Given
    their users, approaches count as independent: the rate is that of the text in these hands.
    """
    families = (
        counts.filter(pl.col("template_id") != OTHERS)
        .group_by("template_id")
        .agg(pl.sum("n", "k"), pl.max("n_candidates_elsewhere"))
        .sort("template_id")
    )
    empty = dict.fromkeys(FAMILY_COLUMNS, pl.Float64)
    if families.is_empty():
        return pl.DataFrame(schema={"template_id": pl.String, **empty})
    plain = Groups.of(families["n"], families["k"])
    pool = fit(plain)
    rate, variance = posterior(pool, plain)
    compared = Groups(plain.n, plain.k, *_expected(counts))
    usual = fit(compared)
    difference, spread = posterior_difference(usual, compared)
    half = Z_95 * np.sqrt(spread)
    columns = (
        rate, *beta_interval(rate, variance), np.full(rate.size, pool.ratio), np.full(rate.size, pool.strength),
        compared.base, plain.k / plain.n - compared.base, difference, difference - half, difference + half,
        np.full(rate.size, usual.ratio),
    )  # fmt: skip
    may_compare = pl.col("n_candidates_elsewhere") >= minimum_candidates
    return (
        families.with_columns(pl.Series(name, values) for name, values in zip(FAMILY_COLUMNS, columns, strict=True))
        .with_columns(pl.when(may_compare).then(pl.col(*COMPARED)))
        .select("template_id", *FAMILY_COLUMNS)
    )


def _expected(counts: pl.DataFrame) -> tuple[Floats, Floats]:
    """Per family, sorted by its id: what its users get elsewhere, and the variance of that."""
    recruiters = counts.group_by("recruiter_id").agg(pl.sum("n", "k")).sort("n", "k")
    prior = fit(Groups.of(recruiters["n"], recruiters["k"]))
    users = counts.filter(pl.col("template_id") != OTHERS).sort("template_id", "recruiter_id")
    mean, variance = posterior(prior, Groups.of(users["n_elsewhere"], users["k_elsewhere"]))
    part = pl.col("n") / pl.sum("n")
    found = (
        users.with_columns(mean=pl.Series(mean), variance=pl.Series(variance))
        .group_by("template_id")
        .agg(mean=(part * pl.col("mean")).sum(), variance=(part**2 * pl.col("variance")).sum())
        .sort("template_id")
    )
    return found["mean"].to_numpy(), found["variance"].to_numpy()


def drawn_rates(cells: pl.DataFrame, own: pl.DataFrame) -> tuple[float, list[tuple[float, float, float]]]:
    """Of groups `n, k`: the rate they are drawn toward, and of each of `own` the drawn rate with its 95 % interval."""
    prior = fit(Groups.of(cells["n"], cells["k"]))
    mean, variance = posterior(prior, Groups.of(own["n"], own["k"]))
    low, high = beta_interval(mean, variance)
    rates = [tuple(round(float(value), 9) for value in row) for row in zip(mean, low, high, strict=True)]
    return round(prior.ratio, 3), [(row[0], row[1], row[2]) for row in rates]
