"""The weekly report: snapshot frames in, one self-contained HTML page out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from reports import charts, estimates, recruiters, words
from reports.estimates import Comparison, Findings, Point, Quality, Series, TalkShares
from reports.figure import Figure, Table
from reports.sections import asking, burning, funnel, history, length, pairs, templates, volume
from reports.words import burning as burning_words
from reports.words import funnel as funnel_words
from reports.words import history as history_words
from schemas.errors import UsageError

TEMPLATES = Path(__file__).parent / "templates"
FIGURES = (
    "replied_7d",
    "discussion",
    "converted_60d",
    "talk_share",
    "first_message_words",
    "question_share_opening",
    "request_share_opening",
)
PER_CONTACTED = ("replied_7d", "discussion", "converted_60d")
MAXIMUM_POINTS = 5
HALF = 365


@dataclass(frozen=True)
class WeeklyData:
    """Tables of the published snapshot, under their own names; `snapshot_info` is its one row."""

    metric_week: pl.DataFrame
    associations: pl.DataFrame
    approach_metrics: pl.DataFrame
    set_aside: pl.DataFrame
    exclusions: pl.DataFrame
    source_files: pl.DataFrame
    snapshot_info: Mapping[str, Any]
    funnel: pl.DataFrame = field(default_factory=pl.DataFrame)
    dose_response: pl.DataFrame = field(default_factory=pl.DataFrame)
    templates: pl.DataFrame = field(default_factory=pl.DataFrame)
    template_rates: pl.DataFrame = field(default_factory=pl.DataFrame)
    burn_ledger: pl.DataFrame = field(default_factory=pl.DataFrame)
    recontact: pl.DataFrame = field(default_factory=pl.DataFrame)
    volume: pl.DataFrame = field(default_factory=pl.DataFrame)
    hypotheses: pl.DataFrame = field(default_factory=pl.DataFrame)
    restatements: pl.DataFrame = field(default_factory=pl.DataFrame)
    others: pl.DataFrame | None = None
    """On the page of one team: the `approach_metrics` of everybody else, against subtraction; never shown."""


@dataclass(frozen=True)
class ReportOptions:
    """What the reader of the report may choose."""

    title: str = "Candidate outreach"
    talk_share_reference: float | None = None
    """Draws a reference line on the talk share picture, for example 0.2; None draws none."""
    weeks: int = 12
    minimum_candidates: int = 5
    minimum_recruiters: int = 5
    """Of a channel, language or team; fewer would be a recruiter's own numbers."""
    outcome_labels: Mapping[str, str] = field(default_factory=dict)
    """Outcome column or event -> the words for it, where ours do not fit."""
    language: str = "en"
    team: str | None = None
    """Whose page it is, where it is not everybody's."""
    recruiters: bool = False
    """Shows recruiters one by one, in alphabetical order."""
    names: Mapping[str, str] = field(default_factory=dict)
    """Recruiter id -> name, where names may be shown."""


@dataclass(frozen=True)
class Estimates:
    """Everything the page speaks of."""

    figures: Mapping[str, Series]
    funnel: funnel.Funnel
    talk: TalkShares
    fifths: length.Fifths
    length: Comparison
    mixes: tuple[asking.Mixes, asking.Mixes]
    asking: tuple[Comparison, Comparison]
    groups: tuple[Comparison, ...]
    findings: Findings
    templates: templates.Standouts
    ledger: burning.Ledger
    volume: volume.Volume
    hypotheses: tuple[history.Hypothesis, ...]
    restatements: history.Restatements
    quality: Quality
    recruiters: int

    @property
    def reply(self) -> Series:
        """The figure the report begins with."""
        return self.figures["replied_7d"]


def render(data: WeeklyData, *, week: date, settings: ReportOptions) -> str:
    """The report on `week` (its Monday): one HTML file, no script, no request; same data, same bytes.

    Raises UsageError for a language there are no words for.
    """
    return as_html(compose(data, week=week, settings=settings))


