"""The pictures of the weekly report: altair drawn to SVG whose colours are the page's CSS variables."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reports import words
from reports.estimates import Comparison, Group, Point, Series, TalkShares

if TYPE_CHECKING:
    import altair as alt

# Stand-ins that a drawing library accepts; each becomes a CSS variable, so one picture serves light and dark.
TEXT, MUTED, GRID, ACCENT, SOFT, LOSS, BAR, PAGE, OPEN = (f"#0a0b0{place}" for place in range(1, 10))
VARIABLES = {
    TEXT: "--text",
    MUTED: "--muted",
    GRID: "--grid",
    ACCENT: "--accent",
    SOFT: "--soft",
    LOSS: "--loss",
    BAR: "--bar",
    PAGE: "--page",
    OPEN: "--open",
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


def inline(rows: Sequence[dict[str, Any]]) -> alt.InlineData:
    """The rows inside the picture's own description, so that nothing is fetched."""
    import altair as alt

    return alt.InlineData(values=list(rows))


def nice_top(highest: float) -> float:
    """The upper end of a share axis: the next of a few round numbers."""
    return next((top for top in (0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8) if top >= highest), 1.0)


def ticks(top: float) -> list[float]:
    """Round places on an axis of shares from 0 to `top`."""
    parts = 3 if round(top * 100) in (3, 6, 30, 60) else 5 if round(top * 100) in (5, 50) else 4 if top != 0.02 else 2
    return [round(top * place / parts, 4) for place in range(parts + 1)]


