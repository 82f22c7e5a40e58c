"""The kernels against statsmodels, scipy and slow twins written the obvious way."""

from __future__ import annotations

import numpy as np
import pytest

from sql import statistics
from sql.statistics import Codes, Floats, dense


def clustered(
    seed: int, n: int = 500, n_clusters: int = 12, spread: float = 1.0
) -> tuple[Floats, Floats, Codes, Codes]:
    """Word counts, yes-or-no outcomes, recruiter codes and cells (recruiter x month)."""
    rng = np.random.default_rng(seed)
    size = np.exp(rng.normal(0, spread, n_clusters))
    recruiters = dense(rng.choice(n_clusters, n, p=size / size.sum()))
    x = np.round(60 + 20 * rng.normal(size=n) + 15 * rng.normal(size=n_clusters)[recruiters])
    chance = 0.3 + 0.1 * rng.normal(size=n_clusters)[recruiters] + 0.002 * (x - 60)
    y = (rng.random(n) < chance).astype(float)
    return x, y, recruiters, dense(recruiters * 3 + rng.integers(0, 3, n))


def dummies(codes: Codes) -> Floats:
    return np.eye(int(codes.max()) + 1)[codes]


def test_spearman_equals_scipy_with_and_without_ties() -> None:
    from scipy.stats import spearmanr

    rng = np.random.default_rng(1)
    for x in (rng.random(300), np.round(rng.random(300) * 8)):
        y = (rng.random(300) < 0.3).astype(float)
        assert statistics.spearman(x, y) == pytest.approx(spearmanr(x, y).statistic, abs=1e-12)


def test_spearman_of_a_constant_is_unknown() -> None:
    assert np.isnan(statistics.spearman(np.ones(9), np.arange(9.0)))


@pytest.mark.parametrize("pairwise", [0, 1000])
def test_resampled_rho_equals_repeating_the_rows_and_asking_scipy(pairwise, monkeypatch) -> None:
    from scipy.stats import spearmanr

    monkeypatch.setattr(statistics, "PAIRWISE_CLUSTERS", pairwise)
    x, y, recruiters, _ = clustered(2, n=200, n_clusters=7)
    rng = np.random.default_rng(3)
    times = rng.multinomial(7, [1 / 7] * 7, size=25).astype(float)
    rho = statistics.resampled_spearman(x, y, recruiters, times)
    for draw, measured in zip(times, rho, strict=True):
        rows = np.repeat(np.arange(x.size), draw[recruiters].astype(int))
        assert measured == pytest.approx(spearmanr(x[rows], y[rows]).statistic, abs=1e-9)


def test_the_bootstrap_interval_holds_the_estimate_and_depends_on_the_seed_alone() -> None:
    x, y, recruiters, _ = clustered(4, n=1500)
    low, high = statistics.cluster_bootstrap_spearman(x, y, recruiters, seed=9)
    assert low < statistics.spearman(x, y) < high
    assert (low, high) == statistics.cluster_bootstrap_spearman(x, y, recruiters, seed=9)
    assert (low, high) != statistics.cluster_bootstrap_spearman(x, y, recruiters, seed=10)


def test_the_two_ways_of_resampling_give_the_same_interval(monkeypatch) -> None:
    x, y, recruiters, _ = clustered(5)
    by_pairs = statistics.cluster_bootstrap_spearman(x, y, recruiters, seed=1)
    monkeypatch.setattr(statistics, "PAIRWISE_CLUSTERS", 0)
    assert statistics.cluster_bootstrap_spearman(x, y, recruiters, seed=1) == pytest.approx(by_pairs, abs=1e-12)


def test_one_cluster_gives_no_interval() -> None:
    low, high = statistics.cluster_bootstrap_spearman(
        np.arange(4.0), np.array([0, 1, 0, 1.0]), np.zeros(4, int), seed=1
    )
    assert np.isnan(low)
    assert np.isnan(high)


