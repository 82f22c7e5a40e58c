"""Relating metrics to outcomes: what is refused, and what is found where the truth is known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from schemas.errors import ForbiddenPairError
from sql import associate as relate
from sql.associate import ALL, ASSOCIATIONS, associate
from sql.guard import MetricSpec, OutcomeSpec, check_pair
from sql.verdicts import Minimums
from sql.wording import verdict_sentence

WORDS = MetricSpec("first_message_words", "opening", "mean", "words")
REPLIED = OutcomeSpec("replied_30d", "opening", 30)


def approaches(
    seed: int,
    n: int = 900,
    *,
    n_recruiters: int = 12,
    effect: float = 0.0,
    recruiter_sd: float = 0.0,
    confounding: float = 0.0,
    template_sd: float = 0.0,
    n_templates: int = 0,
    size_sd: float = 1.0,
) -> pl.DataFrame:
    """Invented approaches: `effect` in reply share per 10 words, `confounding` by recruiters' habits."""
    rng = np.random.default_rng(seed)
    size = np.exp(rng.normal(0, size_sd, n_recruiters))
    recruiter = rng.choice(n_recruiters, n, p=size / size.sum())
    habit = np.linspace(-1, 1, n_recruiters)[rng.permutation(n_recruiters)]
    template = rng.integers(0, n_templates, n) if n_templates else np.arange(n)
    own = rng.normal(size=n_templates)[template] if n_templates else rng.normal(size=n)
    words = np.round(60 + 15 * own + 20 * habit[recruiter])
    chance = 0.3 + effect * (words - 60) / 10 + confounding * habit[recruiter]
    chance += recruiter_sd * rng.normal(size=n_recruiters)[recruiter]
    chance += (template_sd * rng.normal(size=n_templates))[template] if n_templates else 0
    start = datetime(2026, 1, 5, 9, tzinfo=UTC)
    return pl.DataFrame(
        {
            "thread_id": [f"t{i:05d}" for i in range(n)],
            "approach_no": np.ones(n, dtype=np.int64),
            "recruiter_id": [f"p_{code:02d}" for code in recruiter],
            "candidate_id": [f"p_c{i}" for i in range(n)],
            "candidate_known": [True] * n,
            "language": rng.choice(["en", "de"], n, p=[0.8, 0.2]),
            "started_at": [start + timedelta(days=int(day)) for day in rng.integers(0, 84, n)],
            "template_id": [f"h{code}" for code in template],
            "role_method": rng.choice(["configured", "assumed_counterpart"], n),
            "first_message_words": words.astype(np.int64),
            "replied_30d": rng.random(n) < np.clip(chance, 0, 1),
        }
    )


def related(rows: pl.DataFrame, **options: Any) -> dict[str, Any]:
    return associate(rows, [WORDS], [REPLIED], week="2026-03-30", slices=ALL, **options).row(0, named=True)


# What may not be related


@pytest.mark.parametrize(
    ("metric", "observation", "outcome", "start", "rule"),
    [
        ("talk_share", "whole", "replied_30d", "opening", "whole-contains-the-outcome"),
        ("talk_share", "whole", "converted_60d_after_landmark", "landmark", "whole-contains-the-outcome"),
        (
            "followups_before_reply",
            "before_reply",
            "replied_30d",
            "opening",
            "before-reply-contains-the-outcome",
        ),
        ("talk_share_landmark", "landmark", "converted_60d", "opening", "landmark-needs-outcomes-after-it"),
        (
            "talk_share_landmark",
            "landmark",
            "replied_8_to_30d",
            "landmark_unanswered",
            "landmark-needs-outcomes-after-it",
        ),
        (
            "followups_unanswered_7d",
            "landmark_unanswered",
            "replied_30d",
            "opening",
            "unanswered-landmark-needs-later-replies",
        ),
        (
            "first_message_words",
            "opening",
            "replied_8_to_30d",
            "landmark_unanswered",
            "opening-needs-outcomes-from-the-start",
        ),
        ("first_message_words", "later", "replied_30d", "opening", "unknown-observation-point"),
    ],
)
def test_refuses_a_pair_that_contains_its_outcome_and_names_the_rule(metric, observation, outcome, start, rule) -> None:
    with pytest.raises(ForbiddenPairError) as refused:
        check_pair(MetricSpec(metric, observation, "ratio", "share"), OutcomeSpec(outcome, start, 30))
    assert refused.value.rule == rule
    assert rule in str(refused.value)


def test_refuses_an_outcome_without_a_window() -> None:
    with pytest.raises(ForbiddenPairError) as refused:
        check_pair(WORDS, OutcomeSpec("converted_ever", "opening", None))
    assert refused.value.rule == "undated-outcome"


