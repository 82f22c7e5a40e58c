"""Hypotheses registered before their answer can be known, and judged once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal

import polars as pl

from schemas.errors import UsageError
from sql.associate import ALL, associate
from sql.frames import fetch, load_frame
from sql.guard import MetricSpec, OutcomeSpec, check_pair
from sql.measure import metric_specs, outcome_specs, outreach_rows
from sql.registry import registry
from sql.verdicts import Minimums
from sql.wording import difference_points, metric_words, outcome_words

ACTIVE_DAYS = 90
"""Whoever wrote to somebody so shortly before the start is waited for, even if no later export has come yet."""
PATIENCE_DAYS = 60
LANDMARK_DAYS = 30 + 7
"""A reply may take 30 days, and the landmark lies 7 days after it."""

MOMENT = pl.Datetime("us", "UTC")
NUMBERS: dict[str, Any] = {
    "n_approaches": pl.Int64,
    "n_candidates": pl.Int64,
    "n_recruiters": pl.Int64,
    "n_outcomes": pl.Int64,
    "rate": pl.Float64,
    "adjusted_difference": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "p": pl.Float64,
    "minimum_detectable_difference": pl.Float64,
}
HYPOTHESES: dict[str, Any] = {
    "name": pl.String,
    "metric": pl.String,
    "outcome": pl.String,
    "direction": pl.String,
    "given_from": pl.Date,
    "given_until": pl.Date,
    "starts_at": MOMENT,
    "ends_at": MOMENT,
    "registered_at": MOMENT,
    "status": pl.String,
    "withdrawn_at": MOMENT,
    "judged_at": MOMENT,
    "verdict": pl.String,
    "reason": pl.String,
    **NUMBERS,
    "method": pl.String,
}

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Hypothesis:
    """What is claimed: a higher `metric` goes with a `direction` share of `outcome`, in a stretch of time to come."""

    name: str
    metric: str
    outcome: str
    direction: Literal["higher", "lower"]
    given_from: date
    given_until: date
    starts_at: datetime
    """`given_from` and `given_until` as moments: approaches that began at or after this one, and before `ends_at`."""
    ends_at: datetime

    @property
    def content(self) -> tuple[Any, ...]:
        """What makes it another hypothesis when it changes; the name does not."""
        return self.metric, self.outcome, self.direction, self.given_from, self.given_until


def usable_metrics() -> dict[str, MetricSpec]:
    """The metrics that are numbers, by name; what has no order cannot be higher or lower."""
    return {spec.name: spec for spec in metric_specs(related=False) if spec.kind != "class"}


def usable_outcomes() -> dict[str, OutcomeSpec]:
    """All outcomes, by name."""
    return {spec.name: spec for spec in outcome_specs(related=False)}


def check_hypothesis(metric: str, outcome: str) -> None:
    """Raises ForbiddenPairError naming the rule if the guard refuses the pair."""
    check_pair(usable_metrics()[metric], usable_outcomes()[outcome])


def refuse_late(kept: Sequence[Record], asked: Iterable[Hypothesis], *, now: datetime) -> None:
    """Raises UsageError if a hypothesis that is not registered yet would end before it could begin."""
    standing = _standing(kept)
    for hypothesis in asked:
        if hypothesis.content not in standing and hypothesis.ends_at <= now:
            raise UsageError(
                f"[[hypotheses]] {hypothesis.name!r}: until = {hypothesis.given_until} has passed, and only approaches "
                "that begin after registration count. Give a later `until`, or take the entry out."
            )


def follow_hypotheses(
    connection: Any, asked: Sequence[Hypothesis], *, now: datetime, minimum_candidates: int
) -> pl.DataFrame:
    """Register what is new, withdraw what is no longer asked, judge what is due: kept as table `hypotheses`.

    `now` is the moment of publication. What the store holds as judged or withdrawn is handed on untouched.
    """
    kept = fetch(connection, "from store.hypotheses").to_dicts()
    records = [
        judge(connection, record, now=now, minimum_candidates=minimum_candidates)
        for record in settle(kept, asked, now=now)
    ]
    table = pl.DataFrame(records, schema=HYPOTHESES).sort("registered_at", "metric", "outcome", "direction", "ends_at")
    load_frame(connection, "hypotheses", table)
    return table


def settle(kept: Sequence[Record], asked: Sequence[Hypothesis], *, now: datetime) -> list[dict[str, Any]]:
    """The records of the store after the settings were read: nothing vanishes, nothing is dated back."""
    wanted = {hypothesis.content: hypothesis for hypothesis in asked}
    records = [
        {**record, "status": "withdrawn", "withdrawn_at": now}
        if record["status"] == "registered" and _content(record) not in wanted
        else dict(record)
        for record in kept
    ]
    standing = _standing(records)
    return records + [_registered(new, now) for content, new in wanted.items() if content not in standing]


def _content(record: Record) -> tuple[Any, ...]:
    return tuple(record[name] for name in ("metric", "outcome", "direction", "given_from", "given_until"))


def _standing(records: Iterable[Record]) -> set[tuple[Any, ...]]:
    """Registered or judged; one that was withdrawn and is put back is asked anew."""
    return {_content(record) for record in records if record["status"] != "withdrawn"}


def _registered(new: Hypothesis, now: datetime) -> dict[str, Any]:
    return dict.fromkeys(HYPOTHESES) | {
        **{name: getattr(new, name) for name in ("name", "metric", "outcome", "direction")},
        "given_from": new.given_from,
        "given_until": new.given_until,
        "starts_at": max(new.starts_at, now),
        "ends_at": new.ends_at,
        "registered_at": now,
        "status": "registered",
    }


def judge(connection: Any, record: Record, *, now: datetime, minimum_candidates: int) -> dict[str, Any]:
    """The record with its judgement if it is due, else as it is.

    Due when every window has closed and every recruiter who was active shortly before or since is seen to the end;
    60 days later on what is closed then. No correction for many questions: this one was registered alone.
    """
    if record["status"] != "registered":
        return dict(record)
    metric, outcome = usable_metrics()[record["metric"]], usable_outcomes()[record["outcome"]]
    closes_at = record["ends_at"] + timedelta(days=_days_until_known(outcome))
    if now < closes_at:
        return dict(record)
    rows = outreach_rows(connection, [metric], [outcome], "observed_until", "outcome_observed_until")
    refusal = dict(connection.execute("select outcome, reason from int_refusals").fetchall()).get(outcome.name)
    lacking = refusal or _lacking(rows, record, outcome)
    if lacking and now < closes_at + timedelta(days=PATIENCE_DAYS):
        return dict(record)
    cohort = rows.filter(pl.col("started_at").is_between(record["starts_at"], record["ends_at"], closed="left"))
    found = associate(
        cohort, [metric], [outcome],
        week=str(record["given_until"]), slices=ALL,
        refused_outcomes={outcome.name: refusal} if refusal else None,
        minimums=Minimums(candidates=minimum_candidates),
    ).row(0, named=True)  # fmt: skip
    judged = judgement(found, record["direction"], lacking=lacking)
    return {**record, "status": "judged", "judged_at": now, **judged}


def _days_until_known(outcome: OutcomeSpec) -> int:
    assert outcome.maturity_days is not None
    return outcome.maturity_days + LANDMARK_DAYS * (outcome.start == "landmark")


def _lacking(rows: pl.DataFrame, record: Record, outcome: OutcomeSpec) -> str | None:
    """What keeps the answer from being complete, in words; None once everything is seen that can be seen."""
    days = _days_until_known(outcome)
    is_of_inbox = _is_of_inbox(outcome)
    started_at, coverage = pl.col("started_at"), pl.col("outcome_observed_until")
    since = record["starts_at"] - timedelta(days=ACTIVE_DAYS)
    expected = rows.filter(started_at.is_between(since, record["ends_at"], closed="left"))
    is_asked = started_at >= record["starts_at"]
    seen_to = record["ends_at"] + timedelta(days=days if is_of_inbox else days - (outcome.maturity_days or 0))
    is_unseen = ~(pl.col("observed_until") >= seen_to).fill_null(False)
    if not is_of_inbox:
        # Approaches that no outcome source covers can never be known, and are not waited for.
        is_unseen |= is_asked & (coverage < started_at.dt.offset_by(f"{days}d")).fill_null(False)
    unseen = expected.filter(is_unseen)["recruiter_id"].n_unique()
    if unseen:
        whose = "recruiter was" if unseen == 1 else "recruiters were"
        return f"{unseen} {whose} not seen to the end"
    known = expected.filter(is_asked & (pl.lit(True) if is_of_inbox else coverage.is_not_null()))
    return None if known.height else "nothing was seen of it"


def _is_of_inbox(outcome: OutcomeSpec) -> bool:
    """Whether the recruiter's inbox shows it; else an outcome source does."""
    defined_in = registry().outcomes[outcome.name].sql_file
    return defined_in == "sql/metrics/reply.sql" or outcome.start == "landmark_unanswered"