def test_the_pooled_slope_and_its_clustered_error_equal_statsmodels() -> None:
    import statsmodels.api as sm

    for seed in range(5):
        x, y, recruiters, _ = clustered(seed)
        fit = statistics.cluster_robust_slope(x, y, recruiters)
        theirs = sm.OLS(y, sm.add_constant(x)).fit(cov_type="cluster", cov_kwds={"groups": recruiters})
        assert fit.slope == pytest.approx(theirs.params[1], abs=1e-9)
        assert fit.se_first == pytest.approx(theirs.bse[1], abs=1e-9)
        assert fit.iid_se == pytest.approx(sm.OLS(y, sm.add_constant(x)).fit().bse[1], abs=1e-9)


def test_two_way_errors_equal_statsmodels() -> None:
    import statsmodels.api as sm

    for seed in range(5):
        x, y, recruiters, _ = clustered(seed)
        templates = dense(np.random.default_rng(seed).integers(0, 20, x.size))
        fit = statistics.cluster_robust_slope(x, y, recruiters, second=templates)
        groups = np.column_stack([recruiters, templates])
        theirs = sm.OLS(y, sm.add_constant(x)).fit(cov_type="cluster", cov_kwds={"groups": groups})
        assert fit.se_both == pytest.approx(theirs.bse[1], abs=1e-9)
        assert fit.se == fit.se_both


def test_a_negative_two_way_variance_falls_back_to_the_larger_one_way() -> None:
    x, y = (values[:40] for values in clustered(1)[:2])
    for seed in range(200):
        rng = np.random.default_rng(seed)
        first, second = dense(rng.integers(0, 4, 40)), dense(rng.integers(0, 4, 40))
        fit = statistics.cluster_robust_slope(x, y, first, second=second)
        if np.isnan(fit.se_both):
            assert fit.se == max(fit.se_first, fit.se_second)
            return
    pytest.fail("no draw gave a negative variance")


def test_the_slope_within_cells_equals_statsmodels_with_a_dummy_for_each() -> None:
    import statsmodels.api as sm

    for seed in range(3):
        x, y, recruiters, cells = clustered(seed)
        templates = dense(np.random.default_rng(seed).integers(0, 30, x.size))
        design = np.column_stack([x, dummies(cells)])
        fit = statistics.cluster_robust_slope(x, y, recruiters, second=templates, cells=cells)
        by_template = sm.OLS(y, design).fit(cov_type="cluster", cov_kwds={"groups": templates})
        by_recruiter = sm.OLS(y, design).fit(cov_type="cluster", cov_kwds={"groups": recruiters})
        nested = np.sqrt((x.size - design.shape[1]) / (x.size - 2))
        assert fit.slope == pytest.approx(by_template.params[0], abs=1e-9)
        assert fit.se_second == pytest.approx(by_template.bse[0], abs=1e-9)
        assert fit.se_first == pytest.approx(by_recruiter.bse[0] * nested, abs=1e-9)


def test_a_metric_constant_within_cells_has_no_slope() -> None:
    _, y, recruiters, _ = clustered(1)
    assert np.isnan(statistics.cluster_robust_slope(recruiters * 0.1, y, recruiters, cells=recruiters).slope)


def slow_wild_p(data: tuple[Floats, Floats], ways: list[Codes], cells: Codes, weights: Floats, tested: float) -> float:
    """The restricted wild cluster bootstrap-t as the papers tell it: a new regression each draw."""
    import statsmodels.api as sm

    (x, y), within = data, dummies(cells)
    design = np.column_stack([x, within])
    spent = [2 if statistics.is_nested(cells, way) else design.shape[1] for way in ways]

    def t_of(outcome: Floats) -> float:
        model = sm.OLS(outcome, design)
        errors = []
        for way, k in zip(
            [*ways, np.column_stack(ways)] if len(ways) == 2 else ways, [*spent, min(spent)], strict=False
        ):
            fit = model.fit(cov_type="cluster", cov_kwds={"groups": way})
            errors.append(fit.cov_params()[0, 0] * (x.size - design.shape[1]) / (x.size - k))
        return abs(fit.params[0] - tested) / np.sqrt(errors[-1] if errors[-1] > 0 else max(errors))

    restricted = np.linalg.lstsq(within, y - tested * x, rcond=None)[0]
    fitted = within @ restricted + tested * x
    drawn = [t_of(fitted + draw[ways[0]] * (y - fitted)) for draw in weights]
    return (1 + np.sum(np.array(drawn) >= t_of(y))) / (len(weights) + 1)


