"""Recruiters one by one, where configured: alphabetical, with intervals and a funnel plot in place of a ranking."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from reports import charts, words
from reports import recruiter_words as say
from reports.disclose import Size, hidden_groups
from reports.estimates import Cohort, Rate, cohort_of, rate_of, recent

if TYPE_CHECKING:
    import altair as alt

MINIMUM_APPROACHES = 30
"""Fewer are too few to judge anybody by."""
INNER, OUTER = 0.95, 0.998
WINSORISED = 0.1


@dataclass(frozen=True)
class Person:
    """One recruiter: `side` is where the rate lies against the outer limits."""

    label: str
    rate: Rate
    side: str
    """above, below or within."""


@dataclass(frozen=True)
class Plot:
    """A funnel plot: the team's rate, the over-dispersion its limits allow for, and the people."""

    cohort: Cohort
    centre: float
    dispersion: float
    people: tuple[Person, ...]


@dataclass(frozen=True)
class Section:
    """The part of the page; without `rows` it says `instead`."""

    headline: str
    subtitle: str = ""
    picture: charts.Picture | None = None
    alt: str = ""
    rows: Sequence[tuple[Sequence[str], str]] = ()
    too_few: str = ""
    note: str = ""
    columns: Sequence[str] = say.COLUMNS
    title: str = say.TITLE
    instead: str = ""


def section(
    rows: pl.DataFrame,
    week: date,
    weeks: int,
    names: Mapping[str, str],
    *,
    minimum_candidates: int,
    minimum_recruiters: int,
    refused: str | None,
) -> Section:
    """Seven-day reply rates of the recruiters over the last judged `weeks`; `rows` comes from `outreach`.

    `names`: recruiter id -> name, empty where names are hidden; then, and where a source has no names, the id stands.
    """
    judged = recent(rows, "replied_7d", week, weeks).filter(pl.col("recruiter_id").is_not_null())
    if refused:
        return Section(words.refused_headline(), instead=words.refused(refused))
    if judged["recruiter_id"].n_unique() < minimum_recruiters:
        return Section(say.small_headline(), instead=say.small_team(minimum_recruiters))
    hidden = too_few_to_judge(judged, minimum_candidates)
    plot = funnel_plot(judged, names, hidden)
    labels = _labels(judged["recruiter_id"].unique(), names)
    too_few = say.too_few(_alphabetical(labels[who] for who in hidden), MINIMUM_APPROACHES)
    if not plot.people:
        return Section(say.nobody_headline(), too_few=too_few, instead=say.nobody(MINIMUM_APPROACHES))
    end = charts.nice_top(max(person.rate.high for person in plot.people))
    return Section(
        say.headline(plot.people),
        say.subtitle(plot.cohort),
        charts.draw(lambda width: draw(plot, width)),
        say.alt(plot.people, plot.centre),
        [(say.row(person), _glyph(person.rate, end)) for person in plot.people],
        too_few,
        say.note(plot.dispersion),
    )


def too_few_to_judge(judged: pl.DataFrame, minimum_candidates: int) -> frozenset[str]:
    """The recruiters without a number of their own: with few approaches or candidates, and the next smallest with them
    where what is left of everybody, or of one team, would tell theirs.
    """
    n = dict(judged.group_by("recruiter_id").agg(pl.len()).iter_rows())
    hidden = frozenset(who for who, count in n.items() if count < MINIMUM_APPROACHES)
    teams = [part for _, part in judged.group_by("team", maintain_order=True)]
    while True:
        found = hidden
        for part in (judged, *teams):
            people = part.group_by("recruiter_id").agg(pl.col("person").n_unique())
            sizes = {who: Size(count) for who, count in people.iter_rows()}
            found |= hidden_groups(sizes, minimum_candidates, hidden_anyway=found & sizes.keys())
        if found == hidden:
            return hidden
        hidden = found


def funnel_plot(judged: pl.DataFrame, names: Mapping[str, str], hidden: frozenset[str]) -> Plot:
    """The shown recruiters in alphabetical order, against limits around everybody's rate."""
    parts = {str(who): part for (who,), part in judged.group_by("recruiter_id") if who not in hidden}
    labels = _labels(parts, names)
    rates = {who: rate for who, part in sorted(parts.items()) if (rate := rate_of(part, "replied_7d"))}
    centre = int(judged["replied_7d"].sum()) / judged.height
    dispersion = over_dispersion([(rate.numerator, rate.denominator) for rate in rates.values()], centre)

    def person(who: str, rate: Rate) -> Person:
        low, high = limits(rate.denominator, centre, OUTER, dispersion)
        side = "above" if rate.value > high else "below" if rate.value < low else "within"
        return Person(labels[who], rate, side)

    people = [person(who, rate) for who, rate in rates.items()]
    people.sort(key=lambda item: (item.label.casefold(), item.label))
    return Plot(cohort_of(judged), centre, dispersion, tuple(people))


def limits(n: int, centre: float, level: float, dispersion: float = 1.0) -> tuple[float, float]:
    """Where the rate of `n` approaches falls with probability `level` if the true one is `centre`.

    Binomial points, interpolated (Spiegelhalter 2005, appendix), their distance from the centre times the root of the
    dispersion.
    """
    if centre <= 0.0 or centre >= 1.0:
        return centre, centre
    tails = ((1 - level) / 2, (1 + level) / 2)
    low, high = (centre + math.sqrt(dispersion) * (_point(n, centre, tail) - centre) for tail in tails)
    return max(0.0, low), min(1.0, high)


