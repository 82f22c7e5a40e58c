"""The pictures of the weekly report: altair drawn to SVG whose colours are the page's CSS variables."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reports import words
from reports.estimates import Comparison, Funnel, Group, Point, Series, TalkShares

if TYPE_CHECKING:
    import altair as alt

# Stand-ins that a drawing library accepts; each becomes a CSS variable, so one picture serves light and dark.
TEXT, MUTED, GRID, ACCENT, SOFT, LOSS, BAR, PAGE = (f"#0a0b0{place}" for place in range(1, 9))
VARIABLES = {
    TEXT: "--text",
    MUTED: "--muted",
    GRID: "--grid",
    ACCENT: "--accent",
    SOFT: "--soft",
    LOSS: "--loss",
    BAR: "--bar",
    PAGE: "--page",
}
WIDE, NARROW = 760, 340
FONT_SIZE = 12
AXIS = {
    "domain": False,
    "ticks": False,
    "labelColor": MUTED,
    "labelFontSize": FONT_SIZE,
    "labelPadding": 6,
    "labelFlush": False,
    "gridColor": GRID,
    "title": None,
}
_ROWS: dict[str, Any] = {"labelColor": TEXT, "grid": False}
THEME: dict[str, Any] = {
    "aria": False,
    "background": None,
    "view": {"stroke": None},
    "axis": AXIS,
    "text": {"fontSize": FONT_SIZE, "fill": TEXT},
}


@dataclass(frozen=True)
class Picture:
    """One chart at two widths; the style sheet shows the one that fits."""

    wide: str
    narrow: str


def draw(chart: Callable[[int], alt.LayerChart], wide: int = WIDE, narrow: int = NARROW) -> Picture:
    """Both widths of a chart."""
    return Picture(to_svg(chart(wide)), to_svg(chart(narrow)))


def to_svg(chart: alt.LayerChart) -> str:
    """A chart as bare SVG: no fixed size, no font, no accessibility noise, colours as CSS variables."""
    import altair
    import vl_convert

    spec = _on_one_line(chart.to_dict()) | {"config": THEME}
    version = ".".join(altair.SCHEMA_VERSION.lstrip("v").split(".")[:2])
    svg = vl_convert.vegalite_to_svg(spec, vl_version=version)
    svg = re.sub(r' (?:xmlns(?::xlink)?|version|class|font-family|role|aria-[a-z]+)="[^"]*"', "", svg)
    svg = re.sub(r'<svg width="[^"]*" height="[^"]*"', '<svg aria-hidden="true" focusable="false"', svg)
    svg = re.sub(r"-?\d+\.\d{3,}", lambda number: f"{float(number[0]):.2f}".rstrip("0").rstrip("."), svg)
    svg = re.sub(r'<path d="M[^"]*" pointer-events="none"(?: display="none")?></path>', "", svg)
    for _ in range(4):
        svg = re.sub(r"<g[^>]*></g>", "", svg)
    for colour, variable in VARIABLES.items():
        svg = svg.replace(colour, f"var({variable})")
    return svg


def _on_one_line(part: Any) -> Any:
    """The part of a chart without control characters: measuring such a label would abort the whole process."""
    if isinstance(part, str):
        return re.sub(r"[\x00-\x1f\x7f-\x9f]+", " ", part)
    if isinstance(part, dict):
        return {key: _on_one_line(value) for key, value in part.items()}
    return [_on_one_line(value) for value in part] if isinstance(part, list) else part


@dataclass(frozen=True)
class Frame:
    """The whole picture and the room around the plot; fixed, so that labels of a page stand in one line."""

    width: int
    height: int
    left: int
    top: int = 4
    right: int = 4
    bottom: int = 22

    @property
    def inner(self) -> int:
        """Width of the plot."""
        return self.width - self.left - self.right

    def holds(self, *layers: Any) -> alt.LayerChart:
        """The layers inside this frame."""
        import altair as alt

        room = {"left": self.left, "top": self.top, "right": self.right, "bottom": self.bottom}
        size = {"width": self.inner, "height": self.height - self.top - self.bottom}
        layered: alt.LayerChart = alt.LayerChart(layer=list(layers))
        return layered.properties(**size, padding=room, autosize=alt.AutoSizeParams(type="none"))

    def labels(self) -> dict[str, Any]:
        """Axis labels that begin at the left edge of the picture."""
        return {"labelAlign": "left", "labelPadding": self.left, "labelLimit": 0}


def room_for(labels: Sequence[str]) -> int:
    """Width of the longest label in the widest font a reader may have."""
    return math.ceil(max(len(label) for label in labels) * 7.1) + 12


def _data(rows: Sequence[dict[str, Any]]) -> alt.InlineData:
    import altair as alt

    return alt.InlineData(values=list(rows))


def nice_top(highest: float) -> float:
    """The upper end of a share axis: the next of a few round numbers."""
    return next((top for top in (0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8) if top >= highest), 1.0)


def _ticks(top: float) -> list[float]:
    parts = 3 if round(top * 100) in (3, 6, 30, 60) else 5 if round(top * 100) in (5, 50) else 4 if top != 0.02 else 2
    return [round(top * place / parts, 4) for place in range(parts + 1)]


def _percent(top: float) -> dict[str, Any]:
    return {"format": ".0%" if top >= 0.1 else ".1%"}


# Reply rate by week


def weekly(series: Series, width: int) -> alt.LayerChart:
    """A line through the judged weeks, the usual range as a band, open weeks hollow."""
    import altair as alt

    points = series.points
    frame = Frame(width, 200 if width == WIDE else 185, left=38, top=22)
    highest = max(max(point.value or 0.0, point.upper or 0.0) for point in points)
    top = nice_top(highest * 1.12)
    weeks = [point.week.isoformat() for point in points]
    every = math.ceil(len(weeks) / (7 if width == WIDE else 4))
    named = weeks[(len(weeks) - 1) % every :: every]
    names = {point.week.isoformat(): words.short_day(point.week) for point in points}
    x = alt.X(
        "week:O",
        scale=alt.Scale(domain=weeks, padding=0.5),
        axis=alt.Axis(values=named, labelExpr=f"({names})[datum.value]", labelAngle=0, grid=False, labelOverlap=False),
    )
    scale = alt.Scale(domain=[0, top], nice=False)
    y = alt.Y("value:Q", scale=scale, axis=alt.Axis(values=_ticks(top), **frame.labels(), **_percent(top)))
    layers = _open_bands(points, x, frame) + _usual_band(points, x, scale)
    judged = [{"week": p.week.isoformat(), "value": p.value if p.is_judged else None} for p in points]
    layers.append(
        alt.Chart(_data(judged))
        .mark_line(color=ACCENT, strokeWidth=2, point={"size": 34, "fill": ACCENT, "color": ACCENT})
        .encode(x=x, y=y)
    )
    hollow = [
        {"week": p.week.isoformat(), "value": p.value} for p in points if p.state == "open" and p.value is not None
    ]
    if hollow:
        layers.append(
            alt.Chart(_data(hollow))
            .mark_point(size=52, fill=PAGE, stroke=ACCENT, opacity=1, strokeWidth=1.8)
            .encode(x=x, y=y)
        )
    return frame.holds(*layers, *_marked_weeks(series, x, y))


def _open_bands(points: Sequence[Point], x: alt.X, frame: Frame) -> list[Any]:
    """A column behind the weeks that are still open, named once."""
    import altair as alt

    still = [{"week": point.week.isoformat()} for point in points if point.state == "open"]
    if not still:
        return []
    step = frame.inner / len(points)
    columns = alt.Chart(_data(still)).mark_rule(color=GRID, strokeWidth=step * 0.96, opacity=0.6).encode(x=x)
    name = (
        alt.Chart(_data(still[-1:]))
        .mark_text(align="right", dx=step / 2, baseline="bottom", fill=MUTED, text=words.LABELS["still_open"])
        .encode(x=x, y=alt.value(-5))
    )
    return [columns, name]


def _usual_band(points: Sequence[Point], x: alt.X, scale: alt.Scale) -> list[Any]:
    import altair as alt

    limits = [{"week": p.week.isoformat(), "low": p.lower, "high": p.upper} for p in points]
    known = [row for row in limits if row["low"] is not None]
    if not known:
        return []
    low, high = alt.Y("low:Q", scale=scale), alt.Y2("high:Q")
    band = alt.Chart(_data(limits)).mark_area(color=SOFT, opacity=1, interpolate="monotone").encode(x=x, y=low, y2=high)
    name = (
        alt.Chart(_data(known[:1]))
        .mark_text(align="left", baseline="bottom", dy=-4, fill=MUTED, text=words.LABELS["usual_range"])
        .encode(x=x, y=alt.Y("high:Q", scale=scale))
    )
    return [band, name]


def _marked_weeks(series: Series, x: alt.X, y: alt.Y) -> list[Any]:
    """The newest judged week by its value, and a ring around every week outside the usual range."""
    import altair as alt

    layers: list[Any] = []
    odd = [p for p in series.points if p.verdict in ("above", "below")]
    if odd:
        rings = [{"week": p.week.isoformat(), "value": p.value} for p in odd]
        layers.append(
            alt.Chart(_data(rings))
            .mark_point(size=150, shape="diamond", stroke=LOSS, fill=PAGE, opacity=1, strokeWidth=2.2)
            .encode(x=x, y=y)
        )
    last = series.current
    if last and last.value is not None and any(point.week == last.week for point in series.points):
        judged = [p.value for p in series.points if p.is_judged and p.week < last.week and p.value is not None]
        under = bool(judged) and last.value < judged[-1]
        row = {"week": last.week.isoformat(), "value": last.value, "text": words.percent(last.value)}
        layers.append(
            alt.Chart(_data([row]))
            .mark_text(dy=18 if under else -16, fontWeight="bold", fontSize=13)
            .encode(x=x, y=y, text="text:N")
        )
    return layers


# Per 100 contacted


def funnel(result: Funnel, labels: dict[str, str], width: int) -> alt.LayerChart:
    """Bars of what was won, then of what was lost, with their intervals."""
    import altair as alt

    rows = [_bar(group, labels, ACCENT) for group in result.gains]
    rows += [_bar(group, labels, LOSS) for group in result.losses]
    order = (
        [row["step"] for row in rows[: len(result.gains)]] + [" "] + [row["step"] for row in rows[len(result.gains) :]]
    )
    frame = Frame(width, 21 * len(order), left=room_for(order), bottom=2)
    top = max(row["high"] for row in rows) * (1.14 if width == WIDE else 1.24) or 1.0
    scale = alt.Scale(domain=[0, top], nice=False)
    x = alt.X("value:Q", scale=scale, axis=None)
    y = alt.Y(
        "step:N",
        sort=None,
        scale=alt.Scale(domain=order, paddingInner=0.28),
        axis=alt.Axis(**_ROWS, **frame.labels()),
    )
    bars = (
        alt.Chart(_data(rows))
        # Rounded ends would be clip paths, whose ids count on from one rendering to the next.
        .mark_bar()
        .encode(x=x, y=y, color=alt.Color("colour:N", scale=None, legend=None))
    )
    known = [row for row in rows if row["known"]]
    spread = (
        alt.Chart(_data(known))
        .mark_rule(color=TEXT, strokeWidth=1.2)
        .encode(x=alt.X("low:Q", scale=scale), x2="high:Q", y=y)
    )
    texts = [
        alt.Chart(_data(part))
        .mark_text(align="left", dx=7, fontWeight="bold" if ink == TEXT else "normal", fill=ink)
        .encode(x=alt.X("high:Q", scale=scale), y=y, text="text:N")
        for part, ink in ((known, TEXT), ([row for row in rows if not row["known"]], MUTED))
        if part
    ]
    return frame.holds(bars, spread, *texts)


def _bar(group: Group, labels: dict[str, str], colour: str) -> dict[str, Any]:
    rate = group.rate
    return {
        "step": words.step(labels, group.label),
        "value": rate.value if rate else 0.0,
        "low": rate.low if rate else 0.0,
        "high": rate.high if rate else 0.0,
        "text": words.funnel_value(group),
        "known": rate is not None,
        "colour": colour,
    }


# Talk share


def talk(shares: TalkShares, width: int) -> alt.LayerChart:
    """Bars over the share of words; joined neighbours keep the same area a conversation."""
    import altair as alt

    bars = [{"from": bar.low, "to": bar.high, "n": bar.n * 0.05 / (bar.high - bar.low)} for bar in shares.bars]
    highest = max(bar["n"] for bar in bars)
    marks = [
        (
            shares.median or 0.0,
            f"{words.LABELS['middle']} {words.percent(shares.median or 0.0)}",
            TEXT,
            highest * 1.1,
        )
    ]
    if shares.reference is not None:
        named = f"{words.LABELS['reference']} {words.percent(shares.reference)}"
        marks.append((shares.reference, named, LOSS, highest * 1.28))
    top = marks[-1][3]
    x_scale, y_scale = alt.Scale(domain=[0, 1], nice=False), alt.Scale(domain=[0, top * 1.06], nice=False)
    ticks = [0, 0.2, 0.4, 0.6, 0.8, 1]
    x = alt.X("from:Q", scale=x_scale, axis=alt.Axis(values=ticks, format=".0%", grid=False))
    y = alt.Y("n:Q", scale=y_scale, axis=None)
    layers: list[Any] = [
        alt.Chart(_data(bars))
        .mark_bar(color=BAR, binSpacing=0, stroke=PAGE, strokeWidth=1.5)
        .encode(x=x, x2="to:Q", y=y, y2=alt.datum(0))
    ]
    for value, text, colour, height in marks:
        chart = alt.Chart(_data([{"from": value, "n": height, "zero": 0}]))
        dash = [5, 3] if colour == LOSS else [1, 0]
        layers.append(
            chart.mark_rule(color=colour, strokeWidth=1.8, strokeDash=dash).encode(x=x, y=y, y2=alt.Y2("zero:Q"))
        )
        left = value < 0.62
        layers.append(
            chart.mark_text(
                align="left" if left else "right",
                dx=5 if left else -5,
                text=text,
                fill=colour,
                fontWeight="bold",
                baseline="top",
            ).encode(x=x, y=y)
        )
    return Frame(width, 190, left=14, right=20).holds(*layers)


# Comparisons


def comparison(result: Comparison, top: float, width: int) -> alt.LayerChart:
    """A row a group: dot, interval, rate; the rows keep their own order."""
    import altair as alt

    rows = [_dot(result.name, group) for group in result.groups]
    order = [row["group"] for row in rows]
    frame = Frame(width, 30 * len(order) + 26, left=room_for(order), right=46)
    x_scale = alt.Scale(domain=[0, top], nice=False)
    y_scale = alt.Scale(domain=order, padding=0.5)
    ticks = _ticks(top) if width == WIDE else _ticks(top)[::2] if len(_ticks(top)) % 2 else _ticks(top)
    x = alt.X("value:Q", scale=x_scale, axis=alt.Axis(values=ticks, **_percent(top)))
    y = alt.Y("group:N", sort=None, scale=y_scale, axis=alt.Axis(**_ROWS, **frame.labels()))
    known, unknown = [row for row in rows if row["known"]], [row for row in rows if not row["known"]]
    base = alt.Chart(_data(known))
    layers: list[Any] = [
        base.mark_rule(color=ACCENT, strokeWidth=6, opacity=0.3, strokeCap="round").encode(
            x=alt.X("low:Q", scale=x_scale), x2="high:Q", y=y
        ),
        base.mark_point(size=70, filled=True, color=ACCENT, opacity=1).encode(x=x, y=y),
        base.mark_text(align="right", fontWeight="bold").encode(x=alt.value(frame.inner + 44), y=y, text="text:N"),
    ]
    if unknown:
        text = alt.Chart(_data(unknown)).mark_text(align="left", dx=4, fill=MUTED)
        layers.append(text.encode(x=alt.value(0), y=y, text="text:N"))
    return frame.holds(*layers)


def shared_top(comparisons: Sequence[Comparison]) -> float:
    """One axis for pictures that stand side by side."""
    highs = [group.rate.high for result in comparisons for group in result.groups if group.rate]
    return nice_top(max(highs, default=0.1))


def _dot(name: str, group: Group) -> dict[str, Any]:
    rate = group.rate
    return {
        "group": words.group_label(name, group.label),
        "value": rate.value if rate else None,
        "low": rate.low if rate else None,
        "high": rate.high if rate else None,
        "text": words.percent(rate.value) if rate else words.empty_group(group),
        "known": rate is not None,
    }


# Small drawings inside tables and tiles


def interval_glyph(
    low: float, high: float, value: float, *, start: float, end: float, zero: float | None = None
) -> str:
    """A dot and its interval on a scale; hidden from screen readers, the numbers stand beside."""

    def place(number: float) -> str:
        return f"{3 + 114 * min(1.0, max(0.0, (number - start) / (end - start))):.1f}"

    rule = f'<path d="M{place(zero)} 0V16" stroke="var(--grid)" stroke-width="1.5"/>' if zero is not None else ""
    return (
        f'<svg class="glyph" viewBox="0 0 120 16" aria-hidden="true" focusable="false">{rule}'
        f'<path d="M{place(low)} 8H{place(high)}" stroke="var(--accent)" stroke-opacity=".35" '
        f'stroke-width="5" stroke-linecap="round"/><circle cx="{place(value)}" cy="8" r="3.6" '
        'fill="var(--accent)"/></svg>'
    )


def sparkline(points: Sequence[Point]) -> str:
    """The judged weeks of a figure and its usual range, without axes; the numbers stand beside."""
    judged = [(place, point) for place, point in enumerate(points) if point.is_judged]
    values = [point.value for _, point in judged if point.value is not None]
    limits = [limit for _, p in judged for limit in (p.lower, p.upper) if limit is not None]
    if len(values) < 2:
        return ""
    low, high = min(values + limits), max(values + limits)
    span = (high - low) or 1.0
    first, last = judged[0][0], judged[-1][0]

    def spot(place: int, value: float) -> str:
        return f"{3 + 134 * (place - first) / (last - first):.1f} {33 - 30 * (value - low) / span:.1f}"

    ranged = [(place, p.lower, p.upper) for place, p in judged if p.lower is not None and p.upper is not None]
    area = [spot(place, upper) for place, _, upper in ranged] + [spot(place, lower) for place, lower, _ in ranged[::-1]]
    band = f'<path d="M{"L".join(area)}Z" fill="var(--soft)"/>' if area else ""
    line = "L".join(spot(place, point.value) for place, point in judged if point.value is not None)
    x, y = spot(last, values[-1]).split()
    return (
        f'<svg class="spark" viewBox="0 0 140 36" aria-hidden="true" focusable="false">{band}'
        f'<path d="M{line}" fill="none" stroke="var(--accent)" stroke-width="1.8"/>'
        f'<circle cx="{x}" cy="{y}" r="3" fill="var(--accent)"/></svg>'
    )
