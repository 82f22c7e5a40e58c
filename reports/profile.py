"""What one recruiter does and gets, beside their own past and the spread of the others."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

import polars as pl

from reports.estimates import Finding, Group, Series, Z, cohort_of, rate_of, recent, weekly_series

MINIMUM_APPROACHES = 30
"""Fewer are too few to judge."""
MINIMUM_OTHERS = 5
"""Of fewer other recruiters the spread would tell one of them."""
WEEKS_BEFORE = 26
WEEKS_OF_FUNNEL = 52
MAXIMUM_FAMILIES = 5
MAXIMUM_TRIES = 3
STYLES = ("reaction_first", "mixed", "sell_first")
STAGES = ("replied_30d", "interested_30d", "discussion", "interview_90d", "declined_30d", "opted_out_30d")
EVIDENCE = ("interested_30d", "replied_30d")
"""Outcomes that an experiment is for, the one that reply-bait does not move first."""

Kind = Literal["rate", "ratio", "median"]


@dataclass(frozen=True)
class Measure:
    """A number of a set of approaches; those whose `value` is null, or `of` (default 1) null or 0, are left out."""

    name: str
    kind: Kind
    value: pl.Expr
    of: pl.Expr | None = None
    unit: str = "share"


@dataclass(frozen=True)
class Estimate:
    """A measure with its 95 % interval, over `n` approaches."""

    value: float
    low: float
    high: float
    n: int

    @property
    def is_judgeable(self) -> bool:
        """Enough approaches to speak of it."""
        return self.n >= MINIMUM_APPROACHES


@dataclass(frozen=True)
class Spread:
    """The middle half of the other recruiters, as weighted means of all of them, rounded."""

    low: float
    high: float
    n: int


@dataclass(frozen=True)
class Row:
    """One measure: now, before, and the others."""

    measure: Measure
    now: Estimate | None
    before: Estimate | None
    others: Spread | None


@dataclass(frozen=True)
class Practice:
    """Something to try: how often it is done, and the metric of `associations` that tells what it goes with."""

    measure: Measure
    metric: str
    wanted: Literal["higher", "lower"] = "higher"
    """The verdict that speaks for it."""


@dataclass(frozen=True)
class Try:
    """A practice that is rare here, and what was seen of it in the team."""

    practice: Practice
    now: Estimate
    others: Spread
    finding: Finding | None

    @property
    def is_clear(self) -> bool:
        """The team's data speak for it."""
        return self.finding is not None and self.finding.verdict == self.practice.wanted


Draw = Callable[[pl.DataFrame, pl.DataFrame], tuple[float, Sequence[tuple[float, float, float]]]]
"""Groups of `n, k`, and some of them -> the usual rate, and of each of those the drawn rate with its interval."""


@dataclass(frozen=True)
class Family:
    """A text in this recruiter's hands; `shrunken` is the rate drawn toward what texts usually get."""

    template_id: str
    n_uses: int
    n_judged: int
    n_replied: int
    shrunken: Estimate | None
    usual: float | None
    last_use: tuple[str, int]
    """Thread and number of the approach."""


def _talked(column: str) -> pl.Expr:
    both = (
        (pl.col("recruiter_words_30d") > 0) & (pl.col("candidate_words_30d") > 0) & pl.col("replied_30d").is_not_null()
    )
    return pl.when(both).then(pl.col(column))


ASKS_LEAVE = Measure("asks_permission", "rate", pl.col("permission_share_opening") > 0)
ASKS = Measure("asks_anything", "rate", pl.col("question_share_opening") > 0)
SHORT = Measure("is_short", "rate", pl.col("first_message_chars") <= 400)
OF_YOU = Measure("about_you", "rate", pl.col("you_share") > 0.5)
MEASURES = (
    Measure("replied_7d", "rate", pl.col("replied_7d")),
    Measure("interested_30d", "rate", pl.col("interested_30d")),
    Measure("discussion", "rate", pl.col("discussion")),
    Measure("converted_60d", "rate", pl.col("converted_60d")),
    Measure(
        "talk_share", "ratio", _talked("recruiter_words_30d"),
        _talked("recruiter_words_30d") + _talked("candidate_words_30d"),
    ),
    Measure("first_message_words", "median", pl.col("first_message_words"), unit="words"),
    SHORT,
    Measure("reaction_first", "rate", pl.col("reaction_first")),
    Measure("sell_first", "rate", pl.col("sell_first")),
    ASKS,
    ASKS_LEAVE,
    Measure(
        "ask_balance_opening", "ratio", pl.col("ask_sentences_opening"),
        pl.col("ask_sentences_opening") + pl.col("tell_sentences_opening"),
    ),
    OF_YOU,
)  # fmt: skip
OUTCOME_MEASURES = ("replied_7d", "interested_30d", "discussion", "converted_60d")
PRACTICES = (
    Practice(ASKS_LEAVE, "permission_share_opening"),
    Practice(ASKS, "question_share_opening"),
    Practice(SHORT, "first_message_words", "lower"),
    Practice(OF_YOU, "you_share"),
)