def as_html(page: Mapping[str, Any], template: str = "weekly.html.j2") -> str:
    """A composed page through one of the templates."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(page).rstrip() + "\n"


def compose(data: WeeklyData, *, week: date, settings: ReportOptions) -> dict[str, Any]:
    """Everything the page says, before it is laid out; files and mails are made from it too, so all say the same.

    Raises UsageError for a language there are no words for.
    """
    if settings.language != "en":
        raise UsageError(f"report language {settings.language!r} is not there; use 'en'")
    numbers = estimate(data, week, settings)
    return {
        "words": words,
        "labels": words.LABELS,
        "language": settings.language,
        "head": _head(data, numbers, week, settings),
        "points": main_points(numbers, week, data.snapshot_info, settings),
        "tiles": _tiles(numbers, week),
        "figures": _with_numbers(_figures(numbers, data.snapshot_info, settings), settings),
        "later": _with_numbers(_later(numbers, data.snapshot_info, settings), settings),
        "groups": _groups(numbers, settings),
        "recruiters": _recruiters(data, week, settings),
        "findings": pairs.view(numbers.findings, data.snapshot_info, settings.outcome_labels),
        "quality": numbers.quality,
        "facts": words.quality_facts(numbers.quality, settings.minimum_candidates),
        "how": words.how_to_read(settings.minimum_candidates),
        "footer": words.footer(str(data.snapshot_info.get("version") or "")),
        "facts_of_week": {
            "week": week,
            "published_at": _published_at(data.snapshot_info),
            "time_zone": str(data.snapshot_info.get("time_zone") or "UTC"),
            "version": str(data.snapshot_info.get("version") or ""),
            "schema_version": data.snapshot_info.get("schema_version"),
        },
    }


def estimate(data: WeeklyData, week: date, settings: ReportOptions) -> Estimates:
    """All numbers of the page; reply rates are left empty where the completeness audit refused them."""
    info, minimum, weeks = data.snapshot_info, settings.minimum_candidates, settings.weeks
    reply_refused, conversion_refused = (
        info.get("reply_refused_reason"),
        info.get("conversion_refused_reason"),
    )
    rows = estimates.outreach(data.approach_metrics)
    judged = estimates.recent(rows, "replied_7d", week, weeks)
    compared = judged.head(0) if reply_refused else judged
    others = None if data.others is None else estimates.outreach(data.others)

    def compare(name: str, key: pl.Expr, order: Sequence[str] | None, recruiters: int = 0) -> Comparison:
        return estimates.compare(
            name, compared, key, order, minimum_candidates=minimum, minimum_recruiters=recruiters, others=others
        )

    def by_share(name: str) -> Comparison:
        return compare(name, estimates.share_bin(f"{name}_share_opening"), estimates.SHARE_BINS)

    hidden = PER_CONTACTED if reply_refused else PER_CONTACTED[-1:] if conversion_refused else ()
    shown = data.metric_week.filter(~pl.col("metric").is_in(list(hidden)))
    return Estimates(
        figures={name: estimates.weekly_series(shown, name, week, weeks) for name in FIGURES},
        funnel=funnel.Funnel()
        if reply_refused
        else funnel.read(data.funnel, is_conversion_refused=bool(conversion_refused)),
        talk=estimates.talk_shares(rows, week, weeks, minimum, settings.talk_share_reference, others),
        length=compare("length", pl.col("first_message_bin"), estimates.LENGTH_BINS),
        fifths=length.read(data.dose_response, info, minimum_candidates=minimum),
        mixes=(
            asking.openings(rows, week, weeks, minimum_candidates=minimum),
            asking.conversations(rows, week, weeks, minimum_candidates=minimum),
        ),
        asking=(by_share("question"), by_share("request")),
        groups=tuple(
            compare(name, pl.col(name).fill_null(words.NOT_SAID), None, settings.minimum_recruiters)
            for name in estimates.GROUP_COLUMNS
            if not (settings.team and name == "team")
        ),
        findings=estimates.findings(data.associations, info, minimum),
        templates=templates.read(
            data.templates, data.template_rates, info, minimum_recruiters=settings.minimum_recruiters
        ),
        ledger=burning.Ledger() if reply_refused else burning.read(data.burn_ledger, data.recontact),
        volume=volume.Volume()
        if reply_refused
        else volume.read(data.volume, minimum_recruiters=settings.minimum_recruiters),
        hypotheses=history.hypotheses(data.hypotheses, str(info.get("time_zone") or "UTC")),
        restatements=history.restatements(data.restatements, info["published_at"], hidden),
        quality=estimates.quality(
            data.source_files,
            data.set_aside,
            data.exclusions,
            info,
            rows.filter(pl.col("is_reply_open_7d"), pl.col("week") <= week).height,
        ),
        recruiters=rows.filter(pl.col("week") == week)["recruiter_id"].n_unique(),
    )


def main_points(numbers: Estimates, week: date, info: Mapping[str, Any], settings: ReportOptions) -> list[str]:
    """At most five sentences, the most pressing first: refusals, this week, the odd, what goes with what."""
    event, labels = str(info.get("conversion_event") or "conversion"), settings.outcome_labels
    judged = [(series, series.current) for series in numbers.figures.values() if series.current]
    odd = [series for series, point in judged if point.verdict in ("above", "below")]
    points = []
    if info.get("reply_refused_reason"):
        points.append(words.refusal_point("Reply rates", str(info["reply_refused_reason"])))
    else:
        points.append(words.reply_point(numbers.reply, week, len(odd), settings.minimum_candidates))
    if info.get("conversion_refused_reason"):
        points.append(words.refusal_point("Conversion rates", str(info["conversion_refused_reason"])))
    points += [words.unusual_point(series, week) for series in odd if series.metric != "replied_7d"]
    points += _finding_points(numbers.findings.leading, event, labels)
    points.append(words.quality_point(numbers.quality))
    points.append(funnel_words.point(numbers.funnel, labels))
    points.append(history_words.restatements_point(history.worth_saying(numbers.restatements, week, settings.weeks)))
    points.append(burning_words.point(numbers.ledger))
    points.append(words.talk_point(numbers.talk))
    return [point for point in points if point][:MAXIMUM_POINTS]


def _finding_points(leading: Findings, event: str, labels: Mapping[str, str]) -> list[str]:
    """The two strongest clear measures, each with its strongest outcome; else that nothing is clear."""
    if leading.clear:
        strongest = {finding.metric: finding for finding in reversed(leading.clear)}
        first = [finding for finding in leading.clear if strongest[finding.metric] is finding]
        return [words.finding_point(finding, event, labels) for finding in first[:2]]
    return [words.no_finding_point(leading)] if leading.unclear else []


def _head(data: WeeklyData, numbers: Estimates, week: date, settings: ReportOptions) -> dict[str, str]:
    published_at = _published_at(data.snapshot_info)
    many = numbers.recruiters if numbers.recruiters >= settings.minimum_recruiters else 0
    if data.snapshot_info.get("reply_refused_reason"):
        covered = words.covered_weeks(week)
    else:
        covered = words.covered(numbers.reply, week, settings.minimum_candidates)
    return {
        "team": words.team_note(settings.team) if settings.team else "",
        "kicker": words.kicker(many),
        "title": words.title(f"{settings.title}, {settings.team}" if settings.team else settings.title, week),
        "made_at": words.made_at(published_at, str(data.snapshot_info.get("time_zone") or "UTC")),
        "covered": covered,
    }


def _published_at(info: Mapping[str, Any]) -> datetime:
    moment = info["published_at"]
    moment = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _tiles(numbers: Estimates, week: date) -> dict[str, Any]:
    """The weekly figures: one line as long as all of them are usual, tiles otherwise."""
    judged: list[tuple[Series, Point]] = [(s, s.current) for s in numbers.figures.values() if s.current]
    odd = [point for _, point in judged if point.verdict in ("above", "below")]
    return {
        "headline": words.tiles_headline(len(odd), sum(point.verdict != "unjudged" for _, point in judged)),
        "is_collapsed": not odd,
        "others": words.usual_line([words.tile_short(s, point) for s, point in judged if point.verdict == "usual"]),
        "table": Table(
            words.TILE_COLUMNS,
            [words.tile_row(series, point) for series, point in judged],
            (False, True, True, True),
        ),
        "items": [
            {
                "name": words.tile_name(series),
                "value": words.amount(point.value or 0.0, series.unit),
                "line": words.tile_usual(series, point),
                "short": words.tile_short(series, point),
                "state": words.tile_state(point),
                "when": "" if point.week == week else words.week_of(point.week),
                "is_odd": point.verdict in ("above", "below"),
                "spark": "" if not odd else charts.sparkline([p for p in series.points if p.week <= point.week]),
            }
            for series, point in judged
        ],
    }


def _figures(numbers: Estimates, info: Mapping[str, Any], settings: ReportOptions) -> list[list[Figure]]:
    """The pictures before the pairs, in their order; two in one list stand side by side."""
    talk, mixes = [_talk_figure(numbers.talk, settings)], [asking.figure(mixes) for mixes in numbers.mixes]
    mixes = [
        replace(mixes[0], over=words.LABELS["asking"]),
        replace(mixes[1], over=words.LABELS["asking_after"], is_summary=False),
    ]
    if info.get("reply_refused_reason"):
        refused = words.refused(str(info["reply_refused_reason"]))
        return [[Figure("weekly", words.refused_headline(), instead=refused)], talk, mixes]
    event = _event(info, settings)
    finding = numbers.findings.of(("first_message_words",), "replied_7d")
    bins = _comparison_figure(numbers, numbers.length, info, settings)
    return [
        [_weekly_figure(numbers.reply, event, settings)],
        [_conversion_figure(numbers, info, settings)],
        [replace(funnel.figure(numbers.funnel, settings.outcome_labels), over=words.LABELS["funnel"])],
        talk,
        [
            replace(bins, over=words.LABELS["length"]),
            replace(
                length.figure(numbers.fifths, finding, _length_top(numbers)),
                over=words.LABELS["length_words"],
                is_summary=False,
            ),
        ],
        mixes,
        [replace(_comparison_figure(numbers, part, info, settings), is_summary=False) for part in numbers.asking],
    ]


def _with_numbers(rows: list[list[Figure]], settings: ReportOptions) -> list[list[Figure]]:
    """On a team's page, only rows with numbers of the team; what stands beside them without any says why."""
    if not settings.team:
        return rows

    def has_numbers(figure: Figure) -> bool:
        return bool(figure.picture or figure.table or figure.ident == "weekly")

    return [
        [
            f if has_numbers(f) else replace(f, headline=words.LABELS["not_by_team"], instead=words.NOT_BY_TEAM)
            for f in row
        ]
        for row in rows
        if any(map(has_numbers, row))
    ]