@pytest.mark.parametrize("n_ways", [1, 2])
@pytest.mark.parametrize("which", ["nested", "across", "one cell"])
def test_the_wild_bootstrap_equals_its_slow_twin(which: str, n_ways: int) -> None:
    x, y, recruiters, cells = clustered(6, n=160, n_clusters=6)
    clusters, templates = recruiters, dense(np.random.default_rng(1).integers(0, 9, x.size))
    if which == "across":
        clusters, templates = templates, clusters
    cells = np.zeros(x.size, dtype=int) if which == "one cell" else cells
    weights = statistics.WEBB[np.random.default_rng(8).integers(0, 6, size=(79, int(clusters.max()) + 1))]
    second = templates if n_ways == 2 else None
    test = statistics.wild_cluster_p(x, y, clusters, seed=8, second=second, cells=cells, draws=79)
    ways = [clusters, templates][:n_ways]
    assert test.p == pytest.approx(slow_wild_p((x, y), ways, cells, weights, 0.0), abs=1e-9)
    for edge in (test.low, test.high):
        nudge = 0.002 * (test.high - test.low)
        inside, outside = (edge + nudge, edge - nudge) if edge == test.low else (edge - nudge, edge + nudge)
        assert slow_wild_p((x, y), ways, cells, weights, inside) > 0.05
        assert slow_wild_p((x, y), ways, cells, weights, outside) <= 0.05 + 1e-9


def test_the_wild_interval_excludes_zero_exactly_when_p_is_at_most_five_percent() -> None:
    for seed in range(30):
        x, y, recruiters, cells = clustered(seed, n=250)
        test = statistics.wild_cluster_p(x, y, recruiters, seed=seed, cells=cells, draws=499)
        assert (test.low > 0 or test.high < 0) == (test.p <= 0.05)


def test_equal_clusters_count_fully_and_one_giant_counts_as_one() -> None:
    even = np.tile([0.0, 1.0], 50)
    assert statistics.effective_clusters(even, np.repeat(np.arange(10), 10)) == pytest.approx(10)
    giant = np.array([0] * 96 + [1, 1, 2, 2])
    assert statistics.effective_clusters(even, giant) < 1.2


def test_wilson_equals_statsmodels_and_widens_with_an_effective_n() -> None:
    from statsmodels.stats.proportion import proportion_confint

    for k, n in ((0, 7), (3, 20), (20, 20), (140, 700)):
        assert statistics.wilson(k, n) == pytest.approx(proportion_confint(k, n, method="wilson"), abs=1e-9)
    low, high = statistics.wilson(140 / 2.5, 700 / 2.5)
    assert high - low > np.diff(statistics.wilson(140, 700))[0]


def test_wilson_of_nothing_is_unknown() -> None:
    assert np.all(np.isnan(statistics.wilson(0, 0)))


def test_benjamini_hochberg_equals_scipy() -> None:
    from scipy.stats import false_discovery_control

    p = np.random.default_rng(1).random(40) ** 3
    assert statistics.benjamini_hochberg(p) == pytest.approx(false_discovery_control(p), abs=1e-12)
    assert statistics.benjamini_hochberg(np.array([])).size == 0


def test_student_t_equals_scipy() -> None:
    from scipy.stats import t

    assert statistics.t_quantile(0.975, 11) == pytest.approx(t.ppf(0.975, 11), abs=1e-9)
    assert statistics.t_p(2.2, 11) == pytest.approx(2 * t.sf(2.2, 11), abs=1e-9)
    assert np.isnan(statistics.t_quantile(0.975, 0))


def test_a_perfect_fit_has_no_error_and_the_bootstrap_ends() -> None:
    x, y = np.array([0.0, 1.0, 1.0] * 4), np.array([1.0, 0.0, 0.0] * 4)
    clusters = np.repeat(np.arange(4), 3)
    assert not statistics.cluster_robust_slope(x, y, clusters).has_error
    assert np.isnan(statistics.wild_cluster_p(x, y, clusters, seed=1).p)
