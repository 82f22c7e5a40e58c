"""The numbers of the weekly report: frames in, small records of estimates out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise
from statistics import fmean
from typing import Any

import polars as pl

from reports.disclose import Size, hidden_groups, merged_bins

Z = 1.959964
MOVING_RANGE_TO_SIGMA = 1.128
BASELINE_WEEKS = 26
MINIMUM_BASELINE = 8
OF_REPLIES = (
    "replied",
    "discussion",
    "interested_30d",
    "declined_30d",
    "other_reply_30d",
    "ignored_30d",
    "opted_out_30d",
)
OF_SOURCES = (
    "converted",
    "interested_90d",
    "declined_90d",
    "opted_out_90d",
    "interview_90d",
    "offer_90d",
    "hired_90d",
)
LEADING_OUTCOMES = (
    "replied_7d",
    "interested_30d",
    "replied_8_to_30d",
    "discussion",
    "converted_60d",
    "converted_60d_after_landmark",
)
LENGTH_BINS = ("<= 400", "401-800", "801-1200", "> 1200")
SHARE_BINS = ("none", "under 20%", "20–39%", "40% or more")
GROUP_COLUMNS = ("channel", "language", "team")


@dataclass(frozen=True)
class Rate:
    """Yes among judged, with a Wilson interval on the effective number."""

    numerator: int
    denominator: int
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Group:
    """One bar or row; `rate` is None where the group is empty or too small to show."""

    label: str
    rate: Rate | None
    is_hidden: bool = False


@dataclass(frozen=True)
class Point:
    """One cohort week of one metric, with the limits of its usual range."""

    week: date
    value: float | None
    numerator: int | None
    denominator: int | None
    n_open: int
    state: str
    is_suppressed: bool
    lower: float | None = None
    upper: float | None = None

    @property
    def is_judged(self) -> bool:
        """Closed, and large enough to show."""
        return self.state == "judged" and self.value is not None

    @property
    def verdict(self) -> str:
        """above, below, usual, or unjudged where there is no usual range to judge by."""
        if not self.is_judged or self.value is None or self.lower is None or self.upper is None:
            return "unjudged"
        if self.value > self.upper:
            return "above"
        return "below" if self.value < self.lower else "usual"


@dataclass(frozen=True)
class Series:
    """A metric over the weeks up to the newest one known."""

    metric: str
    unit: str
    points: tuple[Point, ...] = ()
    centre: float | None = None
    n_baseline: int = 0
    current: Point | None = None
    """The newest judged week that is not after the report's week."""
    reported: Point | None = None
    """The report's own week, judged or not."""


@dataclass(frozen=True)
class Cohort:
    """What a section speaks of: how many approaches, from which weeks."""

    n: int = 0
    first: date | None = None
    last: date | None = None


@dataclass(frozen=True)
class Bar:
    """Conversations between two talk shares."""

    low: float
    high: float
    n: int


@dataclass(frozen=True)
class TalkShares:
    """How the recruiter's share of the words is distributed over answered threads."""

    cohort: Cohort
    bars: tuple[Bar, ...] = ()
    median: float | None = None
    median_low: float = 0.0
    median_high: float = 1.0
    quartiles: tuple[float, float] = (0.0, 1.0)
    reference: float | None = None
    at_or_below_reference: int = 0


@dataclass(frozen=True)
class Comparison:
    """Reply rates side by side, of an ordered set of groups."""

    name: str
    cohort: Cohort
    groups: tuple[Group, ...] = ()

    @property
    def contrast(self) -> tuple[Group, Group] | None:
        """The highest and the lowest group, if their intervals do not overlap."""
        rated = [(group.rate, group) for group in self.groups if group.rate]
        if len(rated) < 2:
            return None
        top = max(rated, key=lambda pair: pair[0].value)
        bottom = min(rated, key=lambda pair: pair[0].value)
        return (top[1], bottom[1]) if top[0].low > bottom[0].high else None


@dataclass(frozen=True)
class Finding:
    """One row of `associations`, slice `all`; differences are shares across the middle half of the metric."""

    metric: str
    outcome: str
    verdict: str
    reason: str
    difference: float | None
    low: float | None
    high: float | None
    from_value: float | None
    to_value: float | None
    minimum_detectable: float | None
    is_simpson: bool
    n_approaches: int
    is_confounded: bool = False