def estimate_of(rows: pl.DataFrame, measure: Measure) -> Estimate | None:
    """The measure over `rows`; intervals: Wilson for rates, linearised over approaches for ratios, by ranks else."""
    known = _known(rows, measure)
    if known.is_empty():
        return None
    if measure.kind == "rate":
        rate = rate_of(known, "_value")
        return Estimate(rate.value, rate.low, rate.high, rate.denominator) if rate else None
    n = known.height
    if measure.kind == "median":
        values, margin = sorted(known["_value"]), Z * math.sqrt(n) / 2
        middle = (values[(n - 1) // 2] + values[n // 2]) / 2
        low, high = values[max(0, math.floor(n / 2 - margin) - 1)], values[min(n - 1, math.ceil(n / 2 + margin))]
        return Estimate(middle, float(low), float(high), n)
    pairs = sorted(known.select("_value", "_of").iter_rows())
    total = sum(of for _, of in pairs)
    value = sum(part for part, _ in pairs) / total
    squares = sum((part - value * of) ** 2 for part, of in pairs)
    half = Z * math.sqrt(squares * n / (n - 1)) / total if n > 1 else 1.0
    return Estimate(value, max(0.0, value - half), min(1.0, value + half), n)


def _known(rows: pl.DataFrame, measure: Measure) -> pl.DataFrame:
    placed = rows.with_columns(_value=measure.value, _of=pl.lit(1) if measure.of is None else measure.of)
    return placed.filter(pl.col("_value").is_not_null(), pl.col("_of") > 0)


def window(rows: pl.DataFrame, measure: Measure, week: date, weeks: int) -> pl.DataFrame:
    """The approaches of the last `weeks` weeks, up to `week`, in which anybody's measure is judged."""
    return recent(_known(rows, measure), "_value", week, weeks)


def team_values(rows: pl.DataFrame, week: date, weeks: int, minimum_candidates: int) -> dict[str, dict[str, float]]:
    """Measure -> recruiter -> value in the last weeks, of those with enough approaches and candidates.

    `rows` comes from `outreach`. For quartiles only: these are other people's numbers.
    """
    values = {}
    for measure in MEASURES:
        sums = (pl.col("_value").sum() / pl.col("_of").sum()).cast(pl.Float64)
        value = pl.col("_value").median() if measure.kind == "median" else sums
        found = (
            window(rows, measure, week, weeks)
            .group_by("recruiter_id")
            .agg(value=value, n=pl.len(), people=pl.col("person").n_unique())
            .filter(pl.col("n") >= MINIMUM_APPROACHES, pl.col("people") >= minimum_candidates)
            .sort("recruiter_id")
        )
        values[measure.name] = dict(found.select("recruiter_id", "value").iter_rows())
    return values


def spread_of(values: Mapping[str, float], recruiter_id: str, unit: str) -> Spread | None:
    """The middle half of everybody else's values; None below five others.

    Quartiles by Harrell and Davis (1982): every one weighs in, so that none is the value of one person.
    """
    from scipy.stats.mstats import hdquantiles

    others = sorted(value for who, value in values.items() if who != recruiter_id)
    if len(others) < MINIMUM_OTHERS:
        return None
    digits = 2 if unit == "share" else 0
    low, high = (round(float(value), digits) for value in hdquantiles(others, [0.25, 0.75]))
    return Spread(low, high, len(others))


def profile(
    rows: pl.DataFrame,
    recruiter_id: str,
    values: Mapping[str, Mapping[str, float]],
    *,
    week: date,
    weeks: int,
    refused: Sequence[str] = (),
) -> list[Row]:
    """Every measure of one recruiter: the last `weeks` weeks, the 26 before them, and the others' middle half."""
    return [
        _row(rows, recruiter_id, values.get(measure.name, {}), measure, week, weeks)
        for measure in MEASURES
        if measure.name not in refused
    ]


def _row(
    rows: pl.DataFrame, recruiter_id: str, values: Mapping[str, float], measure: Measure, week: date, weeks: int
) -> Row:
    everybody = _known(rows, measure).filter(pl.col("week") <= week)
    own = everybody.filter(recruiter_id=recruiter_id)
    if own.is_empty():
        return Row(measure, None, None, spread_of(values, recruiter_id, measure.unit))
    last: Any = everybody["week"].max()
    begins = last - timedelta(weeks=weeks)
    before = own.filter(pl.col("week") <= begins, pl.col("week") > begins - timedelta(weeks=WEEKS_BEFORE))
    return Row(
        measure,
        estimate_of(own.filter(pl.col("week") > begins), measure),
        estimate_of(before, measure),
        spread_of(values, recruiter_id, measure.unit),
    )


def own_weeks(recruiter_week: pl.DataFrame, recruiter_id: str, week: date, weeks: int) -> Series:
    """A recruiter's own weekly reply rate with its own usual range."""
    rows = recruiter_week.filter(recruiter_id=recruiter_id).with_columns(
        group_by=pl.lit("all"), suppressed=pl.col("state") == "withheld"
    )
    return weekly_series(rows, "replied_7d", week, weeks)


def own_funnel(rows: pl.DataFrame, week: date, refused: Sequence[str]) -> list[tuple[str, list[Group]]]:
    """Opening style -> the stages of the last year, each over the approaches judged for it; `rows` are their own."""
    last_year = rows.filter(pl.col("week") <= week, pl.col("week") > week - timedelta(weeks=WEEKS_OF_FUNNEL))
    last_year = last_year.filter(~pl.col("already_in_process").fill_null(False))
    stages = [stage for stage in STAGES if stage in rows.columns and stage not in refused]
    parts = [(style, last_year.filter(opening_style=style)) for style in STYLES]
    return [
        (style, [Group(stage, rate) for stage in stages if (rate := rate_of(part, stage))])
        for style, part in parts
        if cohort_of(part).n
    ]


def own_families(
    rows: pl.DataFrame, recruiter_id: str, shown: Sequence[str], week: date, *, reply_refused: bool, draw: Draw
) -> list[Family]:
    """The recruiter's most used texts among the `shown` template families, with replies in 30 days to their own uses.

    Rates are drawn toward the mean of all texts in all hands (one text in one person's hands is one group), by as much
    as is noise; undrawn where fewer than five others use such texts, since the mean would tell theirs.
    """
    used = rows.filter(pl.col("week") <= week, pl.col("template_id").is_in(list(shown)))
    own = used.filter(recruiter_id=recruiter_id).sort("started_at", "thread_id", "approach_no")
    counted = own.group_by("template_id", maintain_order=True).agg(
        pl.len().alias("n"), pl.col("thread_id").last(), pl.col("approach_no").last()
    )
    counted = counted.filter(pl.col("n") > 1).sort(["n", "template_id"], descending=[True, False])
    judged = used.filter(pl.col("replied_30d").is_not_null())
    cells = (
        judged.group_by("template_id", "recruiter_id")
        .agg(n=pl.len(), k=pl.col("replied_30d").sum().cast(pl.Int64))
        .sort("template_id", "recruiter_id")
    )
    drawn = _drawn(cells, recruiter_id, draw) if not reply_refused else {}
    mine = {row["template_id"]: row for row in cells.filter(recruiter_id=recruiter_id).iter_rows(named=True)}
    found = []
    for template_id, n, thread_id, approach_no in counted.head(MAXIMUM_FAMILIES).iter_rows():
        cell = {} if reply_refused else mine.get(template_id, {})
        shrunken, usual = drawn.get(template_id, (None, None))
        found.append(
            Family(template_id, n, cell.get("n", 0), cell.get("k", 0), shrunken, usual, (thread_id, approach_no))
        )
    return found


def _drawn(cells: pl.DataFrame, recruiter_id: str, draw: Draw) -> dict[str, tuple[Estimate, float]]:
    own = cells.filter(recruiter_id=recruiter_id)
    others = cells.filter(pl.col("recruiter_id") != recruiter_id)
    if own.is_empty() or others["recruiter_id"].n_unique() < MINIMUM_OTHERS:
        return {}
    usual, rates = draw(cells, own)
    return {
        template: (Estimate(mean, low, high, n), usual)
        for template, n, (mean, low, high) in zip(own["template_id"], own["n"], rates, strict=True)
    }


def tries(rows: Sequence[Row], findings: Mapping[tuple[str, str], Finding]) -> list[Try]:
    """At most three practices that are rarer here than in the team's middle half, those that the data speak for first.

    Nothing that the team's data speak against. A practice is rare where even the upper end of its interval lies below
    the middle half: what chance may have made is no advice. Where they speak for it, its value is enough.
    """
    by_name = {row.measure.name: row for row in rows}
    found = []
    for practice in PRACTICES:
        row = by_name[practice.measure.name]
        if row.now is None or row.others is None or not row.now.is_judgeable:
            continue
        finding = _evidence(practice, findings)
        candidate = Try(practice, row.now, row.others, finding)
        is_against = finding is not None and finding.verdict in ("higher", "lower") and not candidate.is_clear
        surely = row.now.value if candidate.is_clear else row.now.high
        if not is_against and surely < row.others.low:
            found.append(candidate)
    found.sort(key=lambda item: (not item.is_clear, item.now.value - item.others.low))
    return found[:MAXIMUM_TRIES]


def _evidence(practice: Practice, findings: Mapping[tuple[str, str], Finding]) -> Finding | None:
    """What was seen of the practice's metric: the first outcome with enough data."""
    seen = [findings[practice.metric, outcome] for outcome in EVIDENCE if (practice.metric, outcome) in findings]
    return next((finding for finding in seen if finding.verdict != "too little data"), seen[0] if seen else None)