def judgement(found: Record, direction: str, *, lacking: str | None) -> dict[str, Any]:
    """Verdict, reason and numbers from the pair's row of `associate`.

    `confirmed` and `contradicted`: the 95 % interval of the primary estimate excludes 0, in the registered direction
    or the other.
    """
    numbers = {name: found[_SOURCES.get(name, name)] for name in NUMBERS}
    verdict, reason = _verdict(found, direction), found["verdict_reason"] if _is_too_little(found) else None
    if lacking and lacking != reason:
        lacking = f"judged {PATIENCE_DAYS} days late, on what was closed: {lacking}"
        reason = f"{reason}; {lacking}" if reason else lacking
    return {"verdict": verdict, "reason": reason, **numbers, "method": found["method"]}


_SOURCES = {"low": "adjusted_low", "high": "adjusted_high"}


def _is_too_little(found: Record) -> bool:
    return bool(found["verdict"] == "too little data")


def _verdict(found: Record, direction: str) -> str:
    if _is_too_little(found):
        return "too little data"
    sign = 1 if direction == "higher" else -1
    low, high = sorted((sign * found["adjusted_low"], sign * found["adjusted_high"]))
    return "confirmed" if low > 0 else "contradicted" if high < 0 else "not confirmed"


def hypothesis_sentence(row: Record) -> str:
    """One row of `hypotheses` in words: what was registered, and what became of it; never says "leads to"."""
    amount = "more" if row["direction"] == "higher" else "fewer"
    claim = f"{metric_words(row['metric'])}: a higher value goes with {amount} {outcome_words(row['outcome'])}"
    stretch = f"approaches begun from {row['starts_at']:%Y-%m-%d} until {row['ends_at']:%Y-%m-%d} (UTC)"
    sentence = f"{row['name']}\n  Registered {row['registered_at']:%Y-%m-%d}. {claim}, in {stretch}."
    if row["status"] == "withdrawn":
        return f"{sentence} Withdrawn {row['withdrawn_at']:%Y-%m-%d}, before it was judged."
    if row["status"] == "registered":
        return f"{sentence} Not judged yet."
    return f"{sentence} Judged {row['judged_at']:%Y-%m-%d} on {row['n_approaches']:,} approaches: {_outcome_of(row)}."


def _outcome_of(row: Record) -> str:
    said = str(row["verdict"])
    if said == "not confirmed":
        said += f"; it could not have seen less than {difference_points(row['minimum_detectable_difference'])}"
    elif said != "too little data":
        low, high = 100 * row["low"], 100 * row["high"]
        size = difference_points(row["adjusted_difference"])
        sign = "more" if row["adjusted_difference"] > 0 else "fewer"
        said += f"; {size} {sign} (95 % interval {low:+.1f} to {high:+.1f})"
    return said + (f" ({row['reason'].rstrip('.')})" if row["reason"] else "")