def _later(numbers: Estimates, info: Mapping[str, Any], settings: ReportOptions) -> list[list[Figure]]:
    """The pictures and tables after the pairs."""
    event, labels = str(info.get("conversion_event") or "conversion"), settings.outcome_labels
    again = numbers.findings.of(("previous_sell_first",), "replied_30d")
    contacts = numbers.findings.of(("contacts_28d_before",), "discussion")
    of_silence = [[burning.figure(numbers.ledger, again)], volume.figures(numbers.volume, contacts, event, labels)]
    return [
        [templates.figure(numbers.templates, event, labels, settings.minimum_recruiters)],
        *([] if info.get("reply_refused_reason") else of_silence),
        [history.hypotheses_figure(numbers.hypotheses, event, labels)],
        [history.restatements_figure(numbers.restatements)],
    ]


def _event(info: Mapping[str, Any], settings: ReportOptions) -> str:
    """What counts as a conversion, in the house's words."""
    event = str(info.get("conversion_event") or "conversion")
    return settings.outcome_labels.get(event) or funnel_words.step(settings.outcome_labels, event)


def _length_top(numbers: Estimates) -> float:
    """One axis for the two pictures of length."""
    highs = [fifth.rate.high for fifth in numbers.fifths.groups]
    return max(charts.shared_top([numbers.length]), charts.nice_top(max(highs, default=0.1)))


