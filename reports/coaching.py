"""The coaching page: one recruiter's numbers and marked openings in, one self-contained HTML page out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from reports import charts, estimates, words
from reports import coaching_words as say
from reports.estimates import Series
from reports.profile import (
    MINIMUM_APPROACHES,
    OUTCOME_MEASURES,
    WEEKS_OF_FUNNEL,
    Draw,
    Estimate,
    Family,
    Row,
    own_families,
    own_funnel,
    own_weeks,
    profile,
    team_values,
    tries,
)

TEMPLATES = Path(__file__).parent / "templates"
REPLIES = ("replied_7d", "replied_30d", "interested_30d", "discussion", "declined_30d", "opted_out_30d")
CONVERSIONS = ("converted_60d", "interview_90d")


@dataclass(frozen=True)
class TeamData:
    """What the pages of all recruiters are made from: tables of the snapshot, and what is reckoned once for all."""

    outreach: pl.DataFrame
    recruiter_week: pl.DataFrame
    associations: pl.DataFrame
    shown_families: Sequence[str]
    snapshot_info: Mapping[str, Any]
    values: Mapping[str, Mapping[str, float]]
    week: date
    weeks: int
    minimum_candidates: int

    @classmethod
    def of(
        cls, frames: Mapping[str, pl.DataFrame], info: Mapping[str, Any], *,
        week: date, weeks: int, minimum_candidates: int,
    ) -> TeamData:  # fmt: skip
        """From the snapshot's `approach_metrics`, `recruiter_week`, `associations` and `templates`."""
        rows = estimates.outreach(frames["approach_metrics"])
        return cls(
            rows, frames["recruiter_week"], frames["associations"], frames["templates"]["template_id"].to_list(),
            info, team_values(rows, week, weeks, minimum_candidates), week, weeks, minimum_candidates,
        )  # fmt: skip

    def own(self, recruiter_id: str) -> pl.DataFrame:
        """One recruiter's approaches, oldest first."""
        return self.outreach.filter(recruiter_id=recruiter_id).sort("started_at", "thread_id", "approach_no")

    @property
    def refused(self) -> tuple[str, ...]:
        """Outcomes whose rates the completeness audit refused."""
        replies = bool(self.snapshot_info.get("reply_refused_reason"))
        conversions = replies or bool(self.snapshot_info.get("conversion_refused_reason"))
        return (REPLIES if replies else ()) + (CONVERSIONS if conversions else ())


@dataclass(frozen=True)
class Opening:
    """One first message as its writer sees it again: when, where, how, and its sentences, marked and masked."""

    sent_on: date
    channel: str | None
    style: str | None
    sentences: Sequence[tuple[str, str | None]]
    """Sentence and kind; the kind is None in a language without rules."""


def families_of(team: TeamData, recruiter_id: str, draw: Draw) -> list[Family]:
    """The recruiter's most used texts; `draw` draws their rates toward the usual one."""
    refused = "replied_30d" in team.refused
    return own_families(team.outreach, recruiter_id, team.shown_families, team.week, reply_refused=refused, draw=draw)


def render(
    team: TeamData,
    recruiter_id: str,
    *,
    name: str | None,
    openings: Sequence[Opening],
    families: Sequence[Family],
    texts: Mapping[str, Opening],
) -> str:
    """The page of one recruiter; `texts` is the last use of each family, by template id. Same data, same bytes."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    own = team.own(recruiter_id)
    rows = profile(
        team.outreach, recruiter_id, team.values, week=team.week, weeks=team.weeks, refused=team.refused
    )  # fmt: skip
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    page = environment.get_template("coaching.html.j2").render(
        words=say,
        labels=say.LABELS,
        language="en",
        head={"title": say.title(name, team.week), "made_at": words.made_at(*_made(team))},
        tries=[say.try_sentence(item, _event(team)) for item in tries(rows, _findings(team))],
        no_tries=say.no_tries(own.filter(pl.col("week") <= team.week).height),
        weeks=_weeks(team, own_weeks(team.recruiter_week, recruiter_id, team.week, team.weeks)),
        profile=_profile(rows, team.weeks),
        funnel=_funnel(team, own),
        families=_families(families, texts),
        openings=[_opening(opening) for opening in openings],
        how=say.how_to_read(),
        footer=say.footer(str(team.snapshot_info.get("version") or "")),
    )
    return page.rstrip() + "\n"


def _made(team: TeamData) -> tuple[datetime, str]:
    return team.snapshot_info["published_at"], str(team.snapshot_info.get("time_zone") or "UTC")


def _event(team: TeamData) -> str:
    return str(team.snapshot_info.get("conversion_event") or "conversion")


def _findings(team: TeamData) -> dict[tuple[str, str], estimates.Finding]:
    found = estimates.findings(team.associations, team.snapshot_info, team.minimum_candidates)
    return {(item.metric, item.outcome): item for item in found.clear + found.unclear + found.too_little}


def _weeks(team: TeamData, series: Series) -> dict[str, Any]:
    if reason := team.snapshot_info.get("reply_refused_reason"):
        return {"headline": words.refused_headline(), "picture": None, "instead": words.refused(str(reason))}
    if not any(point.value is not None for point in series.points):
        nothing = words.LABELS["small" if any(point.is_suppressed for point in series.points) else "nothing"]
        return {"headline": words.weekly_headline(series), "picture": None, "instead": nothing}
    return {
        "headline": words.weekly_headline(series),
        "subtitle": say.weeks_subtitle(series),
        "picture": charts.draw(lambda width: charts.weekly(series, width)),
        "alt": words.weekly_alt(series),
        "columns": words.weekly_columns(series),
        "rows": words.weekly_rows(series, 1),
    }  # fmt: skip


def _profile(rows: Sequence[Row], weeks: int) -> dict[str, Any]:
    def part(label: str, chosen: Sequence[Row]) -> dict[str, Any]:
        return {"name": say.LABELS[label], "rows": [_profile_row(row) for row in chosen]}

    is_outcome = [row.measure.name in OUTCOME_MEASURES for row in rows]
    return {
        "headline": say.profile_headline(rows),
        "subtitle": say.profile_subtitle(rows, weeks),
        "parts": [
            part("outcomes", [row for row, yes in zip(rows, is_outcome, strict=True) if yes]),
            part("habits", [row for row, yes in zip(rows, is_outcome, strict=True) if not yes]),
        ],
    }


def _profile_row(row: Row) -> dict[str, Any]:
    few = row.now is not None and not row.now.is_judgeable
    return {
        "cells": say.profile_cells(row),
        "glyph": _spread_glyph(row),
        "is_few": few,
        "few": say.too_few(row.now.n) if row.now is not None and few else "",
    }


def _spread_glyph(row: Row) -> str:
    """The others' middle half as a band, the own estimate as dot and line; the numbers stand beside."""
    if row.now is None:
        return ""
    highest = max(row.now.high, row.others.high if row.others else 0.0)
    end = charts.nice_top(highest) if row.measure.unit == "share" else highest * 1.1 or 1.0

    def place(number: float) -> float:
        return round(3 + 114 * min(1.0, max(0.0, number / end)), 1)

    band = ""
    if row.others:
        left, right = place(row.others.low), place(row.others.high)
        band = f'<rect class="band" x="{left}" y="1" width="{max(1.0, right - left):.1f}" height="14"/>'
    return (
        f'<svg class="glyph" viewBox="0 0 120 16" aria-hidden="true" focusable="false">{band}'
        f'<path d="M{place(row.now.low)} 8H{place(row.now.high)}" stroke="var(--accent)" stroke-width="2"/>'
        f'<circle cx="{place(row.now.value)}" cy="8" r="3.6" fill="var(--accent)"/></svg>'
    )