@dataclass(frozen=True)
class Findings:
    """The family, sorted into what is clear, what is not and what cannot be said."""

    clear: tuple[Finding, ...] = ()
    unclear: tuple[Finding, ...] = ()
    too_little: tuple[Finding, ...] = ()

    def of(self, metrics: Sequence[str], outcome: str) -> Finding | None:
        """What is known about `outcome` and the first of `metrics` there is enough data for."""
        known = {f.metric: f for f in self.clear + self.unclear if f.outcome == outcome}
        return next((known[metric] for metric in metrics if metric in known), None)

    def pair(self, metric: str, outcomes: Sequence[str]) -> Finding | None:
        """What is known about the metric and the first of `outcomes`, too little data among it."""
        every = self.clear + self.unclear + self.too_little
        return next((f for f in every if f.metric == metric and f.outcome in outcomes), None)

    @property
    def leading(self) -> Findings:
        """One outcome of each sort, one measure of length: the pairs a reader needs first."""
        has_words = any(finding.metric == "first_message_words" for finding in self.clear + self.unclear)
        skipped = ("first_message_chars", "first_message_sentences") if has_words else ()

        def leads(finding: Finding) -> bool:
            return finding.outcome in LEADING_OUTCOMES and finding.metric not in skipped

        unclear = sorted(filter(leads, self.unclear), key=lambda f: (LEADING_OUTCOMES.index(f.outcome), f.metric))
        return Findings(tuple(filter(leads, self.clear)), tuple(unclear), self.too_little)


@dataclass(frozen=True)
class Quality:
    """What came in, what was left out and what is not known."""

    files_read: int
    files_refused: int
    rows: Mapping[str, int]
    set_aside: tuple[tuple[str, int], ...]
    excluded: tuple[tuple[str, int], ...]
    n_open: int
    info: Mapping[str, Any] = field(default_factory=dict)