def test_forbidden_pairs_produce_no_row() -> None:
    rows = approaches(1).with_columns(talk_share=pl.lit(0.5), converted_ever=pl.col("replied_30d"))
    metrics = [WORDS, MetricSpec("talk_share", "whole", "ratio", "share")]
    outcomes = [REPLIED, OutcomeSpec("converted_ever", "opening", None)]
    pairs = associate(rows, metrics, outcomes, week="w", slices=ALL).select("metric", "outcome").rows()
    assert pairs == [("first_message_words", "replied_30d")]


def test_no_allowed_pair_gives_an_empty_table_with_every_column() -> None:
    empty = associate(approaches(1), [], [REPLIED], week="w")
    assert empty.height == 0
    assert empty.schema == pl.Schema(ASSOCIATIONS)


# Which rows count


def test_an_open_or_unknown_outcome_is_not_a_no() -> None:
    rows = approaches(2).with_columns(
        replied_30d=pl.when(pl.int_range(pl.len()) % 3 > 0).then("replied_30d"),
        first_message_words=pl.when(pl.int_range(pl.len()) % 5 > 0).then("first_message_words"),
    )
    known = rows.drop_nulls(["replied_30d", "first_message_words"])
    row = related(rows)
    assert row == related(known)
    assert row["n_approaches"] == known.height
    assert row["rate"] == pytest.approx(known["replied_30d"].mean(), abs=1e-9)


def test_the_order_of_rows_changes_nothing_at_all() -> None:
    rows = approaches(3, n_templates=20)
    tables = [
        associate(rows.sample(fraction=1, shuffle=True, seed=seed), [WORDS], [REPLIED], week="w") for seed in range(3)
    ]
    assert tables[0].equals(tables[1], null_equal=True)
    assert tables[0].equals(tables[2], null_equal=True)


def test_another_week_draws_other_numbers_but_the_same_estimate() -> None:
    rows = approaches(3)
    one, other = (associate(rows, [WORDS], [REPLIED], week=week, slices=ALL).row(0, named=True) for week in ("a", "b"))
    assert one["adjusted_difference"] == other["adjusted_difference"]
    assert one["rho_low"] != other["rho_low"]


def test_assumed_candidates_are_left_out_of_the_second_slice() -> None:
    rows = approaches(4)
    table = associate(rows, [WORDS], [REPLIED], week="w")
    kept = rows.filter(pl.col("role_method") == "configured").height
    counts = dict(table.select("slice", "n_approaches").rows())
    assert counts["without assumed candidates"] == kept < counts["all"] == rows.height


def test_larger_groups_are_slices_and_small_ones_are_not() -> None:
    rows = approaches(4, n=3000).with_columns(channel=pl.lit("linkedin"), team=pl.lit(None, dtype=pl.String))
    counts = dict(associate(rows, [WORDS], [REPLIED], week="w").select("slice", "n_approaches").rows())
    sizes = dict(rows["language"].value_counts().rows())
    assert sizes["en"] > sizes["de"] >= 500
    assert {name: n for name, n in counts.items() if ":" in name} == {
        "language: en": sizes["en"],
        "language: de": sizes["de"],
    }


def test_approaches_without_a_template_are_families_of_their_own_but_not_counted_as_families() -> None:
    rows = approaches(5).with_columns(template_id=pl.lit(None, dtype=pl.String))
    one_each = approaches(5)
    assert related(rows)["n_templates"] == 0
    assert related(rows)["adjusted_low"] == pytest.approx(related(one_each)["adjusted_low"], abs=1e-9)


# The estimates, against a second way of computing them


def test_pooled_and_adjusted_differences_equal_statsmodels() -> None:
    import statsmodels.formula.api as smf

    rows = approaches(6, effect=0.02, recruiter_sd=0.1)
    row = related(rows)
    data = rows.select(
        "recruiter_id",
        y=pl.col("replied_30d").cast(pl.Float64),
        x=pl.col("first_message_words").cast(pl.Float64),
        cell=pl.concat_str("recruiter_id", "language", pl.col("started_at").dt.strftime("%m")),
    ).to_dict(as_series=False)
    groups = {"groups": np.unique(data["recruiter_id"], return_inverse=True)[1]}
    width = row["iqr_high"] - row["iqr_low"]
    pooled = smf.ols("y ~ x", data).fit(cov_type="cluster", cov_kwds=groups, use_t=True)
    low, high = pooled.conf_int().loc["x"]
    assert row["difference"] == pytest.approx(pooled.params["x"] * width, abs=1e-6)
    assert (row["difference_low"], row["difference_high"]) == pytest.approx((low * width, high * width), abs=1e-6)
    within = smf.ols("y ~ x + C(cell)", data).fit()
    assert row["adjusted_difference"] == pytest.approx(within.params["x"] * width, abs=1e-6)