def _funnel(team: TeamData, own: pl.DataFrame) -> dict[str, Any]:
    styles = own_funnel(own, team.week, team.refused)
    rated = [(style, [group for group in groups if group.rate]) for style, groups in styles]
    rated = [(style, groups) for style, groups in rated if groups]
    if not rated:
        reason = team.snapshot_info.get("reply_refused_reason")
        instead = words.refused(str(reason)) if reason else words.LABELS["nothing"]
        return {"headline": say.LABELS["funnel"], "parts": [], "instead": instead}
    end = charts.nice_top(max(group.rate.high for _, groups in rated for group in groups if group.rate))
    return {
        "headline": say.funnel_headline(rated),
        "subtitle": say.funnel_subtitle(WEEKS_OF_FUNNEL),
        "parts": [
            {
                "name": say.STYLES[style],
                "few": _few_of(groups),
                "rows": [(say.funnel_cells(group), _rate_glyph(group, end)) for group in groups],
            }
            for style, groups in rated
        ],
    }


def _few_of(groups: Sequence[estimates.Group]) -> str:
    most = max((group.rate.denominator for group in groups if group.rate), default=0)
    return say.too_few(most) if most < MINIMUM_APPROACHES else ""


def _rate_glyph(group: estimates.Group, end: float) -> str:
    rate = group.rate
    return charts.interval_glyph(rate.low, rate.high, rate.value, start=0.0, end=end) if rate else ""


def _families(families: Sequence[Family], texts: Mapping[str, Opening]) -> dict[str, Any]:
    drawn = [family.shrunken for family in families if family.shrunken]
    end = charts.nice_top(max((estimate.high for estimate in drawn), default=0.1))
    return {
        "headline": say.families_headline(families),
        "subtitle": say.families_subtitle(families),
        "rows": [
            {
                "name": say.family_name(texts[family.template_id].sentences) if family.template_id in texts else "–",
                "sentences": _sentences(texts[family.template_id]) if family.template_id in texts else [],
                "line": say.family_line(family),
                "glyph": _drawn_glyph(family.shrunken, end),
            }
            for family in families
        ],
    }


def _drawn_glyph(estimate: Estimate | None, end: float) -> str:
    if estimate is None:
        return ""
    return charts.interval_glyph(estimate.low, estimate.high, estimate.value, start=0.0, end=end)


def _opening(opening: Opening) -> dict[str, Any]:
    groups = [_group(kind) for _, kind in opening.sentences]
    return {
        "line": say.opening_line(opening.sent_on, opening.channel, opening.style),
        "count": say.opening_count(groups.count("ask"), groups.count("tell"), groups.count("unknown")),
        "sentences": _sentences(opening),
    }


def _sentences(opening: Opening) -> list[dict[str, str]]:
    return [
        {"group": _group(kind), "kind": say.KINDS.get(kind or "", say.UNKNOWN_KIND), "text": text}
        for text, kind in opening.sentences
    ]


def _group(kind: str | None) -> str:
    if kind is None:
        return "unknown"
    return "tell" if kind == "ask_rhetorical" else kind.partition("_")[0]