def wilson(numerator: int, denominator: int, effective: float) -> tuple[float, float]:
    """The 95 % Wilson interval of a proportion that is worth `effective` independent rows."""
    share, n = numerator / denominator, max(effective, 1.0)
    centre = (share + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z / (1 + Z * Z / n) * math.sqrt(share * (1 - share) / n + Z * Z / (4 * n * n))
    return max(0.0, centre - half), min(1.0, centre + half)


def effective_number(rows: pl.DataFrame, outcome: str) -> float:
    """n times (independent variance / clustered variance), at most n; the worse of recruiter and template.

    Sums per cluster are integers and are added in a stated order, so the same rows give the same bits.
    """
    n, yes = rows.height, int(rows[outcome].sum())
    if yes in (0, n):
        return float(n)
    share, worst = yes / n, float(n)
    for cluster in ("recruiter_id", "template_id"):
        keyed = rows.filter(pl.col(cluster).is_not_null()) if cluster in rows.columns else rows.head(0)
        sums = keyed.group_by(cluster).agg(pl.len().alias("n"), pl.col(outcome).sum().alias("yes"))
        if sums.height < 2:
            continue
        loners = n - keyed.height
        squares = sorted((k - share * size) ** 2 for size, k in sums.select("n", "yes").iter_rows())
        groups = sums.height + loners
        variance = (sum(squares) + loners * share * (1 - share)) * groups / (groups - 1)
        worst = min(worst, n * (n * share * (1 - share)) / variance) if variance > 0 else worst
    return worst


def rate_of(rows: pl.DataFrame, outcome: str) -> Rate | None:
    """The rate of a yes-or-no column among the rows where it is known; None without any."""
    judged = rows.filter(pl.col(outcome).is_not_null())
    if judged.is_empty():
        return None
    yes, n = int(judged[outcome].sum()), judged.height
    low, high = wilson(yes, n, effective_number(judged, outcome))
    return Rate(yes, n, yes / n, low, high)


def outreach(approach_metrics: pl.DataFrame) -> pl.DataFrame:
    """Approaches a recruiter opened, with a known first message; what cannot be judged is null in them."""
    return approach_metrics.filter(
        pl.col("approach_no") >= 1,
        pl.col("first_message_known").fill_null(False),
    ).with_columns(person=pl.coalesce("candidate_id", "thread_id"))


def recent(rows: pl.DataFrame, judged_by: str, week: date, weeks: int) -> pl.DataFrame:
    """The last `weeks` weeks, up to `week`, with anything judged by `judged_by`; only judged rows."""
    judged = rows.filter(pl.col(judged_by).is_not_null(), pl.col("week") <= week)
    if judged.is_empty():
        return judged
    last: Any = judged["week"].max()
    return judged.filter(pl.col("week") > last - timedelta(weeks=weeks))


def beside(others: pl.DataFrame | None, rows: pl.DataFrame, judged_by: str) -> pl.DataFrame:
    """Of the `others`, those judged in the same weeks as `rows`; none where there are no others."""
    cohort = cohort_of(rows)
    if others is None or cohort.first is None:
        return rows.head(0)
    return others.filter(pl.col(judged_by).is_not_null(), pl.col("week").is_between(cohort.first, cohort.last))


def cohort_of(rows: pl.DataFrame) -> Cohort:
    """Size and weeks of `rows`."""
    if rows.is_empty():
        return Cohort()
    first: Any = rows["week"].min()
    last: Any = rows["week"].max()
    return Cohort(rows.height, first, last)


def weekly_series(metric_week: pl.DataFrame, metric: str, week: date, weeks: int) -> Series:
    """The last `weeks` weeks of a metric over everybody, and the weeks since `week`, with usual ranges."""
    rows = metric_week.filter(pl.col("metric") == metric, pl.col("group_by") == "all").sort("week")
    if rows.is_empty():
        return Series(metric, "share")
    history = [_point(row) for row in rows.iter_rows(named=True)]
    current = next((point for point in reversed(history) if point.is_judged and point.week <= week), None)
    judged_until = current.week if current else week
    baseline = [point for point in history if point.is_judged and point.week < judged_until][-BASELINE_WEEKS:]
    usual = _usual_range(rows["kind"][0], rows["unit"][0], baseline)
    shown = _calendar([usual.of(point) for point in history], min(week, judged_until) - timedelta(weeks=weeks - 1))
    by_week = {point.week: point for point in shown}
    return Series(
        metric,
        rows["unit"][0],
        tuple(shown),
        usual.centre,
        len(baseline),
        usual.of(current) if current else None,
        by_week.get(week),
    )


def _point(row: Mapping[str, Any]) -> Point:
    whole = {name: None if row[name] is None else int(row[name]) for name in ("numerator", "denominator")}
    value = None if row["suppressed"] else row["value"]
    return Point(
        row["week"],
        value,
        whole["numerator"],
        whole["denominator"],
        int(row["n_open"] or 0),
        row["state"],
        bool(row["suppressed"]),
    )


def _calendar(points: Sequence[Point], first: date) -> list[Point]:
    """`points` from `first` on, with an empty point for each week nobody was contacted in."""
    by_week = {point.week: point for point in points if point.week >= first}
    if not by_week:
        return []
    start, last = min(by_week), max(by_week)
    weeks = [start + timedelta(weeks=step) for step in range((last - start).days // 7 + 1)]
    return [by_week.get(week) or Point(week, None, None, None, 0, "empty", False) for week in weeks]


@dataclass(frozen=True)
class _Usual:
    """Process limits; `sigma_z` scales binomial limits, `width` is the half width of the others."""

    centre: float | None = None
    sigma_z: float | None = None
    width: float | None = None
    is_share: bool = True

    def of(self, point: Point) -> Point:
        """`point` with its limits, where there are any."""
        half = self.width
        if self.centre is not None and self.sigma_z is not None and point.denominator:
            half = 3 * self.sigma_z * math.sqrt(self.centre * (1 - self.centre) / point.denominator)
        if self.centre is None or half is None or point.state != "judged" or point.is_suppressed:
            return point
        upper = self.centre + half
        return Point(
            point.week,
            point.value,
            point.numerator,
            point.denominator,
            point.n_open,
            point.state,
            point.is_suppressed,
            max(0.0, self.centre - half),
            min(1.0, upper) if self.is_share else upper,
        )


def _usual_range(kind: str, unit: str, baseline: Sequence[Point]) -> _Usual:
    """Laney p' limits for proportions, individuals and moving range for the rest; none below eight weeks.

    Laney's sigma_z is never taken below 1: a calm spell must not make the next ordinary week look odd.
    """
    values = [point.value for point in baseline if point.value is not None]
    if kind != "proportion":
        centre = fmean(values) if values else None
        if len(values) < MINIMUM_BASELINE or centre is None:
            return _Usual(centre, is_share=unit == "share")
        return _Usual(centre, None, 3 * _moving_range(values) / MOVING_RANGE_TO_SIGMA, unit == "share")
    counts = [(p.numerator, p.denominator) for p in baseline if p.numerator is not None and p.denominator]
    total = sum(n for _, n in counts)
    centre = sum(yes for yes, _ in counts) / total if total else None
    if len(counts) < MINIMUM_BASELINE or centre is None:
        return _Usual(centre)
    if centre in (0.0, 1.0):
        return _Usual(centre, 1.0)
    scores = [(yes / n - centre) / math.sqrt(centre * (1 - centre) / n) for yes, n in counts]
    return _Usual(centre, max(1.0, _moving_range(scores) / MOVING_RANGE_TO_SIGMA))


def _moving_range(values: Sequence[float]) -> float:
    return fmean(abs(after - before) for before, after in pairwise(values))


def talk_shares(
    rows: pl.DataFrame,
    week: date,
    weeks: int,
    minimum_candidates: int,
    reference: float | None,
    others: pl.DataFrame | None = None,
) -> TalkShares:
    """Answered threads whose 30 days are over: bars of 5 points, joined until each holds enough people.

    `others` are the people outside, whose bars may not follow by subtraction from those of everybody.
    """
    judged = recent(rows, "replied_30d", week, weeks)
    answered, elsewhere = _talks(judged), _talks(beside(others, judged, "replied_30d"))
    if answered["person"].n_unique() < minimum_candidates:
        return TalkShares(cohort_of(answered), reference=reference)
    shares = answered["talk_share"].to_list()
    people, outside = _people_by_bin(answered), _people_by_bin(elsewhere)
    counts = dict(answered.group_by("bin").agg(pl.len()).iter_rows())
    bars = [
        Bar(first / 20, past / 20, sum(counts.get(place, 0) for place in range(first, past)))
        for first, past in merged_bins(people, minimum_candidates, outside)
    ]
    n = len(shares)
    margin = Z * math.sqrt(n) / 2
    return TalkShares(
        cohort_of(answered),
        tuple(bars),
        _quantile(shares, 0.5),
        shares[max(0, math.floor(n / 2 - margin) - 1)],
        shares[min(n - 1, math.ceil(n / 2 + margin))],
        (_quantile(shares, 0.25), _quantile(shares, 0.75)),
        reference,
        sum(share <= reference for share in shares) if reference is not None else 0,
    )


def _talks(judged: pl.DataFrame) -> pl.DataFrame:
    words = (pl.col("recruiter_words_30d"), pl.col("candidate_words_30d"))
    return (
        judged.filter(words[0] > 0, words[1] > 0)
        .with_columns(talk_share=words[0] / (words[0] + words[1]))
        .with_columns(bin=pl.col("talk_share").mul(20).floor().clip(0, 19).cast(pl.Int64))
        .sort("talk_share", "thread_id", "approach_no")
    )


def _people_by_bin(talks: pl.DataFrame) -> list[int]:
    people = dict(talks.group_by("bin").agg(pl.col("person").n_unique()).iter_rows())
    return [people.get(place, 0) for place in range(20)]


def _quantile(values: Sequence[float], share: float) -> float:
    place = share * (len(values) - 1)
    below = math.floor(place)
    above = min(below + 1, len(values) - 1)
    return values[below] + (values[above] - values[below]) * (place - below)


def compare(
    name: str,
    rows: pl.DataFrame,
    key: pl.Expr,
    order: Sequence[str] | None,
    *,
    minimum_candidates: int,
    minimum_recruiters: int = 0,
    others: pl.DataFrame | None = None,
) -> Comparison:
    """Seven-day reply rates of the groups `key` makes; alphabetical unless `order` is given.

    `others` are the people outside: a group that has only few of them is hidden, since a total of both would tell them.
    """
    keyed = rows.with_columns(key.alias("_group")).filter(pl.col("_group").is_not_null())
    parts = {str(value): part for (value,), part in keyed.group_by("_group")}
    sizes = {
        label: Size(part["person"].n_unique(), part["recruiter_id"].n_unique() if minimum_recruiters else None)
        for label, part in parts.items()
    }
    outside = beside(others, keyed, "replied_7d").with_columns(key.alias("_group")).group_by("_group")
    few = {str(value) for (value,), part in outside if part["person"].n_unique() < minimum_candidates}
    hidden = hidden_groups(sizes, minimum_candidates, minimum_recruiters, few)
    groups = [
        Group(
            label,
            None if label in hidden or label not in parts else rate_of(parts[label], "replied_7d"),
            label in hidden,
        )
        for label in (order or sorted(parts))
    ]
    return Comparison(name, cohort_of(keyed), tuple(groups))


def share_bin(column: str) -> pl.Expr:
    """The bin of a share of sentences: none, under 20 %, 20-39 %, 40 % or more."""
    share = pl.col(column)
    return (
        pl.when(share <= 0)
        .then(pl.lit(SHARE_BINS[0]))
        .when(share < 0.2)
        .then(pl.lit(SHARE_BINS[1]))
        .when(share < 0.4)
        .then(pl.lit(SHARE_BINS[2]))
        .when(share >= 0.4)
        .then(pl.lit(SHARE_BINS[3]))
    )


def findings(associations: pl.DataFrame, info: Mapping[str, Any], minimum_candidates: int) -> Findings:
    """Slice `all` without outcomes whose rates are refused; the adjusted difference where there is one."""
    rows = [row for row in associations.sort("metric", "outcome").iter_rows(named=True) if row["slice"] == "all"]
    rows = [row for row in rows if not is_refused(row["outcome"], info)]
    found = [_finding(row) for row in rows if (row["n_candidates"] or 0) >= minimum_candidates]
    clear = [finding for finding in found if finding.verdict in ("higher", "lower")]
    clear.sort(key=lambda finding: (-abs(finding.difference or 0.0), finding.metric, finding.outcome))
    return Findings(
        tuple(clear),
        tuple(finding for finding in found if finding.verdict == "no difference seen"),
        tuple(finding for finding in found if finding.verdict == "too little data"),
    )


def is_refused(outcome: str, info: Mapping[str, Any]) -> bool:
    """Whether the snapshot refuses rates of this outcome."""
    if outcome.startswith(OF_REPLIES):
        return bool(info.get("reply_refused_reason"))
    return bool(info.get("conversion_refused_reason")) and outcome.startswith(OF_SOURCES)


def _finding(row: Mapping[str, Any]) -> Finding:
    adjusted = row["adjusted_difference"] is not None
    names = ("adjusted_difference", "adjusted_low", "adjusted_high")
    plain = ("difference", "difference_low", "difference_high")
    difference, low, high = (row[name] for name in (names if adjusted else plain))
    return Finding(
        row["metric"],
        row["outcome"],
        row["verdict"],
        row["verdict_reason"] or "",
        difference,
        low,
        high,
        row["iqr_low"],
        row["iqr_high"],
        row["minimum_detectable_difference"],
        bool(row["is_simpson"]),
        int(row["n_approaches"] or 0),
        bool(row.get("is_confounded")),
    )


def quality(
    source_files: pl.DataFrame,
    set_aside: pl.DataFrame,
    exclusions: pl.DataFrame,
    info: Mapping[str, Any],
    n_open: int,
) -> Quality:
    """Counts of rows and files; the reasons are ours and hold no text of anybody."""
    names = ("rows_in", "rows_kept", "rows_set_aside", "rows_already_known", "rows_excluded")
    return Quality(
        source_files.height,
        int(info.get("files_refused") or 0),
        {name: int(source_files[name].sum() or 0) for name in names},
        _by_reason(set_aside),
        _by_reason(exclusions),
        n_open,
        info,
    )


def _by_reason(rows: pl.DataFrame) -> tuple[tuple[str, int], ...]:
    sums = rows.group_by("reason").agg(pl.col("n_rows").sum()).sort(["n_rows", "reason"], descending=[True, False])
    return tuple((str(reason), int(n)) for reason, n in sums.iter_rows())