def _point(n: int, centre: float, tail: float) -> float:
    from scipy.stats import binom

    count = float(binom.ppf(tail, n, centre))
    above, mass = float(binom.cdf(count, n, centre)), float(binom.pmf(count, n, centre))
    return (count - (above - tail) / mass) / n


def over_dispersion(counts: Sequence[tuple[int, int]], centre: float) -> float:
    """How much more recruiters vary than chance alone: mean squared z, the extreme tenths pulled in; at least 1.

    Multiplicative, after Spiegelhalter (2005); the pulling in keeps one outlier from widening its own limits.
    """
    if not counts or centre <= 0.0 or centre >= 1.0:
        return 1.0
    scores = np.array([(k / n - centre) / math.sqrt(centre * (1 - centre) / n) for k, n in counts])
    edges = np.quantile(scores, [WINSORISED, 1 - WINSORISED])
    return max(1.0, float(np.mean(np.clip(scores, *edges) ** 2)))


def _labels(ids: Any, names: Mapping[str, str]) -> dict[str, str]:
    """Names, or ids; two of one name also get their ids."""
    shown = {str(who): names.get(str(who), str(who)) for who in ids}
    taken = list(shown.values())
    return {who: label if taken.count(label) == 1 else f"{label} ({who})" for who, label in shown.items()}


def _alphabetical(labels: Any) -> list[str]:
    return sorted(labels, key=lambda label: (label.casefold(), label))


def _glyph(rate: Rate, end: float) -> str:
    return charts.interval_glyph(rate.low, rate.high, rate.value, start=0.0, end=end)


def draw(plot: Plot, width: int) -> alt.LayerChart:
    """Rate against number sent, with the limits; only who lies outside the outer ones is named."""
    import altair as alt

    most = max(person.rate.denominator for person in plot.people)
    end = math.ceil(most * 1.08)
    frame = charts.Frame(width, 260 if width == charts.WIDE else 230, left=38, top=10, bottom=36)
    sizes = sorted({max(10, round(end * place / 60)) for place in range(1, 61)})
    inner = [(n, *limits(n, plot.centre, INNER, plot.dispersion)) for n in sizes]
    outer = [(n, *limits(n, plot.centre, OUTER, plot.dispersion)) for n in sizes]
    tallest = max(person.rate.value for person in plot.people)
    top = charts.nice_top(max(tallest * 1.05, limits(MINIMUM_APPROACHES, plot.centre, OUTER, plot.dispersion)[1]))
    x_scale = alt.Scale(domain=[0, end], nice=False)
    y_scale = alt.Scale(domain=[0, top], nice=False, clamp=True)
    x = alt.X("n:Q", scale=x_scale, axis=alt.Axis(tickCount=5, grid=False, format="d"))
    y = alt.Y("rate:Q", scale=y_scale, axis=alt.Axis(values=charts.ticks(top), **frame.labels(), **charts.percent(top)))
    centre = alt.Chart(charts.inline([{"n": 0, "rate": plot.centre}, {"n": end, "rate": plot.centre}]))
    layers: list[Any] = [centre.mark_line(color=charts.MUTED, strokeWidth=1.2).encode(x=x, y=y)]
    for curve, dash, name in ((inner, [4, 3], "95%"), (outer, [1, 0], "99.8%")):
        for side in (1, 2):
            points = [{"n": point[0], "rate": point[side]} for point in curve]
            line = alt.Chart(charts.inline(points))
            layers.append(line.mark_line(color=charts.BAR, strokeWidth=1.4, strokeDash=dash).encode(x=x, y=y))
        tip = alt.Chart(charts.inline([{"n": end, "rate": curve[-1][2]}]))
        layers.append(
            tip.mark_text(align="right", baseline="bottom", dy=-2, fill=charts.MUTED, text=name).encode(x=x, y=y)
        )
    dots = [_dot(person) for person in plot.people]
    base = alt.Chart(charts.inline(dots))
    layers.append(base.mark_point(size=60, filled=True, color=charts.ACCENT, opacity=1).encode(x=x, y=y))
    if odd := [dot for dot in dots if dot["name"]]:
        ring = alt.Chart(charts.inline(odd))
        layers.append(
            ring.mark_point(size=170, shape="diamond", stroke=charts.LOSS, opacity=1, strokeWidth=2).encode(x=x, y=y)
        )
        left, right = [dot for dot in odd if dot["n"] <= end / 2], [dot for dot in odd if dot["n"] > end / 2]
        names = [
            alt.Chart(charts.inline(left)).mark_text(align="left", dx=11, fontWeight="bold"),
            alt.Chart(charts.inline(right)).mark_text(align="right", dx=-11, fontWeight="bold"),
        ]
        layers += [
            text.encode(x=x, y=y, text="name:N") for text, part in zip(names, (left, right), strict=True) if part
        ]
    foot = alt.Chart(charts.inline([{"text": say.AXIS}]))
    layers.append(
        foot.mark_text(align="right", fill=charts.MUTED).encode(
            x=alt.value(frame.inner), y=alt.value(frame.height - frame.top - frame.bottom + 28), text="text:N"
        )
    )
    return frame.holds(*layers)


def _dot(person: Person) -> dict[str, Any]:
    name = "" if person.side == "within" else person.label
    return {"n": person.rate.denominator, "rate": person.rate.value, "name": name}
