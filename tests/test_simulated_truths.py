"""A fast part of what `make soak` proves with 1,000 draws: the method finds what is there and nothing else."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from schemas.errors import ForbiddenPairError
from sql.guard import check_pair
from sql.measure import metric_specs, outcome_specs
from sql.statistics import spearman
from tests import simulated_clocks, simulated_truths
from tests.simulated_truths import Team, any_discovery, null_metrics, related, said, team, with_difference


@pytest.mark.parametrize("kind", [Team(12, "nested"), Team(12, "crossed"), Team(30, "none", 0.3)], ids=str)
def test_no_effect_is_called_one_about_as_often_as_promised(kind: Team) -> None:
    """5 % of 120 are 6; more than 14 come once in a thousand times. The naive test calls about half of them."""
    seen = said(kind, 120, seed=11)
    assert seen.given > 0.9
    assert seen.found <= 14 / 120
    assert seen.covered >= 106 / 120
    assert seen.naive > 0.25


def test_six_recruiters_get_no_verdict() -> None:
    assert said(Team(6), 15, seed=12).given == 0


def test_an_effect_of_the_promised_size_is_found_about_four_times_in_five() -> None:
    promised = said(Team(30, "nested"), 20, seed=13).detectable
    seen = said(with_difference(Team(30, "nested"), promised), 80, seed=14)
    assert seen.true_difference == pytest.approx(promised, rel=0.1)
    assert 0.66 < seen.rightly < 0.93
    assert seen.covered >= 0.87


def test_wordy_recruiters_who_are_liked_mislead_the_pooled_number_only_and_are_flagged() -> None:
    kind = Team(30, icc=0.3, confounding=0.9)
    rows = [related(team(np.random.default_rng([15, number]), kind), week=str(number)) for number in range(30)]
    assert np.mean([row["difference_low"] > 0 for row in rows]) > 0.6
    assert np.mean([row["verdict"] in ("higher", "lower") for row in rows]) <= 0.2
    assert np.mean([row["is_confounded"] for row in rows]) > 0.6
    calm = [related(team(np.random.default_rng([16, n]), Team(30, icc=0.3)), week=str(n)) for n in range(30)]
    assert np.mean([row["is_confounded"] for row in calm]) <= 0.2


def test_many_null_metrics_rarely_give_any_discovery() -> None:
    """At most 10 % are due; more than 5 of 16 come once in two hundred times."""
    found = [
        any_discovery(null_metrics(np.random.default_rng([17, number]), Team(12, "crossed"), n=3), week=str(number))
        for number in range(16)
    ]
    assert sum(found) <= 5


def test_those_who_declined_do_not_make_listening_work() -> None:
    rows = simulated_clocks.decliners(np.random.default_rng(18), n=3000)
    assert simulated_clocks.naive_rho(rows) < -0.25
    row = simulated_clocks.related(rows)
    assert row["n_approaches"] == rows.filter(~pl.col("declined")).height
    assert row["verdict"] == "no difference seen"
    assert abs(row["rho"]) < 0.08


def test_a_true_fifth_of_replies_stays_a_fifth_though_the_last_week_looks_worse() -> None:
    naive, judged, n_judged_of_last_week = simulated_clocks.reply_rates_of_the_last_week(np.random.default_rng(19))
    assert naive < 0.16
    assert judged == pytest.approx(0.20, abs=0.012)
    assert n_judged_of_last_week == 0


def test_what_contains_its_outcome_correlates_with_it_and_is_refused() -> None:
    """With no effect at all, follow-ups before the reply and the reply correlate strongly: hence the guard."""
    rng = np.random.default_rng(20)
    followups, days = rng.integers(1, 5, 4000), rng.exponential(30, 4000)
    replied = (days < 20).astype(np.float64)
    sent = np.where(days < 20, np.minimum(followups, np.floor(days / 5)), followups).astype(np.float64)
    assert spearman(sent, replied) < -0.5
    leaks = [spec for spec in metric_specs(related=False) if spec.observation in ("whole", "before_reply")]
    assert {"talk_share", "followups_before_reply"} <= {spec.name for spec in leaks}
    for metric in leaks:
        for outcome in outcome_specs(related=False):
            with pytest.raises(ForbiddenPairError):
                check_pair(metric, outcome)


def test_the_generator_gives_the_correlation_it_is_asked_for() -> None:
    rows = team(np.random.default_rng(21), Team(12, icc=0.3, slope_sd=0.0, approaches=20_000))
    many = simulated_truths.team(np.random.default_rng(22), Team(2000, icc=0.1, slope_sd=0.0, approaches=100_000))
    means = many.group_by("recruiter_id").agg(pl.col("chance").mean(), pl.len())
    assert many["chance"].mean() == pytest.approx(simulated_truths.RATE, abs=0.02)
    assert means["chance"].var() / (0.25 * 0.75) == pytest.approx(0.1, abs=0.015)
    assert rows["recruiter_id"].n_unique() == 12


def test_an_effect_has_the_size_that_was_asked_for() -> None:
    kind = with_difference(Team(12), 0.05)
    widths = [simulated_truths.related_width(team(np.random.default_rng([23, n]), kind)) for n in range(20)]
    assert simulated_truths.true_slope(kind) * np.mean(widths) == pytest.approx(0.05, abs=0.003)