def test_rho_equals_scipy() -> None:
    from scipy.stats import spearmanr

    rows = approaches(7, effect=0.02)
    expected = spearmanr(rows["first_message_words"], rows["replied_30d"].cast(pl.Int8)).statistic
    row = related(rows)
    assert row["rho"] == pytest.approx(expected, abs=1e-9)
    assert row["rho_low"] < expected < row["rho_high"]


def test_one_approach_per_recruiter_is_compared_within_language_and_month() -> None:
    rows = approaches(8, effect=0.03).with_columns(recruiter_id=pl.col("candidate_id"))
    row = related(rows)
    assert row["method"].startswith("within language and month; across the quartiles; cluster-robust t")
    assert row["verdict"] == "higher"


def test_a_metric_with_no_interquartile_range_is_split_at_its_median() -> None:
    rows = approaches(9).with_columns(
        first_message_words=(pl.col("first_message_words") > 80).cast(pl.Int64) * pl.col("first_message_words")
    )
    row = related(rows)
    is_high = rows["first_message_words"] > 0
    rates = rows.group_by(is_high.alias("high")).agg(pl.col("replied_30d").mean()).sort("high")["replied_30d"]
    assert (row["iqr_low"], row["iqr_high"]) == (0, 0)
    assert "above the median against the rest" in row["method"]
    assert row["difference"] == pytest.approx(rates[1] - rates[0], abs=1e-9)


def test_effective_n_never_exceeds_n_and_shrinks_when_templates_move_together() -> None:
    alone = related(approaches(10, n=2000, n_recruiters=20, size_sd=0.3))
    shared = related(approaches(10, n=2000, n_recruiters=20, size_sd=0.3, n_templates=15, template_sd=0.15))
    assert alone["n_effective"] <= alone["n_approaches"]
    assert shared["n_effective"] < 0.5 * alone["n_effective"]


def test_the_detectable_difference_is_larger_than_the_half_width_of_the_interval() -> None:
    for seed in range(5):
        row = related(approaches(seed, recruiter_sd=0.1))
        assert row["minimum_detectable_difference"] > (row["adjusted_high"] - row["adjusted_low"]) / 2


def test_cells_without_variation_drop_out_and_are_reported() -> None:
    rows = approaches(11)
    flat = rows.with_columns(
        first_message_words=pl.when(pl.col("recruiter_id") < "p_06").then(50).otherwise("first_message_words")
    )
    share = flat.filter(pl.col("recruiter_id") >= "p_06").height / flat.height
    assert related(flat)["share_identifying"] == pytest.approx(share, abs=0.02)
    assert related(flat)["share_identifying"] < related(rows)["share_identifying"]


# Simulated truths


@pytest.mark.parametrize(
    ("recruiters", "options"),
    [
        (12, {"recruiter_sd": 0.145}),
        (12, {"recruiter_sd": 0.145, "n_templates": 12, "template_sd": 0.08}),
        (40, {"n_templates": 9, "template_sd": 0.08, "size_sd": 0.5}),
    ],
    ids=["recruiters differ (ICC .1)", "templates differ", "few templates shared by many"],
)
def test_no_effect_is_rarely_called_one(recruiters, options) -> None:
    """5 % are due; t clustered by recruiter alone called 8 % of the first significant, 23 % of the second."""
    found, draws = 0, 200 if recruiters == 12 else 100
    for seed in range(draws):
        row = related(approaches(seed, n=600, n_recruiters=recruiters, **options))
        found += row["p"] is not None and row["p"] <= 0.05
    assert found / draws < 0.10


def test_a_real_effect_is_found_and_its_size_is_covered() -> None:
    truth, covered, verdicts = 0.03, 0, []
    for seed in range(60):
        row = related(approaches(seed, n=3000, n_recruiters=16, effect=truth, recruiter_sd=0.08, size_sd=0.5))
        size = truth / 10 * (row["iqr_high"] - row["iqr_low"])
        covered += row["adjusted_low"] <= size <= row["adjusted_high"]
        verdicts.append(row["verdict"])
    assert verdicts.count("higher") >= 57
    assert "lower" not in verdicts
    assert covered >= 52


def test_wordy_recruiters_who_are_liked_do_not_make_words_work() -> None:
    pooled, within, called = [], [], 0
    for seed in range(40):
        row = related(approaches(seed, n=2500, n_recruiters=16, confounding=0.2, size_sd=0.5))
        pooled.append(row["difference"])
        within.append(row["adjusted_difference"])
        called += row["verdict"] in ("higher", "lower")
    assert np.mean(pooled) > 0.08
    assert abs(np.mean(within)) < 0.01
    assert called <= 5


