"""The data-quality page: snapshot frames in, one self-contained HTML page out, and what needs a look in a few lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from reports import charts, estimates, words
from reports.estimates import Point
from reports.figure import Table
from reports.weekly import as_html
from reports.words import quality as said

ROWS = ("rows_in", "rows_kept", "rows_set_aside", "rows_already_known", "rows_excluded")
WEEKS_DRAWN = 40


@dataclass(frozen=True)
class QualityData:
    """Tables of the published snapshot, under their own names; `snapshot_info` is its one row."""

    source_files: pl.DataFrame
    set_aside: pl.DataFrame
    exclusions: pl.DataFrame
    quality_weeks: pl.DataFrame
    inboxes: pl.DataFrame
    schema_changes: pl.DataFrame
    quality_checks: pl.DataFrame
    snapshot_info: Mapping[str, Any]
    n_open: int = 0
    """First messages whose 7 days to answer are not over."""


def render(data: QualityData, *, title: str, minimum_candidates: int, maximum_set_aside_share: float) -> str:
    """The page as HTML: no script, no request."""
    page = compose(
        data,
        title=title,
        minimum_candidates=minimum_candidates,
        maximum_set_aside_share=maximum_set_aside_share,
    )
    return as_html(page, "quality.html.j2")


def compose(
    data: QualityData, *, title: str, minimum_candidates: int, maximum_set_aside_share: float
) -> dict[str, Any]:
    """Everything the page says, before it is laid out."""
    info = data.snapshot_info
    counts = estimates.quality(data.source_files, data.set_aside, data.exclusions, info, data.n_open)
    return dict(  # noqa: C408
        words=words,
        said=said,
        labels=words.LABELS,
        language="en",
        title=f"{title}: {said.TITLE.lower()}",
        made_at=words.made_at(info["published_at"], str(info.get("time_zone") or "UTC")),
        looks=looks(data, maximum_set_aside_share=maximum_set_aside_share),
        compared=comparisons(data.quality_weeks),
        quality=counts,
        read=_read(data.source_files),
        reasons=_reasons(data),
        drift=_drift(data.quality_weeks),
        inboxes=_inboxes(data.inboxes),
        changes=_changes(data.schema_changes),
        checks=_checks(data.quality_checks),
        facts=words.quality_facts(counts, minimum_candidates),
        refusals=[info[name] for name in ("reply_refused_reason", "conversion_refused_reason") if info.get(name)],
        footer=words.footer(str(info.get("version") or "")),
    )


def looks(data: QualityData, *, maximum_set_aside_share: float) -> list[str]:
    """What needs a look, worst first: what is lost, what no longer comes, what changed, what is unlike before."""
    refused = int(data.snapshot_info.get("files_refused") or 0)
    inboxes = {state: data.inboxes.filter(state=state).to_dicts() for state in ("stopped", "old", "quiet")}
    incomplete = data.inboxes.filter(pl.col("is_inbox_incomplete")).height
    changed = data.schema_changes.filter(pl.col("is_newest")).to_dicts()
    unlike = data.quality_weeks.filter(pl.col("needs_look")).sort("metric", "week", "source_kind", "source")
    by_week = unlike.partition_by("metric", "week", maintain_order=True)
    found = [said.refused(refused)] if refused else []
    found += [said.aside(row) for row in _unusable(data, maximum_set_aside_share)]
    found += [said.silent(row) for state in ("stopped", "old") for row in inboxes[state]]
    found += [said.incomplete(incomplete)] if incomplete else []
    found += said.changes(changed)
    found += [said.unlike(part.to_dicts()) for part in by_week]
    return found + [said.silent(row) for row in inboxes["quiet"]]


def comparisons(quality_weeks: pl.DataFrame) -> str:
    """How many comparisons were made, how many lie outside, how many chance alone would put there."""
    compared = quality_weeks.filter(pl.col("is_compared"))
    outside = compared.filter(pl.col("place") != "usual").height
    return said.compared(compared.height, outside, float(compared["chance_outside"].sum() or 0))


def _unusable(data: QualityData, maximum: float) -> list[dict[str, Any]]:
    files = data.source_files.filter(pl.col("rows_in") > 0, pl.col("rows_set_aside") > pl.col("rows_in") * maximum)
    reasons = (
        data.set_aside.sort("n_rows", "reason", descending=[True, False])
        .group_by("file_id", maintain_order=True)
        .agg(main_reason=pl.col("reason").first())
    )
    return files.join(reasons, on="file_id", how="left").sort("rows_set_aside", descending=True).to_dicts()


def _read(files: pl.DataFrame) -> Table:
    by_shape = (
        files.group_by("shape")
        .agg(
            pl.len().alias("files"),
            pl.col(ROWS).sum(),
            pl.col("observed_until").min().alias("first"),
            pl.col("observed_until").max().alias("last"),
        )
        .sort("shape")
    )
    rows = [
        [
            said.SHAPES.get(row["shape"], row["shape"]),
            words.count(row["files"]),
            *(words.count(row[name]) for name in ROWS),
            said.span_of_days(row["last"], row["last"]),
        ]
        for row in by_shape.iter_rows(named=True)
    ]
    if len(rows) > 1:
        sums = [words.count(int(files[name].sum())) for name in ROWS]
        rows.append(["All", words.count(files.height), *sums, ""])
    return Table(said.READ_COLUMNS, rows, (False, *[True] * 6, False))


def _reasons(data: QualityData) -> dict[str, Any]:
    ends = data.source_files.select("file_id", "observed_until")

    def table(rows: pl.DataFrame) -> Table:
        known = (
            rows.join(ends, on="file_id", how="left")
            .group_by("reason")
            .agg(
                pl.col("n_rows").sum(),
                pl.col("file_id").n_unique().alias("files"),
                pl.col("observed_until").min().alias("first"),
                pl.col("observed_until").max().alias("last"),
            )
            .sort("n_rows", "reason", descending=[True, False])
        )
        return Table(
            said.REASON_COLUMNS,
            [
                [
                    row["reason"],
                    words.count(row["n_rows"]),
                    words.count(row["files"]),
                    said.span_of_days(row["first"], row["last"]),
                ]
                for row in known.iter_rows(named=True)
            ],
            (False, True, True, False),
        )

    sums = [int(part["n_rows"].sum() or 0) for part in (data.set_aside, data.exclusions)]
    return {
        "headline": said.reasons_headline(*sums),
        "set_aside": table(data.set_aside),
        "excluded": table(data.exclusions),
    }


def _drift(quality_weeks: pl.DataFrame) -> dict[str, Any]:
    """A small picture per figure over all sources; every comparison in a table, those outside open."""
    rows = quality_weeks.sort("metric", "source_kind", "source", "week")
    tiles = [
        _tile(metric, part.to_dicts())
        for metric in said.METRICS
        if (part := rows.filter(metric=metric, source_kind="all")).height
    ]
    compared = rows.filter(pl.col("is_compared")).to_dicts()
    outside = [row for row in compared if row["place"] != "usual"]
    unlike = list(dict.fromkeys(said.METRICS[row["metric"]].lower() for row in compared if row["needs_look"]))
    numeric = (False, False, False, True, True, True, False)
    return {
        "headline": said.drift_headline(unlike),
        "tiles": tiles,
        "outside": Table(said.DRIFT_COLUMNS, [said.drift_row(row) for row in outside], numeric),
        "compared": Table(said.DRIFT_COLUMNS, [said.drift_row(row) for row in compared], numeric),
    }


def _tile(metric: str, weeks: list[dict[str, Any]]) -> dict[str, Any]:
    points = [_point(row) for row in weeks[-WEEKS_DRAWN:]]
    judged = [row for row in weeks if row["state"] == "judged" and row["value"] is not None]
    shown = judged[-1] if judged else weeks[-1]
    return {
        "name": said.METRICS[metric],
        "value": said.drift_value(shown),
        "picture": charts.sparkline(points, width=300, height=72, kind="drift") if _moves(points) else "",
        "alt": said.drift_alt(said.METRICS[metric], shown),
        "state": said.tile_state(shown),
        "needs_look": any(row["needs_look"] for row in weeks),
    }


def _moves(points: Sequence[Point]) -> bool:
    """Is there a range to draw, and anything but one straight line?"""
    judged = [point for point in points if point.is_judged]
    return any(p.upper is not None for p in judged) and len({p.value for p in judged} | {p.upper for p in judged}) > 1


def _point(row: Mapping[str, Any]) -> Point:
    return Point(
        row["week"],
        row["value"],
        row["numerator"],
        row["denominator"],
        0,
        row["state"],
        row["state"] == "withheld",
        row["low"],
        row["high"],
    )


def _inboxes(inboxes: pl.DataFrame) -> dict[str, Any]:
    states = {state: inboxes.filter(state=state).height for state in said.STATES}
    rows = inboxes.sort("days_unseen", "recruiter_id", descending=[True, False]).to_dicts()
    odd = [row for row in rows if row["state"] not in ("fresh", "closed") or row["is_inbox_incomplete"]]
    numeric = (False, False, False, True, True, True)
    return {
        "headline": said.inboxes_headline(states),
        "odd": Table(said.INBOX_COLUMNS, [said.inbox_row(row) for row in odd], numeric),
        "all": Table(said.INBOX_COLUMNS, [said.inbox_row(row) for row in rows], numeric),
    }


def _changes(schema_changes: pl.DataFrame) -> dict[str, Any]:
    newest = schema_changes.filter(pl.col("is_newest"))
    rows = schema_changes.sort(
        "observed_until", "file_id", "member", "change", "column_name", descending=True
    ).to_dicts()
    return {
        "headline": said.changes_headline(newest["file_id"].n_unique()),
        "sentences": said.changes(newest.to_dicts()),
        "table": Table(said.CHANGE_COLUMNS, [said.change_row(row) for row in rows], (False,) * 4),
    }


def _checks(quality_checks: pl.DataFrame) -> dict[str, Any]:
    warned = quality_checks.filter(pl.col("n_failing") > 0)
    numeric = (False, False, False, True)
    return {
        "headline": said.checks_headline(quality_checks.height, warned.height),
        "warned": Table(said.CHECK_COLUMNS, [said.check_row(row) for row in warned.to_dicts()], numeric),
        "all": Table(said.CHECK_COLUMNS, [said.check_row(row) for row in quality_checks.to_dicts()], numeric),
    }