def _conversion_figure(numbers: Estimates, info: Mapping[str, Any], settings: ReportOptions) -> Figure:
    if info.get("conversion_refused_reason"):
        refused = f"{words.sentence(str(info['conversion_refused_reason']))}"
        return Figure("conversions", words.LABELS["conversions_refused"], instead=refused)
    return replace(
        _weekly_figure(numbers.figures["converted_60d"], _event(info, settings), settings), ident="conversions"
    )


def _weekly_figure(series: Series, event: str, settings: ReportOptions) -> Figure:
    if not any(point.value is not None for point in series.points):
        small = any(point.is_suppressed for point in series.points)
        instead = words.LABELS["small" if small else "nothing"]
        return Figure("weekly", words.weekly_headline(series, event), instead=instead)
    return Figure(
        "weekly",
        words.weekly_headline(series, event),
        words.weekly_subtitle(series, event),
        charts.draw(lambda width: charts.weekly(series, width)),
        words.weekly_alt(series, event),
        Table(
            words.weekly_columns(series),
            words.weekly_rows(series, settings.minimum_candidates),
            (False, True, True, True, True, False),
        ),
    )


def _talk_figure(shares: TalkShares, settings: ReportOptions) -> Figure:
    if not shares.bars:
        return Figure(
            "talk",
            words.talk_headline(shares),
            instead=words.LABELS["small" if shares.cohort.n else "nothing"],
        )
    return Figure(
        "talk",
        words.talk_headline(shares),
        words.talk_subtitle(shares),
        charts.draw(lambda width: charts.talk(shares, width)),
        words.talk_alt(shares),
        Table(words.TALK_COLUMNS, words.talk_rows(shares), (False, True)),
        [note for note in (words.talk_note(shares, settings.minimum_candidates),) if note],
    )