def test_a_sign_that_turns_within_recruiters_is_flagged_and_said() -> None:
    row = related(approaches(1, n=4000, n_recruiters=16, effect=-0.03, confounding=0.28, size_sd=0.3))
    assert (row["sign_pooled"], row["sign_within"], row["is_simpson"]) == (1, -1, True)
    assert row["verdict"] == "lower"
    assert "points the other way" in verdict_sentence(row)


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (approaches(1, n=60), "fewer than 100 approaches with the outcome"),
        (approaches(1, n=900, n_recruiters=7), "fewer than 8 recruiters"),
        (
            approaches(1).with_columns(first_message_words=(pl.int_range(pl.len()) < 20).cast(pl.Int64)),
            "fewer than 30 approaches in a group",
        ),
        (approaches(1, n_templates=6), "fewer than 8 template families"),
        (approaches(1).with_columns(replied_30d=pl.lit(True)), "every approach has the outcome"),
        (approaches(1, n=4), "fewer than 5 candidates"),
        (approaches(1).clear(), "fewer than 5 candidates"),
        (
            approaches(1).with_columns(first_message_words=pl.col("recruiter_id").rank("dense"), language=pl.lit("en")),
            "the metric does not vary within recruiter, language and month",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_nearly_empty_data_gets_no_verdict(rows, reason) -> None:
    row = related(rows)
    assert (row["verdict"], row["verdict_reason"], row["q"]) == ("too little data", reason, None)


def test_fewer_than_five_candidates_publish_no_number() -> None:
    row = related(approaches(1, n=40).with_columns(candidate_id=pl.lit("p_one")))
    assert row["n_candidates"] == 1
    assert [row[name] for name in ("rate", "n_outcomes", "rho", "difference", "iqr_low")] == [None] * 5


def test_the_minimums_can_be_set() -> None:
    rows = approaches(1, n=250, n_recruiters=6)
    assert related(rows)["verdict"] == "too little data"
    assert related(rows, minimums=Minimums(outcomes=20, group=10, recruiters=5))["verdict"] != "too little data"


def test_a_refused_outcome_keeps_its_row_and_shows_no_estimate() -> None:
    row = related(approaches(1), refused_outcomes={"replied_30d": "fewer than half of the outcomes could be linked"})
    assert (row["verdict"], row["n_approaches"]) == ("too little data", 900)
    assert row["verdict_reason"] == "fewer than half of the outcomes could be linked"
    assert all(row[name] is None for name in (*relate.ESTIMATES, "n_outcomes", "sign_within"))


# Many pairs at once


def test_each_family_of_pairs_has_its_own_false_discovery_rate() -> None:
    from scipy.stats import false_discovery_control

    rng = np.random.default_rng(5)
    rows = approaches(12, effect=0.02).with_columns(language=pl.lit("en"))
    noise = [MetricSpec(f"m{i}", "opening", "mean", "words") for i in range(7)]
    rows = rows.with_columns(pl.Series(metric.name, rng.random(rows.height)) for metric in noise)
    table = associate(rows, [WORDS, *noise], [REPLIED], week="w")
    for _, family in table.group_by(pl.col("slice") == "all"):
        judged = family.filter(pl.col("verdict") != "too little data")
        assert judged.height == 8
        assert judged["q"].to_list() == pytest.approx(false_discovery_control(judged["p"].to_list()), abs=1e-8)
    found = (pl.col("q") <= 0.10) & ((pl.col("adjusted_low") > 0) | (pl.col("adjusted_high") < 0))
    said = pl.col("verdict").is_in(["higher", "lower"])
    assert table.filter(found != said).height == 0


# In words


def test_no_difference_is_said_with_what_could_not_have_been_seen() -> None:
    row = {
        "metric": "first_message_words",
        "outcome": "replied_30d",
        "verdict": "no difference seen",
        "minimum_detectable_difference": 0.0602,
    }
    assert verdict_sentence(row) == (
        "First-message words: no difference seen in replies within 30 days; this team could not see less than 6 points."
    )


def test_a_difference_goes_with_and_never_leads_to() -> None:
    row = related(approaches(13, n=4000, n_recruiters=16, effect=-0.03, size_sd=0.5))
    sentence = verdict_sentence(row)
    assert sentence.startswith("First-message words: a higher value goes with fewer replies within 30 days: ")
    assert "leads" not in sentence
    assert "between the lower and the upper quartile (95 % interval " in sentence


def test_too_little_data_is_said_with_its_reason() -> None:
    row = related(approaches(1, n=60)) | {"outcome": "converted_60d_after_landmark"}
    assert verdict_sentence(row) == (
        "First-message words: too little data to say anything about conversions in the 60 days after "
        "the landmark (fewer than 100 approaches with the outcome)."
    )