def percent(top: float) -> dict[str, Any]:
    """How an axis of shares up to `top` is written."""
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
    y = alt.Y("value:Q", scale=scale, axis=alt.Axis(values=ticks(top), **frame.labels(), **percent(top)))
    layers = _open_bands(points, x, frame) + _usual_band(points, x, scale)
    judged = [{"week": p.week.isoformat(), "value": p.value if p.is_judged else None} for p in points]
    layers.append(
        alt.Chart(inline(judged))
        .mark_line(color=ACCENT, strokeWidth=2, point={"size": 34, "fill": ACCENT, "color": ACCENT})
        .encode(x=x, y=y)
    )
    hollow = [
        {"week": p.week.isoformat(), "value": p.value} for p in points if p.state == "open" and p.value is not None
    ]
    if hollow:
        layers.append(
            alt.Chart(inline(hollow))
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
    columns = alt.Chart(inline(still)).mark_rule(color=OPEN, strokeWidth=step + 0.8, opacity=1).encode(x=x)
    name = (
        alt.Chart(inline(still[-1:]))
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
    band = (
        alt.Chart(inline(limits)).mark_area(color=SOFT, opacity=1, interpolate="monotone").encode(x=x, y=low, y2=high)
    )
    name = (
        alt.Chart(inline(known[:1]))
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
            alt.Chart(inline(rings))
            .mark_point(size=150, shape="diamond", stroke=LOSS, fill=PAGE, opacity=1, strokeWidth=2.2)
            .encode(x=x, y=y)
        )
    last = series.current
    if last and last.value is not None and any(point.week == last.week for point in series.points):
        judged = [p.value for p in series.points if p.is_judged and p.week < last.week and p.value is not None]
        under = bool(judged) and last.value < judged[-1]
        row = {"week": last.week.isoformat(), "value": last.value, "text": words.percent(last.value)}
        layers.append(
            alt.Chart(inline([row]))
            .mark_text(dy=18 if under else -16, fontWeight="bold", fontSize=13)
            .encode(x=x, y=y, text="text:N")
        )
    return layers


# Bars side by side


@dataclass(frozen=True)
class Bar:
    """A row of a chart: a value with its interval, or only a text where there is none."""

    label: str
    value: float | None
    low: float | None
    high: float | None
    text: str


@dataclass(frozen=True)
class Panel:
    """Bars under one name: what was won, what was lost, and what is told as a number without a bar."""

    name: str
    gains: Sequence[Bar]
    losses: Sequence[Bar]
    plain: Sequence[Bar]


def panels(shown: Sequence[Panel], width: int) -> alt.LayerChart:
    """Panels side by side on one scale, with the names of the rows at the left."""
    import altair as alt

    first = shown[0]
    order = [bar.label for bar in first.gains] + [" "] + [bar.label for bar in [*first.losses, *first.plain]]
    frame = Frame(width, 20 * len(order) + 26, left=min(room_for(order), 130), top=24, bottom=2)
    slot = frame.inner / len(shown)
    highest = max(
        (bar.high for panel in shown for bar in [*panel.gains, *panel.losses] if bar.high is not None), default=0.1
    )
    # Room for the number behind the end of the longest interval.
    unit = (slot - (46 if width == WIDE else 34)) / (highest or 1.0)
    rows = [
        _placed(bar, place * slot, unit, colour)
        for place, panel in enumerate(shown)
        for bars, colour in ((panel.gains, ACCENT), (panel.losses, LOSS), (panel.plain, None))
        for bar in bars
    ]
    x_scale = alt.Scale(domain=[0, frame.inner], nice=False)
    axis = alt.Axis(**_ROWS, **(frame.labels() | {"labelLimit": frame.left - 6}))
    y = alt.Y("label:N", sort=None, scale=alt.Scale(domain=order, paddingInner=0.3), axis=axis)

    def x(name: str) -> alt.X:
        return alt.X(f"{name}:Q", scale=x_scale, axis=None)

    drawn = [row for row in rows if row["colour"]]
    layers: list[Any] = []
    if drawn:
        # Rounded ends would be clip paths, whose ids count on from one rendering to the next.
        bars = (
            alt.Chart(inline(drawn))
            .mark_bar()
            .encode(x=x("from"), x2="to:Q", y=y, color=alt.Color("colour:N", scale=None, legend=None))
        )
        spread = alt.Chart(inline(drawn)).mark_rule(color=TEXT, strokeWidth=1.2).encode(x=x("low"), x2="high:Q", y=y)
        layers += [bars, spread]
    for known, ink in ((True, TEXT), (False, MUTED)):
        part = [row for row in rows if row["known"] is known]
        if part:
            text = alt.Chart(inline(part)).mark_text(
                align="left", dx=5, fontWeight="bold" if known else "normal", fill=ink
            )
            layers.append(text.encode(x=x("end"), y=y, text="text:N"))
    names = [{"at": place * slot, "name": panel.name} for place, panel in enumerate(shown)]
    title = alt.Chart(inline(names)).mark_text(align="left", fontWeight="bold", baseline="bottom")
    layers.append(title.encode(x=x("at"), y=alt.value(-6), text="name:N"))
    return frame.holds(*layers)


def _placed(bar: Bar, start: float, unit: float, colour: str | None) -> dict[str, Any]:
    value, low, high = (start + unit * (number or 0.0) for number in (bar.value, bar.low, bar.high))
    has_bar = bar.value is not None and colour is not None
    return {
        "label": bar.label,
        "from": start,
        "to": value,
        "low": low,
        "high": high,
        "end": high if has_bar else start - 4,
        "text": bar.text,
        "known": bar.value is not None,
        "colour": colour if has_bar else None,
    }


@dataclass(frozen=True)
class Part:
    """A piece of a bar that adds up to 1."""

    name: str
    share: float


def stacked(rows: Sequence[tuple[str, Sequence[Part]]], width: int) -> alt.LayerChart:
    """A whole bar a row, cut into the same parts; the parts are named once, above the first row."""
    import altair as alt

    fills, inks = (ACCENT, BAR, SOFT), (PAGE, TEXT, TEXT)
    order = [label for label, _ in rows]
    frame = Frame(width, 34 * len(order) + 24, left=room_for(order), top=22, bottom=2, right=2)
    x_scale = alt.Scale(domain=[0, 1], nice=False)
    y = alt.Y(
        "label:N", sort=None, scale=alt.Scale(domain=order, paddingInner=0.35), axis=alt.Axis(**_ROWS, **frame.labels())
    )
    pieces = []
    for label, parts in rows:
        start = 0.0
        for place, part in enumerate(parts):
            wide_enough = part.share * frame.inner >= 30
            pieces.append(
                {
                    "label": label,
                    "from": start,
                    "to": min(1.0, start + part.share),
                    "middle": start + part.share / 2,
                    "fill": fills[place],
                    "ink": inks[place],
                    "text": words.percent(part.share) if wide_enough else "",
                }
            )
            start += part.share
    x = alt.X("from:Q", scale=x_scale, axis=None)
    bars = alt.Chart(inline(pieces)).mark_bar(stroke=PAGE, strokeWidth=1.5)
    texts = alt.Chart(inline([piece for piece in pieces if piece["text"]])).mark_text(fontWeight="bold")
    names = _key(rows[0][1], fills, frame)
    return frame.holds(
        bars.encode(x=x, x2="to:Q", y=y, color=alt.Color("fill:N", scale=None, legend=None)),
        texts.encode(
            x=alt.X("middle:Q", scale=x_scale, axis=None),
            y=y,
            text="text:N",
            color=alt.Color("ink:N", scale=None, legend=None),
        ),
        alt.Chart(inline(names))
        .mark_point(shape="square", size=90, filled=True, opacity=1, stroke=MUTED, strokeWidth=0.8)
        .encode(
            x=alt.X("at:Q", scale=x_scale, axis=None),
            y=alt.value(-12),
            fill=alt.Fill("fill:N", scale=None, legend=None),
        ),
        alt.Chart(inline(names))
        .mark_text(align="left", dx=9, baseline="middle")
        .encode(x=alt.X("at:Q", scale=x_scale, axis=None), y=alt.value(-12), text="name:N"),
    )


def _key(parts: Sequence[Part], fills: Sequence[str], frame: Frame) -> list[dict[str, Any]]:
    """What each fill means, one behind the other from the left end of the bars."""
    names, at = [], 6.0
    for part, fill in zip(parts, fills, strict=False):
        names.append({"at": at / frame.inner, "name": part.name, "fill": fill})
        at += room_for([part.name]) + 14
    return names


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
        alt.Chart(inline(bars))
        .mark_bar(color=BAR, binSpacing=0, stroke=PAGE, strokeWidth=1.5)
        .encode(x=x, x2="to:Q", y=y, y2=alt.datum(0))
    ]
    for value, text, colour, height in marks:
        chart = alt.Chart(inline([{"from": value, "n": height, "zero": 0}]))
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
    return rates([_dot(result.name, group) for group in result.groups], top, width)


def rates(rows: Sequence[Bar], top: float, width: int) -> alt.LayerChart:
    """Dots on an axis of percentages that ends at `top`."""
    return dots(rows, top, width, ticks=ticks(top), form=percent(top))


def dots(
    rows: Sequence[Bar],
    top: float,
    width: int,
    *,
    ticks: Sequence[float],
    form: Mapping[str, Any],
    reference: tuple[float, str] | None = None,
) -> alt.LayerChart:
    """A row each: dot, interval and number; `reference` draws a dashed line with its name above."""
    import altair as alt

    order = [row.label for row in rows]
    above = 20 if reference else 4
    frame = Frame(width, 30 * len(order) + 22 + above, left=room_for(order), right=46, top=above)
    x_scale = alt.Scale(domain=[0, top], nice=False)
    named = list(ticks) if width == WIDE else list(ticks)[::2] if len(ticks) % 2 else list(ticks)
    x = alt.X("value:Q", scale=x_scale, axis=alt.Axis(values=named, **form))
    y = alt.Y(
        "group:N", sort=None, scale=alt.Scale(domain=order, padding=0.5), axis=alt.Axis(**_ROWS, **frame.labels())
    )
    records = [
        {"group": row.label, "value": row.value, "low": row.low, "high": row.high, "text": row.text} for row in rows
    ]
    known = [record for record in records if record["value"] is not None]
    unknown = [record for record in records if record["value"] is None]
    base = alt.Chart(inline(known))
    layers: list[Any] = [
        base.mark_rule(color=ACCENT, strokeWidth=6, opacity=0.3, strokeCap="round").encode(
            x=alt.X("low:Q", scale=x_scale), x2="high:Q", y=y
        ),
        base.mark_point(size=70, filled=True, color=ACCENT, opacity=1).encode(x=x, y=y),
        base.mark_text(align="right", fontWeight="bold").encode(x=alt.value(frame.inner + 44), y=y, text="text:N"),
    ]
    if unknown:
        text = alt.Chart(inline(unknown)).mark_text(align="left", dx=4, fill=MUTED)
        layers.append(text.encode(x=alt.value(0), y=y, text="text:N"))
    if reference:
        line = alt.Chart(inline([{"value": reference[0], "text": reference[1]}]))
        at = alt.X("value:Q", scale=x_scale)
        layers.append(line.mark_rule(color=LOSS, strokeWidth=1.8, strokeDash=[5, 3]).encode(x=at))
        name = line.mark_text(align="right", fill=LOSS, fontWeight="bold", baseline="bottom", dx=4)
        layers.append(name.encode(x=at, y=alt.value(-4), text="text:N"))
    return frame.holds(*layers)


def shared_top(comparisons: Sequence[Comparison]) -> float:
    """One axis for pictures that stand side by side."""
    highs = [group.rate.high for result in comparisons for group in result.groups if group.rate]
    return nice_top(max(highs, default=0.1))


def _dot(name: str, group: Group) -> Bar:
    rate, label = group.rate, words.group_label(name, group.label)
    if rate is None:
        return Bar(label, None, None, None, words.empty_group(group))
    return Bar(label, rate.value, rate.low, rate.high, words.percent(rate.value))


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


def sparkline(points: Sequence[Point], *, width: int = 140, height: int = 36, kind: str = "spark") -> str:
    """The judged weeks of a figure and its usual range, without axes; the numbers stand beside.

    Larger than in a tile, every week outside the range has a diamond.
    """
    judged = [(place, point) for place, point in enumerate(points) if point.is_judged]
    values = [point.value for _, point in judged if point.value is not None]
    limits = [limit for _, p in judged for limit in (p.lower, p.upper) if limit is not None]
    if len(values) < 2:
        return ""
    low, high = min(values + limits), max(values + limits)
    span = (high - low) or 1.0
    first, last = judged[0][0], judged[-1][0]

    def spot(place: int, value: float) -> str:
        return (
            f"{3 + (width - 6) * (place - first) / (last - first):.1f} "
            f"{height - 3 - (height - 6) * (value - low) / span:.1f}"
        )

    ranged = [(place, p.lower, p.upper) for place, p in judged if p.lower is not None and p.upper is not None]
    area = [spot(place, upper) for place, _, upper in ranged] + [spot(place, lower) for place, lower, _ in ranged[::-1]]
    band = f'<path d="M{"L".join(area)}Z" fill="var(--soft)"/>' if area else ""
    line = "L".join(spot(place, point.value) for place, point in judged if point.value is not None)
    odd = (
        ""
        if height == 36
        else "".join(
            f'<path d="M{spot(place, point.value)}m0-6l6 6l-6 6l-6-6Z" fill="var(--page)" stroke="var(--loss)" '
            'stroke-width="2"/>'
            for place, point in judged
            if point.value is not None and point.verdict in ("above", "below")
        )
    )
    x, y = spot(last, values[-1]).split()
    return (
        f'<svg class="{kind}" viewBox="0 0 {width} {height}" aria-hidden="true" focusable="false">{band}'
        f'<path d="M{line}" fill="none" stroke="var(--accent)" stroke-width="1.8"/>{odd}'
        f'<circle cx="{x}" cy="{y}" r="3" fill="var(--accent)"/></svg>'
    )