def _comparison_figure(
    numbers: Estimates, result: Comparison, info: Mapping[str, Any], settings: ReportOptions
) -> Figure:
    event, labels = str(info.get("conversion_event") or "conversion"), settings.outcome_labels
    is_length = result.name == "length"
    metrics = ("first_message_words", "first_message_chars") if is_length else (f"{result.name}_share_opening",)
    finding = numbers.findings.of(metrics, "replied_7d")
    headline = words.comparison_headline(result, finding, event, labels)
    if not any(group.rate for group in result.groups):
        return Figure(result.name, headline, instead=words.LABELS["small" if result.cohort.n else "nothing"])
    notes = (words.adjusted_note(finding), words.GOES_WITH if is_length else "")
    top = _length_top(numbers) if is_length else charts.shared_top(numbers.asking)
    return Figure(
        result.name,
        headline,
        words.comparison_subtitle(result),
        charts.draw(lambda width: charts.comparison(result, top, width), HALF),
        words.comparison_alt(result),
        Table(words.COMPARISON_COLUMNS, words.comparison_rows(result), (False, True, True, True, True)),
        [note for note in notes if note],
    )


def _groups(numbers: Estimates, settings: ReportOptions) -> dict[str, Any]:
    """Channels, languages and teams in alphabetical order; too small ones named, never counted."""
    result = [comparison for comparison in numbers.groups if comparison.groups]
    highs = [group.rate.high for comparison in result for group in comparison.groups if group.rate]
    end = charts.nice_top(max(highs, default=0.1))
    return {
        "headline": words.groups_headline(result),
        "subtitle": words.groups_subtitle(
            numbers.length.cohort, settings.minimum_candidates, settings.minimum_recruiters
        ),
        "columns": words.GROUP_COLUMNS_SHOWN,
        "is_drawable": bool(highs),
        "parts": [
            {
                "name": words.GROUPS[comparison.name],
                "rows": [
                    (text, _rate_glyph(group, end))
                    for group, text in zip(comparison.groups, words.comparison_rows(comparison), strict=True)
                    if not group.is_hidden
                ],
                "hidden": words.hidden_groups([g.label for g in comparison.groups if g.is_hidden]),
            }
            for comparison in result
        ],
    }


def _recruiters(data: WeeklyData, week: date, settings: ReportOptions) -> recruiters.Section | None:
    """Recruiters one by one, where asked for; never on a team's page: with the whole one it would tell the hidden."""
    if not settings.recruiters or settings.team:
        return None
    return recruiters.section(
        estimates.outreach(data.approach_metrics), week, settings.weeks, settings.names,
        minimum_candidates=settings.minimum_candidates, minimum_recruiters=settings.minimum_recruiters,
        refused=data.snapshot_info.get("reply_refused_reason"),
    )  # fmt: skip


def _rate_glyph(group: estimates.Group, end: float) -> str:
    rate = group.rate
    return charts.interval_glyph(rate.low, rate.high, rate.value, start=0.0, end=end) if rate else ""
